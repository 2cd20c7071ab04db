//! Checks what `/metrics` answers: Prometheus's own parsers read it, and the names keep to the rules of promtool.
//!
//! The scrapes are written by a test of the server, on a simulated cluster of the demo; the program that checks
//! them is `xtask/promlint`, a few lines of Go around the packages that Prometheus and promtool are made of.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command;
use crate::repository::Repository;

/// The test that writes the scrapes, and the folder beneath the target folder that cargo gives to tests.
pub(crate) const TEST: &str = "metrics::a_scrape_is_left_for_the_linter";
const FOLDER: &str = "tmp";

/// A scrape as the test leaves it.
struct Scrape {
    file: &'static str,
    arguments: &'static [&'static str],
}

const SCRAPES: [Scrape; 2] = [
    Scrape { file: "metrics.txt", arguments: &[] },
    Scrape { file: "metrics.openmetrics", arguments: &["-openmetrics"] },
];

/// Removes the scrapes of an earlier run, so that what is checked is new.
pub(crate) fn forget(repository: &Repository) -> Result<()> {
    for scrape in &SCRAPES {
        let path = path(repository, scrape);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks both scrapes; the problems are on standard output.
pub(crate) fn check(repository: &Repository) -> Result<()> {
    let program = build(repository)?;
    for scrape in &SCRAPES {
        let path = path(repository, scrape);
        if !path.is_file() {
            bail!("{} is not there: the test {TEST} writes it", path.display());
        }
        command::run(&mut call(&program, scrape, &path))?;
    }
    Ok(())
}

fn call(program: &Path, scrape: &Scrape, path: &Path) -> Command {
    let mut lint = Command::new(program);
    lint.args(scrape.arguments).arg(path);
    lint
}

fn path(repository: &Repository, scrape: &Scrape) -> PathBuf {
    repository.target().join(FOLDER).join(scrape.file)
}

fn build(repository: &Repository) -> Result<PathBuf> {
    if command::on_path(&["go"]).is_none() {
        bail!("checking /metrics needs Go 1.26, as the testbed does; install it from https://go.dev/dl");
    }
    let program = repository.target().join("promlint");
    let mut go = Command::new("go");
    go.current_dir(repository.path("xtask/promlint")).env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    go.env("GOFLAGS", "-mod=readonly -buildvcs=false").arg("build").arg("-o").arg(&program).arg(".");
    command::run(&mut go)?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linter_is_told_which_format_a_file_has() {
        let [text, open_metrics] = SCRAPES;
        let shown = |scrape| command::shown(&call(Path::new("promlint"), &scrape, Path::new("file")));
        assert_eq!(shown(text), "promlint file");
        assert_eq!(shown(open_metrics), "promlint -openmetrics file");
    }
}
