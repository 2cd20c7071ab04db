//! The command line; each flag has an environment variable. A command exists when it works.
//!
//! One file a command: its flags and what it does. Commands that only look or only change the store end by themselves;
//! `serve` and `demo` hand over to [`crate::serve`]. What a command has to say goes to standard output, what went wrong
//! to standard error, and the exit code tells the two apart. `docs/configuration.md` lists every flag; a test compares.

pub mod check;
#[cfg(feature = "demo")]
pub mod demo;
pub mod migrate;
pub mod rotate_key;
pub mod serve;
pub mod store;
pub mod token;
pub mod user;

use clap::{Parser, Subcommand};

pub use self::check::CheckOptions;
#[cfg(feature = "demo")]
pub use self::demo::DemoOptions;
pub use self::migrate::MigrateOptions;
pub use self::rotate_key::RotateKeyOptions;
pub use self::serve::{AuthMode, LogFormat, NetworkOptions, ServeOptions};
pub use self::store::{RetentionOptions, StoreOptions};
pub use self::token::TokenOptions;
pub use self::user::UserOptions;

/// One pane for Flux CD across many clusters.
#[derive(Debug, Parser)]
#[command(name = "flux-orchestrator", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(Box<ServeOptions>),
    /// Bring the schema of the database up to date. The server does it at start, too.
    Migrate(MigrateOptions),
    /// Seal everything that is sealed in the database with a new key. Stop the server first.
    RotateKey(RotateKeyOptions),
    /// Say whether this deployment is sane: database, key, TLS, addresses, clusters and what each permission allows.
    Check(Box<CheckOptions>),
    /// List, add, change and delete users in the database, also while nobody can sign in.
    User(Box<UserOptions>),
    /// List, make and revoke API tokens in the database.
    Token(Box<TokenOptions>),
    /// Run the server on three simulated clusters, with a store that is gone afterwards.
    #[cfg(feature = "demo")]
    Demo(DemoOptions),
}
