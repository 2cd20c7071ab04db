//! Paths into an object, in the terms of Kubernetes' field sets: fields, list items by key, set members, indices.
//!
//! A path prints as `spec.template.spec.containers[name=app].image` and reads back from it; anchors, change lists and
//! line tables all use this one form. Field names with other characters than letters, digits, `-` and `_` are quoted:
//! `metadata.annotations["a.b/c"]`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// One step of a path. Scalars are kept as their JSON text, so that steps have an order and can be keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A field of an object.
    Field(String),
    /// The list item whose fields have these values (JSON text by field).
    Key(BTreeMap<String, String>),
    /// The member of a set, as JSON text.
    Member(String),
    /// The list item at this position.
    Index(usize),
}

impl Segment {
    #[must_use]
    pub fn field(name: &str) -> Self {
        Self::Field(name.to_owned())
    }

    /// The item of a list by the values of these fields; `None` if the item lacks one of them.
    #[must_use]
    pub fn key_of(item: &Value, keys: &[&str]) -> Option<Self> {
        let value = |key: &&str| match item.get(*key) {
            Some(value) if !value.is_object() && !value.is_array() => Some(((*key).to_owned(), value.to_string())),
            // The only key that the API fills in by itself.
            None if *key == "protocol" => Some(("protocol".to_owned(), "\"TCP\"".to_owned())),
            _ => None,
        };
        keys.iter().map(value).collect::<Option<BTreeMap<_, _>>>().map(Self::Key)
    }

    /// Position in a list that this segment names.
    #[must_use]
    pub fn position(&self, items: &[Value]) -> Option<usize> {
        match self {
            Self::Field(_) => None,
            Self::Key(keys) => items.iter().position(|item| {
                keys.iter().all(|(field, text)| match item.get(field) {
                    Some(value) => is_text(value, text),
                    None => field == "protocol" && text == "\"TCP\"",
                })
            }),
            Self::Member(text) => items.iter().position(|item| is_text(item, text)),
            Self::Index(index) => (*index < items.len()).then_some(*index),
        }
    }
}

/// Whether the JSON text says this value.
fn is_text(value: &Value, text: &str) -> bool {
    match (value, text.strip_prefix('"').and_then(|text| text.strip_suffix('"'))) {
        (Value::String(own), Some(inner)) if !inner.contains('\\') => own == inner,
        _ => serde_json::from_str::<Value>(text).is_ok_and(|other| other == *value),
    }
}

/// Where something is in an object; the empty path is the object itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// A path of fields only.
    #[must_use]
    pub fn of_fields(fields: &[&str]) -> Self {
        Self(fields.iter().map(|field| Segment::field(field)).collect())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The enclosing path; the empty path encloses itself.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    #[must_use]
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// What the path names in `object`.
    #[must_use]
    pub fn get<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(object, |value, segment| match (segment, value) {
            (Segment::Field(name), Value::Object(fields)) => fields.get(name),
            (segment, Value::Array(items)) => segment.position(items).and_then(|at| items.get(at)),
            _ => None,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, segment)| segment.write(f, at == 0))
    }
}

impl Segment {
    /// Writes the segment as a path prints it; `first` has no dot before it.
    pub(crate) fn write(&self, f: &mut impl fmt::Write, first: bool) -> fmt::Result {
        match self {
            Self::Field(name) if is_plain(name) => {
                if !first {
                    f.write_char('.')?;
                }
                f.write_str(name)
            }
            Self::Field(name) => write!(f, "[{}]", quoted(name)),
            Self::Key(keys) => {
                for (number, (field, text)) in keys.iter().enumerate() {
                    f.write_char(if number == 0 { '[' } else { ',' })?;
                    if is_plain(field) {
                        f.write_str(field)?;
                    } else {
                        f.write_str(&quoted(field))?;
                    }
                    write!(f, "={}", bare(text))?;
                }
                f.write_char(']')
            }
            Self::Member(text) => write!(f, "[={}]", bare(text)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// JSON text, without quotes where the string could not be taken for anything else.
fn bare(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let clear = |inner: &&str| {
        inner.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
            && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte))
            && !["true", "false", "null"].contains(inner)
    };
    inner.filter(clear).unwrap_or(text)
}

/// The text is not a path; `at` is the byte at which reading stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a path: unexpected text at byte {at}")]
pub struct PathError {
    pub at: usize,
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut reader = Reader { text, at: 0 };
        let mut segments = Vec::new();
        while reader.at < text.len() {
            if reader.take('[') {
                segments.push(reader.bracket()?);
                continue;
            }
            if !segments.is_empty() && !reader.take('.') {
                return Err(reader.error());
            }
            segments.push(Segment::Field(reader.plain()?.to_owned()));
        }
        Ok(Self(segments))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn error(&self) -> PathError {
        PathError { at: self.at }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn plain(&mut self) -> Result<&'a str, PathError> {
        let rest = self.rest();
        let end =
            rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '-' && character != '_');
        let name = &rest[..end.unwrap_or(rest.len())];
        if name.is_empty() {
            return Err(self.error());
        }
        self.at += name.len();
        Ok(name)
    }

    /// A JSON string at this place, decoded.
    fn string(&mut self) -> Result<String, PathError> {
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match values.next() {
            Some(Ok(text)) => {
                self.at += values.byte_offset();
                Ok(text)
            }
            _ => Err(self.error()),
        }
    }

    /// A scalar up to `,` or `]`, as JSON text.
    fn scalar(&mut self) -> Result<String, PathError> {
        if self.rest().starts_with('"') {
            return self.string().map(|text| quoted(&text));
        }
        let rest = self.rest();
        let end = rest.find([',', ']']).ok_or_else(|| self.error())?;
        let word = &rest[..end];
        self.at += end;
        match serde_json::from_str::<Value>(word) {
            Ok(value) if !value.is_object() && !value.is_array() => Ok(word.to_owned()),
            _ => Ok(quoted(word)),
        }
    }

    fn bracket(&mut self) -> Result<Segment, PathError> {
        if self.take('=') {
            let text = self.scalar()?;
            return if self.take(']') { Ok(Segment::Member(text)) } else { Err(self.error()) };
        }
        let mut keys = BTreeMap::new();
        loop {
            let name = if self.rest().starts_with('"') { self.string()? } else { self.plain()?.to_owned() };
            if self.take('=') {
                keys.insert(name, self.scalar()?);
                if self.take(',') {
                    continue;
                }
                return if self.take(']') { Ok(Segment::Key(keys)) } else { Err(self.error()) };
            }
            if !keys.is_empty() || !self.take(']') {
                return Err(self.error());
            }
            let was_quoted = self.text[..self.at - 1].ends_with('"');
            return match name.parse() {
                Ok(index) if !was_quoted => Ok(Segment::Index(index)),
                _ => Ok(Segment::Field(name)),
            };
        }
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn scalars() -> impl Strategy<Value = String> {
        prop_oneof![".*", "[a-z/.:-]{0,6}", Just("true".to_owned())]
            .prop_map(|text| quoted(&text))
            .boxed()
            .prop_union(any::<i64>().prop_map(|number| number.to_string()).boxed())
    }

    pub(crate) fn paths() -> impl Strategy<Value = Path> {
        let segment = prop_oneof![
            "[a-zA-Z0-9_-]{1,6}".prop_map(Segment::Field),
            ".*".prop_map(Segment::Field),
            prop::collection::btree_map("[a-zA-Z.]{0,4}", scalars(), 1..3).prop_map(Segment::Key),
            scalars().prop_map(Segment::Member),
            (0usize..100).prop_map(Segment::Index),
        ];
        prop::collection::vec(segment, 0..6).prop_map(Path)
    }

    proptest! {
        #[test]
        fn a_printed_path_reads_back(path in paths()) {
            let text = path.to_string();
            prop_assert_eq!(text.parse::<Path>(), Ok(path), "{}", text);
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".*") {
            if let Ok(path) = text.parse::<Path>() {
                prop_assert_eq!(path.to_string().parse::<Path>(), Ok(path));
            }
        }
    }

    #[test]
    fn paths_print_as_people_write_them() {
        let text = "spec.template.spec.containers[name=app].ports[containerPort=80,protocol=TCP].name";
        assert_eq!(text.parse::<Path>().unwrap().to_string(), text);
        let annotation = Path::of_fields(&["metadata", "annotations", "a.b/c"]);
        assert_eq!(annotation.to_string(), r#"metadata.annotations["a.b/c"]"#);
        assert_eq!("a[0][=x]".parse::<Path>().unwrap().0[1], Segment::Index(0));
        assert!("a..b".parse::<Path>().is_err());
        assert!("a[name=x".parse::<Path>().is_err());
    }

    #[test]
    fn a_path_finds_its_value() {
        let object = json!({"ports": [{"port": 80, "name": "a"}, {"port": 80, "protocol": "UDP"}], "set": ["x", "y"]});
        let get = |text: &str| text.parse::<Path>().unwrap().get(&object).cloned();
        assert_eq!(get("ports[port=80,protocol=TCP].name"), Some(json!("a")));
        assert_eq!(get("ports[1].protocol"), Some(json!("UDP")));
        assert_eq!(get("set[=y]"), Some(json!("y")));
        assert_eq!(get("set[=z]"), None);
        assert_eq!(get("ports.name"), None);
        assert_eq!(get(""), Some(object.clone()));
    }
}
