//! The examples of `docs/api.md` are run as they stand: the commands in one shell, the client in Node.
//!
//! A fenced `json` block right behind an `sh` block is part of what the commands print. Needs bash, curl, jq and node.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};
use simulator::ClusterSpec;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::site::{PASSWORD, Site};

const DOCUMENT: &str = include_str!("../../../docs/api.md");
/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(120);
/// Before the output of each block.
const MARK: char = '\u{1e}';

/// Fenced blocks of the page in their order: language, text, and whether only blank lines are between it and the one
/// before.
fn blocks() -> Vec<(&'static str, String, bool)> {
    let mut blocks: Vec<(&str, String, bool)> = Vec::new();
    let mut open = None;
    let mut follows = false;
    for line in DOCUMENT.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((language, String::new())),
            (Some(_), Some((language, text))) => {
                blocks.push((language, text, follows));
                follows = true;
            }
            (None, Some((language, text))) => open = Some((language, text + line + "\n")),
            (None, None) => follows = follows && line.trim().is_empty(),
        }
    }
    blocks
}

/// Commands with what they print a part of.
fn examples() -> Vec<(String, Option<Value>)> {
    let mut examples: Vec<(String, Option<Value>)> = Vec::new();
    for (language, text, follows) in blocks() {
        match (language, examples.last_mut()) {
            ("sh", _) => examples.push((text, None)),
            ("json", Some((_, expected))) if follows && expected.is_none() => {
                *expected = Some(serde_json::from_str(&text).expect("an expectation is JSON"));
            }
            _ => {}
        }
    }
    examples
}

/// Whether everything of `part` is in `whole`: objects by their fields, all else as it is.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| holds(whole, part)))
        }
        _ => whole == part,
    }
}

async fn listen(router: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

#[tokio::test]
async fn every_command_of_the_page_does_what_the_page_says() {
    let site = Site::with_users_and(vec![ClusterSpec::demo("prod-eu", 7)]).await;
    let address = listen(site.router.clone()).await;
    let home = TempDir::new().expect("a folder");
    std::fs::create_dir(home.path().join(".kube")).expect("a folder");
    let kubeconfig = site.simulated("prod-eu").kubeconfig();
    std::fs::write(home.path().join(".kube/config"), kubeconfig).expect("a file");

    let examples = examples();
    assert!(examples.len() > 8 && examples.iter().filter(|(_, expected)| expected.is_some()).count() > 5);
    let script: String = examples.iter().map(|(text, _)| format!("printf '{MARK}'\n{text}")).collect();
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &script]).current_dir(home.path()).kill_on_drop(true);
    shell.env("H", format!("http://{address}")).env("PASSWORD", PASSWORD).env("HOME", home.path());
    let output = timeout(PATIENCE, shell.output()).await.expect("the commands end").expect("bash is installed");
    let printed = String::from_utf8_lossy(&output.stdout);
    let printed: Vec<&str> = printed.split(MARK).skip(1).collect();
    let last = printed.len().saturating_sub(1);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{}\n{errors}", examples[last].0, printed[last]);
    for ((text, expected), printed) in examples.iter().zip(printed) {
        let Some(expected) = expected else { continue };
        let answer: Value = serde_json::from_str(printed).unwrap_or_else(|_| panic!("{text}\nprinted {printed}"));
        assert!(holds(&answer, expected), "{text}\nprinted {answer:#}\nwhich does not hold {expected:#}");
    }
}

/// The client of the page against this server.
async fn client(folder: &Path, address: SocketAddr) -> (Child, Lines<BufReader<ChildStdout>>) {
    let (_, text, _) = blocks().into_iter().find(|(language, _, _)| *language == "js").expect("the client");
    std::fs::write(folder.join("watch.mjs"), text).expect("a file");
    let version = Command::new("node").arg("--version").output().await.expect("node is installed").stdout;
    let version = String::from_utf8_lossy(&version);
    let major: u32 =
        version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    let mut node = Command::new("node");
    if major < 22 {
        node.arg("--experimental-websocket");
    }
    node.arg("watch.mjs").current_dir(folder).env("H", format!("http://{address}")).env_remove("TOKEN");
    let mut child = node.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("node is installed");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    (child, lines)
}

#[tokio::test]
async fn the_client_of_the_page_sees_what_changes() {
    let site = Site::demo().await;
    let folder = TempDir::new().expect("a folder");
    let (_child, mut lines) = client(folder.path(), listen(site.router.clone()).await).await;
    let mut next = async || {
        let line = timeout(PATIENCE, lines.next_line()).await.expect("a line");
        line.expect("text").expect("the client goes on")
    };
    for name in ["cert-manager", "checkout", "ingress-nginx", "kube-prometheus-stack", "loki", "podinfo"] {
        let line = next().await;
        assert!(line.starts_with("snapshot ") && line.ends_with(&format!(" staging HelmRelease {name}")), "{line}");
    }
    let cluster = site.simulated("staging");
    let mut release = cluster.get("HelmRelease", "podinfo", "podinfo").expect("it is there");
    let failed = json!({"type": "Ready", "status": "False", "reason": "InstallFailed", "message": "no",
        "lastTransitionTime": "2026-01-02T03:04:05Z"});
    release["status"]["conditions"] = json!([failed]);
    release["metadata"]["resourceVersion"] = Value::Null;
    cluster.apply(release);
    assert_eq!(next().await, "delta failed staging HelmRelease podinfo");
}

#[test]
fn an_expectation_is_a_part_of_what_is_printed() {
    let whole = json!({"a": 1, "b": {"c": [1], "d": null}});
    assert!(holds(&whole, &json!({"b": {"c": [1]}})));
    assert!(!holds(&whole, &json!({"b": {"c": []}})));
    assert!(!holds(&whole, &json!({"e": null})));
}
