//! Reviews: who the caller is and what it may do.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::http::object;
use crate::rights::Rights;
use crate::status::Status;

/// Answers a review; none when the path is not one.
pub(crate) fn answer(cluster: &Cluster, caller: Rights, path: &str, body: &Bytes) -> Option<Result<Response, Status>> {
    let status = match path {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => access,
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => rules,
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => identity,
        _ => return None,
    };
    Some(object::parse::<Value>(body).map(|mut review| {
        review["status"] = status(cluster, caller, &review["spec"]);
        (StatusCode::CREATED, axum::Json(review)).into_response()
    }))
}

fn access(cluster: &Cluster, caller: Rights, spec: &Value) -> Value {
    let attributes = &spec["resourceAttributes"];
    let text = |name: &str| attributes[name].as_str().unwrap_or_default();
    let resource = match text("subresource") {
        "" => text("resource").to_owned(),
        subresource => format!("{}/{subresource}", text("resource")),
    };
    let non_resource = spec["nonResourceAttributes"].is_object();
    let allowed =
        !cluster.faults().denies(&resource) && (non_resource || caller.allow(text("verb"), text("group"), &resource));
    if allowed { json!({"allowed": true, "reason": ""}) } else { json!({"allowed": false}) }
}

fn rules(cluster: &Cluster, caller: Rights, _spec: &Value) -> Value {
    let rules: Vec<Value> = caller
        .rules()
        .iter()
        .map(|rule| {
            let resources: Vec<&&str> =
                rule.resources.iter().filter(|resource| !cluster.faults().denies(resource)).collect();
            json!({"verbs": rule.verbs, "apiGroups": rule.groups, "resources": resources})
        })
        .collect();
    json!({"resourceRules": rules, "incomplete": false,
        "nonResourceRules": [{"verbs": ["get"],
            "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/version"]}]})
}

fn identity(_cluster: &Cluster, caller: Rights, _spec: &Value) -> Value {
    json!({"userInfo": {"username": caller.user(), "groups": ["system:authenticated"]}})
}
