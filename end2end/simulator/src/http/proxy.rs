//! `services/proxy`: the artifacts of source-controller, as its file server hands them out.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::cluster::Cluster;
use crate::http::resource_path::ResourcePath;
use crate::status::Status;

/// Answers a request to source-controller's file server; `service` is `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`.
///
/// # Errors
/// When there is no such service, or no such artifact any more.
pub(crate) fn answer(cluster: &Cluster, path: &ResourcePath, service: &str) -> Result<Response, Status> {
    let name = service.split(':').find(|part| !matches!(*part, "http" | "https")).unwrap_or_default();
    let namespace = path.namespace.as_deref().unwrap_or_default();
    if name != "source-controller" || cluster.get("Service", namespace, name).is_none() {
        return Err(Status::not_found(&crate::catalogue::RESOURCES[path.resource], name));
    }
    match cluster.artifact(&path.rest) {
        Some(bytes) => Ok(([(header::CONTENT_TYPE, "application/gzip")], bytes.to_vec()).into_response()),
        None => Ok((axum::http::StatusCode::NOT_FOUND, "404 page not found\n").into_response()),
    }
}
