//! Whether a key belongs to a database, and whether the database is there at all: asked before a store is opened.
//!
//! For the command line. Looking makes neither a key nor an SQLite file.

use super::Store;
use super::database::{Database, Place, place, without_credentials};
use super::envelope::Keyring;
use super::error::StoreError;
use super::keys::KeySource;
use super::settings;

/// How a key stands to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFit {
    /// What is sealed was sealed with it, or with an older key that it brings along.
    Fits,
    /// Nothing was sealed yet, so any key does.
    NothingSealed,
}

impl Store {
    /// `false` for an SQLite file that is not there yet; opening it would make it.
    ///
    /// # Errors
    /// [`StoreError::Connect`] if the URL cannot be read.
    pub fn is_there(url: &str) -> Result<bool, StoreError> {
        match place(url).map_err(|source| StoreError::Connect { url: without_credentials(url), source })? {
            Place::File(path) => Ok(path.exists()),
            Place::Memory | Place::Server => Ok(true),
        }
    }

    /// Whether this key opens what the database holds.
    ///
    /// # Errors
    /// [`StoreError::Connect`]; [`StoreError::Key`] with what is wrong.
    pub async fn key_fit(url: &str, key: &KeySource) -> Result<KeyFit, StoreError> {
        if !Self::is_there(url)? {
            return Ok(KeyFit::NothingSealed);
        }
        let database = Database::connect(url).await?;
        let fit = async {
            let Some(sealed) = settings::key_check(&database).await? else { return Ok(KeyFit::NothingSealed) };
            settings::verify(&Keyring::load(key, database.place(), true)?, &sealed)?;
            Ok(KeyFit::Fits)
        }
        .await;
        database.close().await?;
        fit
    }
}
