//! The store on every database: one suite, each test in a database of its own.
//!
//! SQLite always; PostgreSQL and MariaDB where `STORE_POSTGRES_URL` and `STORE_MARIADB_URL` name a server and a user who
//! may make databases, as `cargo xtask test` sets them. Tests that stop a server run alone, after the others. With
//! `STORE_CHILD` set, this program is the child that one of its tests kills.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::process::ExitCode;

use futures::future::LocalBoxFuture;
use libtest_mimic::{Arguments, Trial};

use self::database::{Database, Kind};

/// A list of tests from the names of functions that take a [`Database`].
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub(crate) const TESTS: &[crate::Test] =
            &[$(crate::Test {
                module: module_path!(),
                name: stringify!($name),
                work: |database| Box::pin($name(database)),
            }),*];
    };
}

mod access;
mod baselines;
mod child;
mod clusters;
mod contention;
mod database;
mod keys;
mod kills;
mod migrations;
mod objects;
mod outages;
mod retention;
mod rotation;
mod samples;
mod sqlite;
mod timeline;
mod tls;

/// A test that runs on several databases.
#[derive(Clone, Copy)]
pub(crate) struct Test {
    module: &'static str,
    name: &'static str,
    work: fn(Database) -> LocalBoxFuture<'static, ()>,
}

/// On every database.
const EVERYWHERE: &[&[Test]] = &[
    access::TESTS,
    baselines::TESTS,
    clusters::TESTS,
    contention::TESTS,
    keys::TESTS,
    kills::TESTS,
    migrations::TESTS,
    objects::TESTS,
    retention::TESTS,
    rotation::TESTS,
    timeline::TESTS,
];

fn main() -> ExitCode {
    if let Some(done) = child::run() {
        return done;
    }
    let arguments = Arguments::from_args();
    let kinds = Kind::at_hand();
    let servers: Vec<Kind> = kinds.iter().copied().filter(|kind| *kind != Kind::Sqlite).collect();
    let mut together = trials(EVERYWHERE, &kinds);
    together.extend(trials(&[sqlite::TESTS], &[Kind::Sqlite]));
    together.extend(trials(&[tls::TESTS], &servers));
    let alone = trials(&[outages::TESTS], &servers);
    let one_by_one = Arguments { test_threads: Some(1), ..arguments.clone() };
    let failed =
        [libtest_mimic::run(&arguments, together).has_failed(), libtest_mimic::run(&one_by_one, alone).has_failed()];
    if failed.contains(&true) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn trials(tests: &[&[Test]], kinds: &[Kind]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for kind in kinds {
        for test in tests.iter().copied().flatten() {
            trials.push(trial(*test, *kind));
        }
    }
    trials
}

fn trial(test: Test, kind: Kind) -> Trial {
    let module = test.module.rsplit("::").next().unwrap_or_default();
    Trial::test(format!("{}::{module}::{}", kind.word(), test.name), move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async {
            let database = Database::fresh(kind).await;
            (test.work)(database.clone()).await;
            database.remove().await;
        });
        Ok(())
    })
}
