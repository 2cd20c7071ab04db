//! YAML in and YAML out.

use domain::diff::canonical::{document as print, yaml as canonical_yaml};
use domain::helm::parse_yaml;
use serde_json::Value;

use super::{document, outcome, size};

/// What is read prints, and what is printed reads as the same.
pub(super) fn yaml(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    match parse_yaml(&text) {
        Ok(value) => {
            round_trip(&value);
            outcome(kinds(&value))
        }
        Err(error) => outcome(size(error.line.try_into().unwrap_or(usize::MAX))),
    }
}

/// The same for what came as JSON.
pub(super) fn canonical(input: &[u8]) -> u64 {
    let Some(value) = document(input) else { return 0 };
    round_trip(&value);
    let printed = print(&value);
    assert_eq!(printed.text.lines().count(), printed.paths.len(), "a path for every line");
    outcome((kinds(&value), size(printed.paths.len())))
}

/// Documents deeper than this and names longer than this are printed, but not read: the reader of YAML guards its
/// stack, and YAML itself looks no further than 1024 characters for the end of a name.
const READ_DEPTH: usize = 60;
const READ_NAME: usize = 160;

fn round_trip(value: &Value) {
    if !is_readable(value, READ_DEPTH) {
        return;
    }
    let text = canonical_yaml(value);
    let again = parse_yaml(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(&again, value, "{text}");
}

fn is_readable(value: &Value, depth: usize) -> bool {
    let below = |value: &Value| depth > 0 && is_readable(value, depth - 1);
    match value {
        Value::Array(items) => items.iter().all(below),
        Value::Object(fields) => fields.iter().all(|(name, value)| name.len() < READ_NAME && below(value)),
        _ => true,
    }
}

/// Which kinds of values occur.
fn kinds(value: &Value) -> u32 {
    match value {
        Value::Null => 1,
        Value::Bool(_) => 2,
        Value::Number(number) if number.is_i64() => 4,
        Value::Number(number) if number.is_u64() => 8,
        Value::Number(_) => 16,
        Value::String(text) if text.contains('\n') => 32,
        Value::String(_) => 64,
        Value::Array(items) => items.iter().map(kinds).fold(128, |all, own| all | own),
        Value::Object(fields) => fields.values().map(kinds).fold(256, |all, own| all | own),
    }
}
