//! A new master key: everything opens with it, nothing with the old one, and masks stay what they were.

use fleet::store::{KeyError, Store, StoreConfig, StoreError};
use secrecy::ExposeSecret as _;

use crate::database::{Database, KEY, OTHER_KEY, value};
use crate::samples::{CANARY, cluster};

tests![
    after_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing,
    a_value_that_does_not_open_stops_the_rotation_and_nothing_has_changed,
    a_rotation_with_the_wrong_old_key_is_refused,
];

async fn filled(database: &Database) -> Store {
    let store = database.open().await;
    for id in ["prod", "dev"] {
        store.clusters().insert(&cluster(id)).await.unwrap();
    }
    store
}

async fn after_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing(database: Database) {
    let store = filled(&database).await;
    let mask = store.mask_key();
    store.close().await.unwrap();

    let rotation = Store::rotate_key(database.url(), &value(KEY), &value(OTHER_KEY)).await.unwrap();
    assert_eq!(rotation.values, 4, "two settings, two kubeconfigs");

    let error = Store::open(database.config()).await.unwrap_err();
    let StoreError::Key(KeyError::Wrong { needed, .. }) = error else { panic!("{error:?}") };
    assert_eq!(needed, rotation.key);
    let store = Store::open(StoreConfig { key: value(OTHER_KEY), ..database.config() }).await.unwrap();
    let clusters = store.clusters().list().await.unwrap();
    assert_eq!(clusters.len(), 2);
    assert!(clusters.iter().all(|cluster| cluster.kubeconfig.expose_secret().contains(CANARY)));
    assert_eq!(store.mask_key(), mask);
    store.close().await.unwrap();
}

async fn a_value_that_does_not_open_stops_the_rotation_and_nothing_has_changed(database: Database) {
    filled(&database).await.close().await.unwrap();
    let spoil = "UPDATE clusters SET kubeconfig = 'v1:00000000:AA:AA' WHERE id = 'prod'";
    database.execute(&[spoil.to_owned()]).await;
    let error = Store::rotate_key(database.url(), &value(KEY), &value(OTHER_KEY)).await.unwrap_err();
    let StoreError::Envelope { table: "clusters", row, .. } = error else { panic!("{error:?}") };
    assert_eq!(row, "prod");
    let store = database.open().await;
    assert!(store.clusters().get(&"dev".into()).await.unwrap().is_some());
    store.close().await.unwrap();
}

async fn a_rotation_with_the_wrong_old_key_is_refused(database: Database) {
    let error = Store::rotate_key(database.url(), &value(KEY), &value(OTHER_KEY)).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(KeyError::NothingSealed)), "{error:?}");
    filled(&database).await.close().await.unwrap();
    let error = Store::rotate_key(database.url(), &value(OTHER_KEY), &value(OTHER_KEY)).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(KeyError::Wrong { .. })), "{error:?}");
    database.open().await.close().await.unwrap();
}
