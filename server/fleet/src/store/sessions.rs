//! Sessions of people who signed in. A token is here only as its SHA-256.

use std::net::IpAddr;

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use super::database::Database;
use super::entity::session::{ActiveModel, Column, Entity, Model};
use super::error::StoreError;
use super::text::fit;

/// Most sessions of one user; the oldest end when another one begins.
const SESSIONS_OF_USER: u64 = 100;
/// Most sessions of a list.
const LIST_LIMIT: u64 = 1_000;
/// Characters of what a browser calls itself.
const USER_AGENT: u32 = 256;
const WHAT: &str = "sessions";

/// Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// SHA-256 of the token, hexadecimal.
    pub token_digest: String,
    pub user: String,
    /// Where the sign-in came from.
    pub remote: Option<IpAddr>,
    /// What the browser called itself.
    pub user_agent: String,
    pub created_at: i64,
    pub used_at: i64,
}

#[derive(Clone)]
pub struct SessionStore {
    database: Database,
}

impl SessionStore {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }

    /// # Errors
    /// When a statement fails.
    pub async fn insert(&self, session: &StoredSession) -> Result<(), StoreError> {
        let row = ActiveModel {
            token_digest: Set(session.token_digest.clone()),
            user_name: Set(session.user.clone()),
            remote: Set(session.remote.map(|remote| remote.to_string())),
            user_agent: Set(fit(session.user_agent.clone(), USER_AGENT)),
            created_at: Set(session.created_at),
            used_at: Set(session.used_at),
        };
        let inserted = Entity::insert(row).exec_without_returning(self.database.writer()).await;
        inserted.map_err(StoreError::writing(WHAT))?;
        self.delete_oldest(&session.user).await
    }

    async fn delete_oldest(&self, user: &str) -> Result<(), StoreError> {
        let first_too_many: Option<i64> = Entity::find()
            .select_only()
            .column(Column::CreatedAt)
            .filter(Column::UserName.eq(user))
            .order_by_desc(Column::CreatedAt)
            .offset(SESSIONS_OF_USER)
            .limit(1)
            .into_tuple()
            .one(self.database.writer())
            .await
            .map_err(StoreError::reading(WHAT))?;
        let Some(first_too_many) = first_too_many else { return Ok(()) };
        self.delete_where(Condition::all().add(Column::UserName.eq(user)).add(Column::CreatedAt.lte(first_too_many)))
            .await
    }

    /// # Errors
    /// When the statement fails.
    pub async fn get(&self, token_digest: &str) -> Result<Option<StoredSession>, StoreError> {
        let row = Entity::find_by_id(token_digest).one(self.database.reader()).await;
        Ok(row.map_err(StoreError::reading(WHAT))?.map(stored))
    }

    /// Newest first; of one user, or of everybody.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn list(&self, user: Option<&str>) -> Result<Vec<StoredSession>, StoreError> {
        let mut sessions = Entity::find();
        if let Some(user) = user {
            sessions = sessions.filter(Column::UserName.eq(user));
        }
        let rows = sessions.order_by_desc(Column::CreatedAt).limit(LIST_LIMIT).all(self.database.reader()).await;
        Ok(rows.map_err(StoreError::reading(WHAT))?.into_iter().map(stored).collect())
    }

    /// Notes that the session was used.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn touch(&self, token_digest: &str, used_at: i64) -> Result<(), StoreError> {
        Entity::update_many()
            .col_expr(Column::UsedAt, used_at.into())
            .filter(Column::TokenDigest.eq(token_digest))
            .exec(self.database.writer())
            .await
            .map_err(StoreError::writing(WHAT))?;
        Ok(())
    }

    /// # Errors
    /// When the statement fails.
    pub async fn delete(&self, token_digest: &str) -> Result<(), StoreError> {
        self.delete_where(Condition::all().add(Column::TokenDigest.eq(token_digest))).await
    }

    /// Ends all sessions of a user, except the one of that digest.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn delete_others(&self, user: &str, keep: Option<&str>) -> Result<(), StoreError> {
        let mut others = Condition::all().add(Column::UserName.eq(user));
        if let Some(keep) = keep {
            others = others.add(Column::TokenDigest.ne(keep));
        }
        self.delete_where(others).await
    }

    /// Removes sessions that began before the one moment or were last used before the other.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn delete_expired(&self, created_before: i64, used_before: i64) -> Result<(), StoreError> {
        let expired = Condition::any().add(Column::CreatedAt.lt(created_before)).add(Column::UsedAt.lt(used_before));
        self.delete_where(expired).await
    }

    async fn delete_where(&self, condition: Condition) -> Result<(), StoreError> {
        let deleted = Entity::delete_many().filter(condition).exec(self.database.writer()).await;
        deleted.map_err(StoreError::writing(WHAT))?;
        Ok(())
    }
}

fn stored(row: Model) -> StoredSession {
    StoredSession {
        token_digest: row.token_digest,
        user: row.user_name,
        remote: row.remote.and_then(|remote| remote.parse().ok()),
        user_agent: row.user_agent,
        created_at: row.created_at,
        used_at: row.used_at,
    }
}
