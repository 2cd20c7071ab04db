//! Local users. A password is here only as its argon2id hash.
//!
//! What belongs together changes together: taking rights or the password away ends sessions in the same transaction,
//! and no transaction takes the last enabled administrator away.

use domain::access::Grant;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::database::Database;
use super::entity::user::{ActiveModel, Column, Entity, Model};
use super::entity::{session, token};
use super::error::StoreError;
use super::grants;

/// Most users of a list.
const LIST_LIMIT: u64 = 10_000;
const WHAT: &str = "users";

/// Times are milliseconds.
#[derive(Clone, Debug)]
pub struct StoredUser {
    pub name: String,
    /// PHC string.
    pub password_hash: SecretString,
    pub grants: Vec<Grant>,
    pub disabled: bool,
    pub created_at: i64,
    pub last_sign_in: Option<i64>,
}

/// What of a user is to be another; an absent field stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    pub grants: Option<Vec<Grant>>,
    pub disabled: Option<bool>,
    pub password: Option<PasswordChange>,
}

/// A new password ends the sessions that were opened with the old one.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// PHC string.
    pub hash: SecretString,
    /// Digest of the session that goes on.
    pub keep_session: Option<String>,
}

/// Why a user was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UserChangeError {
    #[error("there is no user {0}")]
    Unknown(String),
    #[error("{0} is the last administrator who can sign in")]
    LastAdministrator(String),
    #[error(transparent)]
    Store(#[from] StoreError),
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
    /// When the statement fails.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let count = Entity::find().count(self.database.reader()).await;
        Ok(count.map_err(StoreError::reading(WHAT))? == 0)
    }

    /// By name; the first ten thousand.
    ///
    /// # Errors
    /// When a statement fails, or [`StoreError::Json`].
    pub async fn list(&self) -> Result<Vec<StoredUser>, StoreError> {
        let rows = Entity::find().order_by_asc(Column::Name).limit(LIST_LIMIT).all(self.database.reader()).await;
        let rows = rows.map_err(StoreError::reading(WHAT))?;
        let mut grants = grants::of_all(self.database.reader()).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let own = grants.remove(&row.name);
                stored(row, own.unwrap_or_default())
            })
            .collect())
    }

    /// # Errors
    /// When a statement fails, or [`StoreError::Json`].
    pub async fn get(&self, name: &str) -> Result<Option<StoredUser>, StoreError> {
        let row = Entity::find_by_id(name).one(self.database.reader()).await.map_err(StoreError::reading(WHAT))?;
        let Some(row) = row else { return Ok(None) };
        let grants = grants::of_user(self.database.reader(), name).await?;
        Ok(Some(stored(row, grants)))
    }

    /// # Errors
    /// [`StoreError::Exists`] if the name is taken; [`StoreError::Json`], or when a statement fails.
    pub async fn insert(&self, user: &StoredUser) -> Result<(), StoreError> {
        let transaction = self.database.begin().await.map_err(StoreError::writing(WHAT))?;
        let row = ActiveModel {
            name: Set(user.name.clone()),
            password_hash: Set(user.password_hash.expose_secret().to_owned()),
            created_at: Set(user.created_at),
            disabled: Set(user.disabled),
            last_sign_in: Set(user.last_sign_in),
        };
        Entity::insert(row)
            .exec_without_returning(&transaction)
            .await
            .map_err(|source| StoreError::insert("user", &user.name, source))?;
        grants::replace(&transaction, &user.name, &user.grants).await?;
        transaction.commit().await.map_err(StoreError::writing(WHAT))
    }

    /// All of the change or nothing. Whoever is disabled has no session any more.
    ///
    /// # Errors
    /// [`UserChangeError`].
    pub async fn change(&self, name: &str, change: UserChange) -> Result<(), UserChangeError> {
        let transaction = self.database.begin().await.map_err(StoreError::writing(WHAT))?;
        let guard = Guard::set(&transaction).await?;
        let found = Entity::find_by_id(name).one(&transaction).await.map_err(StoreError::reading(WHAT))?;
        if found.is_none() {
            return Err(UserChangeError::Unknown(name.to_owned()));
        }
        if let Some(grants) = &change.grants {
            grants::replace(&transaction, name, grants).await?;
        }
        if let Some(disabled) = change.disabled {
            update(&transaction, name, ActiveModel { disabled: Set(disabled), ..ActiveModel::default() }).await?;
            if disabled {
                end_sessions(&transaction, name, None).await?;
            }
        }
        if let Some(PasswordChange { hash, keep_session }) = &change.password {
            let password_hash = Set(hash.expose_secret().to_owned());
            update(&transaction, name, ActiveModel { password_hash, ..ActiveModel::default() }).await?;
            end_sessions(&transaction, name, keep_session.as_deref()).await?;
        }
        guard.check(&transaction, name).await?;
        Ok(transaction.commit().await.map_err(StoreError::writing(WHAT))?)
    }

    /// With everything that belongs to the user: grants, sessions, tokens.
    ///
    /// # Errors
    /// [`UserChangeError`].
    pub async fn delete(&self, name: &str) -> Result<(), UserChangeError> {
        let transaction = self.database.begin().await.map_err(StoreError::writing(WHAT))?;
        let guard = Guard::set(&transaction).await?;
        let deleted = Entity::delete_by_id(name).exec(&transaction).await.map_err(StoreError::writing(WHAT))?;
        if deleted.rows_affected == 0 {
            return Err(UserChangeError::Unknown(name.to_owned()));
        }
        grants::delete(&transaction, name).await?;
        end_sessions(&transaction, name, None).await?;
        let tokens = token::Entity::delete_many().filter(token::Column::Owner.eq(name)).exec(&transaction);
        tokens.await.map_err(StoreError::writing("tokens"))?;
        guard.check(&transaction, name).await?;
        Ok(transaction.commit().await.map_err(StoreError::writing(WHAT))?)
    }

    /// Notes a sign-in.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn signed_in(&self, name: &str, at: i64) -> Result<(), StoreError> {
        let noted = Entity::update_many()
            .col_expr(Column::LastSignIn, at.into())
            .filter(Column::Name.eq(name))
            .exec(self.database.writer());
        noted.await.map_err(StoreError::writing(WHAT))?;
        Ok(())
    }
}

/// Keeps the last enabled administrator. Where there is none to begin with, everything goes.
struct Guard {
    needed: bool,
}

impl Guard {
    /// Before the change. Two that would each take away another one of two administrators wait for each other here.
    async fn set(transaction: &DatabaseTransaction) -> Result<Self, StoreError> {
        let administrators = grants::administrators(transaction, true).await?;
        Ok(Self { needed: any_enabled(transaction, administrators).await? })
    }

    /// After the change; what is not committed is undone.
    async fn check(self, transaction: &DatabaseTransaction, name: &str) -> Result<(), UserChangeError> {
        if !self.needed {
            return Ok(());
        }
        let administrators = grants::administrators(transaction, false).await?;
        if any_enabled(transaction, administrators).await? {
            Ok(())
        } else {
            Err(UserChangeError::LastAdministrator(name.to_owned()))
        }
    }
}

async fn any_enabled(transaction: &DatabaseTransaction, names: Vec<String>) -> Result<bool, StoreError> {
    let enabled = Entity::find().filter(Column::Disabled.eq(false)).filter(Column::Name.is_in(names));
    Ok(enabled.count(transaction).await.map_err(StoreError::reading(WHAT))? > 0)
}

async fn update(transaction: &DatabaseTransaction, name: &str, row: ActiveModel) -> Result<(), StoreError> {
    let update = Entity::update_many().set(row).filter(Column::Name.eq(name)).exec(transaction);
    update.await.map_err(StoreError::writing(WHAT))?;
    Ok(())
}

async fn end_sessions(transaction: &DatabaseTransaction, user: &str, keep: Option<&str>) -> Result<(), StoreError> {
    let mut sessions = session::Entity::delete_many().filter(session::Column::UserName.eq(user));
    if let Some(keep) = keep {
        sessions = sessions.filter(session::Column::TokenDigest.ne(keep));
    }
    sessions.exec(transaction).await.map_err(StoreError::writing("sessions"))?;
    Ok(())
}

fn stored(row: Model, grants: Vec<Grant>) -> StoredUser {
    StoredUser {
        name: row.name,
        password_hash: SecretString::from(row.password_hash),
        grants,
        disabled: row.disabled,
        created_at: row.created_at,
        last_sign_in: row.last_sign_in,
    }
}
