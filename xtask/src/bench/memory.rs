//! Resident memory of a server that has no cluster and has served one page.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::Figure;
use crate::build;
use crate::packages::Packages;
use crate::repository::Repository;
use crate::server_process::ServerProcess;
use crate::wasm::Effort;

/// Long enough for what a start allocates to be given back.
const SETTLED: Duration = Duration::from_secs(3);

pub(super) fn run(repository: &Repository, packages: &Packages) -> Result<Vec<Figure>> {
    build::site(repository, packages, Effort::Small)?;
    let executable = build::server(repository, true, false)?;
    let store = tempfile::tempdir().context("cannot make a temporary folder")?;
    let database = format!("sqlite://{}/store.db", store.path().display());
    let server = ServerProcess::start(&executable, &["serve", "--auth", "none", "--database", &database], None)?;
    ureq::get(server.address("/")).call().context("the page failed")?;
    std::thread::sleep(SETTLED);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).context("cannot read /proc")?;
    let kibibytes = resident(&status).context("/proc says nothing about resident memory")?;
    Ok(vec![Figure::new("idle-rss", kibibytes / 1024.0, "MiB", 60.0)])
}

/// `VmRSS:     45678 kB`
fn resident(status: &str) -> Option<f64> {
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_kernel_s_table() {
        assert_eq!(resident("Name:\tx\nVmPeak:\t  90 kB\nVmRSS:\t   45678 kB\n"), Some(45_678.0));
        assert_eq!(resident("Name:\tx\n"), None);
    }
}
