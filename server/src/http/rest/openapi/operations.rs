//! The descriptions of all routes, one function a route; the rows of the table point at them.

mod access;
mod clusters;
mod resources;
mod streams;

use serde_json::{Value, json};

pub use self::access::*;
pub use self::clusters::*;
pub use self::resources::*;
pub use self::streams::*;
use super::operation::{Operation, Parameter, object};

/// Tags with what they group.
pub const TAGS: [(&str, &str); 6] = [
    (FLEET, "Everything at once"),
    (CLUSTERS, "Registered clusters"),
    (RESOURCES, "Flux objects, and whatever else stands on a cluster"),
    (LOGS, "Container logs of many clusters"),
    (LIVE, "Websockets that say what changes"),
    (ACCESS, "Users, sessions, tokens and the audit trail"),
];

const FLEET: &str = "Fleet";
const CLUSTERS: &str = "Clusters";
const RESOURCES: &str = "Resources";
const LOGS: &str = "Logs";
const LIVE: &str = "Live";
const ACCESS: &str = "Access";

pub fn document() -> Operation {
    Operation::new(FLEET, "getOpenapi", "This document").answer(200, "OpenAPI 3.1", object).tagged()
}

fn one(name: &'static str, description: &'static str, schema: Value) -> Parameter {
    Parameter { name, description, schema, repeated: false }
}

fn several(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, description, schema: json!({"type": "string"}), repeated: true }
}
