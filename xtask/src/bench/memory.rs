//! Resident memory of a server that has no cluster and has served one page.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::setting::Setting;
use super::{Figure, process};

/// Long enough for what a start allocates to be given back.
const SETTLED: Duration = Duration::from_secs(3);

pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Figure>> {
    let (server, _store) = setting.executables()?.serve(&[])?;
    ureq::get(server.address("/")).call().context("the page failed")?;
    std::thread::sleep(SETTLED);
    Ok(vec![Figure::new("idle-rss", process::resident(server.id())? / 1024.0, "MiB", 60.0)])
}
