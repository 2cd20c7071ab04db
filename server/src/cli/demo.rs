//! Flags of `demo`; what it does is in [`crate::demo`].

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Args)]
pub struct DemoOptions {
    /// Address to listen on; loopback only, because nobody signs in.
    #[arg(long, env = "FLUX_ORCHESTRATOR_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Seed of everything that happens in the simulated clusters.
    #[arg(long, env = "FLUX_ORCHESTRATOR_DEMO_SEED", default_value_t = 1)]
    pub seed: u64,
    /// Milliseconds between two events of the simulated world; 0 keeps it still, save for what it is asked to do.
    #[arg(long, env = "FLUX_ORCHESTRATOR_DEMO_TICK_MS", default_value_t = 1_500)]
    pub tick_ms: u64,
    /// Folder that gets a kubeconfig of each simulated cluster, for kubectl and the like.
    #[arg(long, env = "FLUX_ORCHESTRATOR_DEMO_KUBECONFIG_DIR")]
    pub kubeconfig_dir: Option<PathBuf>,
}
