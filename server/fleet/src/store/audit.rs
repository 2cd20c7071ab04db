//! Audit rows. Written one by one, at once, and only ever added to or completed.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use super::database::Database;
use super::entity::audit::{ActiveModel, Column, Entity, Model};
use super::error::StoreError;
use super::identifier;

/// How a piece of work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditOutcome {
    /// Begun; if it stays so, the server was stopped in the middle.
    Started,
    Succeeded,
    Failed,
    /// Given up before its end, for instance because the request went away.
    Interrupted,
    /// A read, noted without an end.
    Noted,
}

impl AuditOutcome {
    const ALL: [Self; 5] = [Self::Started, Self::Succeeded, Self::Failed, Self::Interrupted, Self::Noted];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Noted => "noted",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// Who did what, on which object, from where, and how it ended. Times are milliseconds; texts are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub caller: String,
    pub remote: Option<String>,
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

/// Which entries; an absent field does not narrow.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    pub cluster: Option<String>,
    pub caller: Option<String>,
    /// Entries that started before this moment, milliseconds: for the next page.
    pub before: Option<i64>,
    pub limit: u64,
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
    /// [`StoreError::Random`], [`StoreError::Write`].
    pub async fn insert(&self, entry: AuditEntry) -> Result<String, StoreError> {
        let id = identifier::at(entry.started_at)?;
        let row = ActiveModel {
            id: Set(id.clone()),
            started_at: Set(entry.started_at),
            finished_at: Set(entry.finished_at),
            caller: Set(entry.caller),
            remote: Set(entry.remote),
            verb: Set(entry.verb),
            target: Set(entry.target),
            cluster: Set(entry.cluster),
            namespace: Set(entry.namespace),
            action: Set(entry.action),
            detail: Set(entry.detail),
            outcome: Set(entry.outcome.word().to_owned()),
            message: Set(entry.message),
        };
        Entity::insert(row)
            .exec_without_returning(self.database.writer())
            .await
            .map_err(|source| StoreError::Write { what: "the audit trail", source })?;
        Ok(id)
    }

    /// Completes a row.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub async fn finish(&self, id: &str, at: i64, outcome: AuditOutcome, message: &str) -> Result<(), StoreError> {
        Entity::update_many()
            .set(ActiveModel {
                finished_at: Set(Some(at)),
                outcome: Set(outcome.word().to_owned()),
                message: Set(message.to_owned()),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(id))
            .exec(self.database.writer())
            .await
            .map_err(|source| StoreError::Write { what: "the audit trail", source })?;
        Ok(())
    }

    /// Newest first.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub async fn list(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
        let mut select = Entity::find();
        if let Some(cluster) = &query.cluster {
            select = select.filter(Column::Cluster.eq(cluster.as_str()));
        }
        if let Some(caller) = &query.caller {
            select = select.filter(Column::Caller.eq(caller.as_str()));
        }
        if let Some(before) = query.before {
            select = select.filter(Column::StartedAt.lt(before));
        }
        let rows = select
            .order_by_desc(Column::StartedAt)
            .order_by_desc(Column::Id)
            .limit(query.limit)
            .all(self.database.reader())
            .await
            .map_err(|source| StoreError::Read { what: "the audit trail", source })?;
        Ok(rows.into_iter().map(stored).collect())
    }
}

fn stored(row: Model) -> AuditEntry {
    AuditEntry {
        started_at: row.started_at,
        finished_at: row.finished_at,
        caller: row.caller,
        remote: row.remote,
        verb: row.verb,
        target: row.target,
        cluster: row.cluster,
        namespace: row.namespace,
        action: row.action,
        detail: row.detail,
        // Only a newer version writes other words; the row still tells who and what.
        outcome: AuditOutcome::parse(&row.outcome).unwrap_or(AuditOutcome::Started),
        message: row.message,
    }
}
