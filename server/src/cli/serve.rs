//! Flags of `serve`: the store, who signs in, which clusters, the network, logs.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, FromArgMatches as _, ValueEnum};
use ipnet::IpNet;

use super::store::{RetentionOptions, StoreOptions};
use crate::http::security::Origin;

#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    #[command(flatten)]
    pub store: StoreOptions,
    #[command(flatten)]
    pub network: NetworkOptions,
    #[command(flatten)]
    pub retention: RetentionOptions,
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
    /// Seconds after SIGTERM in which requests are still taken while /readyz fails already, so that a balancer turns
    /// away first. SIGINT skips them.
    #[arg(long, env = "FLUX_ORCHESTRATOR_DRAIN_DELAY_SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(..=15))]
    pub drain_delay_seconds: u64,
}

impl ServeOptions {
    /// The defaults changed by these arguments; the environment is not read.
    ///
    /// # Errors
    /// When an argument is not understood.
    pub fn from_arguments<I>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = std::ffi::OsString>,
    {
        let command = Self::augment_args(clap::Command::new("serve").no_binary_name(true));
        let matches = command.mut_args(|argument| argument.env(None::<&str>)).try_get_matches_from(arguments)?;
        Self::from_arg_matches(&matches)
    }
}

/// What is listened on, who may come from where, and how much of it at once.
#[derive(Clone, Debug, Args)]
pub struct NetworkOptions {
    /// Address to listen on.
    #[arg(long, env = "FLUX_ORCHESTRATOR_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Second address, for /livez, /readyz and /metrics, which then leave the first. Plain HTTP, without sign-in.
    #[arg(long, env = "FLUX_ORCHESTRATOR_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// File with the certificate chain in PEM; HTTPS is spoken then. Read again when it changes and on SIGHUP.
    #[arg(long, env = "FLUX_ORCHESTRATOR_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// File with the private key of the certificate in PEM.
    #[arg(long, env = "FLUX_ORCHESTRATOR_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The address under which browsers reach this server, as `https://flux.example`. Other hosts are refused then.
    #[arg(long, env = "FLUX_ORCHESTRATOR_PUBLIC_URL")]
    pub public_url: Option<Origin>,
    /// Another address under which browsers reach this server; may be given more than once.
    #[arg(long = "allowed-origin", env = "FLUX_ORCHESTRATOR_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<Origin>,
    /// Network of proxies whose forwarding headers and request ids are believed, as `10.0.0.0/8`; may be given more
    /// than once.
    #[arg(
        long = "trusted-proxy", env = "FLUX_ORCHESTRATOR_TRUSTED_PROXIES", value_delimiter = ',',
        value_parser = network
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// Connections that are open at the same time.
    #[arg(long, env = "FLUX_ORCHESTRATOR_MAX_CONNECTIONS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,
    /// Connections that one address (IPv6: one /64) has open at the same time; trusted proxies are not counted.
    #[arg(long, env = "FLUX_ORCHESTRATOR_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections_per_address: u32,
}

/// A network in CIDR notation, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "expected a network such as 10.0.0.0/8, or one address".to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_by_network_or_by_address() {
        assert_eq!(network("10.0.0.0/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").unwrap().to_string(), "::1/128");
        assert!(network("proxy.example").is_err());
    }
}
