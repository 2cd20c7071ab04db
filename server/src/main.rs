//! The `flux-orchestrator` binary: reads the command line and hands over. Decides nothing.
#![expect(clippy::print_stderr, reason = "the command line speaks to a terminal")]

use std::process::ExitCode;

use clap::Parser;
use server::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        // Another provider in the process would make every handshake a gamble.
        eprintln!("flux-orchestrator: a TLS provider was installed before ours");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("flux-orchestrator: cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(options) => server::serve::serve(*options).await,
            Command::Migrate(options) => options.run().await,
            Command::RotateKey(options) => options.run().await,
            Command::Check(options) => options.run().await,
            Command::User(options) => options.run().await,
            Command::Token(options) => options.run().await,
            #[cfg(feature = "demo")]
            Command::Demo(options) => server::demo::demo(options).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flux-orchestrator: {error:#}");
            ExitCode::FAILURE
        }
    }
}
