//! What a failed statement means: does the database refuse it, or can the database itself do nothing at the moment?
//!
//! Decides by codes only, never by texts. What no code tells apart counts as refused.

use sea_orm::sqlx::error::Error as SqlxError;
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::{DbErr, RuntimeErr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// This statement, or its values; the next one may well succeed.
    Refused,
    /// No connection, a restart, a lock that took too long: the same statement may succeed later.
    Unavailable,
    /// No space is left; the same statement succeeds once there is.
    Full,
}

pub(super) fn of(error: &DbErr) -> Trouble {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Trouble::Unavailable,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => of_driver(error),
        _ => Trouble::Refused,
    }
}

/// Whether a transaction was undone for the sake of another one, so that it may be begun again at once.
pub(super) fn is_conflict(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    // Serialization failure (also MariaDB's deadlock) and PostgreSQL's deadlock.
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "40001" || code == "40P01")
}

/// Whether a connection failed because the certificate of the server is refused.
pub(super) fn is_certificate(error: &DbErr) -> bool {
    let DbErr::Conn(RuntimeErr::SqlxError(error)) = error else { return false };
    let inner: Option<&(dyn std::error::Error + 'static)> = match &**error {
        SqlxError::Io(error) => error.get_ref().map(|inner| inner as _),
        SqlxError::Tls(error) => Some(error.as_ref()),
        _ => None,
    };
    let reason = inner.and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(reason, Some(rustls::Error::InvalidCertificate(_)))
}

fn of_driver(error: &SqlxError) -> Trouble {
    match error {
        SqlxError::Database(error) => {
            if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                of_postgres(error.code())
            } else if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
                of_mysql(error.number())
            } else if error.try_downcast_ref::<SqliteError>().is_some() {
                of_sqlite(error.code().and_then(|code| code.parse().ok()).unwrap_or_default())
            } else {
                Trouble::Refused
            }
        }
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Trouble::Unavailable,
        _ => Trouble::Refused,
    }
}

/// By class, see appendix A of PostgreSQL's manual.
fn of_postgres(state: &str) -> Trouble {
    match state {
        "53100" => Trouble::Full,
        // A read-only standby, a lock not to be had, a failing disk.
        "25006" | "55P03" | "58030" => Trouble::Unavailable,
        // Connection lost, rolled back for another's sake, out of resources, an operator's intervention.
        _ if ["08", "40", "53", "57"].iter().any(|class| state.starts_with(class)) => Trouble::Unavailable,
        _ => Trouble::Refused,
    }
}

/// Numbers of MariaDB's and MySQL's error reference.
fn of_mysql(number: u16) -> Trouble {
    match number {
        // The disk, or a table at its bound.
        1021 | 1114 => Trouble::Full,
        // Too many connections, shutting down, network, lock wait, deadlock, a user's limit, read-only, killed.
        1040 | 1053 | 1158..=1161 | 1205 | 1213 | 1226 | 1290 | 1836 | 1927 => Trouble::Unavailable,
        _ => Trouble::Refused,
    }
}

/// Result codes of SQLite; an extended one holds the primary one in its lowest byte.
fn of_sqlite(code: u32) -> Trouble {
    match code & 0xff {
        13 => Trouble::Full,
        // Busy, locked, read-only, I/O error, cannot open.
        5 | 6 | 8 | 10 | 14 => Trouble::Unavailable,
        _ => Trouble::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart_from_a_refused_value_on_every_database() {
        assert_eq!([of_postgres("53100"), of_mysql(1021), of_sqlite(13)], [Trouble::Full; 3]);
        // Too long, packet too large, a broken constraint.
        assert_eq!([of_postgres("22001"), of_mysql(1153), of_sqlite(1555)], [Trouble::Refused; 3]);
    }

    #[test]
    fn what_may_succeed_later_is_unavailable() {
        for state in ["08006", "40P01", "53300", "57P01", "57P03", "25006"] {
            assert_eq!(of_postgres(state), Trouble::Unavailable, "{state}");
        }
        for number in [1040, 1053, 1160, 1213, 1290] {
            assert_eq!(of_mysql(number), Trouble::Unavailable, "{number}");
        }
        // SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, SQLITE_IOERR_WRITE.
        for code in [5, 517, 778] {
            assert_eq!(of_sqlite(code), Trouble::Unavailable, "{code}");
        }
    }

    #[test]
    fn a_lost_connection_is_unavailable_whatever_was_asked() {
        let lost = || SqlxError::Io(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(of(&DbErr::Exec(RuntimeErr::SqlxError(lost().into()))), Trouble::Unavailable);
        assert_eq!(of(&DbErr::Query(RuntimeErr::SqlxError(lost().into()))), Trouble::Unavailable);
        assert_eq!(of(&DbErr::RecordNotUpdated), Trouble::Refused);
    }
}
