//! `GET /openapi.json`: the API in OpenAPI 3.1, made from the table that the router is made from.
//!
//! A route is in the document because it is in the table, and its description stands in its row: none can be served
//! without the other. `docs/openapi.json` is this document; a test compares the two.

pub mod operation;
pub mod operations;

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::error::{ApiError, ErrorCode};
use serde_json::{Map, Value, json};

use self::operation::{Schemas, names, parameter, reference, response_name};
use crate::http::routes::{API, Route};

/// Written once; the document is the same for everybody.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document().to_string()));

pub async fn serve() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], DOCUMENT.clone()).into_response()
}

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let error = reference::<ApiError>(&mut schemas);
    let mut paths = Map::new();
    let mut parameters = Map::new();
    for route in API {
        let Some(describe) = route.operation else { continue };
        for name in names(route.path) {
            parameters.insert(parameter(route.path, name), path_parameter(route, name));
        }
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = describe().render(route, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "flux-orchestrator",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Flux CD across many clusters",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}, {"url": "/api", "description": "The same paths, as older tools know them"}],
        "tags": operations::TAGS.map(|(name, description)| json!({"name": name, "description": description})),
        "security": [{"session": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": parameters,
            "headers": {"ETag": {
                "description": "Names this content; send it back in If-None-Match",
                "schema": {"type": "string"},
            }},
            "responses": responses(&error),
            "securitySchemes": {
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "__Host-flux-orchestrator",
                    "description": "The cookie that signing in sets. A server on plain HTTP at a loopback address \
                        names it flux-orchestrator-<port>",
                },
                "token": {
                    "type": "http", "scheme": "bearer",
                    "description": "An API token; it can do what both it and its user may",
                },
            },
        },
    })
}

const DESCRIPTION: &str = "Everything that the pages show and do. Times are milliseconds since 1970 in UTC, except in \
    conditions and log lines. What leaves the server is masked. A collection never fails as a whole: what is missing \
    stands in `problems`. `x-verb` names the permission that an operation needs on what it names.";

fn path_parameter(route: &Route, name: &str) -> Value {
    let description = match parameter(route.path, name).as_str() {
        "cluster_id" => "Identifier of a cluster, as `prod-eu`",
        "session_id" => "Identifier of a session",
        "token_id" => "Identifier of a token",
        "user_name" => "Name of a user",
        "kind" => "A kind by its name or plural, in any case",
        "ns" => "Namespace; `-` stands for none",
        _ => "Name of an object",
    };
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": {"type": "string"}})
}

fn responses(error: &Value) -> Value {
    let described = [
        (ErrorCode::Invalid, "The request cannot be understood; `details.field` names what is wrong with it"),
        (ErrorCode::Unauthenticated, "Nobody is signed in"),
        (ErrorCode::Forbidden, "The caller may not; the message says what is missing"),
        (ErrorCode::NotFound, "No such cluster or object, or none that the caller may see"),
        (ErrorCode::MethodNotAllowed, "The path does not have this method"),
        (ErrorCode::TimedOut, "The body did not arrive in time"),
        (ErrorCode::Conflict, "It exists already, or somebody else changed it"),
        (ErrorCode::TooLarge, "The body is larger than the path takes"),
        (ErrorCode::Unsupported, "The body is of another type than the path takes"),
        (ErrorCode::Refused, "Understood and refused; `details` says why"),
        (ErrorCode::TooMany, "Too many attempts"),
        (ErrorCode::Internal, "The server's own fault"),
        (ErrorCode::Cluster, "The cluster answered with an error"),
        (ErrorCode::Unreachable, "The cluster does not answer"),
    ];
    let mut responses = Map::new();
    for (code, description) in described {
        let content = json!({"application/json": {"schema": error}});
        responses.insert(response_name(code).to_owned(), json!({"description": description, "content": content}));
    }
    responses.insert("NotModified".to_owned(), json!({"description": "The client has this content already"}));
    Value::Object(responses)
}

/// Every row without a description: none, or a test fails.
#[must_use]
pub fn undescribed() -> Vec<String> {
    let without = API.iter().filter(|route| route.operation.is_none());
    without.map(|route| format!("{} {}", route.method, route.path)).collect()
}
