//! The master key: a wrong one is said, and nothing is written with it.

use fleet::store::{KeyError, Store, StoreConfig, StoreError};

use crate::database::{Database, KEY, OTHER_KEY, value};
use crate::samples::cluster;

tests![
    a_wrong_key_is_said_and_nothing_is_overwritten,
    the_mask_key_is_the_same_after_a_restart,
    two_processes_that_begin_together_agree_on_the_keys,
];

async fn a_wrong_key_is_said_and_nothing_is_overwritten(database: Database) {
    let store = database.open().await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    store.close().await.unwrap();
    let settings = "SELECT value FROM settings ORDER BY name";
    let before = database.texts(settings).await;

    let wrong = StoreConfig { key: value(OTHER_KEY), ..database.config() };
    let error = Store::open(wrong).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(KeyError::Wrong { .. })), "{error:?}");
    assert!(error.to_string().contains("start with the key that it was sealed with (nothing was changed)"), "{error}");

    assert_eq!(database.texts(settings).await, before);
    let store = database.open().await;
    assert!(store.clusters().get(&"prod".into()).await.unwrap().is_some());
    store.close().await.unwrap();
}

async fn the_mask_key_is_the_same_after_a_restart(database: Database) {
    let first = database.open().await;
    let key = first.mask_key();
    first.close().await.unwrap();
    let again = database.open().await;
    assert_eq!(again.mask_key(), key);
    again.close().await.unwrap();
}

async fn two_processes_that_begin_together_agree_on_the_keys(database: Database) {
    // One process writes an SQLite file; a file that both would make is no case.
    let begin = async || Store::open(StoreConfig { key: value(KEY), ..database.config() }).await;
    if database.kind == crate::database::Kind::Sqlite {
        begin().await.unwrap().close().await.unwrap();
    }
    let (one, other) = tokio::join!(begin(), begin());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.mask_key(), other.mask_key());
    one.close().await.unwrap();
    other.close().await.unwrap();
}
