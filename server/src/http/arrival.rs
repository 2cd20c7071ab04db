//! How a request came here: from which address, over what, for which host. Decided once, before anything else looks.
//!
//! Behind this layer [`ConnectInfo`] holds the client's address and `Host` the host that the client asked for, whatever
//! proxies stand between; forwarding headers are gone. Rate limits, the audit, the session cookie and the checks of
//! origin and host all use these. The request id is taken from a trusted proxy or made here.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::error::{ApiError, ErrorCode};
use uuid::Uuid;

use super::error::{Failure, REQUEST_ID};
use super::listener::admission::Admission;
use super::proxy::{FORWARDING, Told, TrustedProxies};
use super::security::{Origins, is_loopback_host};
use crate::cli::NetworkOptions;

/// Longest request id that a proxy may send.
const LONGEST_ID: usize = 128;

/// What the operator said about the network around this server.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The address that is listened on.
    pub address: SocketAddr,
    pub origins: Origins,
    pub proxies: TrustedProxies,
    /// Of the listener.
    pub connections: Arc<Admission>,
}

impl Edge {
    #[must_use]
    pub fn new(network: &NetworkOptions, address: SocketAddr) -> Self {
        let proxies = TrustedProxies::new(network.trusted_proxies.clone());
        Self {
            address,
            origins: Origins::new(network.public_url.iter().chain(&network.allowed_origins).cloned().collect()),
            connections: Admission::new(network.max_connections, network.max_connections_per_address, proxies.clone()),
            proxies,
        }
    }
}

/// Put into the requests of a listener that speaks TLS.
#[derive(Clone, Copy, Debug)]
pub struct OverTls;

/// How the request at hand came here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Address of the client, where the listener knows it.
    pub address: Option<IpAddr>,
    /// Whether the client spoke HTTPS.
    pub secure: bool,
    /// The host that the client asked for, with its port, lowercase.
    pub host: Option<String>,
    /// The listener's own port.
    pub port: u16,
    /// The client used a name or address of this machine.
    pub loopback: bool,
}

impl Arrival {
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// Name of the session cookie. Over HTTPS `__Host-`, which no other host or path can set; on loopback with the port,
    /// because browsers share cookies between the ports of a host.
    #[must_use]
    pub fn cookie_name(&self) -> String {
        if self.secure || !self.loopback {
            return "__Host-flux-orchestrator".to_owned();
        }
        let port = self.host.as_deref().and_then(|host| host.rsplit_once(':')).map(|(_, port)| port);
        let port = port.and_then(|port| port.parse().ok()).unwrap_or(self.port);
        format!("flux-orchestrator-{port}")
    }

    /// Whether the cookie may travel over HTTPS only: everywhere but on loopback.
    #[must_use]
    pub fn secure_cookie(&self) -> bool {
        self.secure || !self.loopback
    }

    /// Whether a browser keeps the session cookie. Over plain HTTP from another machine none does, and nobody should
    /// type a password there.
    #[must_use]
    pub fn can_sign_in(&self) -> bool {
        self.secure || self.loopback
    }

    fn of(edge: &Edge, peer: Option<IpAddr>, over_tls: bool, told: Option<&Told>, host: Option<String>) -> Self {
        let host = told.and_then(|told| told.host.clone()).or(host).map(|host| host.to_ascii_lowercase());
        let told_secure = told.and_then(|told| told.proto.as_deref()).map(|proto| proto == "https");
        let listed = || host.as_deref().is_some_and(|host| edge.origins.is_secure_host(host));
        Self {
            address: told.map(|told| told.address).or(peer),
            secure: over_tls || told_secure.unwrap_or_else(listed),
            loopback: host.as_deref().map_or_else(|| edge.address.ip().is_loopback(), is_loopback_host),
            port: edge.address.port(),
            host,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Arrival {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// The outermost layer.
pub async fn resolve(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let told = peer.and_then(|peer| edge.proxies.told(peer.ip(), request.headers()));
    let over_tls = request.extensions().get::<OverTls>().is_some();
    let host = take_host(&mut request);
    let arrival = Arrival::of(&edge, peer.map(|peer| peer.ip()), over_tls, told.as_ref(), host);

    let headers = request.headers_mut();
    for name in FORWARDING {
        headers.remove(name);
    }
    if let Some(Ok(host)) = arrival.host.as_deref().map(HeaderValue::from_str) {
        headers.insert(HOST, host);
    }
    let given = headers.remove(REQUEST_ID).filter(|id| told.is_some() && is_request_id(id));
    headers.insert(REQUEST_ID, given.unwrap_or_else(new_request_id));
    if let (Some(address), Some(peer)) = (arrival.address, peer)
        && address != peer.ip()
    {
        // The port is the proxy's and says nothing about the client.
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
    request.extensions_mut().insert(arrival);
    next.run(request).await
}

/// Refuses a request for a host that is not ours.
pub async fn check_host(State(edge): State<Arc<Edge>>, arrival: Arrival, request: Request, next: Next) -> Response {
    if edge.origins.accept_host(arrival.host.as_deref(), edge.address.ip().is_loopback()) {
        return next.run(request).await;
    }
    let message = "This server does not know itself under this host. Start it with --public-url and the address that \
                   browsers use.";
    Failure(ApiError::new(ErrorCode::Forbidden, message)).into_response()
}

/// The authority of the request line (HTTP/2 always has one) or the `Host` header; the request line keeps its path.
fn take_host(request: &mut Request) -> Option<String> {
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    if authority.is_some()
        && let Some(path) = request.uri().path_and_query().cloned()
    {
        *request.uri_mut() = Uri::from(path);
    }
    let header = || request.headers().get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    authority.or_else(header)
}

fn is_request_id(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=LONGEST_ID).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:=+/".contains(byte))
}

fn new_request_id() -> HeaderValue {
    HeaderValue::from_str(&Uuid::new_v4().to_string()).expect("a UUID is ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(listen: &str, origins: &[&str]) -> Edge {
        Edge {
            address: listen.parse().expect("an address"),
            origins: Origins::new(origins.iter().map(|origin| origin.parse().expect("an origin")).collect()),
            proxies: TrustedProxies::default(),
            connections: Admission::new(1, 1, TrustedProxies::default()),
        }
    }

    fn arrival(edge: &Edge, over_tls: bool, proto: Option<&str>, host: &str) -> Arrival {
        let told = proto.map(|proto| Told {
            address: "198.51.100.7".parse().expect("an address"),
            proto: Some(proto.to_owned()),
            host: None,
        });
        Arrival::of(edge, None, over_tls, told.as_ref(), Some(host.to_owned()))
    }

    #[test]
    fn the_cookie_follows_from_how_the_browser_came() {
        let anywhere = edge("0.0.0.0:8080", &[]);
        let cookie = |arrival: Arrival| (arrival.cookie_name(), arrival.secure_cookie(), arrival.can_sign_in());
        let host_cookie = "__Host-flux-orchestrator".to_owned();
        assert_eq!(cookie(arrival(&anywhere, true, None, "flux.example")), (host_cookie.clone(), true, true));
        assert_eq!(cookie(arrival(&anywhere, false, Some("https"), "flux.example")), (host_cookie.clone(), true, true));
        assert_eq!(cookie(arrival(&anywhere, false, None, "flux.example")), (host_cookie.clone(), true, false));
        // A forwarded port of `kubectl port-forward`.
        let forwarded = ("flux-orchestrator-9999".to_owned(), false, true);
        assert_eq!(cookie(arrival(&anywhere, false, None, "localhost:9999")), forwarded);
        let listed = edge("127.0.0.1:8080", &["https://flux.example"]);
        assert_eq!(cookie(arrival(&listed, false, None, "flux.example")), (host_cookie, true, true));
    }

    #[test]
    fn a_proxy_that_says_http_is_believed_before_the_list() {
        let listed = edge("0.0.0.0:8080", &["https://flux.example"]);
        assert!(!arrival(&listed, false, Some("http"), "flux.example").secure);
        assert!(arrival(&listed, true, Some("http"), "flux.example").secure, "we spoke TLS ourselves");
    }

    #[test]
    fn a_request_id_is_short_and_plain() {
        let id = |text: &'static str| is_request_id(&HeaderValue::from_static(text));
        assert!(id("0af7651916cd43dd8448eb211c80319c") && id("Root=1-67891233-abcdef"));
        assert!(!id("") && !id("a b") && !id("{\"x\":1}"));
        assert!(!is_request_id(&HeaderValue::from_str(&"a".repeat(129)).unwrap()));
    }
}
