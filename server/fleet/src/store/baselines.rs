//! What objects looked like when a revision of their owner had just been applied, values of secrets as keyed HMACs.
//!
//! As many different states an object as [`super::Retention`] says, each of at most [`LARGEST_BASELINE`] bytes.

use domain::object::ObjectRef;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use serde_json::Value;

use super::database::Database;
use super::entity::baseline::{ActiveModel, Column, Entity, Model};
use super::error::StoreError;
use super::identifier;
use super::trouble;

/// How often a baseline is brought whose transaction gives way to another one of the same object.
const TRIES: u32 = 10;
/// Removed at once when a new one comes; more than these are left over only after the limit was lowered.
const SURPLUS: u64 = 100;
/// Of both texts of a row together; the API server's own limit of an object is 1.5 MiB.
pub const LARGEST_BASELINE: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    pub object: ObjectRef,
    /// The applier whose inventory holds the object.
    pub owner: ObjectRef,
    /// Revision of the owner, as its status says.
    pub revision: String,
    /// What the owner had built, by digest; tells two builds of one revision apart.
    pub build: String,
    /// Milliseconds.
    pub captured_at: i64,
    /// Masked by keyed HMAC.
    pub json: Value,
    /// The fields that the owner had set: `fieldsV1` of its manager.
    pub owned_paths: Value,
}

/// What became of a baseline that was brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    New,
    /// The same state as the latest: only its revision, build and time moved on.
    Unchanged,
    /// Larger than [`LARGEST_BASELINE`]; not kept.
    TooLarge,
}

#[derive(Clone)]
pub struct BaselineStore {
    database: Database,
    /// Of one object, at least one.
    most: u64,
}

impl BaselineStore {
    pub(super) fn new(database: Database, most: u64) -> Self {
        Self { database, most: most.max(1) }
    }

    /// Keeps a baseline and drops the oldest beyond the limit.
    ///
    /// # Errors
    /// [`StoreError::Json`], [`StoreError::Write`].
    pub async fn put(&self, baseline: &Baseline) -> Result<Recorded, StoreError> {
        let row = model(baseline)?;
        if row.bytes > LARGEST_BASELINE as i64 {
            return Ok(Recorded::TooLarge);
        }
        let mut tries = 1;
        loop {
            match self.record(row.clone(), &baseline.object).await {
                Err(error) if tries < TRIES && trouble::is_conflict(&error) => tries += 1,
                recorded => return recorded.map_err(StoreError::writing("baselines")),
            }
        }
    }

    /// # Errors
    /// [`StoreError::Read`], [`StoreError::Json`].
    pub async fn latest(&self, object: &ObjectRef) -> Result<Option<Baseline>, StoreError> {
        Ok(self.list(object, 1).await?.pop())
    }

    /// Newest first.
    ///
    /// # Errors
    /// [`StoreError::Read`], [`StoreError::Json`].
    pub async fn list(&self, object: &ObjectRef, limit: u64) -> Result<Vec<Baseline>, StoreError> {
        let rows = newest_first(object)
            .limit(limit)
            .all(self.database.reader())
            .await
            .map_err(StoreError::reading("baselines"))?;
        rows.into_iter().map(|row| stored(object, row)).collect()
    }

    async fn record(&self, row: Model, object: &ObjectRef) -> Result<Recorded, DbErr> {
        let transaction = self.database.begin().await?;
        let latest = newest_first(object).one(&transaction).await?;
        let recorded = match latest {
            Some(latest) if same_state(&latest, &row) => {
                if (&latest.revision, &latest.build) != (&row.revision, &row.build) {
                    let mut moved: ActiveModel = latest.into();
                    moved.revision = Set(row.revision);
                    moved.build = Set(row.build);
                    moved.captured_at = Set(row.captured_at);
                    moved.update(&transaction).await?;
                }
                Recorded::Unchanged
            }
            _ => {
                Entity::insert(row.into_active_model_of_new_row()).exec_without_returning(&transaction).await?;
                drop_oldest(&transaction, object, self.most).await?;
                Recorded::New
            }
        };
        transaction.commit().await?;
        Ok(recorded)
    }
}

impl Model {
    /// Every column is set, so that an insert writes all of them.
    fn into_active_model_of_new_row(self) -> ActiveModel {
        ActiveModel::from(self).reset_all()
    }
}

fn same_state(before: &Model, now: &Model) -> bool {
    before.owner == now.owner && before.json == now.json && before.owned_paths == now.owned_paths
}

fn newest_first(object: &ObjectRef) -> sea_orm::Select<Entity> {
    Entity::find()
        .filter(Column::Cluster.eq(object.cluster.as_str()))
        .filter(Column::ApiGroup.eq(object.group.as_str()))
        .filter(Column::Kind.eq(object.kind.as_str()))
        .filter(Column::Namespace.eq(object.namespace.as_deref().unwrap_or_default()))
        .filter(Column::Name.eq(object.name.as_str()))
        .order_by_desc(Column::CapturedAt)
        .order_by_desc(Column::Id)
}

async fn drop_oldest(database: &impl ConnectionTrait, object: &ObjectRef, most: u64) -> Result<(), DbErr> {
    // A limit, because no database takes an offset without one.
    let oldest: Vec<String> = newest_first(object)
        .select_only()
        .column(Column::Id)
        .offset(most)
        .limit(SURPLUS)
        .into_tuple()
        .all(database)
        .await?;
    Entity::delete_many().filter(Column::Id.is_in(oldest)).exec(database).await?;
    Ok(())
}

fn model(baseline: &Baseline) -> Result<Model, StoreError> {
    let json = baseline.json.to_string();
    let owned_paths = baseline.owned_paths.to_string();
    let owner = serde_json::to_string(&baseline.owner)
        .map_err(|source| StoreError::Json { what: "the owner of a baseline", source })?;
    Ok(Model {
        id: identifier::at(baseline.captured_at)?,
        cluster: baseline.object.cluster.0.clone(),
        api_group: baseline.object.group.clone(),
        kind: baseline.object.kind.clone(),
        namespace: baseline.object.namespace.clone().unwrap_or_default(),
        name: baseline.object.name.clone(),
        owner,
        revision: baseline.revision.clone(),
        build: baseline.build.clone(),
        captured_at: baseline.captured_at,
        bytes: i64::try_from(json.len() + owned_paths.len()).unwrap_or(i64::MAX),
        json,
        owned_paths,
    })
}

fn stored(object: &ObjectRef, row: Model) -> Result<Baseline, StoreError> {
    let unreadable = |source| StoreError::Json { what: "a baseline", source };
    Ok(Baseline {
        object: object.clone(),
        owner: serde_json::from_str(&row.owner).map_err(unreadable)?,
        revision: row.revision,
        build: row.build,
        captured_at: row.captured_at,
        json: serde_json::from_str(&row.json).map_err(unreadable)?,
        owned_paths: serde_json::from_str(&row.owned_paths).map_err(unreadable)?,
    })
}
