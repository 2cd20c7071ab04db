//! What can go wrong in the store, one variant a step.

use sea_orm::DbErr;

use super::envelope::EnvelopeError;
use super::keys::KeyError;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `url` is without credentials.
    #[error("cannot open the database {url}")]
    Connect {
        url: String,
        #[source]
        source: DbErr,
    },
    #[error("cannot create the database file {path}")]
    CreateFile {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("cannot bring the schema of the database up to date")]
    Migrate {
        #[source]
        source: DbErr,
    },
    #[error("cannot read {what} from the database")]
    Read {
        what: &'static str,
        #[source]
        source: DbErr,
    },
    #[error("cannot write {what} to the database")]
    Write {
        what: &'static str,
        #[source]
        source: DbErr,
    },
    #[error("{what} {name} exists already")]
    Exists { what: &'static str, name: String },
    #[error("cannot seal or open column {column} of {table} row {row}")]
    Envelope {
        table: &'static str,
        row: String,
        column: &'static str,
        #[source]
        source: EnvelopeError,
    },
    #[error("cannot write {what} as JSON, or read it back")]
    Json {
        what: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("the machine gives no random numbers")]
    Random,
    #[error("cannot close the database")]
    Close {
        #[source]
        source: DbErr,
    },
}

impl StoreError {
    /// The failure of an insert: [`Self::Exists`] where a key was taken, else [`Self::Write`].
    pub(super) fn insert(what: &'static str, name: &str, source: DbErr) -> Self {
        match source.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Self::Exists { what, name: name.to_owned() },
            _ => Self::Write { what, source },
        }
    }
}
