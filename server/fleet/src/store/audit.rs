//! Audit rows. Written one by one, at once, and only ever added to or completed.

use domain::access::audit::{AuditQuery as AuditFilter, AuditView};
use domain::object::ClusterId;
use migrations::columns;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, LikeExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set};

pub use domain::access::audit::AuditOutcome;

use super::database::Database;
use super::entity::audit::{ActiveModel, Column, Entity, Model};
use super::error::StoreError;
use super::identifier;
use super::text::fit;

/// Characters of a free text; no entry is refused, and so no action, because somebody's text is long.
const LONGEST: u32 = 16_384;
/// Characters of the name of a token.
const TOKEN_NAME: u32 = 64;
const WHAT: &str = "the audit trail";

/// Who did what, on which object, from where, and how it ended. Times are milliseconds; texts are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub caller: String,
    /// Name of the API token through which the caller came.
    pub token: Option<String>,
    pub remote: Option<String>,
    /// Of the request that asked for it, as it is in the log.
    pub request_id: Option<String>,
    pub verb: String,
    /// The target in words: `Kustomization shop/web on prod`.
    pub target: String,
    pub cluster: Option<String>,
    pub namespace: Option<String>,
    pub action: String,
    pub detail: String,
    pub outcome: AuditOutcome,
    /// Why it failed; empty otherwise.
    pub message: String,
}

/// Which entries, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Its cursor is the id after which to go on, its limit is not looked at.
    pub filter: AuditFilter,
    /// Only entries about these places; `None` for all.
    pub places: Option<Vec<Places>>,
    pub limit: u64,
}

/// Clusters and namespaces; `None` for all of them, and then also for entries that name none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    pub clusters: Option<Vec<ClusterId>>,
    pub namespaces: Option<Vec<String>>,
}

#[derive(Clone, Debug)]
pub struct AuditStore {
    database: Database,
}

impl AuditStore {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Returns when the row is on the disk; the id is for [`Self::finish`].
    ///
    /// # Errors
    /// [`StoreError::Random`], or when the statement fails.
    pub async fn insert(&self, entry: AuditEntry) -> Result<String, StoreError> {
        let id = identifier::at(entry.started_at)?;
        let row = ActiveModel {
            id: Set(id.clone()),
            started_at: Set(entry.started_at),
            finished_at: Set(entry.finished_at),
            caller: Set(fit(entry.caller, columns::NAME)),
            token: Set(entry.token.map(|token| fit(token, TOKEN_NAME))),
            remote: Set(entry.remote.map(|remote| fit(remote, 64))),
            request_id: Set(entry.request_id.map(|id| fit(id, 128))),
            verb: Set(fit(entry.verb, 32)),
            target: Set(fit(entry.target, LONGEST)),
            cluster: Set(entry.cluster.map(|cluster| fit(cluster, columns::CLUSTER))),
            namespace: Set(entry.namespace.map(|namespace| fit(namespace, columns::LABEL))),
            action: Set(fit(entry.action, 128)),
            detail: Set(fit(entry.detail, LONGEST)),
            outcome: Set(entry.outcome.word().to_owned()),
            message: Set(fit(entry.message, LONGEST)),
        };
        Entity::insert(row).exec_without_returning(self.database.writer()).await.map_err(StoreError::writing(WHAT))?;
        Ok(id)
    }

    /// Completes a row. One that has its end keeps it.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn finish(&self, id: &str, at: i64, outcome: AuditOutcome, message: &str) -> Result<(), StoreError> {
        Entity::update_many()
            .set(ActiveModel {
                finished_at: Set(Some(at)),
                outcome: Set(outcome.word().to_owned()),
                message: Set(fit(message.to_owned(), LONGEST)),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(id))
            .filter(Column::Outcome.eq(AuditOutcome::Started.word()))
            .exec(self.database.writer())
            .await
            .map_err(StoreError::writing(WHAT))?;
        Ok(())
    }

    /// Newest first.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn list(&self, query: &AuditQuery) -> Result<Vec<AuditView>, StoreError> {
        let mut select = filtered(&query.filter);
        if let Some(places) = &query.places {
            // A condition without parts would be none at all.
            if places.is_empty() {
                return Ok(Vec::new());
            }
            select = select.filter(places.iter().fold(Condition::any(), |any, places| any.add(about(places))));
        }
        let rows = select
            // Ids sort by time.
            .order_by_desc(Column::Id)
            .limit(query.limit)
            .all(self.database.reader())
            .await
            .map_err(StoreError::reading(WHAT))?;
        Ok(rows.into_iter().map(stored).collect())
    }
}

fn filtered(filter: &AuditFilter) -> Select<Entity> {
    let mut select = Entity::find();
    let words = [
        (Column::Caller, &filter.caller),
        (Column::Verb, &filter.verb),
        (Column::Cluster, &filter.cluster),
        (Column::Namespace, &filter.namespace),
        (Column::Outcome, &filter.outcome),
    ];
    for (column, word) in words.into_iter().filter(|(_, word)| !word.is_empty()) {
        select = select.filter(column.eq(word.as_str()));
    }
    if !filter.object.is_empty() {
        let target = Func::lower(Expr::col(Column::Target));
        select = select.filter(target.like(containing(&filter.object.to_lowercase())));
    }
    if let Some(from) = filter.from {
        select = select.filter(Column::StartedAt.gte(from));
    }
    if let Some(to) = filter.to {
        select = select.filter(Column::StartedAt.lt(to));
    }
    if let Some(cursor) = &filter.cursor {
        select = select.filter(Column::Id.lt(cursor.as_str()));
    }
    select
}

/// The text anywhere within, its own `%` and `_` as they are.
fn containing(text: &str) -> LikeExpr {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    LikeExpr::new(format!("%{escaped}%")).escape('!')
}

/// NULL is in no list, so that an entry without a namespace is seen only where all namespaces are.
fn about(places: &Places) -> Condition {
    let mut about = Condition::all();
    if let Some(clusters) = &places.clusters {
        about = about.add(Column::Cluster.is_in(clusters.iter().map(ClusterId::as_str)));
    }
    if let Some(namespaces) = &places.namespaces {
        about = about.add(Column::Namespace.is_in(namespaces.iter().map(String::as_str)));
    }
    about
}

fn stored(row: Model) -> AuditView {
    AuditView {
        id: row.id,
        started_at: row.started_at,
        finished_at: row.finished_at,
        caller: row.caller,
        token: row.token,
        remote: row.remote,
        request_id: row.request_id,
        verb: row.verb,
        target: row.target,
        cluster: row.cluster.map(ClusterId),
        namespace: row.namespace,
        action: row.action,
        detail: row.detail,
        // Only a newer version writes other words; the row still tells who and what.
        outcome: AuditOutcome::parse(&row.outcome).unwrap_or(AuditOutcome::Started),
        message: row.message,
    }
}
