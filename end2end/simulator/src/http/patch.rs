//! Patches: the four content types, each as a change of the store's rules.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::cluster::Cluster;
use crate::http::object;
use crate::http::projection::Projection;
use crate::http::query::Parameters;
use crate::http::resource_path::ResourcePath;
use crate::status::Status;
use crate::writes::Change;

/// # Errors
/// On unknown content types, malformed patches, and as the rules of writes refuse.
pub(crate) fn answer(
    cluster: &Cluster,
    path: &ResourcePath,
    name: &str,
    parameters: &Parameters,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, Status> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim();
    let apply = content_type == "application/apply-patch+yaml";
    let change = match content_type {
        "application/merge-patch+json" => Change::MergePatch(object::parse(body)?),
        "application/strategic-merge-patch+json" => Change::StrategicPatch(object::parse(body)?),
        "application/json-patch+json" => Change::JsonPatch(object::parse(body)?),
        "application/apply-patch+yaml" => {
            if parameters.text("fieldManager").is_none() {
                let why = "fieldManager: Required value: is required for apply patch";
                return Err(Status::invalid("PatchOptions.meta.k8s.io", "", why));
            }
            // JSON is YAML, and JSON is what this server's clients send.
            Change::Apply { object: object::parse(body)?, force: parameters.flag("force") }
        }
        other => return Err(Status::unsupported_media_type(other)),
    };
    let target = object::target(cluster, path, parameters, name);
    let dry_run = parameters.dry_run()?;
    if path.subresource.as_deref() == Some("scale") {
        let replicas = match &change {
            Change::MergePatch(patch) | Change::StrategicPatch(patch) => patch["spec"]["replicas"].clone(),
            _ => return Err(Status::unsupported_media_type(content_type)),
        };
        let change = Change::MergePatch(json!({"spec": {"replicas": replicas}}));
        let object = cluster.perform(&target, change, dry_run)?;
        return Ok(axum::Json(object::scale(&object)).into_response());
    }
    let existed = cluster.store().get(path.resource, &target.key.0, &target.key.1).is_some();
    let object = cluster.perform(&target, change, dry_run)?;
    let code = if apply && !existed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((code, axum::Json(Projection::accepted(headers).value(object))).into_response())
}
