//! `flux-orchestrator demo`: three simulated clusters in this process, registered like real ones, and a store in a temporary folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use simulator::{ClusterSpec, Simulator};
use tokio::net::TcpListener;

use crate::cli::{DemoOptions, ServeOptions};
use crate::serve;

const CLUSTERS: [&str; 3] = ["prod-eu", "prod-us", "staging"];
/// A tick longer than any run: controllers act on requests, and nothing happens by itself.
const STILL: Duration = Duration::from_secs(365 * 24 * 3600);

/// Runs until SIGINT or SIGTERM; the folder goes with it.
///
/// # Errors
/// When the address is not loopback or a part cannot start.
#[expect(clippy::print_stdout, reason = "the address is what the person at the terminal waits for")]
pub async fn demo(options: DemoOptions) -> anyhow::Result<()> {
    if !options.listen.ip().is_loopback() {
        bail!("the demo knows no sign-in, so it listens on a loopback address only, not on {}", options.listen);
    }
    let listener =
        TcpListener::bind(options.listen).await.with_context(|| format!("cannot listen on {}", options.listen))?;
    let simulator = Simulator::start(CLUSTERS.map(|name| ClusterSpec::demo(name, options.seed)).to_vec())
        .await
        .context("cannot start the simulated clusters")?;
    let folder = Folder::create()?;
    if let Some(shared) = &options.kubeconfig_dir {
        share_kubeconfigs(&simulator, shared)?;
    }
    let kubeconfigs = simulator
        .clusters()
        .iter()
        .map(|cluster| folder.write(&format!("{}.kubeconfig", cluster.name()), &cluster.kubeconfig()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let tick = if options.tick_ms == 0 { STILL } else { Duration::from_millis(options.tick_ms) };
    let world = simulator::world::run(&simulator, tick, options.seed);
    let serve_options = serve_options(&options, &folder.path.join("demo.db"), &kubeconfigs)?;
    let outcome = serve::run(serve_options, listener, |address| println!("Open http://{address}")).await;
    world.abort();
    outcome
}

/// Of the environment nothing is taken: a demo is the same everywhere.
fn serve_options(options: &DemoOptions, database: &Path, kubeconfigs: &[PathBuf]) -> anyhow::Result<ServeOptions> {
    let database = format!("sqlite://{}", database.display());
    let listen = options.listen.to_string();
    let fixed = ["--auth", "none", "--allow-loopback-clusters", "--drain-delay-seconds", "0"].map(OsString::from);
    let named = [("--listen", listen), ("--database", database)];
    let named = named.into_iter().flat_map(|(name, value)| [name.into(), value.into()]);
    let clusters = kubeconfigs.iter().flat_map(|path| ["--kubeconfig".into(), path.into()]);
    ServeOptions::from_arguments(fixed.into_iter().chain(named).chain(clusters))
        .context("the demo asks the server for something that it does not know")
}

/// Gives other programs a way to the simulated clusters, so that they can change the world.
fn share_kubeconfigs(simulator: &Simulator, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for cluster in simulator.clusters() {
        let file = folder.join(format!("{}.kubeconfig", cluster.name()));
        std::fs::write(&file, cluster.kubeconfig()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// A temporary folder that is removed when the demo ends.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn create() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("flux-orchestrator-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { path })
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the demo's folder stays");
        }
    }
}
