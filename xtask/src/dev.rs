//! `cargo xtask dev`: rebuilds and restarts the demo when a source changes.
//!
//! Modification times are looked at twice a second. A build that fails leaves the last server running and says why; the
//! next change tries again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use crate::build::{self, Plan};
use crate::digest;
use crate::packages::Packages;
use crate::progress;
use crate::repository::Repository;
use crate::server_process::free_address;

const WATCHED: &[&str] =
    &["app", "frontend", "server", "migrations", "end2end/simulator", "style", "Cargo.toml", "Cargo.lock"];
const INTERVAL: Duration = Duration::from_millis(500);

/// Runs until Ctrl-C.
pub(crate) fn run(repository: &Repository, packages: &Packages) -> Result<()> {
    let watched: Vec<PathBuf> = WATCHED.iter().map(|path| repository.path(path)).collect();
    let address = free_address(8080)?.to_string();
    let mut server: Option<Child> = None;
    loop {
        let seen = newest(&watched)?;
        match build::all(repository, packages, Plan::DEV) {
            Ok(executable) => {
                if let Some(last) = &mut server {
                    end(last)?;
                }
                server = Some(start(&executable, &address)?);
                println!("\n  http://{address}\n");
            }
            Err(error) => eprintln!("error: {error:#}"),
        }
        while newest(&watched)? == seen {
            std::thread::sleep(INTERVAL);
            if let Some(running) = &mut server
                && let Some(status) = running.try_wait().context("cannot ask for the server's state")?
            {
                progress::note(&format!("the server ended with {status}; waiting for a change"));
                server = None;
            }
        }
    }
}

fn start(executable: &Path, address: &str) -> Result<Child> {
    Command::new(executable).args(["demo", "--listen", address]).spawn().context("cannot start the server")
}

fn end(server: &mut Child) -> Result<()> {
    server.kill().context("cannot end the last server")?;
    server.wait().context("cannot end the last server")?;
    Ok(())
}

/// How many files there are and when the newest was written: different after every edit, addition and removal.
fn newest(watched: &[PathBuf]) -> Result<(usize, SystemTime)> {
    let files = digest::files(watched)?;
    let times = files.iter().filter_map(|file| file.metadata().and_then(|data| data.modified()).ok());
    Ok((files.len(), times.max().unwrap_or(SystemTime::UNIX_EPOCH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_added_and_a_removed_file_are_both_seen() {
        let folder = tempfile::tempdir().unwrap();
        let watched = [folder.path().to_owned()];
        std::fs::write(folder.path().join("a"), "").unwrap();
        let first = newest(&watched).unwrap();
        std::fs::write(folder.path().join("b"), "").unwrap();
        let second = newest(&watched).unwrap();
        assert_ne!(first, second);
        std::fs::remove_file(folder.path().join("b")).unwrap();
        assert_ne!(newest(&watched).unwrap(), second);
    }
}
