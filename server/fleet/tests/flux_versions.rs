//! Fleets mix minors: objects of every API version that Flux has served since 2.0, and what discovery finds of them.
//!
//! The objects are fixtures in the versions as their controllers wrote them; the table shows what a list makes of each.

#[path = "flux_versions/discovery.rs"]
mod discovery;

use std::fmt::Write as _;
use std::path::Path;

use domain::helm::split_manifest;
use domain::inventory;
use domain::object::ObjectRef;
use domain::revision::short;
use fleet::watch::row::row;
use jiff::Timestamp;
use serde_json::Value;

const FILES: [&str; 6] = ["kustomizations", "helm-releases", "sources", "notification", "image", "operator"];

fn objects(file: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../app/domain/tests/fixtures/flux");
    let text = std::fs::read_to_string(folder.join(format!("{file}.yaml"))).expect("a fixture");
    let (objects, problems) = split_manifest(&text);
    assert_eq!(problems, Vec::<String>::new(), "{file}");
    objects
}

/// One object as a list and its page show it.
fn describe(json: &Value) -> String {
    let object = ObjectRef::of(&"prod".into(), json);
    let row = row(&object, "Production", json, true);
    let (managed, problems) = inventory::entries(json);
    assert_eq!(problems, Vec::<String>::new(), "{object}");
    let (_, version) = json["apiVersion"].as_str().and_then(|text| text.rsplit_once('/')).expect("a group");
    let time = |millis| Timestamp::from_millisecond(millis).expect("a time of this age").to_string();
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mut line = format!("{version} {} {}\n   ", object.kind, object.name);
    let suspended = if row.suspended { " (suspended)" } else { "" };
    write!(line, " {}{suspended}", row.status.word()).expect("a string takes what is written");
    for (label, value) in [
        ("health", row.health.word().to_owned()),
        ("revision", or_dash(row.revision.as_deref().map(short))),
        ("attempted", or_dash(row.attempted.as_deref().map(short))),
        ("source", or_dash(row.source)),
        ("manages", managed.len().to_string()),
        ("active", or_dash(row.last_activity.map(time))),
    ] {
        write!(line, ", {label} {value}").expect("a string takes what is written");
    }
    let why = [row.reason, row.message].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    format!("{line}\n    {}\n", or_dash(Some(why).filter(|why| !why.is_empty())))
}

#[test]
fn every_kind_shows_right_in_every_version_that_flux_has_served() {
    let table: String = FILES.iter().flat_map(|file| objects(file)).map(|json| describe(&json)).collect();
    insta::assert_snapshot!(table);
}

#[test]
fn the_table_has_every_version_that_a_minor_serves() {
    let objects: Vec<Value> = FILES.iter().flat_map(|file| objects(file)).collect();
    for (minor, groups) in discovery::MINORS {
        for (group, versions) in *groups {
            for (version, kinds) in *versions {
                let api_version = format!("{group}/{version}");
                for kind in *kinds {
                    let is_there =
                        objects.iter().any(|json| json["apiVersion"] == api_version && json["kind"] == *kind);
                    assert!(is_there, "Flux {minor} serves {kind} {api_version}");
                }
            }
        }
    }
}

#[test]
fn no_row_shows_the_path_of_a_receiver_or_the_address_of_a_provider() {
    for json in objects("notification") {
        let row = row(&ObjectRef::of(&"prod".into(), &json), "Production", &json, true);
        let text = serde_json::to_string(&row).expect("a row is JSON");
        assert!(!text.contains("626d92b") && !text.contains("canary-5f3c9a"), "{text}");
    }
}
