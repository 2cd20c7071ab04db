//! Label and field selectors: parsed once, asked for each object.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalogue::Resource;
use crate::status::Status;
use crate::store::{Key, Stored};

#[derive(Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

#[derive(Debug, PartialEq, Eq)]
struct Field {
    path: String,
    value: String,
    equal: bool,
}

/// What a list or watch selects.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<Field>,
}

impl Selector {
    /// # Errors
    /// On a selector that cannot be parsed, and on fields that this kind cannot be selected by.
    pub(crate) fn parse(labels: Option<&str>, fields: Option<&str>, resource: &Resource) -> Result<Self, Status> {
        let labels = requirements(labels.unwrap_or_default())?;
        let fields = fields
            .unwrap_or_default()
            .split(',')
            .filter(|part| !part.is_empty())
            .map(|part| field(part, resource))
            .collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Whether nothing is left out.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is selected. Parses the object only for fields that are not in its key.
    pub(crate) fn matches(&self, key: &Key, stored: &Stored) -> bool {
        if !self.labels.iter().all(|requirement| requirement.matches(&stored.labels)) {
            return false;
        }
        let mut object = None;
        self.fields.iter().all(|field| {
            let equal = match field.path.as_str() {
                "metadata.namespace" => key.0 == field.value,
                "metadata.name" => key.1 == field.value,
                path => at(object.get_or_insert_with(|| stored.value()), path) == field.value,
            };
            equal == field.equal
        })
    }
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::In(name, values) => labels.get(name).is_some_and(|value| values.contains(value)),
            Self::NotIn(name, values) => labels.get(name).is_none_or(|value| !values.contains(value)),
            Self::Exists(name) => labels.contains_key(name),
            Self::Missing(name) => !labels.contains_key(name),
        }
    }
}

fn at(object: &Value, path: &str) -> String {
    match path.split('.').try_fold(object, |value, name| value.get(name)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Splits at commas outside parentheses.
fn requirements(text: &str) -> Result<Vec<Requirement>, Status> {
    let mut parts = vec![String::new()];
    let mut depth = 0_u32;
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).map(requirement).collect()
}

fn requirement(part: &str) -> Result<Requirement, Status> {
    let one = |name: &str, value: &str| (name.trim().to_owned(), vec![value.trim().to_owned()]);
    if let Some((name, value)) = part.split_once("!=") {
        let (name, values) = one(name, value);
        return Ok(Requirement::NotIn(name, values));
    }
    if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        let (name, values) = one(name, value);
        return Ok(Requirement::In(name, values));
    }
    if let Some(name) = part.strip_prefix('!') {
        return Ok(Requirement::Missing(name.trim().to_owned()));
    }
    let mut words = part.splitn(2, char::is_whitespace);
    let name = words.next().unwrap_or_default().to_owned();
    let Some(rest) = words.next().map(str::trim) else { return Ok(Requirement::Exists(name)) };
    let (operator, list) = rest.split_once('(').ok_or_else(|| unparsable(part))?;
    let list = list.strip_suffix(')').ok_or_else(|| unparsable(part))?;
    let values = list.split(',').map(|value| value.trim().to_owned()).collect();
    match operator.trim() {
        "in" => Ok(Requirement::In(name, values)),
        "notin" => Ok(Requirement::NotIn(name, values)),
        _ => Err(unparsable(part)),
    }
}

fn unparsable(part: &str) -> Status {
    Status::bad_request(format!("unable to parse requirement: {part:?}"))
}

fn field(part: &str, resource: &Resource) -> Result<Field, Status> {
    let (path, value, equal) = if let Some((path, value)) = part.split_once("!=") {
        (path, value, false)
    } else {
        let (path, value) = part
            .split_once("==")
            .or_else(|| part.split_once('='))
            .ok_or_else(|| Status::bad_request(format!("invalid selector: {part:?}")))?;
        (path, value, true)
    };
    let known = match (resource.kind, path) {
        (_, "metadata.name" | "metadata.namespace") => true,
        ("Pod", "spec.nodeName" | "status.phase" | "status.podIP" | "spec.restartPolicy") => true,
        ("Secret", "type") | ("Namespace", "status.phase") => true,
        ("Event", "type" | "reason" | "reportingComponent" | "source") => true,
        ("Event", path) => path.starts_with("involvedObject."),
        _ => false,
    };
    if !known {
        let message = format!("Unable to find \"{}\" that match: field label not supported: {path}", resource.plural);
        return Err(Status::bad_request(message));
    }
    let path = if path == "source" { "source.component" } else { path };
    Ok(Field { path: path.to_owned(), value: value.to_owned(), equal })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Selector;
    use crate::catalogue::{RESOURCES, find_kind};
    use crate::store::Stored;

    fn selects(labels: &str, fields: &str) -> bool {
        let resource = &RESOURCES[find_kind("Event").unwrap()];
        let stored = Stored {
            json: r#"{"involvedObject":{"kind":"Pod"},"type":"Warning"}"#.to_owned(),
            labels: BTreeMap::from([("app".to_owned(), "api".to_owned()), ("tier".to_owned(), "web".to_owned())]),
        };
        let key = ("shop".to_owned(), "api-0".to_owned());
        Selector::parse(Some(labels), Some(fields), resource).unwrap().matches(&key, &stored)
    }

    #[test]
    fn label_selectors_know_equality_and_sets() {
        for (text, expected) in [
            ("", true),
            ("app=api,tier==web", true),
            ("app!=api", false),
            ("app in (web, api),tier", true),
            ("app notin (api)", false),
            ("!app", false),
            ("!other", true),
            ("other!=x", true),
            ("other", false),
        ] {
            assert_eq!(selects(text, ""), expected, "{text}");
        }
    }

    #[test]
    fn field_selectors_read_the_key_and_the_object() {
        for (text, expected) in [
            ("metadata.name=api-0,metadata.namespace=shop", true),
            ("metadata.name!=api-0", false),
            ("involvedObject.kind=Pod,type!=Normal", true),
            ("involvedObject.name=x", false),
        ] {
            assert_eq!(selects("", text), expected, "{text}");
        }
    }

    #[test]
    fn unknown_fields_and_broken_selectors_are_refused() {
        let deployment = &RESOURCES[find_kind("Deployment").unwrap()];
        assert!(Selector::parse(None, Some("spec.replicas=1"), deployment).is_err());
        assert!(Selector::parse(Some("a in b"), None, deployment).is_err());
    }
}
