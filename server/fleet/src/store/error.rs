//! What can go wrong in the store, one variant a step.

use sea_orm::DbErr;

use super::envelope::EnvelopeError;
use super::keys::KeyError;
use super::trouble::{self, Trouble};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `url` is without credentials.
    #[error("cannot open the database {url}")]
    Connect {
        url: String,
        #[source]
        source: DbErr,
    },
    /// The server's certificate is not what the URL asks for; `url` is without credentials.
    #[error("the database {url} is not trusted: its certificate is refused")]
    Untrusted {
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
    /// Nothing was changed.
    #[error(
        "the database has a newer schema than this version knows ({steps}); \
         start the newer version, or restore the backup that was made before it"
    )]
    Newer { steps: String },
    #[error("another process changes the schema of the database and did not end within {seconds} s")]
    SchemaLocked { seconds: u64 },
    #[error("cannot read {what} from the database")]
    Read {
        what: &'static str,
        #[source]
        source: DbErr,
    },
    /// The database refuses the rows.
    #[error("cannot write {what} to the database")]
    Write {
        what: &'static str,
        #[source]
        source: DbErr,
    },
    /// No connection, or it does not let anything through; the same may succeed later.
    #[error("cannot read or write {what}: the database is not available")]
    Unavailable {
        what: &'static str,
        #[source]
        source: DbErr,
    },
    /// Reading goes on; the same write succeeds once there is space.
    #[error("cannot write {what}: no space is left for the database")]
    Full {
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
    /// The failure to connect, [`Self::Untrusted`] or [`Self::Connect`]; `url` without credentials.
    pub(super) fn connecting(url: String) -> impl FnOnce(DbErr) -> Self {
        move |source| {
            if trouble::is_certificate(&source) {
                Self::Untrusted { url, source }
            } else {
                Self::Connect { url, source }
            }
        }
    }

    /// The failure of a read, [`Self::Unavailable`] or [`Self::Read`]; for `map_err`.
    pub(super) fn reading(what: &'static str) -> impl Fn(DbErr) -> Self + Copy {
        move |source| match trouble::of(&source) {
            Trouble::Unavailable => Self::Unavailable { what, source },
            Trouble::Full | Trouble::Refused => Self::Read { what, source },
        }
    }

    /// The failure of a write, [`Self::Full`], [`Self::Unavailable`] or [`Self::Write`]; for `map_err`.
    pub(super) fn writing(what: &'static str) -> impl Fn(DbErr) -> Self + Copy {
        move |source| match trouble::of(&source) {
            Trouble::Unavailable => Self::Unavailable { what, source },
            Trouble::Full => Self::Full { what, source },
            Trouble::Refused => Self::Write { what, source },
        }
    }

    /// The failure of an insert: [`Self::Exists`] where a key was taken, else as [`Self::writing`].
    pub(super) fn insert(what: &'static str, name: &str, source: DbErr) -> Self {
        match source.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Self::Exists { what, name: name.to_owned() },
            _ => Self::writing(what)(source),
        }
    }
}
