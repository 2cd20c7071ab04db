//! `cargo xtask demo`: everything that a first look needs, from one command.
//!
//! Builds, then runs the server on three simulated clusters; with `--real` on the two clusters of the testbed.
//! Ctrl-C ends the server; the testbed stays up until `cargo xtask testbed down`.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::build::{self, Plan};
use crate::command;
use crate::packages::Packages;
use crate::repository::Repository;
use crate::server_process::free_address;
use crate::testbed::Testbed;

const PORT: u16 = 8080;

/// Runs until Ctrl-C.
pub(crate) fn run(repository: &Repository, packages: &Packages, real: bool) -> Result<()> {
    let executable = build::all(repository, packages, Plan::DEMO)?;
    let store = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut server = Command::new(executable);
    let address;
    if real {
        let testbed = Testbed::new(repository, packages)?;
        testbed.up()?;
        address = free_address(PORT)?;
        server.args(["serve", "--auth", "none", "--allow-loopback-clusters"]);
        server.args(["--listen", &address.to_string()]);
        server.args(["--database", &format!("sqlite://{}/store.db", store.path().display())]);
        for kubeconfig in testbed.kubeconfigs() {
            server.arg("--kubeconfig").arg(kubeconfig);
        }
    } else {
        address = free_address(PORT)?;
        server.args(["demo", "--listen", &address.to_string()]);
    }
    println!("\n  flux-orchestrator is at http://{address}\n  Ctrl-C ends it.\n");
    command::run(&mut server)
}
