//! Single objects: get, create, replace, delete, and the deletion of collections.

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::catalogue::RESOURCES;
use crate::cluster::Cluster;
use crate::http::projection::Projection;
use crate::http::query::Parameters;
use crate::http::resource_path::ResourcePath;
use crate::http::selector::Selector;
use crate::ownership::Writer;
use crate::status::{self, Status};
use crate::store::Key;
use crate::writes::{self, Change, Target};

/// The manager of a client that names none.
pub(crate) const UNKNOWN_MANAGER: &str = "unknown";

/// The target of a write to the object that a path names.
pub(crate) fn target(cluster: &Cluster, path: &ResourcePath, parameters: &Parameters, name: &str) -> Target {
    let writer = cluster.writer(parameters.text("fieldManager").unwrap_or(UNKNOWN_MANAGER));
    let subresource = path.subresource.as_deref().unwrap_or_default();
    Target {
        resource: path.resource,
        key: key(path, name),
        writer: Writer::on(writer, subresource),
        uid: cluster.uuid(),
    }
}

fn key(path: &ResourcePath, name: &str) -> Key {
    (path.namespace.clone().unwrap_or_default(), name.to_owned())
}

/// # Errors
/// When there is no such object.
pub(crate) fn get(
    cluster: &Cluster,
    path: &ResourcePath,
    name: &str,
    projection: Projection,
) -> Result<Response, Status> {
    let row = &RESOURCES[path.resource];
    let (namespace, name) = key(path, name);
    let stored = cluster.store().get(path.resource, &namespace, &name).ok_or_else(|| Status::not_found(row, &name))?;
    if path.subresource.as_deref() == Some("scale") {
        return Ok(axum::Json(scale(&stored.value())).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], projection.text(&stored)).into_response())
}

/// # Errors
/// When the object exists, or is malformed.
pub(crate) fn create(
    cluster: &Cluster,
    path: &ResourcePath,
    parameters: &Parameters,
    body: &Bytes,
) -> Result<Response, Status> {
    let mut object: Value = parse(body)?;
    let generated = object["metadata"]["generateName"].as_str().map(|prefix| format!("{prefix}{}", cluster.suffix()));
    if object["metadata"]["name"].as_str().unwrap_or_default().is_empty() {
        object["metadata"]["name"] = json!(generated);
    }
    let row = &RESOURCES[path.resource];
    let name = object["metadata"]["name"].as_str().map(str::to_owned).ok_or_else(|| {
        Status::invalid(row.kind, "", "metadata.name: Required value: name or generateName is required")
    })?;
    if row.namespaced && path.namespace.is_none() {
        return Err(Status::method_not_allowed());
    }
    let target = target(cluster, path, parameters, &name);
    let object = cluster.perform(&target, Change::Create(object), parameters.dry_run()?)?;
    Ok((StatusCode::CREATED, axum::Json(object)).into_response())
}

/// # Errors
/// When the object is malformed, or was modified meanwhile.
pub(crate) fn replace(
    cluster: &Cluster,
    path: &ResourcePath,
    parameters: &Parameters,
    name: &str,
    body: &Bytes,
) -> Result<Response, Status> {
    let object: Value = parse(body)?;
    let target = target(cluster, path, parameters, name);
    let dry_run = parameters.dry_run()?;
    if path.subresource.as_deref() == Some("scale") {
        let change = Change::MergePatch(json!({"spec": {"replicas": object["spec"]["replicas"]}}));
        let object = cluster.perform(&target, change, dry_run)?;
        return Ok(axum::Json(scale(&object)).into_response());
    }
    let object = cluster.perform(&target, Change::Replace(object), dry_run)?;
    Ok(axum::Json(object).into_response())
}

/// # Errors
/// When there is no such object.
pub(crate) fn delete(
    cluster: &Cluster,
    path: &ResourcePath,
    parameters: &Parameters,
    name: &str,
    body: &Bytes,
) -> Result<Response, Status> {
    let options: Value = if body.is_empty() { Value::Null } else { parse(body)? };
    let dry_run = parameters.dry_run()? || options["dryRun"] == json!(["All"]);
    let row = &RESOURCES[path.resource];
    let target = target(cluster, path, parameters, name);
    let object = cluster.write(path.resource, target.key.clone(), |live| writes::delete(live, &target, dry_run))?;
    let marked = !object["metadata"]["deletionTimestamp"].is_null();
    // A pod is answered with itself, since it ends gracefully; so is what a finalizer holds.
    let answer = if marked || row.kind == "Pod" { object } else { status::success(row, &object) };
    Ok(axum::Json(answer).into_response())
}

/// # Errors
/// On selectors that cannot be parsed.
pub(crate) fn delete_collection(
    cluster: &Cluster,
    path: &ResourcePath,
    parameters: &Parameters,
) -> Result<Response, Status> {
    let row = &RESOURCES[path.resource];
    let selector = Selector::parse(parameters.text("labelSelector"), parameters.text("fieldSelector"), row)?;
    let dry_run = parameters.dry_run()?;
    let page = cluster
        .store()
        .list(path.resource, path.namespace.as_deref(), None, usize::MAX, &|key, stored| selector.matches(key, stored));
    let mut items = Vec::new();
    for stored in page.items {
        let object = stored.value();
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        let mut target = target(cluster, path, parameters, &text("name"));
        target.key = (text("namespace"), text("name"));
        // Somebody else may have deleted it since it was listed.
        if let Ok(object) =
            cluster.write(path.resource, target.key.clone(), |live| writes::delete(live, &target, dry_run))
        {
            items.push(object);
        }
    }
    let document = json!({"kind": format!("{}List", row.kind), "apiVersion": row.api_version(),
        "metadata": {"resourceVersion": page.revision.to_string()}, "items": items});
    Ok(axum::Json(document).into_response())
}

/// The `Scale` of an object that has one.
pub(crate) fn scale(object: &Value) -> Value {
    let labels: Vec<String> = object["spec"]["selector"]["matchLabels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    let metadata = &object["metadata"];
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"], "creationTimestamp": metadata["creationTimestamp"]},
        "spec": {"replicas": object["spec"]["replicas"]},
        "status": {"replicas": object["status"]["replicas"].as_u64().unwrap_or(0), "selector": labels.join(",")},
    })
}

/// # Errors
/// When the body is not JSON.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, Status> {
    serde_json::from_slice(body).map_err(|error| Status::bad_request(format!("the body cannot be decoded: {error}")))
}
