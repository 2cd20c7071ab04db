//! `cargo xtask`: the build driver's command line. Each command is a module of its own; nothing is decided here.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::packages::Packages;
use crate::repository::Repository;

mod assets;
mod bench;
mod build;
mod command;
mod databases;
mod demo;
mod dev;
mod digest;
mod exposition;
mod fuzz;
mod packages;
mod progress;
mod reliability;
mod repository;
mod server_process;
mod style_assets;
mod styles;
mod test;
mod testbed;
mod tidy;
mod wasm;
mod wasm_split;
mod wasm_toolchain;

/// Builds, runs, tests and measures flux-orchestrator.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
    /// Never install missing packages; say what is missing instead
    #[arg(long, global = true)]
    no_install: bool,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build everything and run it on three simulated clusters
    Demo {
        /// On the testbed's two real clusters instead
        #[arg(long)]
        real: bool,
    },
    /// Run the demo, and rebuild and restart it when a source changes
    Dev,
    /// Build WASM, style sheet, assets and server
    Build {
        /// As it is shipped: optimised, without the demo
        #[arg(long)]
        release: bool,
    },
    /// Run every check and every test; ends with `N passed, N failed`
    Test {
        /// Leave out what needs servers: browser tests and the testbed
        #[arg(long)]
        quick: bool,
    },
    /// Measure what has a budget
    Bench {
        /// One bench instead of all
        name: Option<String>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// Measure the executables of this folder instead of a build of this checkout
        #[arg(long)]
        executables: Option<PathBuf>,
    },
    /// Break things around a running server and check what is promised about it; writes docs/reliability.md
    Reliability {
        /// Decides what the simulated clusters hold and how they change
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// One scenario instead of all
        #[arg(long)]
        scenario: Option<String>,
        /// Also those on real Kubernetes
        #[arg(long)]
        testbed: bool,
        /// Run the executables of this folder instead of a build of this checkout
        #[arg(long)]
        executables: Option<PathBuf>,
    },
    /// Change inputs of everything that reads foreign bytes, until something breaks
    Fuzz(fuzz::Options),
    /// Real Kubernetes and Flux on this machine
    Testbed {
        #[command(subcommand)]
        action: TestbedAction,
    },
    /// Check the rules of this repository that no compiler knows
    Tidy,
    /// Refresh the fonts in style/ from their npm packages
    Fonts,
    /// Refresh the icon sprite in style/ from its npm package
    Icons,
}

#[derive(Debug, Subcommand)]
enum TestbedAction {
    /// Build what is missing and start what does not run
    Up,
    /// Stop it and remove its data
    Down,
    /// One line a process
    Status,
    /// Kill processes by name; `up` starts them again
    Kill {
        /// Names as `status` shows them
        #[arg(required = true)]
        names: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the task; false when it found something wrong and has said what.
fn run(arguments: Arguments) -> Result<bool> {
    let repository = Repository::here();
    let packages = Packages::new(!arguments.no_install);
    match arguments.task {
        Task::Demo { real } => demo::run(&repository, &packages, real)?,
        Task::Dev => dev::run(&repository, &packages)?,
        Task::Build { release } => {
            let plan = if release { build::Plan::RELEASE } else { build::Plan::DEMO };
            let server = build::all(&repository, &packages, plan)?;
            println!("{}", server.display());
        }
        Task::Test { quick } => return test::run(&repository, &packages, quick),
        Task::Bench { name, json, executables } => {
            return bench::run(&repository, &packages, name.as_deref(), json, executables);
        }
        Task::Reliability { seed, scenario, testbed, executables } => {
            let choice = reliability::Choice { seed, scenario: scenario.as_deref(), testbed, executables };
            return reliability::run(&repository, &packages, &choice);
        }
        Task::Fuzz(options) => return fuzz::run(&repository, &options),
        Task::Testbed { action } => {
            let testbed = testbed::Testbed::new(&repository, &packages)?;
            match action {
                TestbedAction::Up => testbed.up()?,
                TestbedAction::Down => testbed.down()?,
                TestbedAction::Status => testbed.status()?,
                TestbedAction::Kill { names } => testbed.kill(&names)?,
            }
        }
        Task::Fonts => style_assets::fonts()?,
        Task::Icons => style_assets::icons()?,
        Task::Tidy => {
            let report = tidy::run(&repository)?;
            for problem in &report.problems {
                println!("{problem}");
            }
            println!("{} checks, {} problems", report.checks, report.problems.len());
            return Ok(report.problems.is_empty());
        }
    }
    Ok(true)
}
