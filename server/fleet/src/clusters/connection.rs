//! The way to a cluster's API server: one client with its connections, TLS and time limits.
//!
//! A dead peer is noticed by TCP itself: keepalive probes after two idle seconds, and the kernel gives a connection up
//! when nothing has been acknowledged for three. So a lost cluster is known within five seconds although watches have
//! no read timeout and nothing is polled. TLS is rustls with ring. Nothing is retried here; whoever calls decides.

use std::time::Duration;

use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::config::KubeConfigOptions;
use tower::{BoxError, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

use super::address::{AddressPolicy, PolicyResolver};
use super::kubeconfig::AcceptedKubeconfig;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(2);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);
const KEEPALIVE_RETRIES: u32 = 2;
/// Unacknowledged for so long is dead: one second less than keepalive, so that the check that follows ends within five.
const USER_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a call that is no watch and no stream may take.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no connection, or why a call failed before the cluster's own answer.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error("the credentials of the kubeconfig cannot be used")]
    Credentials(#[source] kube::config::KubeconfigError),
    #[error("the service account of this pod cannot be used")]
    InCluster(#[source] kube::config::InClusterError),
    #[error("TLS to the cluster cannot be set up")]
    Tls(#[source] kube::Error),
    #[error("the address of the cluster is refused")]
    Address(#[from] super::address::AddressError),
    #[error("the cluster is not connected")]
    NotConnected,
    #[error("the permission is for {allowed}, not for cluster {asked}")]
    WrongCluster { allowed: String, asked: String },
}

/// A client for an accepted kubeconfig. Runs the credential command of an operator's kubeconfig, if it names one; opens
/// no connection yet.
///
/// # Errors
/// If the credentials cannot be read or TLS cannot be set up.
pub(crate) async fn connect(
    accepted: &AcceptedKubeconfig,
    policy: &AddressPolicy,
) -> Result<kube::Client, ConnectionError> {
    policy.check_url(&accepted.server)?;
    let config = kube::Config::from_custom_kubeconfig(accepted.kubeconfig.clone(), &KubeConfigOptions::default())
        .await
        .map_err(ConnectionError::Credentials)?;
    client(config, policy)
}

/// A client with the service account of the pod that this process runs in.
///
/// # Errors
/// If this process does not run in a pod with a service account.
pub(crate) fn connect_in_cluster() -> Result<kube::Client, ConnectionError> {
    let config = kube::Config::incluster().map_err(ConnectionError::InCluster)?;
    client(config, &AddressPolicy::of_operator())
}

fn client(config: kube::Config, policy: &AddressPolicy) -> Result<kube::Client, ConnectionError> {
    let port = config.cluster_url.port_u16().unwrap_or(match config.cluster_url.scheme_str() {
        Some("http") => 80,
        _ => 443,
    });
    let mut connector = HttpConnector::new_with_resolver(PolicyResolver { policy: policy.clone(), port });
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_keepalive(Some(KEEPALIVE_IDLE));
    connector.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    connector.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "fuchsia"))]
    connector.set_tcp_user_timeout(Some(USER_TIMEOUT));
    let connector = config.rustls_https_connector_with_connector(connector).map_err(ConnectionError::Tls)?;
    let http: HttpClient<_, Body> = HttpClient::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new())
        .option_layer(config.auth_layer().map_err(ConnectionError::Tls)?)
        .layer(config.extra_headers_layer().map_err(ConnectionError::Tls)?)
        .map_err(BoxError::from)
        .service(http);
    Ok(ClientBuilder::new(service, config.default_namespace).build())
}
