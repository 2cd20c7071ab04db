//! `cargo xtask`: the build driver's command line. Each command is a module of its own; nothing is decided here.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its terminal")]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::packages::Packages;
use crate::repository::Repository;

mod assets;
mod build;
mod command;
mod digest;
mod packages;
mod progress;
mod repository;
mod styles;
mod wasm;
mod wasm_opt;
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
    /// Build WASM, style sheet, assets and server
    Build {
        /// As it is shipped: optimised, without the demo
        #[arg(long)]
        release: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let repository = Repository::here();
    let packages = Packages::new(!arguments.no_install);
    match arguments.task {
        Task::Build { release } => {
            let plan = if release { build::Plan::RELEASE } else { build::Plan::DEMO };
            let server = build::all(&repository, &packages, plan)?;
            println!("{}", server.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
