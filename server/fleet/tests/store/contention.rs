//! Many at once: single rows pass the batches, and nobody is refused for somebody else's sake.

use fleet::store::{Baseline, StoreError};
use futures::future::{join_all, try_join_all};
use serde_json::json;

use crate::database::Database;
use crate::samples::{audit, baseline, cluster, state};

tests![a_single_row_does_not_wait_for_the_batches, writers_and_readers_at_once_are_all_served];

async fn a_single_row_does_not_wait_for_the_batches(database: Database) {
    let store = database.open().await;
    let text = "x".repeat(2_000);
    let states: Vec<_> = (0..25_000).map(|n| state("prod", &format!("web-{n}"), json!({"text": text}))).collect();
    let objects = store.objects();
    let batches = tokio::spawn(async move {
        objects.upsert_batch(states).await;
        objects.flush().await;
    });
    // From the first batch on.
    while store.objects().load(&"prod".into()).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    for at in 1..=3 {
        store.audit().insert(audit(at)).await.unwrap();
        assert!(!batches.is_finished(), "all objects were written before row {at} of three");
    }
    batches.await.unwrap();
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap().len(), 25_000);
    store.close().await.unwrap();
}

async fn writers_and_readers_at_once_are_all_served(database: Database) {
    let store = database.open().await;
    let work = (0..20).map(|n: i64| {
        let store = store.clone();
        async move {
            let id = format!("cluster-{n}");
            store.clusters().insert(&cluster(&id)).await?;
            for round in 0..5 {
                store.audit().insert(audit(n * 10 + round)).await?;
                // All of them bring baselines of one object.
                let next = baseline("prod", &format!("main@sha1:{n}-{round}"), json!({"n": n, "round": round}));
                store.baselines().put(&Baseline { captured_at: n * 10 + round, ..next }).await?;
                let states = (0..20).map(|name| state(&id, &format!("web-{name}"), json!({"round": round})));
                store.objects().upsert_batch(states.collect()).await;
                store.objects().load(&id.as_str().into()).await?;
                store.clusters().list().await?;
            }
            store.objects().flush().await;
            if n % 2 == 0 {
                store.clusters().delete(&id.as_str().into()).await?;
            }
            Ok::<_, StoreError>(())
        }
    });
    try_join_all(work).await.unwrap();
    assert_eq!(store.clusters().list().await.unwrap().len(), 10);
    let left = join_all((0..20).map(|n| {
        let store = store.clone();
        async move { store.objects().load(&format!("cluster-{n}").as_str().into()).await.unwrap().len() }
    }));
    let expected: Vec<_> = (0..20).map(|n| if n % 2 == 0 { 0 } else { 20 }).collect();
    assert_eq!(left.await, expected);
    store.close().await.unwrap();
}
