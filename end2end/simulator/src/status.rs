//! Errors as the Kubernetes API states them: a `metav1.Status` document with code, reason and details.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::catalogue::Resource;

/// A refused request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Status {
    code: u16,
    reason: &'static str,
    message: String,
    details: Value,
}

impl Status {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: json!({}) }
    }

    fn of(mut self, resource: &Resource, name: &str) -> Self {
        self.details = json!({"name": name, "group": resource.group, "kind": resource.plural});
        self
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn forbidden(resource: &Resource, name: &str, why: impl std::fmt::Display) -> Self {
        let subject = if name.is_empty() { String::new() } else { format!(" \"{name}\"") };
        Self::new(403, "Forbidden", format!("{}{subject} is forbidden: {why}", resource.qualified())).of(resource, name)
    }

    /// No such path.
    pub(crate) fn no_such_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub(crate) fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", resource.qualified())).of(resource, name)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", resource.qualified()))
            .of(resource, name)
    }

    /// The resource version that the client sent is not the newest.
    pub(crate) fn modified_meanwhile(resource: &Resource, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your changes \
             to the latest version and try again",
            resource.qualified()
        );
        Self::new(409, "Conflict", message).of(resource, name)
    }

    /// Server-side apply without force met fields of other managers: `(manager, path)`.
    pub(crate) fn apply_conflict(resource: &Resource, name: &str, conflicts: &[(String, String)]) -> Self {
        let causes: Vec<Value> = conflicts
            .iter()
            .map(|(manager, path)| {
                let message = format!("conflict with \"{manager}\"");
                json!({"reason": "FieldManagerConflict", "message": message, "field": path})
            })
            .collect();
        let listed: Vec<String> = conflicts.iter().map(|(manager, path)| format!("\"{manager}\": {path}")).collect();
        let noun = if conflicts.len() == 1 { "conflict" } else { "conflicts" };
        let message = format!("Apply failed with {} {noun}: conflicts with {}", conflicts.len(), listed.join(", "));
        let mut status = Self::new(409, "Conflict", message).of(resource, name);
        status.details["causes"] = json!(causes);
        status
    }

    /// Too much at once; the header that says when to come back is the caller's to add.
    pub(crate) fn too_many_requests() -> Self {
        Self::new(
            429,
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        )
    }

    pub(crate) fn internal_error() -> Self {
        Self::new(500, "InternalError", "Internal error occurred: etcdserver: request timed out")
    }

    /// The list continuation is too old.
    pub(crate) fn expired() -> Self {
        Self::new(410, "Expired", "The provided continue parameter is too old to display a consistent list result.")
    }

    /// The resource version of a watch is too old.
    pub(crate) fn gone(revision: &str) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {revision}"))
    }

    pub(crate) fn unsupported_media_type(given: &str) -> Self {
        let message = format!("the body of the request was in an unknown format - {given} is not accepted");
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub(crate) fn invalid(kind: &str, name: &str, why: impl std::fmt::Display) -> Self {
        Self::new(422, "Invalid", format!("{kind} \"{name}\" is invalid: {why}"))
    }

    /// The document itself.
    pub(crate) fn document(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "details": self.details, "code": self.code,
        })
    }
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (code, axum::Json(self.document())).into_response()
    }
}

/// The document that answers a deletion.
pub(crate) fn success(resource: &Resource, object: &Value) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": object["metadata"]["name"], "group": resource.group, "kind": resource.plural,
            "uid": object["metadata"]["uid"]},
    })
}
