//! Tests of an SQLite file that must not grow: writes say so, reads go on, and with space it goes on by itself.
//!
//! The limit is SQLite's own `max_page_count` on the one connection that writes, which fails as a full disk does.

use domain::object::ObjectRef;
use sea_orm::{ConnectionTrait, Statement};
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;

use super::*;

async fn store(folder: &TempDir) -> Store {
    let url = format!("sqlite://{}", folder.path().join("flux.db").display());
    let (key, clock) = (KeySource::BesideDatabase, Clock::new(|| 1_000));
    Store::open(StoreConfig { url, key, clock, retention: Retention::default() }).await.unwrap()
}

/// Lets the file have so many pages more than it has.
async fn limit(store: &Store, more: i64) {
    let writer = store.0.database.writer();
    let count = Statement::from_string(writer.get_database_backend(), "PRAGMA page_count");
    let count: i64 = writer.query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    writer.execute_unprepared(&format!("PRAGMA max_page_count = {}", count + more)).await.unwrap();
}

fn cluster(id: &str, size: usize) -> StoredCluster {
    StoredCluster {
        id: id.into(),
        name: id.to_owned(),
        description: "x".repeat(size),
        server: "https://192.0.2.1:6443".to_owned(),
        kubeconfig: SecretString::from("token: t"),
        allow_unreachable: false,
        created_at: 1,
    }
}

fn object(name: &str) -> StoredObject {
    let object = ObjectRef {
        cluster: "prod".into(),
        group: "apps".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some("shop".to_owned()),
        name: name.to_owned(),
    };
    StoredObject { object, version: "1".to_owned(), json: json!({"text": "x".repeat(10_000)}), seen_at: 1 }
}

#[tokio::test]
async fn a_write_without_space_says_so_and_succeeds_once_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    store.clusters().insert(&cluster("small", 1)).await.unwrap();
    limit(&store, 2).await;
    let large = cluster("large", 100_000);
    let error = store.clusters().insert(&large).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { what: "cluster", .. }), "{error:?}");
    assert_eq!(error.to_string(), "cannot write cluster: no space is left for the database");
    assert_eq!(store.clusters().list().await.unwrap().len(), 1);

    limit(&store, 1_000).await;
    store.clusters().insert(&large).await.unwrap();
    assert_eq!(store.clusters().list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn objects_wait_for_space_and_none_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    limit(&store, 2).await;
    store.objects().upsert_batch((0..50).map(|n| object(&format!("web-{n}"))).collect()).await;
    let objects = store.objects();
    let mut flushed = std::pin::pin!(objects.flush());
    // The writer has been refused once the queue says that it is failing.
    while !store.0.queue.is_failing() {
        assert!(futures::poll!(flushed.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap(), []);
    limit(&store, 1_000).await;
    flushed.await;
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap().len(), 50);
}
