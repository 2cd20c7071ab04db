//! A database server that is killed under a running store. Whoever started the server starts it again.
//!
//! These tests run alone: others share the server.

use std::process::Command;
use std::time::{Duration, Instant};

use fleet::store::{AuditQuery, Store, StoreError};
use serde_json::json;

use crate::database::{Database, Kind};
use crate::samples::{audit, state};

tests![a_killed_server_loses_nothing_and_the_store_finds_it_again];

/// Far longer than a server takes to come back.
const PATIENCE: Duration = Duration::from_secs(90);
/// Rows that must be acknowledged before the kill, and after it.
const ROWS: usize = 20;

async fn a_killed_server_loses_nothing_and_the_store_finds_it_again(database: Database) {
    let store = database.open().await;
    let mut acknowledged = Vec::new();
    write_until(&store, &mut acknowledged, ROWS).await;
    // A batch is under way when the server goes.
    let text = "x".repeat(2_000);
    let states: Vec<_> = (0..5_000).map(|n| state("prod", &format!("web-{n}"), json!({"text": text}))).collect();
    store.objects().upsert_batch(states.clone()).await;
    kill_server(&database).await;
    write_until(&store, &mut acknowledged, 2 * ROWS).await;
    assert!(store.answers().await);
    tokio::time::timeout(PATIENCE, store.objects().flush()).await.expect("the writer has found the server again");

    let query = AuditQuery { limit: 10_000, ..AuditQuery::default() };
    let stored: Vec<i64> = store.audit().list(&query).await.unwrap().iter().map(|row| row.started_at).collect();
    let missing: Vec<_> = acknowledged.iter().filter(|row| !stored.contains(row)).collect();
    assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
    assert_eq!(store.objects().load(&"prod".into()).await.unwrap().len(), states.len());
    store.close().await.unwrap();
}

/// Writes audit rows until so many are acknowledged. All that may come in between is that the database is away.
async fn write_until(store: &Store, acknowledged: &mut Vec<i64>, count: usize) {
    let started = Instant::now();
    let mut row = acknowledged.last().copied().unwrap_or_default();
    while acknowledged.len() < count {
        assert!(started.elapsed() < PATIENCE, "the store does not find the server again");
        row += 1;
        match store.audit().insert(audit(row)).await {
            Ok(_) => acknowledged.push(row),
            Err(StoreError::Unavailable { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// By SIGKILL, as the kernel does when memory runs out.
async fn kill_server(database: &Database) {
    let pid = match database.kind {
        Kind::MariaDb => {
            let file = database.texts("SELECT @@pid_file").await.remove(0);
            std::fs::read_to_string(file).unwrap()
        }
        _ => {
            let folder =
                database.texts("SELECT setting FROM pg_settings WHERE name = 'data_directory'").await.remove(0);
            std::fs::read_to_string(format!("{folder}/postmaster.pid")).unwrap()
        }
    };
    let pid = pid.lines().next().unwrap().trim().to_owned();
    assert!(Command::new("kill").args(["-s", "KILL", &pid]).status().unwrap().success(), "process {pid}");
}
