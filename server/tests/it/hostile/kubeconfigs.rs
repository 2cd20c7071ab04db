//! Kubeconfigs that want something from this server: a command, a file, memory, another address.

use axum::http::Method;
use serde_json::json;

use super::{refused, site, still_answers};
use crate::site::with_json;

/// A kubeconfig with these lines in place of cluster and user.
fn kubeconfig(cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
         clusters:\n- name: c\n  cluster:\n{}\nusers:\n- name: u\n  user:\n{}\n\
         contexts:\n- name: x\n  context: {{cluster: c, user: u}}\n",
        indented(cluster),
        indented(user),
    )
}

fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn with_user(user: &str) -> String {
    kubeconfig("server: https://127.0.0.1:1", user)
}

fn with_cluster(cluster: &str) -> String {
    kubeconfig(cluster, "token: canary-5f3c9a")
}

/// Nine lists of nine of each other: a billion items once they are all written out.
fn alias_bomb() -> String {
    let mut text = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let below = vec![format!("*l{}", level - 1); 9].join(", ");
        text.push_str(&format!("l{level}: &l{level} [{below}]\n"));
    }
    text + "extensions: [{name: bomb, extension: *l9}]\n" + &with_user("token: x")
}

fn merge_bomb() -> String {
    let mut text = "m0: &m0 {a: 1}\n".to_owned();
    for level in 1..2_000 {
        text.push_str(&format!("m{level}: &m{level} {{<<: *m{}, k{level}: 1}}\n", level - 1));
    }
    text + &with_user("token: x")
}

fn cases() -> Vec<(&'static str, String)> {
    let nested_blocks: String = (0..700).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    vec![
        ("empty", String::new()),
        ("a comment", "# nothing\n".to_owned()),
        ("a scalar", "42".to_owned()),
        ("a list", "- a\n- b\n".to_owned()),
        ("no yaml", "{[}]: \t\u{1}".to_owned()),
        ("zeros", "\0".repeat(4_096)),
        ("a byte order mark in the middle", with_user("token: x\u{feff}\u{feff}").replace("kind", "\u{feff}kind")),
        ("several documents", format!("{0}---\n{0}---\n{0}", with_user("exec: {command: id}"))),
        ("an alias bomb", alias_bomb()),
        ("a merge bomb", merge_bomb()),
        ("an alias to itself", "clusters: &c [*c]\n".to_owned()),
        ("an unknown alias", "clusters: *nowhere\n".to_owned()),
        ("100,000 open brackets", "[".repeat(100_000)),
        ("100,000 lists in lists", format!("x: {}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ("100,000 open braces", "{a: ".repeat(100_000)),
        ("100,000 dashes", "- ".repeat(100_000)),
        ("deep blocks", nested_blocks),
        ("100,000 question marks", "? ".repeat(100_000)),
        ("100,000 tags", "!a ".repeat(100_000)),
        ("a language's tag", "!!python/object/apply:os.system [id]\n".to_owned()),
        ("duplicate keys", with_user("token: x\ntoken: y")),
        ("duplicate sections", with_user("token: x") + "users: []\n"),
        ("10,000 contexts", with_user("token: x") + &"- {name: y, context: {cluster: c, user: u}}\n".repeat(10_000)),
        (
            "a command",
            with_user("exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, args: [-c, id]}"),
        ),
        ("a command without a version", with_user("exec: {command: id}")),
        ("a plugin", with_user("auth-provider: {name: gcp, config: {cmd-path: /bin/sh}}")),
        ("a token file", with_user("tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token")),
        ("a certificate file", with_user("client-certificate: /etc/passwd")),
        ("a key file", with_user("client-key: ../../etc/shadow")),
        ("an authority file", with_cluster("server: https://127.0.0.1:1\ncertificate-authority: /etc/passwd")),
        ("a proxy", with_cluster("server: https://127.0.0.1:1\nproxy-url: http://169.254.169.254")),
        ("no verification", with_cluster("server: https://127.0.0.1:1\ninsecure-skip-tls-verify: true")),
        (
            "an authority that is no base64",
            with_cluster("server: https://127.0.0.1:1\ncertificate-authority-data: '%%%'"),
        ),
        (
            "an authority that is no certificate",
            with_cluster("server: https://127.0.0.1:1\ncertificate-authority-data: AAAA"),
        ),
        ("a certificate without its key", with_user("client-certificate-data: AAAA")),
        ("a key that is none", with_user("client-certificate-data: AAAA\nclient-key-data: AAAA")),
        ("a server name with a line break", with_cluster("server: https://127.0.0.1:1\ntls-server-name: \"a\\r\\nb\"")),
        ("a zero in the server name", with_cluster("server: https://127.0.0.1:1\ntls-server-name: \"a\\0b\"")),
        ("a line break in the token", with_user("token: \"a\\r\\nX-Admin: 1\"")),
        ("a zero in the token", with_user("token: \"a\\0b\"")),
        ("letters beyond ascii in the token", with_user("token: \"ä\u{202e}b\"")),
        ("a colon in the user", with_user("username: \"a:b\\r\\n\"\npassword: \"c\\0\"")),
        (
            "a user to act as with a line break",
            with_user("token: x\nas: \"root\\r\\nX: 1\"\nas-groups: [\"system:masters\\n\"]"),
        ),
        ("a token of 900 KiB", with_user(&format!("token: {}", "x".repeat(900 * 1024)))),
        ("no server", with_cluster("tls-server-name: x")),
        ("a server that is no url", with_cluster("server: \"::::\"")),
        ("a file as the server", with_cluster("server: file:///etc/passwd")),
        ("a unix socket as the server", with_cluster("server: unix:///var/run/docker.sock")),
        ("credentials in the server", with_cluster("server: https://admin:canary-5f3c9a@127.0.0.1:1")),
        ("plain text to elsewhere", with_cluster("server: http://192.0.2.1")),
        ("the cloud's metadata", with_cluster("server: https://169.254.169.254/latest")),
        ("the same, mapped", with_cluster("server: https://[::ffff:169.254.169.254]")),
        ("the same, as a number", with_cluster("server: https://2852039166")),
        ("the same, in octal", with_cluster("server: https://0251.0376.0251.0376")),
        ("the same, by name", with_cluster("server: https://metadata.google.internal")),
        ("this server", with_cluster("server: https://127.0.0.1:8080")),
        ("everywhere", with_cluster("server: https://0.0.0.0")),
        ("a port that is none", with_cluster("server: https://127.0.0.1:99999")),
        ("a zone", with_cluster("server: \"https://[fe80::1%25eth0]\"")),
        ("a very long host", with_cluster(&format!("server: https://{}.invalid", "a".repeat(60_000)))),
        ("a name beyond ascii", with_cluster("server: https://\u{202e}moc.elgoog.invalid")),
    ]
}

#[tokio::test]
async fn no_kubeconfig_hurts_and_none_of_these_is_taken() {
    let site = site().await;
    for (case, kubeconfig) in cases() {
        let registration = json!({"name": "evil", "kubeconfig": kubeconfig});
        let request = with_json(Method::POST, "/api/v1/clusters", registration.to_string());
        let answer = refused(&site, case, request, &[400, 413, 422]).await;
        assert!(!answer.text.contains("canary-5f3c9a"), "{case}: the answer quotes a credential");
    }
    still_answers(&site).await;
}

#[tokio::test]
async fn names_and_contexts_of_a_registration_are_checked() {
    let site = site().await;
    let kubeconfig = with_user("token: x");
    for (case, registration) in [
        ("no name", json!({"name": "", "kubeconfig": kubeconfig})),
        ("a name of blanks", json!({"name": " \t\u{2003}", "kubeconfig": kubeconfig})),
        ("a name without a letter", json!({"name": "../..", "kubeconfig": kubeconfig})),
        ("a name that is too long", json!({"name": "x".repeat(100_000), "kubeconfig": kubeconfig})),
        ("a context that is not there", json!({"name": "a", "kubeconfig": kubeconfig, "context": "y".repeat(100_000)})),
        ("a kubeconfig that is no text", json!({"name": "a", "kubeconfig": {"clusters": []}})),
    ] {
        let request = with_json(Method::POST, "/api/v1/clusters", registration.to_string());
        refused(&site, case, request, &[400, 413, 422]).await;
    }
    still_answers(&site).await;
}
