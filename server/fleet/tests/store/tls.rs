//! TLS to a database server, as the parameters of the URL ask for it. `STORE_CA` and `STORE_OTHER_CA` name two
//! certificate authorities; the server's certificate is of the first and for the name `localhost` only.

use fleet::store::{Store, StoreConfig, StoreError};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::database::{Database, Kind, connect};
use crate::samples::cluster;

tests![
    a_server_that_is_verified_is_used_over_tls,
    a_certificate_of_another_authority_is_refused,
    a_certificate_for_another_name_is_refused,
];

fn authority(variable: &str) -> String {
    std::env::var(variable).unwrap()
}

fn verified(database: &Database, host: &str, authority: &str) -> String {
    match database.kind {
        Kind::MariaDb => database.url_with(host, &[("ssl-mode", "VERIFY_IDENTITY"), ("ssl-ca", authority)]),
        _ => database.url_with(host, &[("sslmode", "verify-full"), ("sslrootcert", authority)]),
    }
}

async fn a_server_that_is_verified_is_used_over_tls(database: Database) {
    let url = verified(&database, "localhost", &authority("STORE_CA"));
    let store = Store::open(StoreConfig { url: url.clone(), ..database.config() }).await.unwrap();
    store.clusters().insert(&cluster("prod")).await.unwrap();
    assert_eq!(store.clusters().list().await.unwrap().len(), 1);
    store.close().await.unwrap();

    let cipher = match database.kind {
        Kind::MariaDb => {
            "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'SSL_CIPHER'"
        }
        _ => "SELECT coalesce(cipher, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    };
    let connection = connect(&url).await;
    let statement = Statement::from_string(connection.get_database_backend(), cipher);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    let cipher: String = row.try_get_by_index(0).unwrap();
    connection.close().await.unwrap();
    assert!(cipher.starts_with("TLS_"), "{cipher:?}");
}

async fn refusal(database: &Database, url: String) -> String {
    let error = Store::open(StoreConfig { url, ..database.config() }).await.unwrap_err();
    assert!(matches!(error, StoreError::Untrusted { .. }), "{error:?}");
    let text = error.to_string();
    assert!(!text.contains("secret"), "the password is in the error: {text}");
    std::error::Error::source(&error).unwrap().to_string()
}

async fn a_certificate_of_another_authority_is_refused(database: Database) {
    let url = verified(&database, "localhost", &authority("STORE_OTHER_CA"));
    let reason = refusal(&database, url).await;
    assert!(reason.contains("UnknownIssuer"), "{reason}");
}

async fn a_certificate_for_another_name_is_refused(database: Database) {
    let url = verified(&database, "127.0.0.1", &authority("STORE_CA"));
    let reason = refusal(&database, url).await;
    assert!(reason.contains("not valid for"), "{reason}");
}
