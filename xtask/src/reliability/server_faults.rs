//! What happens to the server itself and to its disk.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::clusters::{World, cluster};
use super::http::Http;
use super::observation::{Measurement, Observation, Promise, eventually};
use super::stage::{Setting, Stage};
use super::{Place, Scenario};
use crate::command;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "server-kill",
        fault: "kill -9 of the server while it writes; no cluster answers when it starts again",
        place: Place::Simulator,
        quick: true,
        promise: Promise {
            said_within: Duration::from_secs(15),
            recovered_within: Duration::from_secs(20),
            growth_mib: 150,
        },
        run: kill,
    },
    Scenario {
        name: "disk-full",
        fault: "the disk of the SQLite file is full",
        place: Place::Alone,
        quick: false,
        promise: Promise {
            said_within: Duration::from_secs(10),
            recovered_within: Duration::from_secs(30),
            growth_mib: 150,
        },
        run: disk_full,
    },
];

const WORLD: World = World { clusters: 3, objects: 200, large: 0 };
/// A session, acknowledged rows and the last truth survive; the file is whole.
fn kill(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    /// Enough for a kill in the middle of writing.
    const ACKNOWLEDGED: u64 = 20;
    let Stage { mut server, clusters, store, folder } = Stage::with(setting, WORLD, &["--auth", "local"], None)?;
    let all: Vec<String> = (1..=WORLD.clusters).map(cluster).collect();
    for cluster in &all {
        let rows = server.rows(cluster)?;
        eventually("the objects are stored", Duration::from_secs(60), || {
            Ok((store.count(&format!("objects WHERE cluster = '{cluster}'"))? >= rows).then_some(()))
        })?;
    }
    let before: u64 = all.iter().map(|cluster| server.rows(cluster)).sum::<Result<u64>>()?;
    let audited_before = store.count("audit")?;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let writer = write_until_refused(server.http(), &cluster(2), &acknowledged);
    eventually("rows are acknowledged", Duration::from_secs(30), || {
        Ok((acknowledged.load(Ordering::SeqCst) >= ACKNOWLEDGED).then_some(()))
    })?;
    let mut run = Measurement::begin(promise, &server, None)?;
    let mut lost = None;
    server = server.crash(|| {
        lost = Some(clusters.begin("*", &json!({"kind": "down"}), &json!({}))?);
        Ok(())
    })?;
    run.said(|| {
        let shown: u64 = all.iter().map(|cluster| server.rows(cluster)).sum::<Result<u64>>()?;
        ensure!(shown == before, "{shown} objects of {before} are shown");
        server.lost(&cluster(1))
    })?;
    drop(writer.join());
    drop(lost);
    run.over();
    let changed = clusters.change(&cluster(1))?;
    run.recovered(|| {
        let connected = all.iter().map(|cluster| server.is_connected(cluster)).collect::<Result<Vec<_>>>()?;
        Ok(connected.iter().all(|connected| *connected) && server.shows(&changed)?)
    })?;
    let (acknowledged, audited) = (acknowledged.load(Ordering::SeqCst), store.count("audit")? - audited_before);
    ensure!(audited >= acknowledged, "{acknowledged} audit rows were acknowledged and {audited} are there");
    let whole = store.ask("PRAGMA integrity_check")?;
    ensure!(whole == "ok", "the file is damaged: {whole}");
    let kept = format!(
        "{before} of {before} objects, all {acknowledged} acknowledged audit rows, the session; the file is whole"
    );
    let seen = run.finish(&server, kept);
    drop((server, folder));
    seen
}

/// Reads logs one time after the other, each of which the server answers only once it is in the audit.
fn write_until_refused(http: &Http, cluster: &str, acknowledged: &Arc<AtomicU64>) -> std::thread::JoinHandle<()> {
    let (http, acknowledged) = (http.with_connections_of_its_own(), Arc::clone(acknowledged));
    let query = json!({"cluster_ids": [cluster]});
    std::thread::spawn(move || {
        while http.post("/api/v1/logs/aggregated", &query).is_ok_and(|answer| answer.status == 200) {
            acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    })
}

/// What needs a row in the audit is refused and says why; all that is only shown goes on from memory.
fn disk_full(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    const READ_LOGS: &str = "/api/v1/logs/aggregated";
    let disk = SmallDisk::mount()?;
    let stage = Stage::with(setting, WORLD, &["--auth", "none"], Some(disk.path()))?;
    let (server, store) = (&stage.server, &stage.store);
    let (one, other) = (cluster(1), cluster(2));
    stage.wait_until_stored(&one)?;
    let before = server.rows(&one)?;
    let query = json!({"cluster_ids": [other]});
    server.http().post(READ_LOGS, &query)?.good()?;
    let audited = store.count("audit")?;
    let mut run = Measurement::begin(promise, server, Some(&other))?;
    let ballast = disk.fill()?;
    run.said(|| {
        let answer = server.http().post(READ_LOGS, &query)?;
        let refused = answer.status >= 500;
        Ok(if refused { answer.json()?["message"].as_str().map(str::to_owned) } else { None })
    })?;
    let changed = stage.clusters.change(&one)?;
    eventually("a change is shown although it cannot be stored", Duration::from_secs(10), || {
        Ok(server.shows(&changed)?.then_some(()))
    })?;
    let rows = server.rows(&one)?;
    ensure!(rows == before, "{rows} objects of {before} are shown");
    std::fs::remove_file(&ballast).context("cannot make room again")?;
    run.over();
    let stored = format!("objects WHERE cluster = '{one}' AND json LIKE '%{}%'", changed.message);
    run.recovered(|| {
        let audits = server.http().post(READ_LOGS, &query)?.status == 200;
        Ok(audits && store.count(&stored)? == 1)
    })?;
    ensure!(store.count("audit")? > audited, "rows of the audit are gone");
    let whole = store.ask("PRAGMA integrity_check")?;
    ensure!(whole == "ok", "the file is damaged: {whole}");
    run.finish(server, format!("{rows} of {before} objects, live; what changed meanwhile is stored afterwards"))
}

/// A file system in memory with room for little more than a fresh store.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    const SIZE: &'static str = "size=32m";

    fn mount() -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", Self::SIZE, "tmpfs"]).arg(folder.path());
        command::capture(&mut mount).context("a small disk needs the right to mount one: run as root")?;
        Ok(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file until there is no more room; returns it.
    fn fill(&self) -> Result<std::path::PathBuf> {
        let path = self.path().join("ballast");
        let mut file = std::fs::File::create(&path).context("cannot write the ballast")?;
        let page = [0_u8; 4096];
        loop {
            match file.write_all(&page) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(path),
                Err(error) => return Err(error).context("cannot write the ballast"),
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = command::capture(Command::new("umount").arg(self.0.path())) {
            eprintln!("   a small disk stays mounted: {error:#}");
        }
    }
}
