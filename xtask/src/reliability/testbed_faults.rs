//! Real Kubernetes, killed: an API server, and the etcd beneath both clusters of the testbed.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::observation::{Measurement, Observation, Promise, eventually};
use super::server::Server;
use super::stage::{RESYNC_SECONDS, Setting, SqliteFile, arguments};
use super::{Place, Scenario};
use crate::command;
use crate::testbed::Testbed;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "api-server-kill",
        fault: "kill -9 of kube-apiserver, and its return",
        place: Place::Testbed,
        quick: false,
        promise: Promise {
            said_within: Duration::from_secs(5),
            recovered_within: Duration::from_secs(45),
            growth_mib: 150,
        },
        run: |setting, promise| kill(setting, promise, "apiserver-a", Some("b"), |server| server.lost("a")),
    },
    Scenario {
        name: "etcd-kill",
        fault: "kill -9 of etcd beneath both clusters, and its return",
        place: Place::Testbed,
        quick: false,
        promise: Promise {
            // An API server without its etcd answers what it has cached and lets the rest wait for minutes.
            said_within: Duration::from_secs(RESYNC_SECONDS * 11 / 10 + 180),
            recovered_within: Duration::from_secs(45),
            growth_mib: 150,
        },
        run: |setting, promise| kill(setting, promise, "etcd", None, lost_or_troubled),
    },
];

/// How long a killed process of the testbed may need until it answers again.
const RETURN: Duration = Duration::from_secs(120);

/// Kills a process of the testbed, waits for the words about cluster `a`, and starts it again.
fn kill(
    setting: &Setting<'_>,
    promise: &Promise,
    process: &str,
    healthy: Option<&str>,
    words: fn(&Server) -> Result<Option<String>>,
) -> Result<Observation> {
    let testbed = Testbed::new(setting.repository, setting.packages)?;
    testbed.up()?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let store = SqliteFile::in_folder(setting.packages, folder.path())?;
    let [a, b] = testbed.kubeconfigs();
    let mut arguments = arguments(&store.url(), &a);
    arguments.extend(["--kubeconfig".to_owned(), b.display().to_string()]);
    arguments.extend(["--auth", "none"].map(str::to_owned));
    let server = Server::start(&setting.server, folder.path(), &arguments)?;
    server.wait_until_connected(&["a".to_owned(), "b".to_owned()])?;
    let before = server.rows("a")?;
    let mut run = Measurement::begin(promise, &server, healthy)?;
    command::run(testbed.script("svc.sh").args(["kill", process]))?;
    run.said(|| words(&server))?;
    let during = server.rows("a")?;
    command::run(testbed.script("svc.sh").args(["start", process]))?;
    ensure!(during == before, "the lost cluster shows {during} objects of {before}");
    for cluster in ["a", "b"] {
        let ready = || Ok(kubectl(&testbed, cluster, &["get", "--raw", "/readyz"]).is_ok().then_some(()));
        eventually("the API server answers again", RETURN, ready)?;
    }
    run.over();
    run.recovered(|| Ok(words(&server)?.is_none() && server.is_connected("a")?))?;
    expect_change_shown(&testbed, &server)?;
    let after = server.rows("a")?;
    run.finish(&server, format!("{during} of {before} objects as the last truth, {after} afterwards"))
}

/// An API server without its etcd still answers some requests: what it cannot list stands in the problems.
fn lost_or_troubled(server: &Server) -> Result<Option<String>> {
    if let Some(lost) = server.lost("a")? {
        return Ok(Some(lost));
    }
    let cluster = server.cluster("a")?;
    let mut problems = cluster["problems"].as_array().into_iter().flatten();
    Ok(problems.find_map(|problem| problem["message"].as_str()).map(str::to_owned))
}

fn kubectl(testbed: &Testbed, cluster: &str, arguments: &[&str]) -> Result<String> {
    let mut kubectl: Command = testbed.script(&format!("kubectl-{cluster}"));
    command::capture(kubectl.arg("--request-timeout=5s").args(arguments))
}

/// Suspends a Kustomization by hand, and takes it back; the watch has to tell both.
fn expect_change_shown(testbed: &Testbed, server: &Server) -> Result<()> {
    let list = server.http().json("/api/v1/resources?cluster=a&kind=Kustomization&status=ready&limit=1")?;
    let object = &list["items"][0]["object"];
    let part = |name: &str| object[name].as_str().context("the testbed has a Kustomization that is ready");
    let (namespace, name) = (part("namespace")?, part("name")?);
    let path = format!("/api/v1/clusters/a/resources/Kustomization/{namespace}/{name}");
    for suspended in [true, false] {
        let patch = format!("{{\"spec\":{{\"suspend\":{suspended}}}}}");
        let target = ["-n", namespace, "patch", "kustomization", name, "--type=merge", "-p", &patch];
        kubectl(testbed, "a", &target)?;
        eventually("the change is shown", Duration::from_secs(20), || {
            Ok((server.http().json(&path)?["row"]["suspended"] == suspended).then_some(()))
        })?;
    }
    Ok(())
}
