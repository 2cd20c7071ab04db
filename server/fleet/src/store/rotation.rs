//! Changing the master key: every sealed value is sealed anew in one transaction.
//!
//! Until the commit everything opens with the old key, from then on with the new one. A key file beside an SQLite
//! database holds both until the commit is known, so that a kill at any moment leaves a database that opens. No server
//! may run meanwhile: it would go on sealing with the old key.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, QuerySelect, Set};

use super::database::{Database, Place};
use super::entity::{cluster, setting};
use super::envelope::{self, Cell, Keyring};
use super::error::StoreError;
use super::keys::{self, KeyError, KeySource};
use super::{clusters, schema, settings};

const ONE_KEY: &str = "every source gives one key at least";

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Values that were sealed anew.
    pub values: usize,
    /// Id of the key that seals from now on, as errors name it.
    pub key: String,
}

pub(super) async fn rotate(url: &str, old: &KeySource, new: &KeySource) -> Result<Rotation, StoreError> {
    let database = Database::connect(url).await?;
    let rotated = rotate_in(&database, url, old, new).await;
    database.close().await?;
    rotated
}

async fn rotate_in(database: &Database, url: &str, old: &KeySource, new: &KeySource) -> Result<Rotation, StoreError> {
    let check = settings::key_check(database).await?.ok_or(KeyError::NothingSealed)?;
    let old_masters = keys::masters(old, database.place(), true)?;
    settings::verify(&Keyring::of(&old_masters).expect(ONE_KEY), &check)?;
    let beside = match (new, database.place()) {
        (KeySource::BesideDatabase, Place::File(file)) => Some(keys::file_beside(file)),
        (KeySource::BesideDatabase, Place::Memory | Place::Server) => return Err(KeyError::NotNamed.into()),
        (KeySource::File(_) | KeySource::Value(_), _) => None,
    };
    let new_masters = match &beside {
        Some(_) => vec![keys::random()?],
        None => keys::masters(new, database.place(), true)?,
    };
    let all = [new_masters.as_slice(), &old_masters].concat();
    let ring = Keyring::of(&all).expect(ONE_KEY);
    if let Some(path) = &beside {
        keys::replace(path, &all)?;
    }
    schema::migrate(database, url).await?;
    settings::establish(database, &ring).await?;
    let values = seal_anew(database, &ring).await?;
    if let Some(path) = &beside {
        keys::replace(path, &new_masters)?;
    }
    Ok(Rotation { values, key: ring.current_id().to_owned() })
}

/// Every sealed value there is: a table that gets one is named here. Settings that are not sealed stay as they are.
async fn seal_anew(database: &Database, ring: &Keyring) -> Result<usize, StoreError> {
    let writing = StoreError::writing("sealed values");
    let transaction = database.begin().await.map_err(writing)?;
    let mut values = 0;
    for row in locked(setting::Entity::find(), &transaction).all(&transaction).await.map_err(writing)? {
        if envelope::key_id(&row.value).is_none() {
            continue;
        }
        let value = resealed(ring, settings::cell(&row.name), &row.value)?;
        let mut row = setting::ActiveModel::from(row);
        row.value = Set(value);
        row.update(&transaction).await.map_err(writing)?;
        values += 1;
    }
    for row in locked(cluster::Entity::find(), &transaction).all(&transaction).await.map_err(writing)? {
        let kubeconfig = resealed(ring, clusters::kubeconfig_cell(&row.id), &row.kubeconfig)?;
        let mut row = cluster::ActiveModel::from(row);
        row.kubeconfig = Set(kubeconfig);
        row.update(&transaction).await.map_err(writing)?;
        values += 1;
    }
    transaction.commit().await.map_err(writing)?;
    Ok(values)
}

/// SQLite's transaction has the lock already, and no words for it.
fn locked<E: EntityTrait>(select: sea_orm::Select<E>, connection: &impl ConnectionTrait) -> sea_orm::Select<E> {
    match connection.get_database_backend() {
        DbBackend::Sqlite => select,
        _ => select.lock_exclusive(),
    }
}

fn resealed(ring: &Keyring, cell: Cell<'_>, sealed: &str) -> Result<String, StoreError> {
    let plain = ring.open(cell, sealed).map_err(|source| cell.sealing(source))?;
    ring.seal(cell, &plain).map_err(|source| cell.sealing(source))
}
