//! The server under test: started on a store of its own, killed, started again where it was, and asked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::clusters::Changed;
use super::http::Http;
use super::observation::eventually;
use crate::server_process::ServerProcess;

/// A cluster that is well is connected within this long, on a machine that builds something else at the same time.
const CONNECTED_WITHIN: Duration = Duration::from_secs(60);

/// A server with what it was started with.
pub(crate) struct Server {
    process: ServerProcess,
    http: Http,
    executable: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    starts: u32,
}

impl Server {
    /// Starts `flux-orchestrator serve` with these arguments; its log goes into `folder`.
    pub(crate) fn start(executable: &Path, folder: &Path, arguments: &[String]) -> Result<Self> {
        let arguments: Vec<String> = std::iter::once("serve".to_owned()).chain(arguments.iter().cloned()).collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let log = folder.join("server.log");
        let process = ServerProcess::start(executable, &words, Some(&log))?;
        let http = Http::new(process.address(""));
        Ok(Self { process, http, executable: executable.to_owned(), arguments, log, starts: 1 })
    }

    /// Ends the server as a crash would, does `between`, and starts it again on the same address and store.
    pub(crate) fn crash(self, between: impl FnOnce() -> Result<()>) -> Result<Self> {
        let Self { process, http, executable, arguments, log, starts } = self;
        let address = process.socket_address();
        process.kill()?;
        between()?;
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let log = log.with_extension(format!("{starts}.log"));
        let process = ServerProcess::start_at(address, &executable, &words, Some(&log))?;
        Ok(Self { process, http, executable, arguments, log, starts: starts + 1 })
    }

    /// As somebody who signs in with the password that the first start has printed.
    pub(crate) fn sign_in_as_administrator(&mut self) -> Result<()> {
        let log = std::fs::read_to_string(&self.log).context("cannot read the server's log")?;
        let password = log.split_once("with the password ").and_then(|(_, rest)| rest.split(' ').next());
        let password = password.context("the first start printed no password")?;
        let form = format!("name=admin&password={password}");
        let answer = self.http.send(ureq::http::Method::POST, "/login", "application/x-www-form-urlencoded", &form)?;
        let cookie = answer.cookie.context("signing in gave no cookie")?;
        self.http = self.http.clone().with_header("cookie", cookie);
        Ok(())
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// Process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.process.socket_address()
    }

    /// The cluster as REST shows it.
    pub(crate) fn cluster(&self, cluster: &str) -> Result<Value> {
        let clusters = self.http.json("/api/v1/clusters")?;
        let found = clusters["items"].as_array().into_iter().flatten().find(|item| item["id"] == cluster);
        found.cloned().with_context(|| format!("the server knows no cluster {cluster}"))
    }

    pub(crate) fn is_connected(&self, cluster: &str) -> Result<bool> {
        Ok(self.cluster(cluster)?["status"]["state"] == "connected")
    }

    pub(crate) fn wait_until_connected(&self, clusters: &[String]) -> Result<()> {
        for cluster in clusters {
            eventually(&format!("{cluster} is connected"), CONNECTED_WITHIN, || {
                Ok(self.is_connected(cluster)?.then_some(()))
            })?;
        }
        Ok(())
    }

    /// The words for a cluster that is lost, once they are there: `unreachable: connection refused`. They must also
    /// stand on the cluster's page.
    pub(crate) fn lost(&self, cluster: &str) -> Result<Option<String>> {
        let status = &self.cluster(cluster)?["status"];
        let (Some(state), Some(reason)) = (status["state"].as_str(), status["reason"].as_str()) else {
            return Ok(None);
        };
        self.page_says(&format!("/clusters/{cluster}"), reason)?;
        Ok(Some(format!("{state}: {reason}")))
    }

    /// An error when the page, as text, does not hold the words.
    pub(crate) fn page_says(&self, path: &str, words: &str) -> Result<()> {
        let page = self.http.get(path)?;
        if page.status != 200 {
            bail!("the page {path} answered {}", page.status);
        }
        if !plain(&page.body).contains(words) {
            bail!("the page {path} does not say: {words}");
        }
        Ok(())
    }

    /// Flux objects of the cluster that a list shows.
    pub(crate) fn rows(&self, cluster: &str) -> Result<u64> {
        let list = self.http.json(&format!("/api/v1/resources?cluster={cluster}&limit=1"))?;
        list["total"].as_u64().context("a list has a total")
    }

    /// Whether the object shows what was changed.
    pub(crate) fn shows(&self, changed: &Changed) -> Result<bool> {
        Ok(self.http.json(&changed.path)?["row"]["message"] == changed.message.as_str())
    }
}

/// The text of a page: without tags, with the five entities of HTML resolved.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text, |text, (entity, letter)| text.replace(entity, letter))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_page_is_read_as_text() {
        assert_eq!(plain("<dd class=\"x\">no <!--hot-->answer &amp; &lt;none&gt;</dd>"), "no answer & <none>");
    }
}
