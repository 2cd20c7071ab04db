//! Objects: lists, one object and its parts, actions.

use domain::action::ActionOutcome;
use domain::drift::DiffReport;
use domain::error::ErrorCode;
use domain::event::EventView;
use domain::health::Status;
use domain::list::{ResourcePage, SortKey, WINDOW_DEFAULT, WINDOW_LIMIT};
use domain::resource::{ManagedObject, ObjectView, ResourceCounts, ResourceRow};
use serde_json::{Value, json};

use super::super::operation::{Operation, Parameter, Reference, Schemas, listing, media, object, reference, text};
use super::{RESOURCES, one, several};
use crate::http::rest::export::Format;
use crate::http::rest::resources::ActionRequest;

const FILTERS: &str = "A filter may be given several times or as a comma-separated list. `*` stands for any run of \
    characters, `!` before a term excludes, case does not matter. A term that can mean nothing is refused by name.";

fn cluster_filter() -> Parameter {
    several("cluster", "Identifier or name of a cluster, as `prod-*`")
}

fn filters() -> Vec<Parameter> {
    vec![
        several("kind", "A kind of Flux by name, plural or short name"),
        several("namespace", "Namespace; `-` stands for none"),
        Parameter {
            schema: json!({"type": "string", "examples": Status::ALL.map(Status::word)}),
            ..several("status", "Status, as `failed,stalled`")
        },
        several("source", "What an applier reads from: `Kind namespace/name`, `namespace/name` or `name`"),
        several("revision", "Applied or fetched revision, as `main@*`"),
        one("suspended", "Told to rest, whatever the status", json!({"type": "boolean"})),
        one("q", "Words that must all occur in name, message, revision or source", json!({"type": "string"})),
    ]
}

fn order() -> [Parameter; 2] {
    let words = SortKey::ALL.map(SortKey::word);
    [
        one(
            "sort",
            "`status` has the worst first, `activity` the newest. `name` never changes, so a walk meets every object",
            json!({"type": "string", "enum": words, "default": SortKey::default().word()}),
        ),
        one("descending", "The other way round", json!({"type": "boolean", "default": false})),
    ]
}

fn paging() -> [Parameter; 3] {
    let limit = json!({"type": "integer", "minimum": 1, "maximum": WINDOW_LIMIT, "default": WINDOW_DEFAULT});
    [
        one("cursor", "`next_cursor` of the page before, with the same filter and order", json!({"type": "string"})),
        one("limit", "Most objects of the page", limit),
        one("offset", "Objects to leave out; not beside a cursor", json!({"type": "integer", "minimum": 0})),
    ]
}

fn group() -> Parameter {
    one("group", "API group, for a kind that several groups serve", json!({"type": "string"}))
}

pub fn list_resources() -> Operation {
    Operation::new(RESOURCES, "listResources", "Flux objects of all clusters, a page at a time")
        .description(FILTERS)
        .query([cluster_filter()])
        .query(filters())
        .query(order())
        .query(paging())
        .answer(200, "A page", reference::<ResourcePage>)
        .tagged()
}

pub fn list_resources_of_cluster() -> Operation {
    Operation::new(RESOURCES, "listResourcesOfCluster", "Flux objects of one cluster, a page at a time")
        .description(FILTERS)
        .query(filters())
        .query(order())
        .query(paging())
        .answer(200, "A page", reference::<ResourcePage>)
        .tagged()
}

pub fn count_resources() -> Operation {
    Operation::new(RESOURCES, "countResources", "How many Flux objects there are, by status, cluster and kind")
        .description(FILTERS)
        .query([cluster_filter()])
        .query(filters())
        .answer(200, "Counts of what matches", reference::<ResourceCounts>)
        .tagged()
}

pub fn export_resources() -> Operation {
    let file =
        |format: Format, schema: Reference| media(format.content_type().split(';').next().unwrap_or_default(), schema);
    let formats = json!({"type": "string", "enum": Format::ALL.map(Format::word), "default": "json"});
    let files = vec![file(Format::Csv, text), file(Format::Json, exported), file(Format::Ndjson, text)];
    Operation::new(RESOURCES, "exportResources", "All matching Flux objects as a file")
        .description(
            "Streamed. What a cluster could not give is said in the file: in CSV as rows whose `record` is `problem`, \
             in JSON as `problems`, in NDJSON as the last line `{problems, total}`.",
        )
        .query([one("format", "What the file is written in", formats)])
        .query([cluster_filter()])
        .query(filters())
        .query(order())
        .answer_as(200, "The file", files)
}

fn exported(schemas: &mut Schemas) -> Value {
    let list = listing::<ResourceRow>(schemas);
    json!({"allOf": [list, {"type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}}]})
}

pub fn get_resource() -> Operation {
    Operation::new(RESOURCES, "getResource", "One object with all that its page shows")
        .query([group()])
        .answer(200, "The object", reference::<ObjectView>)
        .tagged()
        .asks_cluster()
}

pub fn get_inventory() -> Operation {
    Operation::new(RESOURCES, "getInventory", "What an object manages, each with its health")
        .query([group()])
        .answer(200, "The inventory in its own order", listing::<ManagedObject>)
        .tagged()
        .asks_cluster()
}

pub fn list_events() -> Operation {
    Operation::new(RESOURCES, "listEvents", "Events about a Flux object, newest first")
        .description("Also those that the cluster has forgotten.")
        .query([group()])
        .answer(200, "The events", listing::<EventView>)
        .tagged()
        .asks_cluster()
}

pub fn get_manifest() -> Operation {
    Operation::new(RESOURCES, "getManifest", "The live object, masked")
        .description("JSON, or YAML where `Accept` names it.")
        .query([group()])
        .answer_as(200, "The manifest", vec![media("application/json", object), media("application/yaml", text)])
        .tagged()
        .asks_cluster()
}

pub fn get_diff() -> Operation {
    Operation::new(RESOURCES, "getDiff", "Desired against actual, masked")
        .description("Nothing is written: whatever could write to the cluster asks for a dry-run.")
        .query([group()])
        .answer(200, "Both sides, and what differs", reference::<DiffReport>)
        .tagged()
        .asks_cluster()
}

fn action(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(RESOURCES, id, summary)
        .body(reference::<ActionRequest>)
        .answer(200, "How far it came", reference::<ActionOutcome>)
        .refuses(&[ErrorCode::NotFound, ErrorCode::Conflict, ErrorCode::Refused])
        .asks_cluster()
}

pub fn reconcile() -> Operation {
    action("reconcile", "Ask Flux for a run, and follow it")
}

pub fn suspend() -> Operation {
    action("suspend", "Tell an object to rest")
}

pub fn resume() -> Operation {
    action("resume", "Let an object go on")
}
