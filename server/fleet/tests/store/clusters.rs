//! Registered clusters, what is kept of each, and what it takes along.

use domain::cluster::Permission;
use fleet::store::{ClusterState, RevisionChange, StoreError, StoredCluster, TimelineQuery};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::database::Database;
use crate::samples::{CANARY, baseline, cluster, cluster_state, object, state};

tests![
    a_taken_id_is_a_conflict_and_an_unknown_one_is_not_updated,
    names_differ_by_case_and_by_a_space_at_the_end,
    an_update_that_changes_nothing_is_one_all_the_same,
    sealed_values_are_sealed_in_the_table,
    a_state_replaces_the_one_before,
    a_removed_cluster_takes_everything_of_it_along_and_nothing_of_others,
];

async fn a_taken_id_is_a_conflict_and_an_unknown_one_is_not_updated(database: Database) {
    let store = database.open().await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    let error = store.clusters().insert(&cluster("prod")).await.unwrap_err();
    assert!(matches!(error, StoreError::Exists { what: "cluster", .. }), "{error:?}");
    assert!(!store.clusters().update(&cluster("dev")).await.unwrap());
    let clusters = store.clusters().list().await.unwrap();
    assert_eq!(clusters.iter().map(|cluster| cluster.id.as_str()).collect::<Vec<_>>(), ["prod"]);
    store.close().await.unwrap();
}

async fn names_differ_by_case_and_by_a_space_at_the_end(database: Database) {
    let store = database.open().await;
    for id in ["prod", "Prod", "prod ", "pröd"] {
        store.clusters().insert(&cluster(id)).await.unwrap();
        assert_eq!(store.clusters().get(&id.into()).await.unwrap().unwrap().id.as_str(), id);
    }
    for id in ["PROD", "prod  ", "prôd"] {
        assert!(store.clusters().get(&id.into()).await.unwrap().is_none(), "{id:?}");
    }
    let clusters = store.clusters().list().await.unwrap();
    let names: Vec<_> = clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(names, ["Cluster Prod", "Cluster prod", "Cluster prod ", "Cluster pröd"]);
    store.close().await.unwrap();
}

async fn an_update_that_changes_nothing_is_one_all_the_same(database: Database) {
    let store = database.open().await;
    let west = StoredCluster { description: "west 🛰".to_owned(), ..cluster("prod") };
    store.clusters().insert(&west).await.unwrap();
    assert!(store.clusters().update(&west).await.unwrap());
    assert!(store.clusters().update(&west).await.unwrap());
    assert_eq!(store.clusters().get(&"prod".into()).await.unwrap().unwrap().description, "west 🛰");
    store.close().await.unwrap();
}

async fn sealed_values_are_sealed_in_the_table(database: Database) {
    let store = database.open().await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    let kept = store.clusters().get(&"prod".into()).await.unwrap().unwrap();
    assert_eq!(kept.kubeconfig.expose_secret(), format!("token: {CANARY}"));
    store.close().await.unwrap();
    let sealed = database.texts("SELECT kubeconfig FROM clusters").await;
    assert!(sealed[0].starts_with("v1:"), "{sealed:?}");
    assert!(!sealed[0].contains(CANARY));
}

async fn a_state_replaces_the_one_before(database: Database) {
    let store = database.open().await;
    let first = cluster_state("prod", 7);
    store.cluster_states().put(first.clone()).await.unwrap();
    assert_eq!(store.cluster_states().get(&"prod".into()).await.unwrap(), Some(first.clone()));
    let permissions = vec![Permission { name: "read logs".to_owned(), held: true, without: String::new() }];
    let next = ClusterState { kubernetes_version: None, last_seen: Some(8), permissions, ..first };
    store.cluster_states().put(next.clone()).await.unwrap();
    assert_eq!(store.cluster_states().get(&"prod".into()).await.unwrap(), Some(next));
    store.close().await.unwrap();
}

async fn a_removed_cluster_takes_everything_of_it_along_and_nothing_of_others(database: Database) {
    let store = database.open().await;
    for id in ["prod", "dev"] {
        store.clusters().insert(&cluster(id)).await.unwrap();
        store.objects().upsert_batch(vec![state(id, "web", json!({}))]).await;
        store.baselines().put(&baseline(id, "main@sha1:1", json!({}))).await.unwrap();
        store.cluster_states().put(cluster_state(id, 7)).await.unwrap();
        let (revision, reason) = ("main@sha1:1".to_owned(), "Succeeded".to_owned());
        store.timeline().record(RevisionChange { object: object(id, "web"), revision, at: 1, reason }).unwrap();
    }
    store.objects().flush().await;
    store.timeline().flush().await;

    store.objects().upsert_batch(vec![state("prod", "queued", json!({}))]).await;
    assert!(store.clusters().delete(&"prod".into()).await.unwrap());
    assert!(!store.clusters().delete(&"prod".into()).await.unwrap());
    store.objects().flush().await;
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap(), []);
    assert_eq!(store.baselines().latest(&object("prod", "web")).await.unwrap(), None);
    assert_eq!(store.cluster_states().get(&"prod".into()).await.unwrap(), None);

    assert_eq!(store.objects().load(&"dev".into()).await.unwrap().len(), 1);
    assert!(store.baselines().latest(&object("dev", "web")).await.unwrap().is_some());
    assert!(store.cluster_states().get(&"dev".into()).await.unwrap().is_some());
    let timeline = store.timeline().recent(&TimelineQuery { limit: 10, ..TimelineQuery::default() }).await.unwrap();
    assert_eq!(timeline.iter().map(|change| change.object.cluster.as_str()).collect::<Vec<_>>(), ["dev"]);
    store.close().await.unwrap();
}
