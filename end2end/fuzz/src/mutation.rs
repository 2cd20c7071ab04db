//! Changes of an input: of its bytes, of its words, and, where it is JSON, of its structure.
//!
//! Inputs stay below [`SIZE_LIMIT`] and documents below [`DEPTH_LIMIT`], the depth at which the JSON reader stops.

use fastrand::Rng;
use serde_json::{Value, json};

/// Largest input that a mutation makes, in bytes.
pub const SIZE_LIMIT: usize = 64 * 1024;
/// Deepest document that a mutation makes.
const DEPTH_LIMIT: usize = 120;

/// What a target reads; decides how its inputs are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Bytes,
    Text,
    Json,
}

/// Words that parsers treat specially somewhere.
const WORDS: [&str; 64] = [
    "",
    " ",
    "\n",
    "\t",
    "\r\n",
    "\0",
    "\u{1b}[31m",
    "\u{1b}[",
    "\u{feff}",
    "\u{2028}",
    "ä",
    "𝕏",
    "\u{301}",
    "null",
    "true",
    "~",
    "yes",
    "0",
    "-1",
    "9223372036854775808",
    "1e400",
    "0x10",
    "0o7",
    "NaN",
    ".5",
    "1Gi",
    "100m",
    "1h30m",
    "-",
    "--",
    "---",
    "...",
    ":",
    "::",
    "/",
    "//",
    "../",
    "@",
    "@sha1:",
    "sha256:",
    "_",
    "__",
    "=",
    "==",
    "!=",
    ",",
    "*",
    "!",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\\",
    "&a",
    "*a",
    "<<: *a",
    "!!binary ",
    "|",
    "2026-02-30T25:61:61Z",
    "***(1)",
];

/// Numbers at the edges of what fits.
const NUMBERS: [i64; 9] = [0, 1, -1, 127, 65_536, 2_147_483_648, i64::MAX, i64::MIN, 1_000_000_007];

/// Changes `input` one to four times. `other` is another input of the same target, to take parts from.
#[must_use]
pub fn mutate(shape: Shape, input: &[u8], other: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut output = input.to_vec();
    for _ in 0..random.usize(1..=4) {
        let structured = shape == Shape::Json && random.u8(0..10) < 8;
        output = match serde_json::from_slice::<Value>(&output) {
            Ok(document) if structured => {
                let donor = serde_json::from_slice(other).unwrap_or(Value::Null);
                mutate_document(document, &donor, random).to_string().into_bytes()
            }
            _ => mutate_bytes(shape, output, other, random),
        };
        output.truncate(SIZE_LIMIT);
    }
    output
}

fn mutate_bytes(shape: Shape, mut bytes: Vec<u8>, other: &[u8], random: &mut Rng) -> Vec<u8> {
    let at = random.usize(0..=bytes.len());
    let end = (at + random.usize(0..=16)).min(bytes.len());
    match random.u8(0..9) {
        0 if shape != Shape::Text => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.u8(0..8);
            }
        }
        1 if shape != Shape::Text => bytes.insert(at, random.u8(..)),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let piece = bytes[at..end].to_vec();
            let times = random.usize(1..=64);
            bytes.splice(at..at, piece.repeat(times));
        }
        4 => bytes.truncate(at),
        5 => {
            let from = random.usize(0..=other.len());
            let to = (from + random.usize(0..=64)).min(other.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        6 => {
            if let Some(byte) = bytes.get_mut(at).filter(|byte| byte.is_ascii()) {
                *byte = random.u8(0x20..0x7f);
            }
        }
        _ => {
            let word = WORDS[random.usize(0..WORDS.len())];
            bytes.splice(at..if random.bool() { at } else { end }, word.bytes());
        }
    }
    if shape == Shape::Text { String::from_utf8_lossy(&bytes).into_owned().into_bytes() } else { bytes }
}

fn mutate_document(mut document: Value, donor: &Value, random: &mut Rng) -> Value {
    let nodes = count(&document);
    let mut at = random.usize(0..nodes);
    let change = random.u8(0..10);
    let piece = pick(donor, random);
    if let Some((node, depth)) = node_mut(&mut document, &mut at, 0) {
        match change {
            0 => *node = piece,
            1 => *node = scalar(random),
            2 => *node = nested(node.take(), random.usize(1..=DEPTH_LIMIT.saturating_sub(depth).max(1)), random),
            3 => remove(node, random),
            4 => insert(node, piece, random),
            5 => insert(node, scalar(random), random),
            6 => duplicate(node, random),
            7 => *node = json!([node.take()]),
            8 => rename(node, random),
            _ => text(node, random),
        }
    }
    document
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// The node that is `at` steps into a walk over the document, and how deep it is.
fn node_mut<'a>(value: &'a mut Value, at: &mut usize, depth: usize) -> Option<(&'a mut Value, usize)> {
    if *at == 0 {
        return Some((value, depth));
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| node_mut(item, at, depth + 1)),
        Value::Object(fields) => fields.values_mut().find_map(|field| node_mut(field, at, depth + 1)),
        _ => None,
    }
}

fn pick(donor: &Value, random: &mut Rng) -> Value {
    let mut copy = donor.clone();
    let mut at = random.usize(0..count(donor));
    node_mut(&mut copy, &mut at, 0).map(|(node, _)| node.take()).unwrap_or_default()
}

fn scalar(random: &mut Rng) -> Value {
    match random.u8(0..8) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(NUMBERS[random.usize(0..NUMBERS.len())]),
        3 => json!(random.f64() * 1e6),
        4 => json!({}),
        5 => json!([]),
        6 => json!("x".repeat(random.usize(0..4_000))),
        _ => json!(WORDS[random.usize(0..WORDS.len())]),
    }
}

fn nested(mut value: Value, levels: usize, random: &mut Rng) -> Value {
    let as_list = random.bool();
    for _ in 0..levels {
        value = if as_list { json!([value]) } else { json!({"a": value}) };
    }
    value
}

fn remove(node: &mut Value, random: &mut Rng) {
    match node {
        Value::Array(items) if !items.is_empty() => drop(items.remove(random.usize(0..items.len()))),
        Value::Object(fields) if !fields.is_empty() => {
            let name = fields.keys().nth(random.usize(0..fields.len())).cloned().unwrap_or_default();
            fields.remove(&name);
        }
        other => *other = Value::Null,
    }
}

fn insert(node: &mut Value, value: Value, random: &mut Rng) {
    match node {
        Value::Array(items) => items.insert(random.usize(0..=items.len()), value),
        Value::Object(fields) => drop(fields.insert(WORDS[random.usize(0..WORDS.len())].to_owned(), value)),
        other => *other = value,
    }
}

fn duplicate(node: &mut Value, random: &mut Rng) {
    if let Value::Array(items) = node
        && !items.is_empty()
    {
        let item = items[random.usize(0..items.len())].clone();
        items.extend(std::iter::repeat_n(item, random.usize(1..=8)));
    }
}

/// Gives the value of one field to another name, of this object or a word.
fn rename(node: &mut Value, random: &mut Rng) {
    let Value::Object(fields) = node else { return };
    let names: Vec<String> = fields.keys().cloned().collect();
    if names.is_empty() {
        return;
    }
    let from = &names[random.usize(0..names.len())];
    let to = if random.bool() {
        names[random.usize(0..names.len())].clone()
    } else {
        WORDS[random.usize(0..WORDS.len())].to_owned()
    };
    if let Some(value) = fields.remove(from) {
        fields.insert(to, value);
    }
}

fn text(node: &mut Value, random: &mut Rng) {
    if let Value::String(text) = node {
        let changed = mutate_bytes(Shape::Text, std::mem::take(text).into_bytes(), b"", random);
        *text = String::from_utf8_lossy(&changed).into_owned();
    }
}
