//! The binary with an environment of its own, ended when the test ends.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Far more than anything here takes; a test that reaches it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A command that sees nothing of our environment, in a folder of its own.
pub(crate) fn command(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flux-orchestrator"));
    command.env_clear().current_dir(folder.path()).stdin(Stdio::null());
    command
}

pub(crate) fn run<I, S>(folder: &TempDir, arguments: I) -> Output
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    command(folder).args(arguments).output().expect("the binary starts")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("a text")
}

/// A server that runs, and its log.
pub(crate) struct Server {
    child: Child,
    log: Receiver<String>,
    /// Every line so far, as it was written.
    pub(crate) seen: Vec<String>,
}

impl Server {
    /// On free ports, with JSON logs, nobody signs in.
    pub(crate) fn start(folder: &TempDir, arguments: &[&str]) -> Self {
        let fixed = ["serve", "--listen", "127.0.0.1:0", "--auth", "none", "--log-format", "json"];
        let mut child = command(folder)
            .args(fixed)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stderr = child.stderr.take().expect("it is piped");
        let (sender, log) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, log, seen: Vec::new() }
    }

    /// The next line of the log that this accepts, as JSON.
    pub(crate) fn line(&mut self, accepts: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let line = self.log.recv_timeout(until.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|error| panic!("{error} after {:#?}", self.seen));
            self.seen.push(line.clone());
            let value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            if accepts(&value) {
                return value;
            }
        }
    }

    /// The address behind a message such as `listening on http://127.0.0.1:4711`.
    pub(crate) fn address(&mut self, message: &str) -> String {
        let line = self.line(|line| line["message"].as_str().is_some_and(|text| text.starts_with(message)));
        let text = line["message"].as_str().expect("a text");
        text.rsplit('/').next().expect("an address").to_owned()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().expect("kill is there");
        assert!(status.success(), "{name}");
    }

    /// Waits for the end; what was logged until then is in [`Self::seen`].
    pub(crate) fn end(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                self.seen.extend(self.log.iter());
                return status;
            }
            assert!(Instant::now() < until, "it does not end: {:#?}", self.seen);
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
