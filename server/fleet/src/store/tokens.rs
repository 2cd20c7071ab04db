//! API tokens. The text of a token is here only as its SHA-256.

use std::net::IpAddr;

use domain::access::Grant;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use super::database::Database;
use super::entity::token::{ActiveModel, Column, Entity, Model};
use super::error::StoreError;
use super::identifier;

/// Most tokens of a list.
const LIST_LIMIT: u64 = 1_000;
const WHAT: &str = "tokens";

/// Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    pub id: String,
    pub owner: String,
    pub name: String,
    pub scopes: Vec<Grant>,
    pub created_at: i64,
    pub expires_at: i64,
    pub last_used_at: Option<i64>,
    pub last_used_from: Option<IpAddr>,
}

#[derive(Clone)]
pub struct TokenStore {
    database: Database,
}

impl TokenStore {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Keeps a new token under the SHA-256 of its text, hexadecimal; it gets its id here.
    ///
    /// # Errors
    /// [`StoreError::Random`], [`StoreError::Json`], or when the statement fails.
    pub async fn insert(&self, digest: &str, token: StoredToken) -> Result<StoredToken, StoreError> {
        let token = StoredToken { id: identifier::at(token.created_at)?, ..token };
        let scopes =
            serde_json::to_string(&token.scopes).map_err(|source| StoreError::Json { what: "scopes", source })?;
        let row = ActiveModel {
            id: Set(token.id.clone()),
            digest: Set(digest.to_owned()),
            owner: Set(token.owner.clone()),
            name: Set(token.name.clone()),
            scopes: Set(scopes),
            created_at: Set(token.created_at),
            expires_at: Set(token.expires_at),
            last_used_at: Set(None),
            last_used_from: Set(None),
        };
        let inserted = Entity::insert(row).exec_without_returning(self.database.writer()).await;
        inserted.map_err(StoreError::writing(WHAT))?;
        Ok(token)
    }

    /// # Errors
    /// When the statement fails, or [`StoreError::Json`].
    pub async fn by_digest(&self, digest: &str) -> Result<Option<StoredToken>, StoreError> {
        let row = Entity::find().filter(Column::Digest.eq(digest)).one(self.database.reader()).await;
        row.map_err(StoreError::reading(WHAT))?.map(stored).transpose()
    }

    /// # Errors
    /// When the statement fails, or [`StoreError::Json`].
    pub async fn get(&self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        let row = Entity::find_by_id(id).one(self.database.reader()).await;
        row.map_err(StoreError::reading(WHAT))?.map(stored).transpose()
    }

    /// Newest first; of one owner, or of everybody.
    ///
    /// # Errors
    /// When the statement fails, or [`StoreError::Json`].
    pub async fn list(&self, owner: Option<&str>) -> Result<Vec<StoredToken>, StoreError> {
        let mut tokens = Entity::find();
        if let Some(owner) = owner {
            tokens = tokens.filter(Column::Owner.eq(owner));
        }
        let rows = tokens.order_by_desc(Column::Id).limit(LIST_LIMIT).all(self.database.reader()).await;
        rows.map_err(StoreError::reading(WHAT))?.into_iter().map(stored).collect()
    }

    /// How many of an owner's tokens have not ended.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn count_living(&self, owner: &str, now: i64) -> Result<u64, StoreError> {
        let living = Entity::find().filter(Column::Owner.eq(owner)).filter(Column::ExpiresAt.gt(now));
        living.count(self.database.reader()).await.map_err(StoreError::reading(WHAT))
    }

    /// Notes a use.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn touch(&self, id: &str, used_at: i64, from: Option<IpAddr>) -> Result<(), StoreError> {
        let row = ActiveModel {
            last_used_at: Set(Some(used_at)),
            last_used_from: Set(from.map(|from| from.to_string())),
            ..ActiveModel::default()
        };
        let noted = Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(self.database.writer());
        noted.await.map_err(StoreError::writing(WHAT))?;
        Ok(())
    }

    /// # Errors
    /// When the statement fails.
    pub async fn delete(&self, id: &str) -> Result<(), StoreError> {
        let deleted = Entity::delete_by_id(id).exec(self.database.writer()).await;
        deleted.map_err(StoreError::writing(WHAT))?;
        Ok(())
    }

    /// Removes tokens that ended before the moment.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn delete_ended(&self, before: i64) -> Result<(), StoreError> {
        let ended = Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(self.database.writer());
        ended.await.map_err(StoreError::writing(WHAT))?;
        Ok(())
    }
}

fn stored(row: Model) -> Result<StoredToken, StoreError> {
    Ok(StoredToken {
        id: row.id,
        owner: row.owner,
        name: row.name,
        scopes: serde_json::from_str(&row.scopes).map_err(|source| StoreError::Json { what: "scopes", source })?,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        last_used_from: row.last_used_from.and_then(|from| from.parse().ok()),
    })
}
