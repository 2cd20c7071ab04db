//! `cargo xtask demo`: everything that a first look needs, from one command.
//!
//! Builds, then runs the server on three simulated clusters; with `--real` on the two clusters of the testbed.
//! Ctrl-C ends the server; the testbed stays up until `cargo xtask testbed down`.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

use anyhow::{Context as _, Result};

use crate::build::{self, Plan};
use crate::packages::Packages;
use crate::repository::Repository;
use crate::server_process::free_address;
use crate::testbed::Testbed;

const PORT: u16 = 8080;

/// Becomes the server, so that whoever ends this ends the server, by whichever signal.
pub(crate) fn run(repository: &Repository, packages: &Packages, real: bool) -> Result<()> {
    let executable = build::all(repository, packages, Plan::DEMO)?;
    let mut server = Command::new(executable);
    let address;
    if real {
        let testbed = Testbed::new(repository, packages)?;
        testbed.up()?;
        let store = empty_folder(repository)?;
        address = free_address(PORT)?;
        server.args(["serve", "--auth", "none", "--allow-loopback-clusters"]);
        server.args(["--listen", &address.to_string()]);
        server.args(["--database", &format!("sqlite://{}/store.db", store.display())]);
        for kubeconfig in testbed.kubeconfigs() {
            server.arg("--kubeconfig").arg(kubeconfig);
        }
    } else {
        address = free_address(PORT)?;
        server.args(["demo", "--listen", &address.to_string()]);
    }
    println!("\n  flux-orchestrator is at http://{address}\n  Ctrl-C ends it.\n");
    Err(server.exec()).context("cannot start the server")
}

/// Where the server of `--real` keeps its store: anew each time.
fn empty_folder(repository: &Repository) -> Result<PathBuf> {
    let folder = repository.target().join("demo-real");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", folder.display()));
        }
        _ => {}
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}
