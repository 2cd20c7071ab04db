//! The composition root: store, engine, router, listener, and the orderly end of all of them.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use fleet::clock::Clock;
use fleet::engine::{Engine, EngineConfig};
use fleet::services::Services;
use fleet::store::{KeySource, StoreConfig};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::cli::{AuthMode, LogFormat, ServeOptions};
use crate::http::assets::Assets;
use crate::http::router::router;
use crate::http::state::AppState;

/// What open requests get to finish in; a pod's grace period is 30 s.
const DRAIN: Duration = Duration::from_secs(25);
/// Room for about 20 sockets on each of some hundred clusters, and for the viewers.
const OPEN_FILES: u64 = 65_536;

/// Runs until SIGINT or SIGTERM.
///
/// # Errors
/// When a part cannot start; the message names the part and the way on.
pub async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    start_logging(options.log_format);
    if options.auth == AuthMode::None && !options.listen.ip().is_loopback() {
        bail!(
            "--auth none makes everybody an administrator, so it is accepted on a loopback address only, not on {}",
            options.listen
        );
    }
    if let Err(error) = rlimit::increase_nofile_limit(OPEN_FILES) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let listener =
        TcpListener::bind(options.listen).await.with_context(|| format!("cannot listen on {}", options.listen))?;
    run(options, listener, |address| tracing::info!("listening on http://{address}")).await
}

/// The same on a listener that stands already; `ready` is told its address before the first request is taken.
///
/// # Errors
/// As [`serve`].
pub async fn run(options: ServeOptions, listener: TcpListener, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let address = listener.local_addr().context("the listener has no address")?;
    let engine = Engine::start(engine_config(&options, address)).await.context("cannot start the engine")?;
    let services = Services::new(engine.clone());
    if options.auth == AuthMode::Local {
        announce_administrator(&services).await?;
    }
    let stopping = CancellationToken::new();
    let state = AppState::new(services, options.auth, Assets::embedded(), address, stopping.clone());
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    ready(address);
    let server = axum::serve(listener, service).with_graceful_shutdown({
        let stopping = stopping.clone();
        async move {
            terminated().await;
            stopping.cancel();
        }
    });
    let drained = async {
        stopping.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        outcome = server => outcome.context("the server stopped")?,
        () = drained => tracing::warn!("requests were still open after {} s", DRAIN.as_secs()),
    }
    engine.shutdown().await;
    Ok(())
}

fn engine_config(options: &ServeOptions, address: SocketAddr) -> EngineConfig {
    let clock = Clock::system();
    EngineConfig {
        store: StoreConfig { url: options.database.clone(), key: key_source(options), clock: clock.clone() },
        kubeconfig: (!options.kubeconfig.is_empty()).then(|| options.kubeconfig.clone()),
        in_cluster: options.in_cluster,
        allow_loopback_clusters: options.allow_loopback_clusters,
        own_listeners: vec![address],
        resync: Duration::from_secs(options.resync_seconds),
        build: BUILD.to_owned(),
        // Start time: no two runs of a server share it.
        epoch: clock.now().unsigned_abs(),
        clock,
    }
}

fn key_source(options: &ServeOptions) -> KeySource {
    match (&options.key, &options.key_file) {
        (Some(key), _) => KeySource::Value(key.clone()),
        (None, Some(file)) => KeySource::File(file.clone()),
        (None, None) => KeySource::BesideDatabase,
    }
}

/// What an old tab compares with, to know that the server is another build.
pub const BUILD: &str = env!("CARGO_PKG_VERSION");

fn start_logging(format: LogFormat) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,kube=warn,sqlx=warn,hyper=warn"));
    let logging = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second initialisation (tests, demo) keeps the first.
    let started = match format {
        LogFormat::Text => logging.try_init(),
        LogFormat::Json => logging.json().try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging had been started before");
    }
}

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

async fn terminated() {
    let interrupt = tokio::signal::ctrl_c();
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(%error, "cannot listen for SIGTERM");
            return;
        }
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}
