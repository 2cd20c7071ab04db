//! The way of a request: recorded, interfered with, authenticated, authorized, and handed to what its path names.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::catalogue::RESOURCES;
use crate::cluster::{Cluster, RecordedRequest};
use crate::http::interference::Interference;
use crate::http::projection::Projection;
use crate::http::query::Parameters;
use crate::http::resource_path::ResourcePath;
use crate::http::{discovery, list, log, object, patch, proxy, review, watch};
use crate::rights::{self, Rights};
use crate::status::Status;

/// Bodies above this size are refused; etcd's own limit is 1.5 MiB.
const BODY_LIMIT: usize = 3 << 20;

/// A connection of a cluster.
#[derive(Clone)]
struct Connection {
    cluster: Cluster,
    /// Resets the connection.
    cut: CancellationToken,
}

/// The API of a cluster, for one connection; `cut` resets it.
pub(crate) fn router(cluster: Cluster, cut: CancellationToken) -> Router {
    Router::new().fallback(answer).with_state(Connection { cluster, cut })
}

async fn answer(State(Connection { cluster, cut }): State<Connection>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    cluster.record(RecordedRequest {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        content_type: header_text(&parts.headers, header::CONTENT_TYPE).to_owned(),
    });
    let delay = cluster.faults().delay();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut interference = Interference::new(&cluster, &parts, cut);
    let mut response = match interference.before().await {
        Err(refusal) => refusal,
        Ok(()) => {
            route(&cluster, &parts, body, interference.forbids()).await.unwrap_or_else(IntoResponse::into_response)
        }
    };
    let skew = cluster.faults().skew();
    if !skew.is_zero()
        && let Ok(date) = cluster.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string().parse()
    {
        response.headers_mut().insert(header::DATE, date);
    }
    interference.over(response)
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn route(cluster: &Cluster, parts: &Parts, body: Body, forbidden: bool) -> Result<Response, Status> {
    let path = parts.uri.path();
    let token = header_text(&parts.headers, header::AUTHORIZATION).strip_prefix("Bearer ").unwrap_or_default();
    let caller = cluster.authenticate(token);
    // Open to everybody; a wrong token is refused even here.
    match path {
        _ if caller.is_none() && !token.is_empty() => {}
        "/livez" | "/readyz" | "/healthz" => return Ok("ok".into_response()),
        "/version" => return Ok(axum::Json(version(cluster)).into_response()),
        _ => {}
    }
    let caller = caller.ok_or_else(Status::unauthorized)?;
    if parts.method == Method::GET
        && let Some(answer) = discovery::answer(cluster, path, &parts.headers)
    {
        return Ok(answer);
    }
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.map_err(|error| Status::bad_request(error.to_string()))?;
    if parts.method == Method::POST
        && let Some(answer) = review::answer(cluster, caller, path, &body)
    {
        return answer;
    }
    let path =
        ResourcePath::parse(path).filter(|path| cluster.serves(path.resource)).ok_or_else(Status::no_such_resource)?;
    let parameters = Parameters::parse(&parts.uri)?;
    authorize(cluster, caller, &parts.method, &path, &parameters, forbidden)?;
    dispatch(cluster, parts, &path, &parameters, &body)
}

fn version(cluster: &Cluster) -> serde_json::Value {
    let version = &cluster.spec().kubernetes_version;
    let mut numbers = version.split('.');
    json!({
        "major": numbers.next(), "minor": numbers.next(), "gitVersion": format!("v{version}"), "gitCommit": "simulator",
        "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.26", "compiler": "gc",
        "platform": "linux/amd64",
    })
}

/// The verb of a request as RBAC names it.
fn verb(method: &Method, path: &ResourcePath, parameters: &Parameters) -> &'static str {
    match (method.as_str(), path.name.is_some()) {
        ("GET", _) if parameters.flag("watch") => "watch",
        ("GET" | "HEAD", true) => "get",
        ("GET" | "HEAD", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        _ => "deletecollection",
    }
}

fn authorize(
    cluster: &Cluster,
    caller: Rights,
    method: &Method,
    path: &ResourcePath,
    parameters: &Parameters,
    forbidden: bool,
) -> Result<(), Status> {
    let row = &RESOURCES[path.resource];
    let verb = verb(method, path, parameters);
    let resource = match &path.subresource {
        Some(subresource) => format!("{}/{subresource}", row.plural),
        None => row.plural.to_owned(),
    };
    // A dry-run is authorized like the real write.
    if !forbidden && !cluster.faults().denies(&resource) && caller.allow(verb, row.group, &resource) {
        return Ok(());
    }
    let why = rights::refusal(caller.user(), verb, row, &resource, path.namespace.as_deref());
    Err(Status::forbidden(row, path.name.as_deref().unwrap_or_default(), why))
}

fn dispatch(
    cluster: &Cluster,
    parts: &Parts,
    path: &ResourcePath,
    parameters: &Parameters,
    body: &Bytes,
) -> Result<Response, Status> {
    let row = &RESOURCES[path.resource];
    let projection = Projection::accepted(&parts.headers);
    if path.subresource.as_deref().is_some_and(|name| !row.subresources.contains(&name)) {
        return Err(Status::no_such_resource());
    }
    match (parts.method.as_str(), path.name.as_deref(), path.subresource.as_deref()) {
        ("GET", Some(name), Some("log")) => log::answer(cluster, path, name, parameters),
        ("GET", Some(name), Some("proxy")) => proxy::answer(cluster, path, name),
        ("GET", _, None) if parameters.flag("watch") => watch::answer(cluster, path, parameters, projection),
        ("GET", Some(name), _) => object::get(cluster, path, name, projection),
        ("GET", None, None) => list::answer(cluster, path, parameters, projection),
        ("POST", None, None) => object::create(cluster, path, parameters, body),
        ("PUT", Some(name), None | Some("status" | "scale")) => object::replace(cluster, path, parameters, name, body),
        ("PATCH", Some(name), None | Some("status" | "scale")) => {
            patch::answer(cluster, path, name, parameters, &parts.headers, body)
        }
        ("DELETE", Some(name), None) => object::delete(cluster, path, parameters, name, body),
        ("DELETE", None, None) => object::delete_collection(cluster, path, parameters),
        _ => Err(Status::method_not_allowed()),
    }
}
