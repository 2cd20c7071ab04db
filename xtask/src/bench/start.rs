//! From starting the executable to a whole page, with an empty SQLite store.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::Figure;
use crate::build;
use crate::command;
use crate::packages::Packages;
use crate::repository::Repository;
use crate::server_process::ServerProcess;
use crate::wasm::Effort;

const RUNS: u32 = 5;

pub(super) fn run(repository: &Repository, packages: &Packages) -> Result<Vec<Figure>> {
    build::site(repository, packages, Effort::Small)?;
    let executable = build::server(repository, true, false)?;
    let mut slowest: f64 = 0.0;
    for _ in 0..RUNS {
        let store = tempfile::tempdir().context("cannot make a temporary folder")?;
        let database = format!("sqlite://{}/store.db", store.path().display());
        let start = Instant::now();
        let server = ServerProcess::start(&executable, &["serve", "--auth", "none", "--database", &database], None)?;
        let mut page = ureq::get(server.address("/")).call().context("the first page failed")?;
        page.body_mut().read_to_string().context("the first page broke off")?;
        slowest = slowest.max(start.elapsed().as_secs_f64() * 1000.0);
    }
    let start = Instant::now();
    command::run(Command::new(&executable).arg("--version").stdout(Stdio::null()))?;
    let bare = start.elapsed().as_secs_f64() * 1000.0;
    Ok(vec![Figure::new("start", slowest, "ms", 1000.0).against("--version", bare)])
}
