//! Local users. A password is here only as its argon2id hash.

use domain::access::Grant;
use sea_orm::{EntityTrait, PaginatorTrait, Set};
use secrecy::{ExposeSecret as _, SecretString};

use super::database::Database;
use super::entity::user::{ActiveModel, Entity};
use super::error::StoreError;

#[derive(Clone, Debug)]
pub struct StoredUser {
    pub name: String,
    /// PHC string.
    pub password_hash: SecretString,
    pub grants: Vec<Grant>,
    /// Milliseconds.
    pub created_at: i64,
}

#[derive(Clone)]
pub struct UserStore {
    database: Database,
}

impl UserStore {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }

    /// # Errors
    /// [`StoreError::Read`].
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let count = Entity::find().count(self.database.reader()).await;
        Ok(count.map_err(|source| StoreError::Read { what: "users", source })? == 0)
    }

    /// # Errors
    /// [`StoreError::Read`], [`StoreError::Json`].
    pub async fn get(&self, name: &str) -> Result<Option<StoredUser>, StoreError> {
        let row = Entity::find_by_id(name)
            .one(self.database.reader())
            .await
            .map_err(|source| StoreError::Read { what: "users", source })?;
        let Some(row) = row else { return Ok(None) };
        let grants = serde_json::from_str(&row.grants)
            .map_err(|source| StoreError::Json { what: "the grants of a user", source })?;
        Ok(Some(StoredUser {
            name: row.name,
            password_hash: SecretString::from(row.password_hash),
            grants,
            created_at: row.created_at,
        }))
    }

    /// # Errors
    /// [`StoreError::Exists`] if the name is taken; [`StoreError::Json`], [`StoreError::Write`].
    pub async fn insert(&self, user: &StoredUser) -> Result<(), StoreError> {
        let grants = serde_json::to_string(&user.grants)
            .map_err(|source| StoreError::Json { what: "the grants of a user", source })?;
        let row = ActiveModel {
            name: Set(user.name.clone()),
            password_hash: Set(user.password_hash.expose_secret().to_owned()),
            grants: Set(grants),
            created_at: Set(user.created_at),
        };
        Entity::insert(row)
            .exec_without_returning(self.database.writer())
            .await
            .map_err(|source| StoreError::insert("user", &user.name, source))?;
        Ok(())
    }
}
