//! What only SQLite has: files, a key beside them, a database in memory.

use std::path::{Path, PathBuf};

use fleet::clock::Clock;
use fleet::store::{KEY_FILE, KeyError, KeySource, Retention, Store, StoreConfig, StoreError, StoredCluster};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tempfile::TempDir;

use crate::database::{Database, url_in};
use crate::samples::{CANARY, cluster, object, state};

tests![
    what_was_acknowledged_survives_a_kill_in_the_middle_of_other_writes,
    sealed_values_are_nowhere_in_the_files,
    a_lost_key_file_is_said_and_not_replaced,
    a_rotation_makes_a_new_key_file_that_opens_everything,
    database_and_key_are_readable_by_their_owner_only,
    each_store_has_a_mask_key_of_its_own,
    a_store_in_memory_works_like_one_in_a_file,
];

fn beside(folder: &Path) -> StoreConfig {
    let (url, key) = (url_in(folder), KeySource::BesideDatabase);
    StoreConfig { url, key, clock: Clock::new(|| 1_000), retention: Retention::default() }
}

async fn open(folder: &Path) -> Store {
    Store::open(beside(folder)).await.unwrap()
}

/// The files as they are at this moment, as a kill would leave them: nothing is closed or folded together.
fn as_after_a_kill(folder: &Path) -> TempDir {
    let image = tempfile::tempdir().unwrap();
    for file in files(folder) {
        std::fs::copy(&file, image.path().join(file.file_name().unwrap())).unwrap();
    }
    image
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn holds(folder: &Path, needle: &str) -> bool {
    files(folder).iter().any(|file| {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

async fn what_was_acknowledged_survives_a_kill_in_the_middle_of_other_writes(database: Database) {
    let folder = database.folder();
    let store = open(folder).await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    store.objects().upsert_batch(vec![state("prod", "web", json!({"a": 1})), state("prod", "db", json!({}))]).await;
    store.objects().flush().await;
    store.objects().delete_batch(vec![object("prod", "db")]).await;
    store.objects().flush().await;
    // Not acknowledged: may be there or not, and must not hurt what is.
    let late = (0..500).map(|n| state("prod", &format!("late-{n}"), json!({"n": n})));
    store.objects().upsert_batch(late.collect()).await;

    let image = as_after_a_kill(folder);
    let reopened = open(image.path()).await;
    let objects = reopened.objects().load(&"prod".into()).await.unwrap();
    assert!(objects.contains(&state("prod", "web", json!({"a": 1}))));
    assert!(!objects.iter().any(|stored| stored.object.name == "db"));
    let kept = reopened.clusters().get(&"prod".into()).await.unwrap().unwrap();
    assert_eq!(kept.kubeconfig.expose_secret(), format!("token: {CANARY}"));
}

async fn sealed_values_are_nowhere_in_the_files(database: Database) {
    let folder = database.folder();
    let store = open(folder).await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    let moved = StoredCluster { name: "Renamed".to_owned(), ..cluster("prod") };
    assert!(store.clusters().update(&moved).await.unwrap());
    assert!(holds(folder, "Renamed"), "the search itself finds what is not sealed");
    assert!(!holds(folder, CANARY), "while the log holds the rows");
    store.close().await.unwrap();
    assert!(holds(folder, "Renamed"));
    assert!(!holds(folder, CANARY), "after the log was folded into the file");
}

async fn a_lost_key_file_is_said_and_not_replaced(database: Database) {
    let folder = database.folder();
    open(folder).await.close().await.unwrap();
    std::fs::remove_file(folder.join(KEY_FILE)).unwrap();
    let error = Store::open(beside(folder)).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(KeyError::Lost { .. })), "{error:?}");
    assert!(!folder.join(KEY_FILE).exists());
}

async fn a_rotation_makes_a_new_key_file_that_opens_everything(database: Database) {
    let folder = database.folder();
    let store = open(folder).await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    let mask = store.mask_key();
    store.close().await.unwrap();
    let key_file = folder.join(KEY_FILE);
    let before = std::fs::read_to_string(&key_file).unwrap();

    let beside = KeySource::BesideDatabase;
    Store::rotate_key(&url_in(folder), &beside, &beside).await.unwrap();
    let after = std::fs::read_to_string(&key_file).unwrap();
    assert_eq!(after.lines().count(), 1);
    assert_ne!(after, before);
    let store = open(folder).await;
    assert!(store.clusters().get(&"prod".into()).await.unwrap().is_some());
    assert_eq!(store.mask_key(), mask);
    store.close().await.unwrap();

    std::fs::write(&key_file, before).unwrap();
    let error = Store::open(self::beside(folder)).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(KeyError::Wrong { .. })), "{error:?}");
}

async fn database_and_key_are_readable_by_their_owner_only(database: Database) {
    use std::os::unix::fs::PermissionsExt as _;
    let store = open(database.folder()).await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    for file in files(database.folder()) {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

async fn each_store_has_a_mask_key_of_its_own(database: Database) {
    let there = tempfile::tempdir().unwrap();
    assert_ne!(open(database.folder()).await.mask_key(), open(there.path()).await.mask_key());
}

async fn a_store_in_memory_works_like_one_in_a_file(database: Database) {
    let config = StoreConfig { url: "sqlite::memory:".to_owned(), ..beside(database.folder()) };
    let store = Store::open(config).await.unwrap();
    store.clusters().insert(&cluster("prod")).await.unwrap();
    store.objects().upsert_batch(vec![state("prod", "web", json!({"a": 1}))]).await;
    store.objects().flush().await;
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap(), [state("prod", "web", json!({"a": 1}))]);
    assert_eq!(store.clusters().list().await.unwrap().len(), 1);
    store.apply_retention().await.unwrap();
}
