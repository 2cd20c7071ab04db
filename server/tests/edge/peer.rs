//! A listener around a few routes, and peers that speak HTTP as they please.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use server::http::listener::admission::Admission;
use server::http::listener::{Limits, Serving, serve};
use server::http::proxy::TrustedProxies;
use server::http::tls::Configs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Far more than anything here takes; a test that reaches it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) admission: Arc<Admission>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

/// `GET /` says hello, `POST /echo` gives the body back, `GET /endless` never ends.
pub(crate) async fn served(limits: Limits, total: u32, by_address: u32, tls: Option<Configs>) -> Served {
    let endless = || async {
        let chunk = axum::body::Bytes::from_static(&[b'x'; 16 * 1024]);
        axum::body::Body::from_stream(futures::stream::repeat(Ok::<_, std::convert::Infallible>(chunk)))
    };
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/echo", post(async |body: String| body))
        .route("/endless", get(endless));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let admission = Admission::new(total, by_address, TrustedProxies::default());
    let stop = CancellationToken::new();
    let serving = Serving { router, tls, admission: Arc::clone(&admission), limits };
    let task = tokio::spawn(serve(listener, serving, stop.clone()));
    Served { address, admission, stop, task }
}

impl Served {
    /// A connection that has said this.
    pub(crate) async fn connect(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("the listener is there");
        stream.write_all(text.as_bytes()).await.expect("the listener reads");
        stream
    }

    /// Waits until so many connections are open.
    pub(crate) async fn until_open(&self, count: u32) {
        let wait = async {
            while self.admission.counts().open != count {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, wait).await.expect("the number of connections changes");
    }
}

/// Everything until the server closes.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server closes").expect("in order");
    String::from_utf8(bytes).expect("a text")
}
