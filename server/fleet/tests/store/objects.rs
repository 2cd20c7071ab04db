//! Last known objects: batches, sizes, names, and what unchanged ones cost.

use domain::object::ObjectRef;
use fleet::store::StoredObject;
use serde_json::json;

use crate::database::Database;
use crate::samples::{object, state};

tests![
    what_was_flushed_is_there_in_its_newest_state,
    closing_writes_what_is_queued,
    an_unchanged_object_keeps_the_time_of_its_first_sight_also_after_a_restart,
    objects_of_every_size_come_back_as_they_were,
    every_part_of_a_reference_tells_objects_apart,
    a_cluster_of_many_removals_is_emptied,
];

async fn what_was_flushed_is_there_in_its_newest_state(database: Database) {
    let store = database.open().await;
    for n in 0..3 {
        let states = (0..200).map(|name| state("prod", &format!("web-{name}"), json!({"n": n}))).collect();
        store.objects().upsert_batch(states).await;
        store.objects().flush().await;
    }
    let objects = store.objects().load(&"prod".into()).await.unwrap();
    assert_eq!(objects.len(), 200);
    assert!(objects.iter().all(|stored| stored.json == json!({"n": 2})));
    store.close().await.unwrap();
}

async fn closing_writes_what_is_queued(database: Database) {
    let store = database.open().await;
    let states: Vec<_> = (0..2_000).map(|n| state("prod", &format!("web-{n}"), json!({"n": n}))).collect();
    store.objects().upsert_batch(states).await;
    store.close().await.unwrap();
    let store = database.open().await;
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap().len(), 2_000);
    store.close().await.unwrap();
}

async fn an_unchanged_object_keeps_the_time_of_its_first_sight_also_after_a_restart(database: Database) {
    let store = database.open().await;
    store.objects().upsert_batch(vec![state("prod", "web", json!({"a": 1}))]).await;
    store.close().await.unwrap();

    let store = database.open().await;
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
    store.close().await.unwrap();
}

/// More than the 16 MiB that MariaDB takes in one packet, objects near the 1.5 MiB of the API server among them.
async fn objects_of_every_size_come_back_as_they_were(database: Database) {
    let store = database.open().await;
    let sizes = (0..80).map(|n| 1_000 * n * n / 20 + 100_000).chain([0, 1, 65_535, 65_536, 1_500_000]);
    let mut states: Vec<_> = sizes
        .enumerate()
        .map(|(n, size)| state("prod", &format!("web-{n:03}"), json!({"text": "ä🛰\u{0}\n\\\"".repeat(size / 10)})))
        .collect();
    store.objects().upsert_batch(states.clone()).await;
    store.objects().flush().await;
    let mut stored = store.objects().load(&"prod".into()).await.unwrap();
    let by_name = |one: &StoredObject, other: &StoredObject| one.object.name.cmp(&other.object.name);
    stored.sort_by(by_name);
    states.sort_by(by_name);
    assert!(stored == states, "{} of {} objects", stored.len(), states.len());
    store.close().await.unwrap();
}

async fn every_part_of_a_reference_tells_objects_apart(database: Database) {
    let store = database.open().await;
    let web = object("prod", "web");
    let longest = "x".repeat(253);
    let objects = [
        web.clone(),
        ObjectRef { name: "Web".to_owned(), ..web.clone() },
        ObjectRef { name: longest.clone(), group: longest, ..web.clone() },
        ObjectRef { namespace: None, ..web.clone() },
        ObjectRef { kind: "HelmRelease".to_owned(), ..web.clone() },
        ObjectRef { group: String::new(), ..web },
    ];
    let states = objects.iter().map(|object| StoredObject { object: object.clone(), ..state("prod", "", json!({})) });
    store.objects().upsert_batch(states.collect()).await;
    store.objects().flush().await;
    store.objects().delete_batch(vec![objects[1].clone(), objects[3].clone()]).await;
    store.objects().flush().await;
    let mut left: Vec<_> =
        store.objects().load(&"prod".into()).await.unwrap().into_iter().map(|stored| stored.object).collect();
    left.sort();
    let mut expected = [0, 2, 4, 5].map(|index: usize| objects[index].clone());
    expected.sort();
    assert_eq!(left, expected);
    store.close().await.unwrap();
}

async fn a_cluster_of_many_removals_is_emptied(database: Database) {
    let store = database.open().await;
    let names: Vec<_> = (0..1_500).map(|n| format!("web-{n}")).collect();
    store.objects().upsert_batch(names.iter().map(|name| state("prod", name, json!({}))).collect()).await;
    store.objects().upsert_batch(vec![state("dev", "web-1", json!({}))]).await;
    store.objects().flush().await;
    store.objects().delete_batch(names.iter().map(|name| object("prod", name)).collect()).await;
    store.objects().flush().await;
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap(), []);
    assert_eq!(store.objects().load(&"dev".into()).await.unwrap().len(), 1);
    store.close().await.unwrap();
}
