//! What is kept and what goes, with ages and numbers that are set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use fleet::store::{AuditQuery, Baseline, Retention, RevisionChange, Store, StoreConfig, StoredSession, TimelineQuery};
use serde_json::json;

use crate::database::Database;
use crate::samples::{audit, baseline, clock_at, cluster, cluster_state, object, state};

tests![
    audit_rows_go_by_age_and_by_number_oldest_first,
    changes_of_revisions_go_by_age_and_by_number,
    sessions_go_by_age_and_by_number,
    baselines_shrink_to_their_share_of_bytes_oldest_first,
    a_cluster_that_is_gone_goes_after_its_time_and_no_other,
];

const HOUR: i64 = 60 * 60 * 1000;
const EVERYTHING: u64 = 10_000;

async fn open(database: &Database, now: i64, retention: Retention) -> (Store, Arc<AtomicI64>) {
    let (clock, moved) = clock_at(now);
    (Store::open(StoreConfig { clock, retention, ..database.config() }).await.unwrap(), moved)
}

async fn audit_rows_go_by_age_and_by_number_oldest_first(database: Database) {
    let retention = Retention { audit_age: Duration::from_millis(100), audit_rows: 4, ..Retention::default() };
    let (store, now) = open(&database, 103, retention).await;
    for started_at in 1..=6 {
        store.audit().insert(audit(started_at)).await.unwrap();
    }
    let left = async || {
        let query = AuditQuery { limit: EVERYTHING, ..AuditQuery::default() };
        store.audit().list(&query).await.unwrap().into_iter().map(|row| row.started_at).collect::<Vec<_>>()
    };
    store.apply_retention().await.unwrap();
    assert_eq!(left().await, [6, 5, 4, 3]);
    now.store(105, Ordering::Relaxed);
    store.apply_retention().await.unwrap();
    assert_eq!(left().await, [6, 5]);
    store.close().await.unwrap();
}

async fn changes_of_revisions_go_by_age_and_by_number(database: Database) {
    let retention = Retention { timeline_age: Duration::from_millis(100), timeline_rows: 600, ..Retention::default() };
    let (store, now) = open(&database, 1_000, retention).await;
    for at in 901..=2_100 {
        let (revision, reason) = (format!("main@sha1:{at}"), "Succeeded".to_owned());
        store.timeline().record(RevisionChange { object: object("prod", "web"), revision, at, reason }).unwrap();
    }
    store.timeline().flush().await;
    let left = async || {
        let query = TimelineQuery { limit: EVERYTHING, ..TimelineQuery::default() };
        store.timeline().recent(&query).await.unwrap().len()
    };
    store.apply_retention().await.unwrap();
    assert_eq!(left().await, 600);
    now.store(2_101, Ordering::Relaxed);
    store.apply_retention().await.unwrap();
    assert_eq!(left().await, 100);
    store.close().await.unwrap();
}

async fn sessions_go_by_age_and_by_number(database: Database) {
    let retention = Retention { session_age: Duration::from_millis(100), session_rows: 3, ..Retention::default() };
    let (store, now) = open(&database, 50, retention).await;
    let digest = |created_at: i64| format!("digest-{created_at}");
    for created_at in 1..=5 {
        let session = StoredSession {
            token_digest: digest(created_at),
            user: "ada".to_owned(),
            remote: Some("2001:db8::1".parse().unwrap()),
            user_agent: String::new(),
            created_at,
            used_at: created_at,
        };
        store.sessions().insert(&session).await.unwrap();
    }
    let left = async || {
        let mut left = Vec::new();
        for created_at in 1..=5 {
            if store.sessions().get(&digest(created_at)).await.unwrap().is_some() {
                left.push(created_at);
            }
        }
        left
    };
    store.apply_retention().await.unwrap();
    assert_eq!(left().await, [3, 4, 5]);
    now.store(105, Ordering::Relaxed);
    store.apply_retention().await.unwrap();
    assert_eq!(left().await, [5]);
    store.close().await.unwrap();
}

async fn baselines_shrink_to_their_share_of_bytes_oldest_first(database: Database) {
    let one = |n: i64| Baseline {
        object: object("prod", &format!("web-{n}")),
        captured_at: n,
        json: json!({"a": "b"}),
        owned_paths: json!({}),
        ..baseline("prod", "main@sha1:1", json!({}))
    };
    let size = (r#"{"a":"b"}"#.len() + "{}".len()) as u64;
    let retention = Retention { baseline_bytes: 2 * size + 1, ..Retention::default() };
    let (store, _) = open(&database, 1, retention).await;
    for n in 1..=4 {
        store.baselines().put(&one(n)).await.unwrap();
    }
    store.apply_retention().await.unwrap();
    for n in 1..=4 {
        let left = store.baselines().latest(&one(n).object).await.unwrap();
        assert_eq!(left.is_some(), n > 2, "baseline {n}");
    }
    store.close().await.unwrap();
}

async fn a_cluster_that_is_gone_goes_after_its_time_and_no_other(database: Database) {
    let (store, _) = open(&database, 0, Retention::default()).await;
    store.clusters().insert(&cluster("registered")).await.unwrap();
    for id in ["registered", "gone", "recent", "watched"] {
        let last_seen = if id == "recent" { 10 * HOUR } else { 0 };
        store.cluster_states().put(cluster_state(id, last_seen)).await.unwrap();
        store.objects().upsert_batch(vec![state(id, "web", json!({}))]).await;
        store.baselines().put(&baseline(id, "main@sha1:1", json!({}))).await.unwrap();
    }
    store.close().await.unwrap();

    let hours = |hours: i64| Duration::from_millis((hours * HOUR).unsigned_abs());
    let retention = Retention { removed_cluster_age: hours(5), ..Retention::default() };
    let (store, now) = open(&database, 11 * HOUR, retention).await;
    store.objects().load(&"watched".into()).await.unwrap();
    let left = async || {
        let mut left = Vec::new();
        for id in ["registered", "gone", "recent", "watched"] {
            let state = store.cluster_states().get(&id.into()).await.unwrap().is_some();
            let baseline = store.baselines().latest(&object(id, "web")).await.unwrap().is_some();
            assert_eq!(state, baseline, "{id}");
            if state {
                left.push(id);
            }
        }
        left
    };
    store.apply_retention().await.unwrap();
    assert_eq!(left().await, ["registered", "gone", "recent", "watched"], "too soon after the start");
    now.store(13 * HOUR, Ordering::Relaxed);
    store.apply_retention().await.unwrap();
    assert_eq!(left().await, ["registered", "recent", "watched"]);
    store.close().await.unwrap();
    assert_eq!(database.texts("SELECT cluster FROM objects WHERE cluster = 'gone'").await, Vec::<String>::new());
}
