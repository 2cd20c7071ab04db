//! The listener of a cluster: accepts connections, and can be taken down and set up again on the same address.
//!
//! Down means that connections are refused and open ones reset. Ends when the simulator is dropped.

use std::net::SocketAddr;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::http::router;

/// Between two attempts to take the address back.
const REBIND_PAUSE: Duration = Duration::from_millis(20);

/// Serves a cluster until `stop`.
pub(crate) async fn serve(cluster: Cluster, listener: TcpListener, address: SocketAddr, stop: CancellationToken) {
    let mut down = cluster.faults().watch_down();
    let mut listener = Some(listener);
    loop {
        let connections = stop.child_token();
        if let Some(listener) = listener.take() {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = down.wait_for(|down| *down) => {}
                () = accept(&cluster, &listener, &connections) => {}
            }
        }
        connections.cancel();
        tokio::select! {
            () = stop.cancelled() => return,
            up = down.wait_for(|down| !down) => if up.is_err() { return },
        }
        match TcpListener::bind(address).await {
            Ok(bound) => listener = Some(bound),
            Err(error) => {
                tracing::debug!(%address, %error, "the address is not free yet");
                tokio::time::sleep(REBIND_PAUSE).await;
            }
        }
    }
}

/// Accepts until it is dropped.
async fn accept(cluster: &Cluster, listener: &TcpListener, connections: &CancellationToken) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(cluster.clone(), stream, connections.child_token()));
            }
            // Out of file descriptors, most likely: some connection has to end first.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(REBIND_PAUSE).await;
            }
        }
    }
}

/// Serves one connection until it ends or is `cut`, by the cluster going down or by a fault of its own.
async fn connection(cluster: Cluster, stream: TcpStream, cut: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the connection has gone already");
        return;
    }
    let service = TowerToHyperService::new(router::router(cluster, cut.clone()));
    let mut connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = cut.cancelled() => {
            // Without lingering, the close that follows is a reset.
            if let Err(error) = connection.into_parts().io.into_inner().set_zero_linger() {
                tracing::debug!(%error, "the connection has gone already");
            }
        }
        served = &mut connection => if let Err(error) = served {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
