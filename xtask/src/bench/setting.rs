//! What benches measure: the executables, and servers with simulated clusters around them.
//!
//! The simulator runs in a process of its own, so that the server's memory and processor time are its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::build;
use crate::command;
use crate::packages::Packages;
use crate::repository::Repository;
use crate::server_process::ServerProcess;
use crate::wasm::Effort;

/// Where the executables of a run come from.
pub(super) struct Setting<'a> {
    pub(super) repository: &'a Repository,
    pub(super) packages: &'a Packages,
    /// A folder with executables to measure instead of a build of this checkout.
    pub(super) executables: Option<PathBuf>,
}

/// The programs under test.
pub(super) struct Executables {
    pub(super) server: PathBuf,
    pub(super) simulator: PathBuf,
}

impl Setting<'_> {
    /// Server and simulator as they are shipped, from one build.
    pub(super) fn executables(&self) -> Result<Executables> {
        let folder = match &self.executables {
            Some(folder) => folder.clone(),
            None => {
                build::site(self.repository, self.packages, Effort::Small)?;
                let mut cargo = build::native_cargo(self.repository, "build");
                cargo.args(["--release", "--bin", "flux-orchestrator", "--bin", "flux-simulator"]);
                build::select_native(&mut cargo);
                command::run(&mut cargo)?;
                self.repository.target().join("release")
            }
        };
        Ok(Executables { server: folder.join("flux-orchestrator"), simulator: folder.join("flux-simulator") })
    }
}

impl Executables {
    /// A server with an empty store and these arguments besides. The store goes with the folder.
    pub(super) fn serve(&self, arguments: &[&str]) -> Result<(ServerProcess, TempDir)> {
        let store = tempfile::tempdir().context("cannot make a temporary folder")?;
        let database = format!("sqlite://{}/store.db", store.path().display());
        let mut all = vec!["serve", "--auth", "none", "--database", &database];
        all.extend(arguments);
        Ok((ServerProcess::start(&self.server, &all, None)?, store))
    }
}

/// Simulated clusters in a process of their own.
pub(super) struct Simulator {
    child: Child,
    control: String,
}

impl Simulator {
    fn start(executable: &Path, clusters: usize, objects: usize) -> Result<Self> {
        let mut command = Command::new(executable);
        command.args(["--clusters", &clusters.to_string(), "--objects", &objects.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("cannot start `{}`", command::shown(&command)))?;
        // From here on its end is ours to bring about.
        let mut simulator = Self { child, control: String::new() };
        let output = simulator.child.stdout.take().context("its output is a pipe")?;
        BufReader::new(output).read_line(&mut simulator.control).context("the simulator says nothing")?;
        simulator.control.truncate(simulator.control.trim_end().len());
        if simulator.control.is_empty() {
            bail!("the simulator ended before it listened");
        }
        Ok(simulator)
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.control)
    }

    fn read(&self, path: &str) -> Result<String> {
        let mut answer = ureq::get(self.address(path)).call().with_context(|| format!("GET {path} failed"))?;
        answer.body_mut().with_config().limit(u64::MAX).read_to_string().with_context(|| format!("{path} broke off"))
    }

    /// An answer of the control endpoint.
    pub(super) fn json(&self, path: &str) -> Result<Value> {
        serde_json::from_str(&self.read(path)?).with_context(|| format!("{path} is not JSON"))
    }

    /// One change, which is written when this returns.
    pub(super) fn change(&self) -> Result<Value> {
        let mut answer = ureq::post(self.address("/change")).send_empty().context("the simulator changes nothing")?;
        serde_json::from_str(&answer.body_mut().read_to_string()?).context("the change is not JSON")
    }

    /// Changes a second over all clusters from now on.
    pub(super) fn set_rate(&self, per_second: u32) -> Result<()> {
        let request = ureq::put(self.address("/rate")).content_type("application/json");
        request.send(per_second.to_string()).context("the simulator takes no rate")?;
        Ok(())
    }

    /// Forgets what the clusters were asked.
    pub(super) fn forget_requests(&self) -> Result<()> {
        ureq::delete(self.address("/requests")).call().context("the simulator does not forget")?;
        Ok(())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A server that watches simulated clusters.
pub(super) struct Site {
    pub(super) server: ServerProcess,
    pub(super) simulator: Simulator,
    /// From the server's start until every cluster is listed completely.
    pub(super) ready_in: Duration,
    _folders: [TempDir; 2],
}

impl Site {
    /// Starts both, and waits until every cluster is connected.
    pub(super) fn start(executables: &Executables, clusters: usize, objects: usize) -> Result<Self> {
        const PATIENCE: Duration = Duration::from_secs(300);
        let simulator = Simulator::start(&executables.simulator, clusters, objects)?;
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, simulator.read("/kubeconfig")?).context("cannot write the kubeconfig")?;
        let kubeconfig = kubeconfig.to_str().context("the temporary folder has a name in UTF-8")?;
        let start = Instant::now();
        // No resync within the run: it is the one thing that a quiet fleet is asked for.
        let arguments = ["--kubeconfig", kubeconfig, "--allow-loopback-clusters", "--resync-seconds", "86400"];
        let (server, store) = executables.serve(&arguments)?;
        while connected(&server)? < clusters {
            if start.elapsed() > PATIENCE {
                bail!("not all of {clusters} clusters are connected after {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        Ok(Self { server, simulator, ready_in: start.elapsed(), _folders: [folder, store] })
    }
}

/// How many clusters the server shows as completely listed.
fn connected(server: &ServerProcess) -> Result<usize> {
    let text = ureq::get(server.address("/api/v1/clusters")).call().context("no list of clusters")?;
    let text = text.into_body().read_to_string().context("the list of clusters broke off")?;
    let answer: Value = serde_json::from_str(&text).context("the list of clusters is not JSON")?;
    let clusters = answer["items"].as_array().context("the list of clusters has no items")?;
    Ok(clusters.iter().filter(|cluster| cluster["status"]["state"] == "connected").count())
}
