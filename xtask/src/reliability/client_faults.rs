//! What clients do wrong: bodies that are too large, documents that unfold, requests that never end, sockets that
//! nobody reads.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::clusters::{World, cluster};
use super::observation::{Measurement, Observation, Promise, eventually};
use super::server::Server;
use super::stage::{Setting, Stage};
use super::watch_socket::{Reader, WatchSocket};
use super::{Place, Scenario};

const fn promise(said: u64, recovered: u64) -> Promise {
    Promise {
        said_within: Duration::from_secs(said),
        recovered_within: Duration::from_secs(recovered),
        growth_mib: 150,
    }
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "large-bodies",
        fault: "32 requests at once with bodies of 5 MiB",
        place: Place::Alone,
        quick: true,
        promise: promise(10, 2),
        run: large_bodies,
    },
    Scenario {
        name: "kubeconfig-bomb",
        fault: "a kubeconfig whose aliases unfold to 3 billion entries",
        place: Place::Alone,
        quick: true,
        promise: promise(5, 2),
        run: kubeconfig_bomb,
    },
    Scenario {
        name: "manifest-bomb",
        fault: "a Helm release whose manifest unfolds to 3 billion entries",
        place: Place::Simulator,
        quick: false,
        promise: promise(5, 2),
        run: manifest_bomb,
    },
    Scenario {
        name: "slow-loris",
        fault: "400 connections that send a byte of a request each second",
        place: Place::Alone,
        quick: false,
        promise: promise(60, 2),
        run: slow_loris,
    },
    Scenario {
        name: "silent-sockets",
        fault: "500 sockets on /api/v1/watch that never read, with 50 changes a second",
        place: Place::Simulator,
        quick: false,
        promise: promise(120, 10),
        run: silent_sockets,
    },
];

const WORLD: World = World { clusters: 2, objects: 200, large: 0 };

/// The server answers as before: all clusters connected, a list complete.
fn is_well(server: &Server, rows: u64) -> Result<bool> {
    Ok(server.is_connected(&cluster(1))? && server.rows(&cluster(1))? == rows)
}

fn large_bodies(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    const REQUESTS: usize = 32;
    const BYTES: usize = 5 << 20;
    let stage = Stage::start(setting, WORLD)?;
    let (server, rows) = (&stage.server, stage.server.rows(&cluster(1))?);
    let mut run = Measurement::begin(promise, server, Some(&cluster(2)))?;
    let address = server.address();
    let requests: Vec<_> = (0..REQUESTS).map(|_| std::thread::spawn(move || refused_body(address, BYTES))).collect();
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
    }
    answers.dedup();
    let [answer] = answers.as_slice() else { bail!("the answers differ: {answers:?}") };
    run.said(|| Ok(Some(answer.clone())))?;
    run.over();
    run.recovered(|| is_well(server, rows))?;
    run.finish(server, "everything; nothing of a body is stored".to_owned())
}

/// The status and the words for a body of this size. The server may answer, and stop listening, before all is sent.
fn refused_body(server: SocketAddr, bytes: usize) -> Result<String> {
    let mut stream = connect(server)?;
    let head = format!(
        "POST /api/v1/clusters HTTP/1.1\r\nhost: {server}\r\ncontent-type: application/json\r\n\
         content-length: {bytes}\r\nconnection: close\r\n\r\n{{\"name\": \""
    );
    stream.write_all(head.as_bytes()).context("cannot send a request")?;
    let piece = [b'x'; 64 << 10];
    let mut sent = 0;
    while sent < bytes && stream.write_all(&piece).is_ok() {
        sent += piece.len();
    }
    let mut answer = Vec::new();
    // A reset after the answer is no matter.
    let _reset = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("a body that is too large got no answer")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    ensure!(status.starts_with('4'), "a body that is too large was answered with {status}");
    let words = body.find('{').and_then(|start| serde_json::from_str::<Value>(body[start..].trim()).ok());
    let words = words.and_then(|body| body["message"].as_str().map(str::to_owned));
    Ok(format!("{status}: {}", words.unwrap_or_else(|| body.trim().to_owned())))
}

fn connect(server: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(server).context("cannot connect to the server")?;
    stream.set_nodelay(true).context("cannot set up a connection")?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).context("cannot set up a connection")?;
    stream.set_write_timeout(Some(Duration::from_secs(30))).context("cannot set up a connection")?;
    Ok(stream)
}

/// Nine levels of nine aliases each, after the well-known one. `indent` stands before each line.
fn bomb(indent: &str) -> String {
    let mut text = format!("{indent}a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        text.push_str(&format!("{indent}a{level}: &a{level} [{}]\n", [alias.as_str(); 9].join(", ")));
    }
    text
}

fn kubeconfig_bomb(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    let stage = Stage::start(setting, WORLD)?;
    let (server, rows) = (&stage.server, stage.server.rows(&cluster(1))?);
    let kubeconfig = format!("apiVersion: v1\nkind: Config\nextensions:\n{}", bomb("  "));
    let body = json!({"name": "bomb", "kubeconfig": kubeconfig});
    let mut run = Measurement::begin(promise, server, Some(&cluster(2)))?;
    run.said(|| {
        let answer = server.http().post("/api/v1/clusters", &body)?;
        ensure!(answer.status == 422 || answer.status == 400, "answered {}: {}", answer.status, answer.body);
        let answer = answer.json()?;
        let steps = answer["details"]["steps"].as_array().into_iter().flatten();
        let failed = steps.filter(|step| step["outcome"] == "failed").find_map(|step| step["detail"].as_str());
        Ok(failed.or(answer["message"].as_str()).map(str::to_owned))
    })?;
    run.over();
    run.recovered(|| is_well(server, rows))?;
    let registered = stage.store.count("clusters")?;
    ensure!(registered == 0, "a kubeconfig that was refused is stored");
    run.finish(server, "everything; no cluster is registered".to_owned())
}

fn manifest_bomb(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    let stage = Stage::start(setting, WORLD)?;
    let (server, broken) = (&stage.server, cluster(1));
    let rows = server.rows(&broken)?;
    let list = server.http().json(&format!("/api/v1/resources?cluster={broken}&kind=HelmRelease&limit=1"))?;
    let object = &list["items"][0]["object"];
    let part = |name: &str| object[name].as_str().context("the cluster has a HelmRelease");
    let (namespace, name) = (part("namespace")?, part("name")?);
    let api = stage.clusters.api(&broken)?;
    let release = api.json(&format!("/apis/helm.toolkit.fluxcd.io/v2/namespaces/{namespace}/helmreleases/{name}"))?;
    put_release(&api, &release)?;
    let mut run = Measurement::begin(promise, server, Some(&cluster(2)))?;
    let path = format!("/api/v1/clusters/{broken}/resources/HelmRelease/{namespace}/{name}/diff");
    run.said(|| {
        let answer = server.http().get(&path)?;
        let answer = answer.json()?;
        let problems = answer["problems"].as_array().into_iter().flatten();
        let mut messages = problems.filter_map(|problem| problem["message"].as_str());
        let found = messages.find(|message| message.contains("manifest")).map(str::to_owned);
        found.map_or_else(
            || bail!("the diff says nothing of the manifest: {}", answer["problems"]),
            |words| Ok(Some(words)),
        )
    })?;
    run.over();
    run.recovered(|| is_well(server, rows))?;
    run.finish(server, format!("{rows} of {rows} objects; the diff of that release only"))
}

/// Writes the Secret in which Helm keeps the newest release, with a manifest that unfolds.
fn put_release(api: &super::http::Http, release: &Value) -> Result<()> {
    let newest = &release["status"]["history"][0];
    let name = newest["name"].as_str().context("the release has a history")?;
    let version = newest["version"].as_i64().context("a release has a version")?;
    let namespace = release["status"]["storageNamespace"]
        .as_str()
        .or_else(|| release["metadata"]["namespace"].as_str())
        .context("a release is stored in a namespace")?;
    let manifest = format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bomb\n  namespace: {namespace}\ndata:\n{}",
        bomb("  ")
    );
    let stored = json!({
        "name": name, "namespace": namespace, "version": version, "manifest": manifest,
        "info": {"status": "deployed"}, "chart": {"metadata": {"name": name, "version": "1.0.0"}},
    });
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    zipped.write_all(stored.to_string().as_bytes()).context("cannot compress the release")?;
    let zipped = zipped.finish().context("cannot compress the release")?;
    let secret = format!("sh.helm.release.v1.{name}.v{version}");
    let body = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {"name": secret, "namespace": namespace},
        "data": {"release": STANDARD.encode(STANDARD.encode(zipped))},
    });
    let secrets = format!("/api/v1/namespaces/{namespace}/secrets");
    if api.get(&format!("{secrets}/{secret}"))?.status == 404 {
        api.post(&secrets, &body)?.good().context("cannot create the release's Secret")?;
    } else {
        let patch = ureq::http::Method::PATCH;
        api.send(patch, &format!("{secrets}/{secret}"), "application/merge-patch+json", &body.to_string())?.good()?;
    }
    Ok(())
}

/// Requests that never end are ended by the server, and take no place from anybody meanwhile.
fn slow_loris(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    const CONNECTIONS: usize = 400;
    const REQUEST: &[u8] = b"GET /api/v1/clusters HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ";
    let stage = Stage::start(setting, WORLD)?;
    let (server, rows) = (&stage.server, stage.server.rows(&cluster(1))?);
    let mut run = Measurement::begin(promise, server, Some(&cluster(2)))?;
    let mut open = (0..CONNECTIONS).map(|_| connect(server.address())).collect::<Result<Vec<_>>>()?;
    let mut bytes = REQUEST.iter().copied().chain(std::iter::repeat(b'x'));
    let mut next = Instant::now();
    let mut answers = std::collections::BTreeSet::new();
    run.said(|| {
        if Instant::now() >= next {
            next = Instant::now() + Duration::from_secs(1);
            let byte = [bytes.next().unwrap_or(b'x')];
            open.retain_mut(|stream| still_open(stream, byte, &mut answers));
        }
        let words = answers.first().cloned().unwrap_or_else(|| "nothing; the connections are closed".to_owned());
        Ok(open.is_empty().then_some(words))
    })?;
    run.over();
    run.recovered(|| is_well(server, rows))?;
    run.finish(server, format!("everything; the {CONNECTIONS} connections are closed"))
}

/// Sends the byte. False once the server has closed the connection; the status line that it sent, if any, is kept.
fn still_open(stream: &mut TcpStream, byte: [u8; 1], answers: &mut std::collections::BTreeSet<String>) -> bool {
    if stream.write_all(&byte).is_err() {
        return false;
    }
    let mut answer = [0_u8; 512];
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    let read = stream.read(&mut answer);
    if stream.set_nonblocking(false).is_err() {
        return false;
    }
    match read {
        Ok(length) => {
            let text = String::from_utf8_lossy(answer.get(..length).unwrap_or_default());
            answers.extend(text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned));
            false
        }
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    }
}

/// Sockets that nobody reads are cut off; whoever reads gets every change in time.
fn silent_sockets(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    const SOCKETS: usize = 500;
    const CHANGES_A_SECOND: u32 = 50;
    /// Between two messages to somebody who reads, while the world changes that fast.
    const READER_PATIENCE: Duration = Duration::from_secs(20);
    let stage = Stage::start(setting, WORLD)?;
    let (server, rows) = (&stage.server, stage.server.rows(&cluster(1))?);
    let before = open_files(server)?;
    let mut run = Measurement::begin(promise, server, Some(&cluster(2)))?;
    let silent = (0..SOCKETS).map(|_| WatchSocket::open_narrow(server.address())).collect::<Result<Vec<_>>>()?;
    let reader = Reader::start(WatchSocket::open(server.address())?, READER_PATIENCE);
    let open = open_files(server)?;
    ensure!(open >= before + SOCKETS, "only {open} files are open in the server");
    stage.clusters.set_rate(CHANGES_A_SECOND)?;
    run.said(|| {
        reader.has_seen("")?;
        let cut = open_files(server)? < before + SOCKETS / 10;
        Ok(cut.then(|| "nothing to those who do not listen; every change to those who do".to_owned()))
    })?;
    stage.clusters.set_rate(0)?;
    drop(silent);
    run.over();
    let changed = stage.clusters.change(&cluster(1))?;
    run.recovered(|| Ok(reader.has_seen(&changed.message)? && is_well(server, rows)?))?;
    eventually("the files of the sockets are closed", Duration::from_secs(10), || {
        Ok((open_files(server)? < before + SOCKETS / 10).then_some(()))
    })?;
    run.finish(server, format!("every change for who reads; the {SOCKETS} are cut off"))
}

/// Open files and sockets of the server.
fn open_files(server: &Server) -> Result<usize> {
    let folder = format!("/proc/{}/fd", server.id());
    Ok(std::fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?.count())
}

#[cfg(test)]
mod tests {
    use super::bomb;

    #[test]
    fn a_bomb_is_small_itself() {
        let bomb = bomb("  ");
        assert_eq!(bomb.lines().count(), 10);
        assert!(bomb.len() < 1_000);
        assert!(bomb.contains("  a9: &a9 [*a8, "));
    }
}
