//! A database server that is killed and comes back: PostgreSQL and MariaDB, read with their own programs.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::clusters::{Clusters, World, cluster};
use super::observation::{Measurement, Observation, Promise, eventually};
use super::server::Server;
use super::stage::{Setting, arguments};
use super::{Place, Scenario};
use crate::command;
use crate::databases::Databases;
use crate::packages::Package;

const PROMISE: Promise =
    Promise { said_within: Duration::from_secs(15), recovered_within: Duration::from_secs(30), growth_mib: 150 };

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "postgresql-kill",
        fault: "kill -9 of PostgreSQL, and its return",
        place: Place::Database,
        quick: false,
        promise: PROMISE,
        run: |setting, promise| kill(setting, promise, &POSTGRESQL),
    },
    Scenario {
        name: "mariadb-kill",
        fault: "kill -9 of MariaDB, and its return",
        place: Place::Database,
        quick: false,
        promise: PROMISE,
        run: |setting, promise| kill(setting, promise, &MARIADB),
    },
];

const WORLD: World = World { clusters: 3, objects: 200, large: 0 };

/// How to get at one of the two.
struct Kind {
    /// Variable that holds its address.
    variable: &'static str,
    package: Package,
    /// The program of the package with a statement to run; gives the first column without ornaments.
    ask: fn(&Address, &str) -> Command,
}

const POSTGRESQL: Kind = Kind {
    variable: "STORE_POSTGRES_URL",
    package: Package::program("postgresql-client", &["psql"]),
    ask: |address, statement| {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", &address.url(), "--command", statement]);
        psql
    },
};

const MARIADB: Kind = Kind {
    variable: "STORE_MARIADB_URL",
    package: Package::program("mariadb-client-core", &["mariadb"]),
    ask: |address, statement| {
        let mut mariadb = Command::new("mariadb");
        mariadb.args(["--no-defaults", "--batch", "--skip-column-names", "--protocol=tcp"]);
        mariadb.arg(format!("--host={}", address.socket.ip())).arg(format!("--port={}", address.socket.port()));
        mariadb.arg(format!("--user={}", address.user)).arg(format!("--password={}", address.password));
        mariadb.args([&address.database, "--execute", statement]);
        mariadb
    },
};

/// An address of a database in its parts: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    scheme: String,
    user: String,
    password: String,
    socket: SocketAddr,
    database: String,
}

impl Address {
    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (credentials, place) = rest.split_once('@')?;
        let (user, password) = credentials.split_once(':')?;
        let (socket, database) = place.split_once('/')?;
        let [scheme, user, password, database] = [scheme, user, password, database].map(str::to_owned);
        Some(Self { scheme, user, password, socket: socket.parse().ok()?, database })
    }

    fn url(&self) -> String {
        let Self { scheme, user, password, socket, database } = self;
        format!("{scheme}://{user}:{password}@{socket}/{database}")
    }
}

/// A database of its own on a running server.
struct Database<'a> {
    kind: &'a Kind,
    address: Address,
}

impl<'a> Database<'a> {
    const NAME: &'static str = "reliability";

    fn create(kind: &'a Kind, url: &str) -> Result<Self> {
        let mut address = Address::parse(url).with_context(|| format!("cannot read the address {url}"))?;
        command::capture(&mut (kind.ask)(&address, &format!("CREATE DATABASE {}", Self::NAME)))?;
        Self::NAME.clone_into(&mut address.database);
        Ok(Self { kind, address })
    }

    fn count(&self, table_and_condition: &str) -> Result<u64> {
        let statement = format!("SELECT count(*) FROM {table_and_condition}");
        let count = command::capture(&mut (self.kind.ask)(&self.address, &statement))?;
        count.trim().parse().with_context(|| format!("{count} is no count"))
    }
}

/// Shows all from memory while the database is away, refuses what needs a row, and writes what was missed afterwards.
fn kill(setting: &Setting<'_>, promise: &Promise, kind: &Kind) -> Result<Observation> {
    const READ_LOGS: &str = "/api/v1/logs/aggregated";
    const ACKNOWLEDGED: u64 = 20;
    setting.packages.require("the reliability run", &[kind.package])?;
    let servers = Databases::start(setting.repository, setting.packages)?;
    let url = servers.environment().into_iter().find(|(name, _)| *name == kind.variable);
    let database = Database::create(kind, &url.context("the database server has an address")?.1)?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let clusters = Clusters::start(&setting.simulator, folder.path(), setting.seed, WORLD)?;
    let mut arguments = arguments(&database.address.url(), clusters.kubeconfig());
    let key = STANDARD.encode(Sha256::digest(setting.seed.to_string()));
    arguments.extend(["--auth", "none", "--key", &key].map(str::to_owned));
    let server = Server::start(&setting.server, folder.path(), &arguments)?;
    server.wait_until_connected(&(1..=WORLD.clusters).map(cluster).collect::<Vec<_>>())?;
    let (one, other) = (cluster(1), cluster(2));
    let before = server.rows(&one)?;
    let query = json!({"cluster_ids": [other]});
    let audited = database.count("audit")?;
    for _ in 0..ACKNOWLEDGED {
        server.http().post(READ_LOGS, &query)?.good()?;
    }
    let mut run = Measurement::begin(promise, &server, Some(&other))?;
    let away = Away::kill(database.address.socket)?;
    run.said(|| {
        let ready = server.http().get("/readyz")?;
        Ok((ready.status == 503).then(|| format!("/readyz: {}", ready.body.trim())))
    })?;
    let refused = server.http().post(READ_LOGS, &query)?;
    ensure!(refused.status >= 500, "what cannot be audited was done all the same: {}", refused.body);
    let changed = clusters.change(&one)?;
    eventually("a change is shown although it cannot be stored", Duration::from_secs(10), || {
        Ok(server.shows(&changed)?.then_some(()))
    })?;
    let rows = server.rows(&one)?;
    ensure!(rows == before, "{rows} objects of {before} are shown");
    away.come_back()?;
    run.over();
    let stored = format!("objects WHERE cluster = '{one}' AND json LIKE '%{}%'", changed.message);
    run.recovered(|| {
        let ready = server.http().get("/readyz")?.status == 200;
        Ok(ready && server.http().post(READ_LOGS, &query)?.status == 200 && database.count(&stored)? == 1)
    })?;
    let rows_of_audit = database.count("audit")? - audited;
    ensure!(rows_of_audit > ACKNOWLEDGED, "{ACKNOWLEDGED} audit rows were acknowledged, {rows_of_audit} are there");
    let kept = format!(
        "{rows} of {before} objects, live; all {ACKNOWLEDGED} acknowledged audit rows; \
         what changed meanwhile is stored afterwards"
    );
    let seen = run.finish(&server, kept);
    drop((server, clusters, folder));
    seen
}

/// A database server that was killed and cannot come back, because its port is taken; whoever connects is turned away.
struct Away {
    socket: SocketAddr,
    stop: Arc<AtomicBool>,
    doorman: JoinHandle<()>,
}

impl Away {
    /// Kills the server that listens there. Its supervisor starts it again and again until the port is free.
    fn kill(socket: SocketAddr) -> Result<Self> {
        let process = listener(socket).with_context(|| format!("no database server listens on {socket}"))?;
        command::run(Command::new("kill").args(["-s", "KILL", &process.to_string()]))?;
        let taken = || Ok(TcpListener::bind(socket).ok());
        let listener = eventually("the port of the killed server is free", Duration::from_secs(20), taken)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let doorman = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                drop(listener.accept());
            }
        });
        Ok(Self { socket, stop, doorman })
    }

    /// Frees the port, and waits until the server listens again.
    fn come_back(self) -> Result<()> {
        self.stop.store(true, Ordering::SeqCst);
        let _last = TcpStream::connect(self.socket);
        self.doorman.join().map_err(|_| anyhow::anyhow!("the thread that held the port panicked"))?;
        eventually("the database server listens again", Duration::from_secs(60), || {
            Ok(TcpStream::connect(self.socket).ok().map(drop))
        })
    }
}

/// The process that was started with this port among its arguments.
fn listener(socket: SocketAddr) -> Option<u32> {
    let port = format!("port={}", socket.port());
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).find(|process| {
        let arguments = std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
        arguments.split('\0').any(|argument| argument.trim_start_matches('-') == port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_put_together() {
        let url = "postgres://flux:secret@127.0.0.1:5432/postgres";
        let address = Address::parse(url).unwrap();
        assert_eq!((address.user.as_str(), address.socket.port()), ("flux", 5432));
        assert_eq!(address.url(), url);
        assert_eq!(Address::parse("sqlite://store.db"), None);
    }
}
