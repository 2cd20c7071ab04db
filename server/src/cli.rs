//! The command line; each flag has an environment variable. A command exists when it works.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use secrecy::SecretString;

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
    Serve(ServeOptions),
    /// Run the server on three simulated clusters, with a store that is gone afterwards.
    #[cfg(feature = "demo")]
    Demo(DemoOptions),
}

#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    /// Address to listen on.
    #[arg(long, env = "FLUX_ORCHESTRATOR_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where state is kept, as `sqlite://PATH`.
    #[arg(long, env = "FLUX_ORCHESTRATOR_DATABASE", default_value = "sqlite://flux-orchestrator.db")]
    pub database: String,
    /// File with the key that seals credentials; made beside the SQLite file if it is not named.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// The key itself, for platforms that hand secrets over as variables.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KEY", hide_env_values = true, conflicts_with = "key_file")]
    pub key: Option<SecretString>,
    /// Local kubeconfig whose contexts are all shown; may be given more than once.
    #[arg(long, env = "FLUX_ORCHESTRATOR_KUBECONFIG", value_delimiter = ':')]
    pub kubeconfig: Vec<PathBuf>,
    /// Show the cluster that this process runs in, through its service account.
    #[arg(long, env = "FLUX_ORCHESTRATOR_IN_CLUSTER")]
    pub in_cluster: bool,
    /// Who signs people in.
    #[arg(long, env = "FLUX_ORCHESTRATOR_AUTH", value_enum, default_value_t = AuthMode::Local)]
    pub auth: AuthMode,
    /// Accept registered clusters whose API server is on this machine.
    #[arg(long, env = "FLUX_ORCHESTRATOR_ALLOW_LOOPBACK_CLUSTERS")]
    pub allow_loopback_clusters: bool,
    /// Seconds between full resyncs of a cluster, the safety net beneath the watches.
    #[arg(long, env = "FLUX_ORCHESTRATOR_RESYNC_SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(10..))]
    pub resync_seconds: u64,
    /// How log lines are written.
    #[arg(long, env = "FLUX_ORCHESTRATOR_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

#[cfg(feature = "demo")]
#[derive(Clone, Debug, Args)]
pub struct DemoOptions {
    /// Address to listen on; loopback only, because nobody signs in.
    #[arg(long, env = "FLUX_ORCHESTRATOR_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Seed of everything that happens in the simulated clusters.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Milliseconds between two events of the simulated world; 0 keeps it still, save for what it is asked to do.
    #[arg(long, default_value_t = 1_500)]
    pub tick_ms: u64,
    /// Folder that gets a kubeconfig of each simulated cluster, for kubectl and the like.
    #[arg(long)]
    pub kubeconfig_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuthMode {
    /// Everybody is an administrator; accepted on a loopback address only.
    None,
    /// Users of this server, with passwords.
    Local,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}
