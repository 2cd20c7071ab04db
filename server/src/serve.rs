//! The composition root: store, engine, router, listeners, and the orderly end of all of them.
//!
//! On SIGTERM readiness fails first, for as long as a balancer needs to see it; then nothing new is taken, sockets are told
//! to come back, open requests finish, and the engine writes what is queued. All of it within 25 s. A second signal ends
//! the process at once.

pub mod logging;
mod signals;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use fleet::clock::Clock;
use fleet::engine::{Engine, EngineConfig};
use fleet::services::Services;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use self::signals::{Ending, Signals};
use crate::cli::{AuthMode, NetworkOptions, ServeOptions};
use crate::http::arrival::Edge;
use crate::http::assets::Assets;
use crate::http::listener::admission::Admission;
use crate::http::listener::{self, Limits, Serving};
use crate::http::proxy::TrustedProxies;
use crate::http::router::{Probes, admin_router, router};
use crate::http::state::AppState;
use crate::http::tls::{self, Configs};

/// What everything together gets to end in; a pod's grace period is 30 s.
const DRAIN: Duration = Duration::from_secs(25);
/// Of it, what the engine keeps for itself: rows that are queued are written in that time.
const FLUSH: Duration = Duration::from_secs(6);
/// Room for about 20 sockets on each of some hundred clusters, and for the viewers.
const OPEN_FILES: u64 = 65_536;
/// Connections of probes and scrapers at the same time.
const ADMIN_CONNECTIONS: u32 = 64;

/// Runs until SIGINT or SIGTERM.
///
/// # Errors
/// When a part cannot start; the message names the part and the way on.
pub async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    logging::start(options.log_format);
    let listen = options.network.listen;
    if options.auth == AuthMode::None && !listen.ip().is_loopback() {
        bail!(
            "--auth none makes everybody an administrator, so it is accepted on a loopback address only, not on {listen}"
        );
    }
    if let Err(error) = rlimit::increase_nofile_limit(OPEN_FILES) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let scheme = if options.network.tls_cert.is_some() { "https" } else { "http" };
    run(options, listener, |address| tracing::info!("listening on {scheme}://{address}")).await
}

/// The same on a listener that stands already; `ready` is told its address before the first request is taken.
///
/// # Errors
/// As [`serve`].
pub async fn run(options: ServeOptions, listener: TcpListener, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let signals = Signals::listen().context("cannot listen for signals")?;
    let address = listener.local_addr().context("the listener has no address")?;
    let stopping = CancellationToken::new();
    let tls = certificate(&options.network, &stopping)?;
    let admin = match options.network.admin_listen {
        Some(address) => Some(listen_for_probes(address).await?),
        None => None,
    };
    let engine = Engine::start(engine_config(&options, address)).await.context("cannot start the engine")?;
    let services = Services::new(engine.clone());
    if options.auth == AuthMode::Local {
        announce_administrator(&services).await?;
    }
    let edge = Arc::new(Edge::new(&options.network, address));
    let state = AppState::new(services, options.auth, Assets::embedded(), Arc::clone(&edge), stopping);
    ready(address);
    let probes = if admin.is_some() { Probes::Elsewhere } else { Probes::Here };
    let serving = Serving {
        router: router(state.clone(), probes),
        tls,
        admission: Arc::clone(&edge.connections),
        limits: Limits::default(),
    };
    let main = tokio::spawn(listener::serve(listener, serving, state.stopping.clone()));
    // The probes answer to the very end: that is how a drain can be watched.
    let admin = admin.map(|listener| {
        tokio::spawn(listener::serve(listener, for_probes(admin_router(state.clone())), CancellationToken::new()))
    });
    drain(signals, &state, Duration::from_secs(options.drain_delay_seconds), main).await;
    engine.shutdown().await;
    if let Some(admin) = admin {
        admin.abort();
    }
    Ok(())
}

async fn listen_for_probes(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} for probes"))?;
    tracing::info!("probes on http://{}", listener.local_addr().context("the listener has no address")?);
    Ok(listener)
}

fn for_probes(router: Router) -> Serving {
    let admission = Admission::new(ADMIN_CONNECTIONS, ADMIN_CONNECTIONS, TrustedProxies::default());
    Serving { router, tls: None, admission, limits: Limits::default() }
}

fn certificate(network: &NetworkOptions, stopping: &CancellationToken) -> anyhow::Result<Option<Configs>> {
    let (Some(certificate), Some(key)) = (&network.tls_cert, &network.tls_key) else { return Ok(None) };
    let configs = tls::follow(certificate.clone(), key.clone(), stopping.clone()).context("cannot speak TLS")?;
    Ok(Some(configs))
}

/// Waits for the signal, and returns when the listener and the sockets have ended or their time is over.
async fn drain(signals: Signals, state: &AppState, delay: Duration, main: tokio::task::JoinHandle<()>) {
    let ending = signals.first().await;
    let until = Instant::now() + DRAIN - FLUSH;
    state.draining.cancel();
    tracing::info!("stopping: requests under way finish, sockets are closed");
    if ending == Ending::Terminate {
        tokio::time::sleep(delay).await;
    }
    state.stopping.cancel();
    state.sockets.close();
    let finished = async {
        if let Err(error) = main.await {
            tracing::error!(%error, "the listener ended badly");
        }
        state.sockets.wait().await;
    };
    if timeout_at(until, finished).await.is_err() {
        tracing::warn!(sockets = state.sockets.len(), "requests or sockets were still open when their time was over");
    }
}

fn engine_config(options: &ServeOptions, address: SocketAddr) -> EngineConfig {
    let clock = Clock::system();
    EngineConfig {
        store: options.store.config(clock.clone(), options.retention.retention()),
        kubeconfig: (!options.kubeconfig.is_empty()).then(|| options.kubeconfig.clone()),
        in_cluster: options.in_cluster,
        allow_loopback_clusters: options.allow_loopback_clusters,
        own_listeners: std::iter::once(address).chain(options.network.admin_listen).collect(),
        resync: Duration::from_secs(options.resync_seconds),
        build: BUILD.to_owned(),
        // Start time: no two runs of a server share it.
        epoch: clock.now().unsigned_abs(),
        clock,
    }
}

/// What an old tab compares with, to know that the server is another build.
pub const BUILD: &str = env!("CARGO_PKG_VERSION");

/// The password of the first administrator goes to the terminal once, and nowhere else.
#[expect(
    clippy::print_stderr,
    reason = "a password belongs on the terminal of whoever starts the server, not into a log"
)]
async fn announce_administrator(services: &Services) -> anyhow::Result<()> {
    if let Some((name, password)) = services.ensure_administrator().await.context("cannot create the first user")? {
        eprintln!("Created the user {name} with the password {password} (shown only this once).");
    }
    Ok(())
}
