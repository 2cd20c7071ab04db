//! The store on an SQLite file: what survives, what is sealed, what a wrong key does. Other databases are not tested
//! yet.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::path::{Path, PathBuf};

use domain::cluster::Permission;
use domain::object::ObjectRef;
use fleet::clock::Clock;
use fleet::store::{
    BASELINES_PER_OBJECT, Baseline, ClusterState, KEY_FILE, KeyError, KeySource, LARGEST_BASELINE, Recorded, Store,
    StoreConfig, StoreError, StoredCluster, StoredObject,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;

const CANARY: &str = "canary-5f1c0e";
const DATABASE: &str = "flux.db";

fn config(folder: &Path, key: KeySource) -> StoreConfig {
    StoreConfig { url: format!("sqlite://{}", folder.join(DATABASE).display()), key, clock: Clock::new(|| 1_000) }
}

async fn open(folder: &Path) -> Store {
    Store::open(config(folder, KeySource::BesideDatabase)).await.unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn cluster(id: &str) -> StoredCluster {
    StoredCluster {
        id: id.into(),
        name: format!("Cluster {id}"),
        description: "west".to_owned(),
        server: "https://192.0.2.1:6443".to_owned(),
        kubeconfig: SecretString::from(format!("token: {CANARY}")),
        allow_unreachable: false,
        created_at: 1,
    }
}

fn object(cluster: &str, name: &str) -> ObjectRef {
    ObjectRef {
        cluster: cluster.into(),
        group: "kustomize.toolkit.fluxcd.io".to_owned(),
        kind: "Kustomization".to_owned(),
        namespace: Some("shop".to_owned()),
        name: name.to_owned(),
    }
}

fn state(cluster: &str, name: &str, value: Value) -> StoredObject {
    StoredObject { object: object(cluster, name), version: "v1".to_owned(), json: value, seen_at: 5 }
}

fn baseline(revision: &str, value: Value) -> Baseline {
    Baseline {
        object: object("prod", "web"),
        owner: object("prod", "apps"),
        revision: revision.to_owned(),
        build: format!("digest of {revision}"),
        captured_at: 1,
        json: value,
        owned_paths: json!({"f:spec": {}}),
    }
}

/// The files as they are at this moment, as a kill would leave them: nothing is closed or folded together.
fn as_after_a_kill(folder: &Path) -> TempDir {
    let image = self::folder();
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

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_in_the_middle_of_other_writes() {
    let folder = folder();
    let store = open(folder.path()).await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    store
        .objects()
        .upsert_batch(vec![state("prod", "web", json!({"a": 1})), state("prod", "db", json!({"b": 2}))])
        .await;
    store.objects().flush().await;
    store.objects().delete_batch(vec![object("prod", "db")]).await;
    store.objects().flush().await;
    // Not acknowledged: may be there or not, and must not hurt what is.
    store
        .objects()
        .upsert_batch((0..500).map(|n| state("prod", &format!("late-{n}"), json!({"n": n}))).collect())
        .await;

    let image = as_after_a_kill(folder.path());
    let reopened = open(image.path()).await;
    let objects = reopened.objects().load(&"prod".into()).await.unwrap();
    assert!(objects.contains(&state("prod", "web", json!({"a": 1}))));
    assert!(!objects.iter().any(|stored| stored.object.name == "db"));
    let kept = reopened.clusters().get(&"prod".into()).await.unwrap().unwrap();
    assert_eq!(kept.kubeconfig.expose_secret(), format!("token: {CANARY}"));
}

#[tokio::test]
async fn closing_writes_what_is_queued() {
    let folder = folder();
    let store = open(folder.path()).await;
    let states: Vec<_> = (0..2_000).map(|n| state("prod", &format!("web-{n}"), json!({"n": n}))).collect();
    store.objects().upsert_batch(states).await;
    store.close().await.unwrap();
    assert_eq!(open(folder.path()).await.objects().load(&"prod".into()).await.unwrap().len(), 2_000);
}

#[tokio::test]
async fn an_unchanged_object_keeps_the_time_of_its_first_sight_also_after_a_restart() {
    let folder = folder();
    let store = open(folder.path()).await;
    store.objects().upsert_batch(vec![state("prod", "web", json!({"a": 1}))]).await;
    store.close().await.unwrap();

    let store = open(folder.path()).await;
    store.objects().load(&"prod".into()).await.unwrap();
    let again = StoredObject { seen_at: 99, ..state("prod", "web", json!({"a": 1})) };
    store.objects().upsert_batch(vec![again]).await;
    store.objects().flush().await;
    let seen = |objects: Vec<StoredObject>| objects.into_iter().map(|stored| stored.seen_at).collect::<Vec<_>>();
    assert_eq!(seen(store.objects().load(&"prod".into()).await.unwrap()), [5]);
    let changed = StoredObject { seen_at: 100, ..state("prod", "web", json!({"a": 2})) };
    store.objects().upsert_batch(vec![changed]).await;
    store.objects().flush().await;
    assert_eq!(seen(store.objects().load(&"prod".into()).await.unwrap()), [100]);
}

#[tokio::test]
async fn sealed_values_are_nowhere_in_the_files() {
    let folder = folder();
    let store = open(folder.path()).await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    let moved = StoredCluster { name: "Renamed".to_owned(), ..cluster("prod") };
    assert!(store.clusters().update(&moved).await.unwrap());
    assert!(holds(folder.path(), "Renamed"), "the search itself finds what is not sealed");
    assert!(!holds(folder.path(), CANARY), "while the log holds the rows");
    store.close().await.unwrap();
    assert!(holds(folder.path(), "Renamed"));
    assert!(!holds(folder.path(), CANARY), "after the log was folded into the file");
}

#[tokio::test]
async fn a_wrong_key_is_said_and_nothing_is_overwritten() {
    let folder = folder();
    let store = open(folder.path()).await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    store.close().await.unwrap();
    let before = std::fs::read(folder.path().join(DATABASE)).unwrap();
    let key = std::fs::read(folder.path().join(KEY_FILE)).unwrap();

    let wrong = KeySource::Value(SecretString::from("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    let error = Store::open(config(folder.path(), wrong)).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(KeyError::Wrong { .. })), "{error:?}");
    assert!(error.to_string().contains("start with the key that it was sealed with (nothing was changed)"), "{error}");

    assert_eq!(std::fs::read(folder.path().join(DATABASE)).unwrap(), before);
    assert_eq!(std::fs::read(folder.path().join(KEY_FILE)).unwrap(), key);
    assert!(open(folder.path()).await.clusters().get(&"prod".into()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lost_key_file_is_said_and_not_replaced() {
    let folder = folder();
    open(folder.path()).await.close().await.unwrap();
    std::fs::remove_file(folder.path().join(KEY_FILE)).unwrap();
    let error = Store::open(config(folder.path(), KeySource::BesideDatabase)).await.unwrap_err();
    assert!(matches!(error, StoreError::Key(KeyError::Lost { .. })), "{error:?}");
    assert!(!folder.path().join(KEY_FILE).exists());
}

#[cfg(unix)]
#[tokio::test]
async fn database_and_key_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let store = open(folder.path()).await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    for file in files(folder.path()) {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn the_mask_key_is_the_same_after_a_restart_and_another_for_each_store() {
    let (here, there) = (folder(), folder());
    let first = open(here.path()).await;
    let key = first.mask_key();
    first.close().await.unwrap();
    assert_eq!(open(here.path()).await.mask_key(), key);
    assert_ne!(open(there.path()).await.mask_key(), key);
}

#[tokio::test]
async fn a_taken_cluster_id_is_a_conflict_and_an_unknown_one_is_not_updated() {
    let folder = folder();
    let store = open(folder.path()).await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    let error = store.clusters().insert(&cluster("prod")).await.unwrap_err();
    assert!(matches!(error, StoreError::Exists { what: "cluster", .. }), "{error:?}");
    assert!(!store.clusters().update(&cluster("dev")).await.unwrap());
    let clusters = store.clusters().list().await.unwrap();
    assert_eq!(clusters.iter().map(|cluster| cluster.id.as_str()).collect::<Vec<_>>(), ["prod"]);
}

#[tokio::test]
async fn a_removed_cluster_takes_everything_of_it_along_and_nothing_of_others() {
    let folder = folder();
    let store = open(folder.path()).await;
    for id in ["prod", "dev"] {
        store.clusters().insert(&cluster(id)).await.unwrap();
        store.objects().upsert_batch(vec![state(id, "web", json!({}))]).await;
    }
    store.objects().flush().await;
    store.baselines().put(&baseline("main@sha1:1", json!({}))).await.unwrap();
    let known = ClusterState {
        cluster: "prod".into(),
        kubernetes_version: Some("v1.33.1".to_owned()),
        flux_version: None,
        last_seen: Some(7),
        permissions: vec![Permission { name: "read logs".to_owned(), held: true, without: String::new() }],
    };
    store.cluster_states().put(known.clone()).await.unwrap();
    assert_eq!(store.cluster_states().get(&"prod".into()).await.unwrap(), Some(known));

    store.objects().upsert_batch(vec![state("prod", "queued", json!({}))]).await;
    assert!(store.clusters().delete(&"prod".into()).await.unwrap());
    assert!(!store.clusters().delete(&"prod".into()).await.unwrap());
    store.objects().flush().await;
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap(), []);
    assert_eq!(store.baselines().latest(&object("prod", "web")).await.unwrap(), None);
    assert_eq!(store.cluster_states().get(&"prod".into()).await.unwrap(), None);
    assert_eq!(store.objects().load(&"dev".into()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_object_has_its_five_newest_baselines() {
    let folder = folder();
    let store = open(folder.path()).await;
    for n in 1..=8 {
        let next = Baseline { captured_at: n, ..baseline(&format!("main@sha1:{n}"), json!({"n": n})) };
        assert_eq!(store.baselines().put(&next).await.unwrap(), Recorded::New);
    }
    let list = store.baselines().list(&object("prod", "web"), 100).await.unwrap();
    assert_eq!(list.len() as u64, BASELINES_PER_OBJECT);
    assert_eq!(list.iter().map(|kept| kept.captured_at).collect::<Vec<_>>(), [8, 7, 6, 5, 4]);
}

#[tokio::test]
async fn the_same_state_under_a_new_revision_moves_the_baseline_on() {
    let folder = folder();
    let store = open(folder.path()).await;
    store.baselines().put(&baseline("main@sha1:1", json!({"a": 1}))).await.unwrap();
    let again = Baseline { captured_at: 9, ..baseline("main@sha1:2", json!({"a": 1})) };
    assert_eq!(store.baselines().put(&again).await.unwrap(), Recorded::Unchanged);
    assert_eq!(store.baselines().list(&object("prod", "web"), 100).await.unwrap(), [again]);
}

#[tokio::test]
async fn a_huge_baseline_is_not_kept() {
    let folder = folder();
    let store = open(folder.path()).await;
    let huge = baseline("main@sha1:1", json!({"data": "x".repeat(LARGEST_BASELINE)}));
    assert_eq!(store.baselines().put(&huge).await.unwrap(), Recorded::TooLarge);
    assert_eq!(store.baselines().latest(&object("prod", "web")).await.unwrap(), None);
}

#[tokio::test]
async fn a_store_in_memory_works_like_one_in_a_file() {
    let config =
        StoreConfig { url: "sqlite::memory:".to_owned(), key: KeySource::BesideDatabase, clock: Clock::new(|| 1_000) };
    let store = Store::open(config).await.unwrap();
    store.clusters().insert(&cluster("prod")).await.unwrap();
    store.objects().upsert_batch(vec![state("prod", "web", json!({"a": 1}))]).await;
    store.objects().flush().await;
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap(), [state("prod", "web", json!({"a": 1}))]);
    assert_eq!(store.clusters().list().await.unwrap().len(), 1);
    store.apply_retention().await.unwrap();
}
