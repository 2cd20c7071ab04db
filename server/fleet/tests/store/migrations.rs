//! The schema: forward from every earlier version with its rows, again after a cut, and never onto a newer one.

use std::collections::BTreeMap;

use domain::access::Role;
use fleet::store::{AuditQuery, Store, StoreError};
use migrations::{Migrator, MigratorTrait};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::database::{Database, Kind};
use crate::samples::{CANARY, cluster, object};

tests![
    rows_of_every_earlier_version_are_read_by_this_one,
    a_step_that_was_cut_short_runs_again,
    migrating_needs_no_key_and_tells_what_it_did,
    a_newer_schema_is_left_alone,
];

const OBJECT: &str = "'prod', 'kustomize.toolkit.fluxcd.io', 'Kustomization', 'shop', 'web'";

/// What a step leaves to write: the rows that the version before the next one holds.
fn rows_after(step: &str, sealed: &BTreeMap<String, String>) -> Vec<String> {
    let (check, kubeconfig) = (&sealed["key_check"], &sealed["kubeconfig"]);
    let digest = "0".repeat(64);
    match step {
        "m000001_settings" => vec![format!("INSERT INTO settings (name, value) VALUES ('key_check', '{check}')")],
        "m000002_clusters" => vec![
            format!(
                "INSERT INTO clusters (id, name, description, server, kubeconfig, allow_unreachable, created_at) \
                 VALUES ('prod', 'Cluster prod', 'west', 'https://192.0.2.1', '{kubeconfig}', TRUE, 1)"
            ),
            "INSERT INTO cluster_states (cluster, kubernetes_version, last_seen, permissions) \
             VALUES ('prod', 'v1.33.1', 7, '[]')"
                .to_owned(),
        ],
        "m000003_objects" => vec![format!(
            "INSERT INTO objects (cluster, api_group, kind, namespace, name, version, json, seen_at) \
             VALUES ({OBJECT}, 'v1', '{{\"a\":1}}', 5)"
        )],
        "m000004_baselines" => vec![format!(
            "INSERT INTO baselines (id, cluster, api_group, kind, namespace, name, owner, revision, build, \
             captured_at, json, owned_paths, bytes) VALUES ('00000000-0000-7000-8000-000000000000', {OBJECT}, \
             '{{\"cluster\":\"prod\",\"group\":\"\",\"kind\":\"Kustomization\",\"namespace\":null,\"name\":\"apps\"}}', \
             'main@sha1:1', '', 1, '{{\"a\":1}}', '{{}}', 9)"
        )],
        "m000005_users" => vec![
            "INSERT INTO users (name, password_hash, grants, created_at) \
             VALUES ('ada', '$argon2id$', '[{\"role\":\"admin\"}]', 1)"
                .to_owned(),
            format!("INSERT INTO sessions (token_digest, user_name, created_at, used_at) VALUES ('{digest}', 'ada', 1, 2)"),
        ],
        "m000006_audit" => vec![
            "INSERT INTO audit (id, started_at, caller, verb, target, action, detail, outcome, message) \
             VALUES ('00000000-0000-7000-8000-000000000001', 3, 'ada', 'sync', 'cluster prod', 'sync', '', 'succeeded', '')"
                .to_owned(),
        ],
        _ => Vec::new(),
    }
}

/// The check value and a kubeconfig as this key seals them, from a database that is made for it.
async fn sealed(kind: Kind) -> BTreeMap<String, String> {
    let database = Database::fresh(kind).await;
    let store = database.open().await;
    store.clusters().insert(&cluster("prod")).await.unwrap();
    store.close().await.unwrap();
    let check = database.texts("SELECT value FROM settings WHERE name = 'key_check'").await.remove(0);
    let kubeconfig = database.texts("SELECT kubeconfig FROM clusters").await.remove(0);
    database.remove().await;
    [("key_check".to_owned(), check), ("kubeconfig".to_owned(), kubeconfig)].into()
}

async fn rows_of_every_earlier_version_are_read_by_this_one(database: Database) {
    let sealed = sealed(database.kind).await;
    let names: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    for version in 1..names.len() {
        let earlier = Database::fresh(database.kind).await;
        for step in &names[..version] {
            let connection = earlier.connect().await;
            migrations::prepare(&connection).await.unwrap();
            Migrator::up(&connection, Some(1)).await.unwrap();
            connection.close().await.unwrap();
            earlier.execute(&rows_after(step, &sealed)).await;
        }
        assert_eq!(Store::migrate(earlier.url()).await.unwrap(), names[version..], "from {}", names[version - 1]);
        let store = earlier.open().await;
        read_back(&store, version).await;
        store.close().await.unwrap();
        earlier.remove().await;
    }
}

/// Each store reads what the earlier version had written.
async fn read_back(store: &Store, version: usize) {
    let had = |step: usize| version >= step;
    if had(2) {
        let kept = store.clusters().get(&"prod".into()).await.unwrap().unwrap();
        assert!(kept.kubeconfig.expose_secret().contains(CANARY));
        assert!(kept.allow_unreachable);
        let state = store.cluster_states().get(&"prod".into()).await.unwrap().unwrap();
        assert_eq!((state.kubernetes_version.as_deref(), state.last_seen), (Some("v1.33.1"), Some(7)));
    }
    if had(3) {
        let objects = store.objects().load(&"prod".into()).await.unwrap();
        assert_eq!((objects.len(), &objects[0].json), (1, &json!({"a": 1})));
    }
    if had(4) {
        let latest = store.baselines().latest(&object("prod", "web")).await.unwrap().unwrap();
        assert_eq!((latest.revision.as_str(), latest.captured_at), ("main@sha1:1", 1));
    }
    if had(5) {
        let user = store.users().get("ada").await.unwrap().unwrap();
        assert_eq!(user.grants.iter().map(|grant| grant.role).collect::<Vec<_>>(), [Role::Admin]);
        assert_eq!(store.sessions().get(&"0".repeat(64)).await.unwrap().unwrap().used_at, 2);
    }
    if had(6) {
        let query = AuditQuery { limit: 10, ..AuditQuery::default() };
        let rows = store.audit().list(&query).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.started_at).collect::<Vec<_>>(), [3]);
    }
}

/// MariaDB and SQLite do not undo half a migration: its tables and columns are there, its name is not.
async fn a_step_that_was_cut_short_runs_again(database: Database) {
    let names = Store::migrate(database.url()).await.unwrap();
    for name in names {
        database.execute(&[format!("DELETE FROM seaql_migrations WHERE version = '{name}'")]).await;
        assert_eq!(Store::migrate(database.url()).await.unwrap(), [name]);
    }
    database.open().await.close().await.unwrap();
}

async fn migrating_needs_no_key_and_tells_what_it_did(database: Database) {
    let before = Store::schema(database.url()).await.unwrap();
    assert!(before.iter().all(|step| !step.applied), "{before:?}");
    let names: Vec<_> = before.into_iter().map(|step| step.name).collect();
    assert_eq!(names.first().map(String::as_str), Some("m000001_settings"));
    let (one, other) = match database.kind {
        // One process writes an SQLite file.
        Kind::Sqlite => (Store::migrate(database.url()).await, Store::migrate(database.url()).await),
        Kind::Postgres | Kind::MariaDb => tokio::join!(Store::migrate(database.url()), Store::migrate(database.url())),
    };
    let mut applied = [one.unwrap(), other.unwrap()];
    applied.sort();
    assert_eq!(applied, [Vec::new(), names]);
    assert!(Store::schema(database.url()).await.unwrap().iter().all(|step| step.applied));
}

async fn a_newer_schema_is_left_alone(database: Database) {
    Store::migrate(database.url()).await.unwrap();
    database
        .execute(&["INSERT INTO seaql_migrations (version, applied_at) VALUES ('m999999_later', 1)".to_owned()])
        .await;
    for error in [
        Store::migrate(database.url()).await.unwrap_err(),
        Store::schema(database.url()).await.unwrap_err(),
        Store::open(database.config()).await.unwrap_err(),
    ] {
        let StoreError::Newer { steps } = &error else { panic!("{error:?}") };
        assert_eq!(steps, "m999999_later");
    }
}
