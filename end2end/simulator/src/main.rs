//! `flux-simulator`: generated clusters in a process of their own, steered over HTTP, so that what a server costs can be
//! told from what its clusters cost.
//!
//! Prints the address of its control endpoint on one line once everything listens, and runs until it is ended.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use clap::Parser;
use simulator::control::Control;
use simulator::{ClusterSpec, ObjectsSpec, Simulator};
use tokio::net::TcpListener;

/// Sockets of a client are about 20 for a cluster, and a test may hold several clients.
const OPEN_FILES: u64 = 65_536;

/// Model Kubernetes clusters with Flux objects, on the loopback interface.
#[derive(Debug, Parser)]
#[command(name = "flux-simulator", version)]
struct Options {
    /// How many clusters
    #[arg(long, default_value_t = 3)]
    clusters: usize,
    /// Flux objects in each
    #[arg(long, default_value_t = 1_000)]
    objects: usize,
    /// Kustomizations of them with an inventory of a mebibyte
    #[arg(long, default_value_t = 0)]
    large: usize,
    /// Decides what the objects are and how they change
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Changes a second from the start
    #[arg(long, default_value_t = 0.0)]
    rate: f64,
    /// Port of the control endpoint on 127.0.0.1; 0 for any
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let options = Options::parse();
    rlimit::increase_nofile_limit(OPEN_FILES)?;
    let spec = |number| ClusterSpec {
        objects: ObjectsSpec::Generated { count: options.objects, large: options.large },
        seed: options.seed,
        ..ClusterSpec::empty(&format!("edge-{number:03}"))
    };
    let simulator = Simulator::start((1..=options.clusters).map(spec).collect()).await?;
    let control = Control::new(simulator, options.seed);
    control.set_rate(options.rate);
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    let router = control.router();
    tokio::select! {
        served = async { axum::serve(listener, router).await } => served,
        () = control.change_at_rate() => Ok(()),
    }
}
