//! From starting the executable to a whole page, with an empty SQLite store.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::Figure;
use super::setting::Setting;
use crate::command;

const RUNS: u32 = 5;

pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Figure>> {
    let executables = setting.executables()?;
    // Once before anything counts, so that the first run does not pay for reading the file from the disk.
    command::run(Command::new(&executables.server).arg("--version").stdout(Stdio::null()))?;
    let mut slowest: f64 = 0.0;
    for _ in 0..RUNS {
        let start = Instant::now();
        let (server, _store) = executables.serve(&[])?;
        let mut page = ureq::get(server.address("/")).call().context("the first page failed")?;
        page.body_mut().read_to_string().context("the first page broke off")?;
        slowest = slowest.max(start.elapsed().as_secs_f64() * 1000.0);
    }
    let start = Instant::now();
    command::run(Command::new(&executables.server).arg("--version").stdout(Stdio::null()))?;
    let bare = start.elapsed().as_secs_f64() * 1000.0;
    Ok(vec![Figure::new("start", slowest, "ms", 1000.0).against("--version", bare)])
}
