//! A process that is killed at any point: what was acknowledged is there, and no transaction is there by half.
//!
//! The points are drawn from a fixed seed: so many lines of the child, then so many microseconds.

use std::collections::BTreeSet;
use std::time::Duration;

use fleet::store::{AuditQuery, KeyError, Store, StoreConfig, StoreError};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::child::{OBJECTS, Running, Work};
use crate::database::{Database, KEY, OTHER_KEY, value};
use crate::samples::{CANARY, cluster, object};

tests![a_killed_writer_leaves_what_it_acknowledged_and_no_half, a_killed_rotation_leaves_one_key_that_opens_everything];

const KILLS: u64 = 6;
const SEED: u64 = 0x5eed_f1ad;

/// Numbers from a seed: splitmix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Blocks: reading a child's pipe does.
fn killed_after(work: Work, database: &Database, start: &str, lines: u64, micros: u64) -> Vec<String> {
    tokio::task::block_in_place(|| {
        let mut child = Running::start(work, database, start);
        let mut said = child.read(usize::try_from(lines).unwrap());
        // Not to wait for anything: the point in time is what is being tried.
        std::thread::sleep(Duration::from_micros(micros));
        said.extend(child.kill());
        said
    })
}

/// What the child said of one thing, as numbers of rounds.
fn rounds(said: &[String], word: &str) -> BTreeSet<i64> {
    let numbers = said.iter().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    numbers.map(|number| number.parse().unwrap()).collect()
}

async fn a_killed_writer_leaves_what_it_acknowledged_and_no_half(database: Database) {
    let mut numbers = Numbers(SEED);
    let mut all = Vec::new();
    let mut next = 0;
    Store::migrate(database.url()).await.unwrap();
    for _ in 0..KILLS {
        let (lines, micros) = (1 + numbers.below(30), numbers.below(20_000));
        let said = killed_after(Work::Write, &database, &next.to_string(), lines, micros);
        assert!(!said.is_empty(), "the child wrote nothing");
        all.extend(said);
        database.wait_until_unused().await;
        // The round that was cut may have its cluster already.
        next = rounds(&all, "cluster").last().unwrap() + 2;
        check(&database, &all, next).await;
    }
}

async fn check(database: &Database, said: &[String], next: i64) {
    let store = database.open().await;
    let said_of = |word| rounds(said, word);
    let (clusters, objects, baselines) = (said_of("cluster"), said_of("objects"), said_of("baseline"));
    let (removing, removed) = (said_of("removing"), said_of("removed"));
    for round in 0..next {
        let id = format!("cluster-{round}");
        let cluster = store.clusters().get(&id.as_str().into()).await.unwrap();
        let stored = store.objects().load(&id.as_str().into()).await.unwrap();
        let state = store.cluster_states().get(&id.as_str().into()).await.unwrap();
        let baseline = store.baselines().latest(&object(&id, "web")).await.unwrap();
        if cluster.is_none() && !clusters.contains(&round) {
            continue;
        }
        if removed.contains(&round) {
            assert!(cluster.is_none(), "{id} was removed");
        }
        if cluster.is_none() {
            assert!(removing.contains(&round), "{id} was acknowledged and is gone");
            let left = (stored.len(), state.is_some(), baseline.is_some());
            assert_eq!(left, (0, false, false), "{id} is removed by half");
            continue;
        }
        let cluster = cluster.unwrap();
        assert!(cluster.kubeconfig.expose_secret().contains(CANARY));
        if objects.contains(&round) {
            assert_eq!(stored.len(), OBJECTS, "{id} has not all its objects");
            assert!(stored.iter().all(|stored| stored.json == json!({"round": round})));
        }
        if baselines.contains(&round) {
            assert!(state.is_some() && baseline.is_some(), "{id} has not what was acknowledged");
        }
    }
    let query = AuditQuery { limit: 100_000, ..AuditQuery::default() };
    let audit: BTreeSet<i64> = store.audit().list(&query).await.unwrap().iter().map(|row| row.started_at).collect();
    assert!(said_of("audit").is_subset(&audit), "acknowledged audit rows are missing");
    store.close().await.unwrap();
}

async fn a_killed_rotation_leaves_one_key_that_opens_everything(database: Database) {
    const CLUSTERS: usize = 100;
    let store = database.open().await;
    for n in 0..CLUSTERS {
        store.clusters().insert(&cluster(&format!("cluster-{n}"))).await.unwrap();
    }
    let mask = store.mask_key();
    store.close().await.unwrap();
    let mut numbers = Numbers(SEED);
    let (mut holds, mut other) = (KEY, OTHER_KEY);
    for _ in 0..KILLS {
        let micros = numbers.below(250_000);
        let said = killed_after(Work::Rotate, &database, &format!("{holds} {other}"), 1, micros);
        database.wait_until_unused().await;
        let open = async |key| Store::open(StoreConfig { key: value(key), ..database.config() }).await;
        let store = match (open(holds).await, open(other).await) {
            (Ok(store), Err(StoreError::Key(KeyError::Wrong { .. }))) => {
                assert!(!said.iter().any(|line| line == "rotated"), "a rotation that was acknowledged is undone");
                store
            }
            (Err(StoreError::Key(KeyError::Wrong { .. })), Ok(store)) => {
                (holds, other) = (other, holds);
                store
            }
            (one, other) => panic!("neither or both keys open it: {one:?} {other:?}"),
        };
        // One that does not open would be left out of the list.
        assert_eq!(store.clusters().list().await.unwrap().len(), CLUSTERS);
        assert_eq!(store.mask_key(), mask);
        store.close().await.unwrap();
    }
}
