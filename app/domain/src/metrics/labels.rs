//! The labels of one object besides its reference, by kind.
//!
//! The first four are common to all kinds and always there; what follows is there where the object has a value for it,
//! which to Prometheus is the same as an empty one. Where the Flux Operator has a label, ours has the same value, with
//! three exceptions: a Receiver has no `url`, because who knows its path may trigger it; a `ref` that is nothing but a
//! commit or a digest is shown; and a `ready` that is none of three words is `Unknown`.

use std::borrow::Cow;

use serde_json::Value;

use crate::catalogue::FluxKind;
use crate::diff::mask::mask_text;
use crate::object::ObjectRef;

/// Longest value in bytes, the mark of what was cut off not counted.
const LONGEST: usize = 256;

/// A label's name and its value, neither escaped nor quoted.
type Label<'a> = (&'static str, Cow<'a, str>);

/// `uid`, `ready`, `reason`, `suspended`, then those of the kind.
pub(super) fn of<'a>(object: &'a ObjectRef, kind: &'static FluxKind, json: &'a Value) -> Vec<Label<'a>> {
    let mut labels: Vec<Label<'a>> = vec![
        ("uid", bounded(json["metadata"]["uid"].as_str().unwrap_or_default().into())),
        ("ready", ready(kind, json).into()),
        ("reason", bounded(ready_condition(json)["reason"].as_str().unwrap_or_default().into())),
        ("suspended", if kind.is_suspended(json) { "True" } else { "False" }.into()),
    ];
    let mut add = |name: &'static str, value: Option<Cow<'a, str>>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            labels.push((name, bounded(value)));
        }
    };
    add("revision", revision(kind, json).map(free_text));
    if kind.kind == "Kustomization" || kind.kind == "HelmRelease" {
        add("applied_revision", applied_revision(json).map(free_text));
    }
    add("url", url(kind, json).map(without_credentials));
    add("ref", reference(kind, json).map(free_text));
    if let Some(source) = source(kind, json) {
        let default_kind = if kind.kind == "ImagePolicy" { "ImageRepository" } else { "" };
        let namespace = source["namespace"].as_str().or(object.namespace.as_deref());
        add("source_kind", Some(source["kind"].as_str().unwrap_or(default_kind).into()));
        add("source_namespace", namespace.map(Cow::from));
        add("source_name", source["name"].as_str().map(Cow::from));
    }
    match kind.kind {
        "Kustomization" => add("path", text(json, "/spec/path").map(free_text)),
        "FluxInstance" => add("registry", text(json, "/spec/distribution/registry").map(without_credentials)),
        "ResourceSet" => {
            let entries = json["status"]["inventory"]["entries"].as_array().map_or(0, Vec::len);
            add("resources", Some(entries.to_string().into()));
        }
        _ => {}
    }
    labels
}

/// Status of the condition `Ready`; objects without a reconciler are ready as soon as they exist.
pub(super) fn ready(kind: &FluxKind, json: &Value) -> &'static str {
    if kind.is_static(json) {
        return "True";
    }
    match ready_condition(json)["status"].as_str() {
        Some("True") => "True",
        Some("False") => "False",
        _ => "Unknown",
    }
}

/// `Null` where there is none.
fn ready_condition(json: &Value) -> &Value {
    let conditions = json["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready").unwrap_or(&Value::Null)
}

fn text<'a>(json: &'a Value, pointer: &str) -> Option<&'a str> {
    json.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// Of an applier the attempted revision, as the Flux Operator has it; of a source what it fetched.
fn revision<'a>(kind: &FluxKind, json: &'a Value) -> Option<&'a str> {
    match kind.kind {
        "FluxInstance" | "ResourceSet" => text(json, "/status/lastAppliedRevision"),
        _ => text(json, "/status/lastAttemptedRevision").or_else(|| text(json, "/status/artifact/revision")),
    }
}

/// What runs: of a HelmRelease the chart version that Helm deployed last, whatever the order of its history.
fn applied_revision(json: &Value) -> Option<&str> {
    let history = json["status"]["history"].as_array().into_iter().flatten();
    let deployed = history.filter(|release| release["status"] == "deployed");
    let newest = deployed.max_by_key(|release| release["version"].as_i64());
    newest.and_then(|release| release["chartVersion"].as_str()).or_else(|| text(json, "/status/lastAppliedRevision"))
}

fn url<'a>(kind: &FluxKind, json: &'a Value) -> Option<&'a str> {
    match kind.kind {
        "GitRepository" | "OCIRepository" | "HelmRepository" | "ResourceSetInputProvider" => text(json, "/spec/url"),
        "Bucket" => text(json, "/spec/endpoint"),
        "ImageRepository" => text(json, "/spec/image"),
        _ => None,
    }
}

/// In the order of precedence that the source-controller has, which makes the last one that the operator finds.
fn reference<'a>(kind: &FluxKind, json: &'a Value) -> Option<&'a str> {
    let pointers: &[&str] = match kind.kind {
        "GitRepository" => {
            &["/spec/ref/name", "/spec/ref/semver", "/spec/ref/tag", "/spec/ref/branch", "/spec/ref/commit"]
        }
        "OCIRepository" => &["/spec/ref/semver", "/spec/ref/tag", "/spec/ref/digest"],
        "Bucket" => &["/spec/bucketName"],
        _ => &[],
    };
    pointers.iter().find_map(|pointer| text(json, pointer))
}

/// The reference to the object that this one reads from.
fn source<'a>(kind: &FluxKind, json: &'a Value) -> Option<&'a Value> {
    let spec = &json["spec"];
    let source = match kind.kind {
        "Kustomization" | "HelmChart" | "ImageUpdateAutomation" | "ExternalArtifact" => &spec["sourceRef"],
        "HelmRelease" if spec["chartRef"].is_object() => &spec["chartRef"],
        "HelmRelease" => &spec["chart"]["spec"]["sourceRef"],
        "ImagePolicy" => &spec["imageRepositoryRef"],
        _ => return None,
    };
    source.is_object().then_some(source)
}

/// What people write freely; a URL in it is treated as one.
fn free_text(text: &str) -> Cow<'_, str> {
    if text.contains("://") {
        return without_credentials(text);
    }
    let masked = mask_text(text);
    if masked == text { text.into() } else { masked.into() }
}

/// A URL without user, query and fragment, where tokens travel. What is none (`git@host:path`, an image) is a text.
fn without_credentials(url: &str) -> Cow<'_, str> {
    let url = &url[..url.find(['?', '#']).unwrap_or(url.len())];
    let Some((scheme, rest)) = url.split_once("://") else { return free_text(url) };
    let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
    let has_odd_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.ends_with(']') && !port.bytes().all(|byte| byte.is_ascii_digit()));
    // A password with a slash in it ends the authority too early.
    let user_end = authority.rfind('@').or_else(|| rest.rfind('@').filter(|_| has_odd_port));
    let host = user_end.map_or(rest, |at| &rest[at + 1..]);
    mask_text(&format!("{scheme}://{host}")).into()
}

fn bounded(value: Cow<'_, str>) -> Cow<'_, str> {
    if value.len() <= LONGEST {
        return value;
    }
    format!("{}…", &value[..value.floor_char_boundary(LONGEST)]).into()
}
