//! `migrate`, `rotate-key` and `check`: what they say, what they change, and how they end.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::child::{command, run, text};

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

/// Base64 of 32 bytes.
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const OTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// A database with something sealed in it, by the key beside it.
fn with_a_user(folder: &TempDir) {
    assert!(run(folder, ["migrate"]).status.success());
    let mut add = command(folder);
    let output = add.args(["user", "add", "ann", "--role", "viewer"]).output().expect("the binary starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn findings(folder: &TempDir, arguments: &[&str]) -> (bool, Vec<(String, String, String)>) {
    let output = run(folder, ["check", "--json", "--listen", "127.0.0.1:0"].iter().chain(arguments));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {output:?}"));
    assert_eq!(report["ok"].as_bool(), Some(output.status.success()));
    let word = |finding: &Value, field: &str| finding[field].as_str().expect("a text").to_owned();
    let findings = report["findings"].as_array().expect("findings").iter();
    let findings =
        findings.map(|finding| (word(finding, "subject"), word(finding, "outcome"), word(finding, "detail")));
    (output.status.success(), findings.collect())
}

fn outcome<'a>(findings: &'a [(String, String, String)], subject: &str) -> (&'a str, &'a str) {
    let found = findings.iter().find(|finding| finding.0 == subject);
    let found = found.unwrap_or_else(|| panic!("nothing about {subject}: {findings:?}"));
    (&found.1, &found.2)
}

#[test]
fn migrate_lists_what_is_missing_then_does_it_and_then_nothing() {
    let folder = folder();
    let before = run(&folder, ["migrate", "--dry-run"]);
    assert!(before.status.success() && text(&before.stdout).contains("no database"), "{before:?}");
    assert!(!folder.path().join("flux-orchestrator.db").exists(), "a dry run makes nothing");
    let applied = run(&folder, ["migrate"]);
    assert!(applied.status.success(), "{}", text(&applied.stderr));
    let applied = text(&applied.stdout);
    assert!(applied.lines().count() > 3 && applied.lines().all(|line| line.starts_with("applied m")), "{applied}");
    assert_eq!(text(&run(&folder, ["migrate", "--dry-run"]).stdout), applied);
    assert_eq!(text(&run(&folder, ["migrate"]).stdout), "The schema is up to date.\n");
}

#[test]
fn migrate_says_in_words_why_a_database_cannot_be_opened() {
    let folder = folder();
    let output = run(&folder, ["migrate", "--database", "sqlite:///nowhere/at/all.db"]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.starts_with("flux-orchestrator: ") && error.contains("/nowhere/at/all.db"), "{error}");
}

#[test]
fn rotate_key_makes_the_new_key_the_only_one_that_opens() {
    let folder = folder();
    with_a_user(&folder);
    let new = folder.path().join("new.key");
    fs::write(&new, KEY).expect("a file");
    let new = new.to_str().expect("a text");
    let rotated = run(&folder, ["rotate-key", "--new-key-file", new]);
    assert!(rotated.status.success(), "{}", text(&rotated.stderr));
    assert!(text(&rotated.stdout).contains(&format!("--key-file {new}")), "{rotated:?}");
    let (_, found) = findings(&folder, &["--key-file", new]);
    assert_eq!(outcome(&found, "key").0, "passed", "{found:?}");
    let (ok, found) = findings(&folder, &[]);
    assert!(!ok && outcome(&found, "key").0 == "failed", "{found:?}");
}

#[test]
fn rotate_key_with_a_wrong_old_key_changes_nothing() {
    let folder = folder();
    with_a_user(&folder);
    let new = folder.path().join("new.key");
    fs::write(&new, KEY).expect("a file");
    let mut rotate = command(&folder);
    let refused = rotate.args(["rotate-key", "--new-key-file"]).arg(&new).env("FLUX_ORCHESTRATOR_KEY", OTHER_KEY);
    let refused = refused.output().expect("the binary starts");
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    assert!(findings(&folder, &[]).0, "the old key still opens");
}

#[test]
fn check_passes_on_a_sound_deployment_and_changes_nothing() {
    let folder = folder();
    let (ok, found) = findings(&folder, &[]);
    assert!(ok, "{found:?}");
    assert_eq!(outcome(&found, "database").0, "warning", "the first start makes it");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing was made");
    with_a_user(&folder);
    let (ok, found) = findings(&folder, &[]);
    let passed = ["database", "key", "listen", "sign-in", "clusters"].map(|subject| outcome(&found, subject).0);
    assert!(ok && passed == ["passed"; 5], "{found:?}");
}

#[test]
fn check_fails_where_nobody_could_sign_in_or_a_certificate_is_not_there() {
    let folder = folder();
    let (ok, found) = findings(&folder, &["--tls-cert", "tls.crt", "--tls-key", "tls.key"]);
    assert!(!ok && outcome(&found, "tls").1.contains("tls.crt"), "{found:?}");
    let output = run(&folder, ["check", "--listen", "0.0.0.0:0"]);
    let told = text(&output.stdout);
    assert!(told.contains("failed   sign-in: ") && told.contains("--tls-cert"), "{told}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn check_tries_every_context_and_a_cluster_that_is_down_is_a_warning() {
    let folder = folder();
    let kubeconfig = folder.path().join("kubeconfig");
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: lost\n\
        clusters: [{name: lost, cluster: {server: 'https://127.0.0.1:1'}}]\n\
        users: [{name: me, user: {token: hunter2}}]\n\
        contexts: [{name: lost, context: {cluster: lost, user: me}}]\n";
    fs::write(&kubeconfig, text).expect("a file");
    let (ok, found) = findings(&folder, &["--kubeconfig", kubeconfig.to_str().expect("a text")]);
    let (outcome, detail) = outcome(&found, "cluster lost");
    assert!(ok && outcome == "warning" && detail.starts_with("not reachable"), "{found:?}");
    assert!(!detail.contains("hunter2"));
}

#[test]
fn a_flag_that_is_not_understood_is_named() {
    let folder = folder();
    for (arguments, named) in [
        (&["serve", "--trusted-proxy", "everybody"][..], "--trusted-proxy"),
        (&["serve", "--public-url", "flux.example"], "--public-url"),
        (&["serve", "--tls-cert", "tls.crt"], "--tls-key"),
    ] {
        let output = run(&folder, arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(named), "{output:?}");
    }
}
