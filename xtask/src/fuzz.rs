//! `cargo xtask fuzz`: builds the fuzzing and lets it run for some minutes.
//!
//! Without `--optimised` it is the build of the tests, which checks every overflow. Findings and their inputs are in
//! `target/fuzz`; the exit code says whether there are any.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::build;
use crate::command;
use crate::repository::Repository;

/// What to fuzz, and how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// For all targets together
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// One target instead of all
    #[arg(long)]
    target: Option<String>,
    /// The same seed gives the same inputs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Faster, without checks of overflows
    #[arg(long)]
    optimised: bool,
}

/// Runs it; false when it found something and has said what.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<bool> {
    let mut cargo = build::native_cargo(repository, "build");
    cargo.arg("--quiet");
    if options.optimised {
        cargo.args(["--release", "--package", "fuzz"]);
    } else {
        build::select_native(&mut cargo);
    }
    command::run(&mut cargo)?;
    let profile = if options.optimised { "release" } else { "debug" };
    let program: PathBuf = repository.target().join(profile).join("fuzz");
    let mut fuzz = Command::new(&program);
    fuzz.current_dir(repository.root()).arg("--folder").arg(repository.target().join("fuzz"));
    fuzz.args(["--seconds", &(options.minutes * 60).to_string(), "--seed", &options.seed.to_string()]);
    if let Some(target) = &options.target {
        fuzz.args(["--target", target]);
    }
    let status = fuzz.status().with_context(|| format!("cannot start `{}`", command::shown(&fuzz)))?;
    Ok(status.success())
}
