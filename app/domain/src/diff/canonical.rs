//! Canonical YAML of an object, and the path of every line.
//!
//! Two equal objects print equal, and two unequal ones differ only where they differ: fields in one order (apiVersion,
//! kind, metadata first; a list item's key first; then by name), multi-line strings as literal blocks, nothing wrapped,
//! everything that YAML 1.1 or 1.2 could take for another type in quotes. What is printed reads back as the same JSON.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::diff::align::list_keys;
use crate::diff::path::Segment;

/// A printed object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Ends with a line break unless empty.
    pub text: String,
    /// The path that each line belongs to; as many as `text` has lines.
    pub paths: Vec<String>,
}

/// Prints an object. Prints nothing for `null`: there is no such side.
#[must_use]
pub fn document(object: &Value) -> Document {
    let mut emitter = Emitter { document: Document::default(), path: String::new(), starts: Vec::new() };
    match object {
        Value::Null => {}
        Value::Object(fields) if !fields.is_empty() => emitter.fields(fields, 0, &TOP),
        Value::Array(items) if !items.is_empty() => emitter.items("", items, 0),
        scalar => {
            emitter.text(&flow(scalar));
            emitter.end_line();
        }
    }
    emitter.document
}

/// The text of [`document`].
#[must_use]
pub fn yaml(object: &Value) -> String {
    document(object).text
}

struct Emitter {
    document: Document,
    /// The path of the node being printed, as text, and where in it each segment begins.
    path: String,
    starts: Vec<usize>,
}

/// What comes first in an object: at the top, and in metadata.
const TOP: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];
const METADATA: [&str; 4] = ["name", "namespace", "labels", "annotations"];

impl Emitter {
    fn enter(&mut self, segment: &Segment) {
        let start = self.path.len();
        self.starts.push(start);
        segment.write(&mut self.path, start == 0).expect("writing to a string does not fail");
    }

    fn leave(&mut self) {
        let start = self.starts.pop().unwrap_or_default();
        self.path.truncate(start);
    }

    fn text(&mut self, text: &str) {
        self.document.text.push_str(text);
    }

    fn indent(&mut self, columns: usize) {
        self.document.text.extend(std::iter::repeat_n(' ', columns));
    }

    /// Ends the line that was begun; it belongs to the present path.
    fn end_line(&mut self) {
        self.document.text.push('\n');
        self.document.paths.push(self.path.clone());
    }

    fn fields(&mut self, fields: &Map<String, Value>, indent: usize, first: &[&str]) {
        for (field, value) in ordered(fields, first) {
            self.indent(indent);
            self.field(field, value, indent);
        }
    }

    /// One field, at the place where its name stands.
    fn field(&mut self, name: &str, value: &Value, indent: usize) {
        self.enter(&Segment::field(name));
        if is_plain(name) {
            self.text(name);
        } else {
            self.text(&quoted(name));
        }
        self.text(":");
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                self.end_line();
                self.fields(fields, indent + 2, if name == "metadata" { &METADATA } else { &[] });
            }
            // As kubectl prints lists: the dash stands under the field's name.
            Value::Array(items) if !items.is_empty() => {
                self.end_line();
                self.items(name, items, indent);
            }
            scalar => self.scalar(scalar, indent + 2),
        }
        self.leave();
    }

    /// `list` is the name of the list; it tells which field names an item.
    fn items(&mut self, list: &str, items: &[Value], indent: usize) {
        let keys = list_keys(list, items);
        for (index, item) in items.iter().enumerate() {
            let segment = keys.and_then(|keys| Segment::key_of(item, keys)).unwrap_or(Segment::Index(index));
            self.enter(&segment);
            self.indent(indent);
            self.text("-");
            self.item(item, indent, keys.unwrap_or(&["name", "key", "id"]));
            self.leave();
        }
    }

    fn item(&mut self, item: &Value, indent: usize, keys: &[&str]) {
        match item {
            Value::Object(fields) if !fields.is_empty() => {
                for (at, (field, value)) in ordered(fields, keys).into_iter().enumerate() {
                    self.indent(if at == 0 { 1 } else { indent + 2 });
                    self.field(field, value, indent + 2);
                }
            }
            // A list in a list begins on the next line; rare enough to stay plain.
            Value::Array(items) if !items.is_empty() => {
                self.end_line();
                self.items("", items, indent + 2);
            }
            scalar => self.scalar(scalar, indent + 2),
        }
    }

    /// What stands behind a colon or a dash, with the line's end; the lines of a block stand at `indent`.
    fn scalar(&mut self, value: &Value, indent: usize) {
        match value {
            Value::String(text) if is_block(text) => self.block(text, indent),
            scalar => {
                self.text(" ");
                self.text(&flow(scalar));
                self.end_line();
            }
        }
    }

    /// A literal block: every line of the text on a line of its own.
    fn block(&mut self, text: &str, indent: usize) {
        let body = text.strip_suffix('\n').unwrap_or(text);
        // Without an indicator a reader takes the first line's indentation for the block's.
        self.text(if text.starts_with('\n') { " |2" } else { " |" });
        self.text(match (text.ends_with('\n'), body.ends_with('\n')) {
            (false, _) => "-",
            (true, false) => "",
            (true, true) => "+",
        });
        self.end_line();
        for line in body.split('\n') {
            if !line.is_empty() {
                self.indent(indent);
                self.text(line);
            }
            self.end_line();
        }
    }
}

fn ordered<'a>(fields: &'a Map<String, Value>, first: &[&str]) -> Vec<(&'a String, &'a Value)> {
    let mut entries: Vec<_> = fields.iter().collect();
    let rank = |field: &str| first.iter().position(|own| *own == field).unwrap_or(first.len());
    entries.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    entries
}

/// Several lines that a literal block can carry unchanged.
fn is_block(text: &str) -> bool {
    let carried = |character: char| character == '\n' || character == '\t' || is_printable(character);
    text.contains('\n')
        && text.chars().all(carried)
        // White space alone on a line at either end is where readers disagree.
        && text.split('\n').next().is_some_and(|first| first.is_empty() || !first.trim().is_empty())
        && text.trim_end_matches('\n').rsplit('\n').next().is_some_and(|last| !last.trim().is_empty())
        && !text.trim_start_matches('\n').starts_with(['\t', ' '])
}

/// What may stand in YAML as it is. Line breaks of Unicode, byte order marks and controls may not.
fn is_printable(character: char) -> bool {
    matches!(character,
        ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202f}'..='\u{205f}' | '\u{2070}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}'
        | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// A value on one line: a scalar, or what is empty.
fn flow(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) if is_plain(text) => Cow::Borrowed(text),
        Value::String(text) => Cow::Owned(quoted(text)),
        Value::Object(_) => Cow::Borrowed("{}"),
        Value::Array(_) => Cow::Borrowed("[]"),
        scalar => Cow::Owned(scalar.to_string()),
    }
}

/// The string stands for itself without quotes, in YAML 1.1 and 1.2.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 12] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];
    let Some(first) = text.chars().next() else { return false };
    let starts = first.is_alphanumeric() || first == '_' || first == '/' || first == '(';
    starts
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(is_printable)
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        && !is_number_like(text)
}

/// Could be a number, a time or a date in some version of YAML: begins with a digit and has nothing else in it.
fn is_number_like(text: &str) -> bool {
    let of_numbers = |byte: u8| byte.is_ascii_hexdigit() || b"xXoO_.:+-eETtZz ,".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(of_numbers)
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            character if is_printable(character) => out.push(character),
            character if u32::from(character) <= 0xffff => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            character => out.push_str(&format!("\\U{:08x}", u32::from(character))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_come_in_the_order_people_expect() {
        let object = json!({
            "spec": {"b": 1, "a": {}, "list": [], "none": null}, "kind": "Deployment", "apiVersion": "apps/v1",
            "metadata": {
                "annotations": {"z": "1"}, "labels": {"a": "b"}, "namespace": "shop", "name": "web",
                "finalizers": ["x"],
            },
            "data": {"k": "v"},
        });
        let expected = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels:
    a: b
  annotations:
    z: \"1\"
  finalizers:
  - x
spec:
  a: {}
  b: 1
  list: []
  none: null
data:
  k: v
";
        assert_eq!(yaml(&object), expected);
    }

    #[test]
    fn every_line_knows_its_path() {
        let object = json!({"spec": {"containers": [
            {"image": "i", "name": "app", "args": ["-v", "x: y"], "script": "a\nb\n"},
        ]}});
        let document = document(&object);
        let lines: Vec<(&str, &str)> = document.text.lines().zip(document.paths.iter().map(String::as_str)).collect();
        assert_eq!(
            lines,
            [
                ("spec:", "spec"),
                ("  containers:", "spec.containers"),
                ("  - name: app", "spec.containers[name=app].name"),
                ("    args:", "spec.containers[name=app].args"),
                ("    - \"-v\"", "spec.containers[name=app].args[0]"),
                ("    - \"x: y\"", "spec.containers[name=app].args[1]"),
                ("    image: i", "spec.containers[name=app].image"),
                ("    script: |", "spec.containers[name=app].script"),
                ("      a", "spec.containers[name=app].script"),
                ("      b", "spec.containers[name=app].script"),
            ]
        );
        assert_eq!(document.text.lines().count(), document.paths.len());
    }

    #[test]
    fn ambiguous_strings_are_quoted() {
        for text in [
            "yes",
            "No",
            "on",
            "y",
            "null",
            "~",
            "",
            "012",
            "1e3",
            "0x1F",
            "1_000",
            "12:30:45",
            "2026-01-02",
            ".5",
            "-1",
            "+1",
            "a: b",
            "a #b",
            " a",
            "a ",
            "a:",
            "*a",
            "&a",
            "!a",
            "@a",
            "%a",
            "`a",
            "[a",
            "{a",
            "#a",
            "|",
            ">",
            "=",
            "<<",
            "- a",
            "? a",
            "NaN",
            "1.5",
            "true",
        ] {
            let value = json!(text);
            let printed = flow(&value);
            assert!(printed.starts_with('"'), "{text:?} printed as {printed}");
        }
        for text in ["nginx:1.27", "100m", "5Gi", "a/b@sha256:0", "main", "http://x/y?z=1", "a,b", "v1", "10m0s", "äöü"]
        {
            assert_eq!(flow(&json!(text)), text);
        }
    }

    #[test]
    fn nothing_prints_as_nothing() {
        assert_eq!(document(&Value::Null), Document::default());
        assert_eq!(yaml(&json!({})), "{}\n");
        assert_eq!(yaml(&json!([1])), "- 1\n");
    }

    #[cfg(feature = "native")]
    mod round_trip {
        use proptest::prelude::*;

        use super::*;

        fn texts() -> impl Strategy<Value = String> {
            prop_oneof![
                4 => "[ \\t\\n:#'\"|>-]{0,3}[a-c0-9 \\n\\t:#.-]{0,10}[ \\n\\t]{0,3}",
                2 => ".{0,12}",
                1 => "[\\x00-\\x1f\\x7f-\\u{a0}\\u{2028}\\u{feff}a\\n]{0,6}",
                2 => prop::sample::select(vec![
                    "yes", "null", "~", "012", "1e3", ".inf", "0o7", "0b1", "1:2", "2026-01-02", "<<",
                    "=", "---", "...", "\r\n", "a\r\nb", "\n\n", "a\n\n\n", " a\nb", "\ta\nb", "a\n ", "a\n \n", "\na",
                    "\n a",
                    "|-\n", "a\n- b", "# c\n# d\n", "1_0", "-", "?",
                ]).prop_map(str::to_owned),
            ]
        }

        fn values() -> impl Strategy<Value = Value> {
            let leaf = prop_oneof![
                Just(Value::Null),
                any::<bool>().prop_map(Value::from),
                any::<i64>().prop_map(Value::from),
                any::<u64>().prop_map(Value::from),
                (-1.0e6..1.0e6).prop_map(|number: f64| Value::from(number)),
                texts().prop_map(Value::from),
            ];
            leaf.prop_recursive(4, 40, 6, |inner| {
                prop_oneof![
                    prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                    prop::collection::btree_map(texts(), inner, 0..5)
                        .prop_map(|map| Value::Object(map.into_iter().collect())),
                ]
            })
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(1024))]
            #[test]
            fn what_is_printed_reads_back(value in values()) {
                let object = json!({"x": value});
                let document = document(&object);
                let read: Value = serde_saphyr::from_str(&document.text)
                    .map_err(|error| TestCaseError::fail(format!("{error}\n{}", document.text)))?;
                prop_assert_eq!(&read, &object, "{}", document.text);
                prop_assert_eq!(document.text.matches('\n').count(), document.paths.len());
            }
        }
    }
}
