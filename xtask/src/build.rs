//! `cargo xtask build`: WASM, then style sheet, then assets, then the server that embeds them.
//!
//! The order is fixed by what feeds what. Each step leaves its output alone when its inputs did not change, so a build
//! with nothing to do takes a second or two.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::assets::Site;
use crate::command;
use crate::packages::Packages;
use crate::progress;
use crate::repository::Repository;
use crate::styles;
use crate::wasm::{self, Effort};

/// The packages that are built and tested together. Features unify within one cargo call, so the set is always the same.
pub(crate) const NATIVE: &[&str] = &["domain", "fleet", "app", "server", "migrations", "simulator", "fuzz"];

/// What to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The server as it is shipped: optimised and without the simulator.
    pub(crate) release: bool,
    /// How much work goes into the WASM.
    pub(crate) effort: Effort,
}

impl Plan {
    /// What `demo` and the tests run.
    pub(crate) const DEMO: Self = Self { release: false, effort: Effort::Small };
    /// What the edit loop runs.
    pub(crate) const DEV: Self = Self { release: false, effort: Effort::Quick };
    /// What is shipped.
    pub(crate) const RELEASE: Self = Self { release: true, effort: Effort::Small };
}

/// Everything; returns the server's executable.
pub(crate) fn all(repository: &Repository, packages: &Packages, plan: Plan) -> Result<PathBuf> {
    let site = site(repository, packages, plan.effort)?;
    if plan.effort != Effort::Quick
        && let Err(over) = site.check_budget()
    {
        // A page that is too heavy still works: here it is said, in the tests it fails.
        progress::note(&format!("{over:#}"));
    }
    progress::step("server", || server(repository, plan.release, plan == Plan::RELEASE))
}

/// What the browser gets.
pub(crate) fn site(repository: &Repository, packages: &Packages, effort: Effort) -> Result<Site> {
    let modules = wasm::build(repository, packages, effort)?;
    let css = progress::step("styles", || styles::build(repository))?;
    progress::step("assets", || Site::write(repository, &modules, &css))
}

/// The server's executable, with the simulator's demo unless it is `bare`.
pub(crate) fn server(repository: &Repository, release: bool, bare: bool) -> Result<PathBuf> {
    let mut cargo = native_cargo(repository, "build");
    cargo.args(["--bin", "flux-orchestrator"]);
    if bare {
        cargo.args(["--package", "server"]);
    } else {
        select_native(&mut cargo);
    }
    if release {
        cargo.arg("--release");
    }
    command::run(&mut cargo)?;
    Ok(repository.server(release))
}

/// A cargo call in the repository, free of the outer cargo's environment.
pub(crate) fn native_cargo(repository: &Repository, subcommand: &str) -> Command {
    let mut cargo = Command::new("cargo");
    command::without_cargo(&mut cargo).current_dir(repository.root()).args([subcommand, "--locked"]);
    cargo
}

/// Selects the native package set with the features that it is always built with.
pub(crate) fn select_native(cargo: &mut Command) {
    for package in NATIVE {
        cargo.args(["--package", package]);
    }
    cargo.args(["--features", "server/demo"]);
}
