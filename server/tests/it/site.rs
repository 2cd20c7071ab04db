//! A server of this product without a listener, and what it answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, Method, Request};
use axum::response::Response;
use domain::access::{Grant, Role};
use fleet::access::SignIn;
use fleet::clock::Clock;
use fleet::engine::{Engine, EngineConfig, RESYNC};
use fleet::services::Services;
use fleet::store::{KeySource, Retention, Store, StoreConfig};
use serde_json::{Value, json};
use server::cli::{AuthMode, ServeOptions};
use server::http::arrival::Edge;
use server::http::assets::Assets;
use server::http::router::{Probes, router};
use server::http::state::AppState;
use simulator::{Cluster, ClusterSpec, Simulator};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// The password of every user of the tests.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

pub(crate) struct Site {
    pub(crate) router: Router,
    pub(crate) state: AppState,
    pub(crate) stopping: CancellationToken,
    cookie: Option<String>,
    simulator: Simulator,
    _engine: Arc<Engine>,
    _directory: TempDir,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, ANSWER_LIMIT).await.expect("a body that ends");
        let text = String::from_utf8(bytes.into()).expect("a text");
        Self { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: impl Into<HeaderName>) -> &str {
        let value = self.headers.get(name.into());
        value.map(|value| value.to_str().expect("a text")).unwrap_or_default()
    }

    pub(crate) fn location(&self) -> &str {
        self.header(LOCATION)
    }

    /// The cookie that the answer sets, with its attributes.
    pub(crate) fn cookie(&self) -> &str {
        self.header(SET_COOKIE)
    }

    /// The envelope of an error: its code and message. Every envelope carries the id of its request.
    pub(crate) fn error(&self) -> (String, String) {
        let error = self.json();
        let text = |field: &str| error[field].as_str().expect("a text").to_owned();
        assert!(!text("request_id").is_empty(), "{self:?}");
        assert_eq!(text("request_id"), self.header(HeaderName::from_static("x-request-id")));
        assert!(self.header(CONTENT_TYPE).starts_with("application/json"), "{self:?}");
        (text("code"), text("message"))
    }
}

fn store(directory: &TempDir) -> StoreConfig {
    let url = format!("sqlite://{}", directory.path().join("site.db").display());
    StoreConfig { url, key: KeySource::BesideDatabase, clock: Clock::system(), retention: Retention::default() }
}

/// A store with the users.
async fn users() -> TempDir {
    let directory = TempDir::new().expect("a folder");
    let users = Store::open(store(&directory)).await.expect("a new database");
    let sign_in = SignIn::new(&users, Clock::system());
    for (name, role) in [("admin", Role::Admin), ("viewer", Role::Viewer)] {
        sign_in.add_user(name, PASSWORD.into(), vec![Grant::everywhere(role)]).await.expect("a new name");
    }
    drop(sign_in);
    users.close().await.expect("nothing is waiting");
    directory
}

impl Site {
    /// Everybody is an administrator.
    pub(crate) async fn open(clusters: Vec<ClusterSpec>) -> Self {
        Self::start(clusters, AuthMode::None, TempDir::new().expect("a folder")).await
    }

    /// With the users `admin` and `viewer`, and an empty cluster `prod` that is not registered.
    pub(crate) async fn with_users() -> Self {
        Self::with_users_and(vec![ClusterSpec::empty("prod")]).await
    }

    pub(crate) async fn with_users_and(clusters: Vec<ClusterSpec>) -> Self {
        Self::start(clusters, AuthMode::Local, users().await).await
    }

    /// As [`Self::with_users`], started with these flags of the network.
    pub(crate) async fn with_users_behind(network: &[&str]) -> Self {
        Self::start_with(Vec::new(), AuthMode::Local, users().await, network).await
    }

    /// One registered demo cluster, `staging`, of which everything is listed.
    pub(crate) async fn demo() -> Self {
        let site = Self::open(vec![ClusterSpec::demo("staging", 7)]).await;
        site.register("staging").await;
        site
    }

    /// Started with these flags of the network.
    pub(crate) async fn behind(network: &[&str]) -> Self {
        Self::start_with(Vec::new(), AuthMode::None, TempDir::new().expect("a folder"), network).await
    }

    async fn start(clusters: Vec<ClusterSpec>, auth: AuthMode, directory: TempDir) -> Self {
        Self::start_with(clusters, auth, directory, &[]).await
    }

    async fn start_with(clusters: Vec<ClusterSpec>, auth: AuthMode, directory: TempDir, network: &[&str]) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        let simulator = Simulator::start(clusters).await.expect("free ports");
        let config = EngineConfig {
            store: store(&directory),
            kubeconfig: None,
            in_cluster: false,
            allow_loopback_clusters: true,
            own_listeners: vec![address],
            resync: RESYNC,
            clock: Clock::system(),
            build: "test".to_owned(),
            epoch: 1,
        };
        let engine = Engine::start(config).await.expect("a new database");
        let stopping = CancellationToken::new();
        let services = Services::new(Arc::clone(&engine));
        let options = ServeOptions::from_arguments(network.iter().map(Into::into)).expect("flags of serve");
        let edge = Arc::new(Edge::new(&options.network, address));
        let state = AppState::new(services, auth, Assets::embedded(), edge, stopping.clone());
        let router = router(state.clone(), Probes::Here);
        Self { router, state, stopping, cookie: None, simulator, _engine: engine, _directory: directory }
    }

    pub(crate) fn simulated(&self, name: &str) -> &Cluster {
        self.simulator.cluster(name).expect("a cluster of the test")
    }

    pub(crate) fn registration(&self, name: &str) -> Value {
        json!({"name": name, "kubeconfig": self.simulated(name).kubeconfig()})
    }

    /// Registered, and everything of it listed.
    pub(crate) async fn register(&self, name: &str) {
        let answer = self.post("/api/v1/clusters", &self.registration(name)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let answer = self.post(&format!("/api/v1/clusters/{name}/sync"), &Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Signs in with [`PASSWORD`]; what follows is asked with that session.
    pub(crate) async fn sign_in(&mut self, name: &str) {
        let answer = self.form("/login", &[("name", name), ("password", PASSWORD)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/"), "{answer:?}");
        let (cookie, _) = answer.cookie().split_once(';').expect("attributes");
        self.cookie = Some(cookie.to_owned());
    }

    /// What follows is asked by nobody, unless a request says otherwise.
    pub(crate) fn forget_session(&mut self) {
        self.cookie = None;
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(COOKIE, cookie.parse().expect("a header"));
        }
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        Answer::of(response).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(path, "*/*").await
    }

    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.send(Request::get(path).header(ACCEPT, accept).body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(with_json(Method::POST, path, body.to_string())).await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(form.finish().into()).expect("a request")).await
    }
}

pub(crate) fn with_json(method: Method, path: &str, body: String) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
    request.body(body.into()).expect("a request")
}
