//! What most scenarios begin with: a few simulated clusters, a server that is connected to all of them, and its store.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::clusters::{Clusters, World, cluster};
use super::observation::eventually;
use super::server::Server;
use crate::command;
use crate::packages::{Package, Packages};
use crate::repository::Repository;

/// What a run has for all its scenarios.
pub(crate) struct Setting<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) packages: &'a Packages,
    /// `flux-orchestrator`.
    pub(crate) server: PathBuf,
    /// `flux-simulator`.
    pub(crate) simulator: PathBuf,
    pub(crate) seed: u64,
}

/// Seconds between full resyncs: the shortest that the server takes, so that a run meets what only a resync finds.
pub(crate) const RESYNC_SECONDS: u64 = 10;

/// What was listed is stored within this long.
const STORED_WITHIN: Duration = Duration::from_secs(60);

/// Clusters, server and store; the folder goes last.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) clusters: Clusters,
    pub(crate) store: SqliteFile,
    pub(crate) folder: tempfile::TempDir,
}

impl Stage {
    /// Everything started and connected, on an SQLite file of its own.
    pub(crate) fn start(setting: &Setting<'_>, world: World) -> Result<Self> {
        Self::with(setting, world, &["--auth", "none"], None)
    }

    /// The same with other ways to sign in, and the SQLite file elsewhere.
    pub(crate) fn with(
        setting: &Setting<'_>,
        world: World,
        authentication: &[&str],
        store: Option<&Path>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let store = SqliteFile::in_folder(setting.packages, store.unwrap_or(folder.path()))?;
        let clusters = Clusters::start(&setting.simulator, folder.path(), setting.seed, world)?;
        let mut arguments = arguments(&store.url(), clusters.kubeconfig());
        arguments.extend(authentication.iter().map(|argument| (*argument).to_owned()));
        let mut server = Server::start(&setting.server, folder.path(), &arguments)?;
        if !authentication.contains(&"none") {
            server.sign_in_as_administrator()?;
        }
        server.wait_until_connected(&(1..=world.clusters).map(cluster).collect::<Vec<_>>())?;
        Ok(Self { server, clusters, store, folder })
    }

    /// Waits until all objects of a cluster are in the store; what a first list needed is in memory no longer, too.
    pub(crate) fn wait_until_stored(&self, cluster: &str) -> Result<u64> {
        let rows = self.server.rows(cluster)?;
        eventually("the objects are stored", STORED_WITHIN, || {
            let stored = self.store.count(&format!("objects WHERE cluster = '{cluster}'"))?;
            Ok((stored >= rows).then_some(rows))
        })
    }
}

/// Arguments of a server on a database, with the clusters of a kubeconfig.
pub(crate) fn arguments(database: &str, kubeconfig: &Path) -> Vec<String> {
    let resync = RESYNC_SECONDS.to_string();
    let kubeconfig = kubeconfig.display().to_string();
    let words = ["--database", database, "--kubeconfig", &kubeconfig, "--resync-seconds", &resync];
    words.iter().chain(&["--allow-loopback-clusters"]).map(|word| (*word).to_owned()).collect()
}

/// The server's SQLite file, read with SQLite's own program: what it says does not depend on the code under test.
pub(crate) struct SqliteFile(PathBuf);

impl SqliteFile {
    pub(crate) fn in_folder(packages: &Packages, folder: &Path) -> Result<Self> {
        packages.require("the reliability run", &[Package::program("sqlite3", &["sqlite3"])])?;
        Ok(Self(folder.join("store.db")))
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.0.display())
    }

    /// The first column of the first row.
    pub(crate) fn ask(&self, statement: &str) -> Result<String> {
        let mut sqlite = std::process::Command::new("sqlite3");
        sqlite.args(["-readonly", "-cmd", ".timeout 5000"]).arg(&self.0).arg(statement);
        Ok(command::capture(&mut sqlite)?.trim().to_owned())
    }

    pub(crate) fn count(&self, table_and_condition: &str) -> Result<u64> {
        let count = self.ask(&format!("SELECT count(*) FROM {table_and_condition}"))?;
        count.parse().with_context(|| format!("{count} is no count"))
    }
}
