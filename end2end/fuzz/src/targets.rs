//! Every reader of foreign bytes, by name. The table is complete: what is added to the product is added here.
//!
//! A target answers with a number that says which way its input went; inputs with a new number are kept and changed
//! further. What it states of its result is an assertion; what it may not do, it shows by a panic.

mod diffs;
mod helm;
mod kubeconfig;
mod lists;
mod logs;
mod masking;
mod names;
mod objects;
mod text;

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::mutation::Shape;

/// One reader, or a few that read the same.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub name: &'static str,
    pub shape: Shape,
    /// What its inputs begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    pub run: fn(&[u8]) -> u64,
}

const fn bytes(name: &'static str, seeds: fn() -> Vec<Vec<u8>>, run: fn(&[u8]) -> u64) -> Target {
    Target { name, shape: Shape::Bytes, seeds, run }
}

const fn text(name: &'static str, seeds: fn() -> Vec<Vec<u8>>, run: fn(&[u8]) -> u64) -> Target {
    Target { name, shape: Shape::Text, seeds, run }
}

const fn json(name: &'static str, seeds: fn() -> Vec<Vec<u8>>, run: fn(&[u8]) -> u64) -> Target {
    Target { name, shape: Shape::Json, seeds, run }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    bytes("kubeconfig", kubeconfig::seeds, kubeconfig::run),
    text("server-address", kubeconfig::address_seeds, kubeconfig::address),
    json("discovery", objects::discovery_seeds, objects::discovery),
    json("object", crate::corpus::objects, objects::object),
    json("health", crate::corpus::objects, objects::health),
    json("inventory", objects::inventory_seeds, objects::inventory),
    text("inventory-id", names::inventory_id_seeds, names::inventory_id),
    text("revision", names::revision_seeds, names::revision),
    text("quantity", names::quantity_seeds, names::quantity),
    text("time", names::time_seeds, names::time),
    text("cluster-name", names::cluster_name_seeds, names::cluster_name),
    bytes("yaml", crate::corpus::manifests, text::yaml),
    json("canonical-yaml", crate::corpus::objects, text::canonical),
    bytes("manifest", crate::corpus::manifests, helm::manifest),
    bytes("release-payload", helm::payload_seeds, helm::payload),
    json("release", helm::release_seeds, helm::release),
    json("managed-fields", diffs::fields_seeds, diffs::managed_fields),
    text("path", diffs::path_seeds, diffs::path),
    json("ignore-rules", diffs::ignore_seeds, diffs::ignore_rules),
    json("prediction", diffs::pair_seeds, diffs::prediction),
    json("changes", diffs::pair_seeds, diffs::changes),
    json("text-diff", diffs::text_seeds, diffs::text_diff),
    json("mask-object", crate::corpus::objects, masking::object),
    json("mask-secret", crate::corpus::objects, masking::secret),
    text("mask-text", masking::text_seeds, masking::text),
    text("log-line", logs::line_seeds, logs::line),
    text("log-level", logs::level_seeds, logs::level),
    json("log-order", logs::order_seeds, logs::order),
    json("log-resume", logs::resume_seeds, logs::resume),
    text("label-selector", lists::selector_seeds, lists::selector),
    json("list-filter", lists::filter_seeds, lists::filter),
    text("list-query", lists::query_seeds, lists::query),
    text("list-cursor", lists::cursor_seeds, lists::cursor),
    json("watch-message", lists::watch_seeds, lists::watch_message),
    json("log-frame", lists::frame_seeds, lists::log_frame),
];

/// A number for what happened.
fn outcome(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Like a length, but so that only its order of magnitude makes a difference.
fn size(length: usize) -> u32 {
    usize::BITS - length.leading_zeros()
}

/// The input as a document; what is no JSON is for the reader of JSON, which is not ours.
fn document(input: &[u8]) -> Option<Value> {
    serde_json::from_slice(input).ok()
}
