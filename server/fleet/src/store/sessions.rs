//! Sessions of people who signed in. A token is here only as its SHA-256.

use std::net::IpAddr;

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Set};

use super::database::Database;
use super::entity::session::{ActiveModel, Column, Entity};
use super::error::StoreError;

/// Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// SHA-256 of the token, hexadecimal.
    pub token_digest: String,
    pub user: String,
    /// Where the sign-in came from.
    pub remote: Option<IpAddr>,
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
    /// [`StoreError::Write`].
    pub async fn insert(&self, session: &StoredSession) -> Result<(), StoreError> {
        let row = ActiveModel {
            token_digest: Set(session.token_digest.clone()),
            user_name: Set(session.user.clone()),
            remote: Set(session.remote.map(|remote| remote.to_string())),
            created_at: Set(session.created_at),
            used_at: Set(session.used_at),
        };
        Entity::insert(row)
            .exec_without_returning(self.database.writer())
            .await
            .map_err(|source| StoreError::Write { what: "a session", source })?;
        Ok(())
    }

    /// # Errors
    /// [`StoreError::Read`].
    pub async fn get(&self, token_digest: &str) -> Result<Option<StoredSession>, StoreError> {
        let row = Entity::find_by_id(token_digest)
            .one(self.database.reader())
            .await
            .map_err(|source| StoreError::Read { what: "a session", source })?;
        Ok(row.map(|row| StoredSession {
            token_digest: row.token_digest,
            user: row.user_name,
            remote: row.remote.and_then(|remote| remote.parse().ok()),
            created_at: row.created_at,
            used_at: row.used_at,
        }))
    }

    /// Notes that the session was used.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub async fn touch(&self, token_digest: &str, used_at: i64) -> Result<(), StoreError> {
        Entity::update_many()
            .col_expr(Column::UsedAt, used_at.into())
            .filter(Column::TokenDigest.eq(token_digest))
            .exec(self.database.writer())
            .await
            .map_err(|source| StoreError::Write { what: "a session", source })?;
        Ok(())
    }

    /// # Errors
    /// [`StoreError::Write`].
    pub async fn delete(&self, token_digest: &str) -> Result<(), StoreError> {
        Entity::delete_by_id(token_digest)
            .exec(self.database.writer())
            .await
            .map_err(|source| StoreError::Write { what: "a session", source })?;
        Ok(())
    }

    /// Removes sessions that began before the one moment or were last used before the other.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub async fn delete_expired(&self, created_before: i64, used_before: i64) -> Result<(), StoreError> {
        let expired = Condition::any().add(Column::CreatedAt.lt(created_before)).add(Column::UsedAt.lt(used_before));
        Entity::delete_many()
            .filter(expired)
            .exec(self.database.writer())
            .await
            .map_err(|source| StoreError::Write { what: "sessions", source })?;
        Ok(())
    }
}
