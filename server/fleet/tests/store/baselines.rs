//! Baselines: how many, how large, and which of two states is a new one.

use fleet::store::{Baseline, LARGEST_BASELINE, Recorded, Retention, Store, StoreConfig};
use serde_json::json;

use crate::database::Database;
use crate::samples::{baseline, object};

tests![an_object_has_its_newest_baselines, the_same_state_under_a_new_revision_moves_on, a_huge_baseline_is_not_kept];

async fn an_object_has_its_newest_baselines(database: Database) {
    let retention = Retention { baselines_per_object: 3, ..Retention::default() };
    let store = Store::open(StoreConfig { retention, ..database.config() }).await.unwrap();
    for n in 1..=8 {
        let next = Baseline { captured_at: n, ..baseline("prod", &format!("main@sha1:{n}"), json!({"n": n})) };
        assert_eq!(store.baselines().put(&next).await.unwrap(), Recorded::New);
    }
    let list = store.baselines().list(&object("prod", "web"), 100).await.unwrap();
    assert_eq!(list.iter().map(|kept| kept.captured_at).collect::<Vec<_>>(), [8, 7, 6]);
    store.close().await.unwrap();
}

async fn the_same_state_under_a_new_revision_moves_on(database: Database) {
    let store = database.open().await;
    store.baselines().put(&baseline("prod", "main@sha1:1", json!({"a": 1}))).await.unwrap();
    let again = Baseline { captured_at: 9, ..baseline("prod", "main@sha1:2", json!({"a": 1})) };
    assert_eq!(store.baselines().put(&again).await.unwrap(), Recorded::Unchanged);
    assert_eq!(store.baselines().list(&object("prod", "web"), 100).await.unwrap(), [again]);
    store.close().await.unwrap();
}

async fn a_huge_baseline_is_not_kept(database: Database) {
    let store = database.open().await;
    let huge = baseline("prod", "main@sha1:1", json!({"data": "x".repeat(LARGEST_BASELINE)}));
    assert_eq!(store.baselines().put(&huge).await.unwrap(), Recorded::TooLarge);
    let largest = "x".repeat(LARGEST_BASELINE - 100);
    let large = baseline("prod", "main@sha1:1", json!({"data": largest}));
    assert_eq!(store.baselines().put(&large).await.unwrap(), Recorded::New);
    assert_eq!(store.baselines().latest(&object("prod", "web")).await.unwrap(), Some(large));
    store.close().await.unwrap();
}
