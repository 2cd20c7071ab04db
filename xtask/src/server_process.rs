//! A server that this build driver started: a free address for it, waiting until it answers, ending it.
//!
//! Dropping the value ends the process. The server stays in our own process group, so Ctrl-C ends both.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::command;

/// A running server.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    address: SocketAddr,
    /// From the start to the first good answer of `/livez`.
    pub(crate) started_in: Duration,
}

impl ServerProcess {
    /// Starts the server with these arguments and `--listen ADDRESS`, and waits until it is alive.
    /// What it writes goes to `log`, or nowhere.
    pub(crate) fn start(executable: &Path, arguments: &[&str], log: Option<&Path>) -> Result<Self> {
        Self::start_at(free_address(0)?, executable, arguments, log)
    }

    /// The same on an address that an earlier server had.
    pub(crate) fn start_at(
        address: SocketAddr,
        executable: &Path,
        arguments: &[&str],
        log: Option<&Path>,
    ) -> Result<Self> {
        let mut command = Command::new(executable);
        command.args(arguments).args(["--listen", &address.to_string()]).stdin(Stdio::null());
        match log {
            Some(file) => {
                let log = std::fs::File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
                command.stderr(log.try_clone().context("cannot share the log file")?).stdout(log);
            }
            None => {
                command.stdout(Stdio::null()).stderr(Stdio::null());
            }
        }
        let start = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start `{}`", command::shown(&command)))?;
        let mut process = Self { child, address, started_in: Duration::ZERO };
        process.wait_until_alive(start, Duration::from_secs(60))?;
        process.started_in = start.elapsed();
        Ok(process)
    }

    fn wait_until_alive(&mut self, start: Instant, limit: Duration) -> Result<()> {
        let alive = self.address("/livez");
        loop {
            if ureq::get(&alive).call().is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait().context("cannot ask for the server's state")? {
                bail!("the server ended with {status} before it answered");
            }
            if start.elapsed() > limit {
                bail!("the server did not answer {alive} within {} s", limit.as_secs());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The address of a page on this server.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where it listens.
    pub(crate) fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// The server's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a crash would (SIGKILL): nothing is written, nothing is closed.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill().context("cannot kill the server")?;
        self.child.wait().context("cannot wait for the killed server")?;
        Ok(())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let _gone = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let deadline = Instant::now() + Duration::from_secs(3);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A loopback address that nobody listens on: the port wanted or the next free one; any for port 0.
pub(crate) fn free_address(port: u16) -> Result<SocketAddr> {
    let ports = if port == 0 { 0..=0 } else { port..=port.saturating_add(100) };
    for port in ports {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return listener.local_addr().context("a listener has an address");
        }
    }
    bail!("no free port on 127.0.0.1 from {port} on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_leads_to_the_next_free_one() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(free_address(port).unwrap().port() > port);
    }

    #[test]
    fn a_server_that_ends_at_once_is_reported() {
        let error = ServerProcess::start(Path::new("/bin/false"), &[], None).unwrap_err();
        assert_eq!(error.to_string(), "the server ended with exit status: 1 before it answered");
    }
}
