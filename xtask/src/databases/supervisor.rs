//! A server that is kept running until its owner is dropped: started, started again when it dies, stopped by its id.
//!
//! One thread owns the process. The kernel ends the process with that thread, so that nothing is left behind even by a
//! kill.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::command;

/// How long a server may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the process.
const LOOK: Duration = Duration::from_millis(50);
/// Starts that may fail in a row: after a kill, a server waits for its children to notice.
const STARTS: u32 = 200;

/// What to run, and where it will listen.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) command: Command,
    pub(super) address: SocketAddr,
    pub(super) log: PathBuf,
    /// The signal that ends it in order.
    pub(super) stop: &'static str,
}

/// A server that runs. Dropping the value stops it.
#[derive(Debug)]
pub(super) struct Supervisor {
    address: SocketAddr,
    stop: mpsc::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Returns when it listens.
    pub(super) fn start(mut server: Server) -> Result<Self> {
        let log =
            std::fs::File::create(&server.log).with_context(|| format!("cannot write {}", server.log.display()))?;
        server.command.stdin(Stdio::null()).stderr(log.try_clone().context("cannot share the log file")?).stdout(log);
        let (stop, stopped) = mpsc::channel();
        let (name, address, log) = (server.name, server.address, server.log.clone());
        let listens = Arc::new(AtomicBool::new(false));
        let seen = listens.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || supervise(server, &seen, &stopped))
            .context("cannot start a thread")?;
        let supervisor = Self { address, stop, thread: Some(thread) };
        supervisor.wait_until_it_listens(name, &log)?;
        listens.store(true, Ordering::Relaxed);
        Ok(supervisor)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    fn wait_until_it_listens(&self, name: &str, log: &Path) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let gave_up = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
            if gave_up || started.elapsed() > PATIENCE {
                let text = std::fs::read_to_string(log).unwrap_or_default();
                let last: Vec<&str> = text.lines().rev().take(5).collect();
                bail!("{name} does not start: {}", last.into_iter().rev().collect::<Vec<_>>().join(" / "));
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Fails only if the thread has given up already.
        let _gone = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Runs the server until asked to stop, or until it does not start at all. One that never listened is not tried again.
fn supervise(mut server: Server, listens: &AtomicBool, stopped: &mpsc::Receiver<()>) {
    let mut failed_starts = 0;
    while failed_starts == 0 || (failed_starts < STARTS && listens.load(Ordering::Relaxed)) {
        let started = Instant::now();
        let Ok(mut process) = server.command.spawn() else { return };
        loop {
            match stopped.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return end(&mut process, server.stop),
            }
            if !matches!(process.try_wait(), Ok(None)) {
                break;
            }
        }
        failed_starts = if started.elapsed() < Duration::from_secs(2) { failed_starts + 1 } else { 0 };
    }
}

fn end(process: &mut Child, signal: &str) {
    let id = process.id().to_string();
    let asked = command::run(Command::new("kill").args(["-s", signal, &id]));
    let deadline = Instant::now() + PATIENCE;
    while asked.is_ok() && Instant::now() < deadline {
        if !matches!(process.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(LOOK);
    }
    let _killed = process.kill();
    let _reaped = process.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_cannot_start_is_reported_with_the_end_of_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no space left >&2; exit 1"]);
        let address = crate::server_process::free_address(0).unwrap();
        let log = folder.path().join("log");
        let started = Supervisor::start(Server { name: "Some server", command, address, log, stop: "TERM" });
        assert!(started.unwrap_err().to_string().contains("Some server does not start: no space left"));
    }
}
