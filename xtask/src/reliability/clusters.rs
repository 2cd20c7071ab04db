//! Simulated clusters in a process of their own, which outlive the server under test and fail on request.
//!
//! The simulator's control endpoint takes plans of faults; a fault here is a plan with one step that has no end, until
//! it is dropped.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use ureq::http::Method;

use super::http::Http;
use crate::command;

/// Longer than any run; faults end by being dropped.
const ENDLESS_MS: u64 = 24 * 3600 * 1000;

/// Running clusters; dropping the value ends them.
pub(crate) struct Clusters {
    simulator: Child,
    control: Http,
    kubeconfig: PathBuf,
    seed: u64,
}

/// What to simulate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) clusters: usize,
    /// Flux objects in each.
    pub(crate) objects: usize,
    /// Of which so many have an inventory of a mebibyte.
    pub(crate) large: usize,
}

/// Id of the cluster of this number, from 1 on.
pub(crate) fn cluster(number: usize) -> String {
    format!("edge-{number:03}")
}

/// An object as it was changed in a cluster.
#[derive(Debug)]
pub(crate) struct Changed {
    /// Its path in our REST interface.
    pub(crate) path: String,
    /// Of its condition; no other change has it.
    pub(crate) message: String,
}

/// A fault under way; dropping it ends it.
#[must_use = "the fault is over as soon as this is dropped"]
pub(crate) struct Fault<'a>(&'a Http);

impl Drop for Fault<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.send(Method::DELETE, "/faults", "", "") {
            eprintln!("   a fault goes on: {error:#}");
        }
    }
}

impl Clusters {
    /// Starts the simulator and writes its kubeconfig into `folder`.
    pub(crate) fn start(executable: &Path, folder: &Path, seed: u64, world: World) -> Result<Self> {
        let mut command = Command::new(executable);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let World { clusters, objects, large } = world;
        let options = [("--clusters", clusters), ("--objects", objects), ("--large", large)];
        command.args(options.iter().flat_map(|(name, value)| [(*name).to_owned(), value.to_string()]));
        command.args(["--seed", &seed.to_string()]);
        let mut simulator = command.spawn().with_context(|| format!("cannot start `{}`", command::shown(&command)))?;
        let output = simulator.stdout.take().context("the output is piped")?;
        // From here on dropping it ends the process.
        let mut this =
            Self { simulator, control: Http::new(String::new()), kubeconfig: folder.join("clusters.kubeconfig"), seed };
        let mut address = String::new();
        BufReader::new(output).read_line(&mut address).context("cannot read the simulator's address")?;
        if address.trim().is_empty() {
            bail!("the simulator ended before it answered");
        }
        this.control = Http::new(address.trim().to_owned());
        let kubeconfig = this.control.get("/kubeconfig")?.body;
        std::fs::write(&this.kubeconfig, kubeconfig).context("cannot write the kubeconfig of the clusters")?;
        Ok(this)
    }

    /// A kubeconfig with a context for every cluster.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Begins a fault, in the words of the simulator: `{"kind": "reset"}`. `reach` narrows it down.
    pub(crate) fn begin(&self, cluster: &str, fault: &Value, reach: &Value) -> Result<Fault<'_>> {
        let mut step = json!({"at_ms": 0, "cluster": cluster, "fault": fault, "for_ms": ENDLESS_MS});
        if let (Some(step), Some(reach)) = (step.as_object_mut(), reach.as_object()) {
            step.extend(reach.clone());
        }
        self.begin_all(vec![step])
    }

    /// Begins a plan of faults; each step is one of the simulator's.
    pub(crate) fn begin_all(&self, steps: Vec<Value>) -> Result<Fault<'_>> {
        let answer = self.control.post("/faults", &json!({"seed": self.seed, "steps": steps}))?;
        if answer.status != 202 {
            bail!("the simulator does not take the fault: {}", answer.body);
        }
        Ok(Fault(&self.control))
    }

    /// Changes an object of this cluster; which one the seed decides.
    pub(crate) fn change(&self, cluster: &str) -> Result<Changed> {
        const TRIES: usize = 200;
        for _ in 0..TRIES {
            let changed = self.control.send(Method::POST, "/change", "application/json", "")?.good()?;
            if changed["cluster"] == cluster {
                let part = |name: &str| changed[name].as_str().unwrap_or_default().to_owned();
                let (kind, namespace, name) = (part("kind"), part("namespace"), part("name"));
                let path = format!("/api/v1/clusters/{cluster}/resources/{kind}/{namespace}/{name}");
                return Ok(Changed { path, message: part("message") });
            }
        }
        bail!("{TRIES} changes in a row were in other clusters than {cluster}")
    }

    /// The Kubernetes API of a cluster, as its administrator.
    pub(crate) fn api(&self, cluster: &str) -> Result<Http> {
        let text = std::fs::read_to_string(&self.kubeconfig).context("cannot read the kubeconfig of the clusters")?;
        let value = |name: &str| value_after(&text, cluster, name).with_context(|| format!("{cluster} has no {name}"));
        let token = format!("Bearer {}", value("token")?);
        Ok(Http::new(value("server")?.to_owned()).with_header("authorization", token))
    }

    /// Changes a second in all clusters together from now on.
    pub(crate) fn set_rate(&self, per_second: u32) -> Result<()> {
        self.control.send(Method::PUT, "/rate", "application/json", &per_second.to_string()).map(drop)
    }
}

/// The first `name: value` below an entry of this name in the simulator's kubeconfig.
fn value_after<'t>(kubeconfig: &'t str, entry: &str, name: &str) -> Option<&'t str> {
    let mut inside = false;
    kubeconfig.lines().find_map(|line| {
        if let Some(other) = line.strip_prefix("- name: ") {
            inside = other == entry;
        }
        let (key, value) = line.trim().split_once(": ")?;
        (inside && key == name).then_some(value)
    })
}

impl Drop for Clusters {
    fn drop(&mut self) {
        let _killed = self.simulator.kill();
        let _reaped = self.simulator.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::value_after;

    #[test]
    fn server_and_token_are_those_of_the_named_cluster() {
        let kubeconfig = "clusters:\n- name: a\n  cluster:\n    server: http://a\n- name: b\n  cluster:\n    \
                          server: http://b\nusers:\n- name: a\n  user:\n    token: 1\n- name: b\n  user:\n    \
                          token: 2\n";
        assert_eq!(value_after(kubeconfig, "b", "server"), Some("http://b"));
        assert_eq!(value_after(kubeconfig, "b", "token"), Some("2"));
        assert_eq!(value_after(kubeconfig, "c", "token"), None);
    }
}
