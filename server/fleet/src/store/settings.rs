//! What the database says of its keys: the value that tells whether a key belongs to it, and the key of the masks.
//!
//! Both are sealed. The masking key is kept, and not derived anew, so that stored masks stay comparable when the master
//! key is rotated.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set};
use sea_orm_migration::SchemaManager;
use zeroize::Zeroizing;

use super::database::Database;
use super::entity::setting::{ActiveModel, Entity};
use super::envelope::{self, Cell, EnvelopeError, Keyring};
use super::error::StoreError;
use super::keys::KeyError;

/// Name of the row that tells whether a key belongs to the database.
const KEY_CHECK: &str = "key_check";
/// What that row holds, sealed.
const KEY_CHECK_TEXT: &[u8] = b"flux-orchestrator";
/// Name of the row that holds the key of the masks, sealed.
const MASK_KEY: &str = "mask_key";

pub(super) const fn cell(name: &str) -> Cell<'_> {
    Cell { table: "settings", row: name, column: "value" }
}

/// The sealed check value, or `None` if nothing was ever sealed here.
pub(super) async fn key_check(database: &Database) -> Result<Option<String>, StoreError> {
    let connection = database.writer();
    let reading = StoreError::reading("the settings");
    if !SchemaManager::new(connection).has_table("settings").await.map_err(reading)? {
        return Ok(None);
    }
    value(connection, KEY_CHECK).await.map_err(reading)
}

/// # Errors
/// [`KeyError::Wrong`].
pub(super) fn verify(keys: &Keyring, sealed: &str) -> Result<(), KeyError> {
    match keys.open(cell(KEY_CHECK), sealed) {
        Ok(text) if text.as_slice() == KEY_CHECK_TEXT => Ok(()),
        _ => Err(KeyError::Wrong {
            needed: envelope::key_id(sealed).unwrap_or("unknown").to_owned(),
            given: keys.current_id().to_owned(),
        }),
    }
}

/// Makes sure that both rows are there, and returns the masking key. Of two processes that begin together the first
/// decides, and the key of the other must be the same.
pub(super) async fn establish(database: &Database, keys: &Keyring) -> Result<Zeroizing<[u8; 32]>, StoreError> {
    let check = established(database, keys, KEY_CHECK, || Ok(Zeroizing::new(KEY_CHECK_TEXT.to_vec()))).await?;
    verify(keys, &check)?;
    let sealing_key = envelope::key_id(&check).unwrap_or_default();
    let mask = established(database, keys, MASK_KEY, || {
        let unknown = || EnvelopeError::UnknownKey { id: sealing_key.to_owned() };
        let mask = keys.first_mask_key(sealing_key).ok_or_else(unknown)?;
        Ok(Zeroizing::new(mask.to_vec()))
    })
    .await?;
    let cell = cell(MASK_KEY);
    let plain = keys.open(cell, &mask).map_err(|source| cell.sealing(source))?;
    let mask: [u8; 32] = plain.as_slice().try_into().map_err(|_| cell.sealing(EnvelopeError::Form))?;
    Ok(Zeroizing::new(mask))
}

/// The value of a row, sealed and inserted first if there is none.
async fn established(
    database: &Database,
    keys: &Keyring,
    name: &'static str,
    first: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, EnvelopeError>,
) -> Result<String, StoreError> {
    let connection = database.writer();
    let reading = StoreError::reading("the settings");
    if let Some(value) = value(connection, name).await.map_err(reading)? {
        return Ok(value);
    }
    let cell = cell(name);
    let sealed = first().and_then(|plain| keys.seal(cell, &plain)).map_err(|source| cell.sealing(source))?;
    let row = ActiveModel { name: Set(name.to_owned()), value: Set(sealed.clone()) };
    let inserted = Entity::insert(row).exec_without_returning(connection).await;
    match inserted.map_err(|source| StoreError::insert("the setting", name, source)) {
        Ok(_) => Ok(sealed),
        Err(StoreError::Exists { .. }) => {
            let theirs = value(connection, name).await.map_err(reading)?;
            theirs.ok_or(StoreError::Exists { what: "the setting", name: name.to_owned() })
        }
        Err(error) => Err(error),
    }
}

async fn value(connection: &impl ConnectionTrait, name: &str) -> Result<Option<String>, DbErr> {
    Ok(Entity::find_by_id(name).one(connection).await?.map(|row| row.value))
}
