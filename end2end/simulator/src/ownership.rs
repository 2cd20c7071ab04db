//! `metadata.managedFields`: reading and writing its entries, and what an ordinary write does to them.
//!
//! Follows the API server's field management: an update gives its manager the leaves that it changed and takes them
//! from everyone else. Never decides what an object becomes; see `apply` for that.

use serde_json::{Value, json};

use crate::fields::{self, FieldSet};

/// Who writes, as an entry names it.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) manager: String,
    /// `status`, `scale`, or empty for the object itself.
    pub(crate) subresource: String,
    /// Seconds, RFC 3339.
    pub(crate) time: String,
}

impl Writer {
    /// A writer of the object itself.
    pub(crate) fn new(manager: &str, time: String) -> Self {
        Self { manager: manager.to_owned(), subresource: String::new(), time }
    }

    /// The same writer on a subresource.
    pub(crate) fn on(self, subresource: &str) -> Self {
        Self { subresource: subresource.to_owned(), ..self }
    }
}

/// The two operations of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Apply,
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// One manager's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) manager: String,
    pub(crate) operation: Operation,
    pub(crate) subresource: String,
    pub(crate) time: String,
    pub(crate) fields: FieldSet,
}

impl Entry {
    /// Whether this is the entry that `writer` writes with `operation`.
    pub(crate) fn belongs_to(&self, writer: &Writer, operation: Operation) -> bool {
        self.manager == writer.manager && self.operation == operation && self.subresource == writer.subresource
    }
}

/// The entries of an object.
pub(crate) fn entries(object: &Value) -> Vec<Entry> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    object["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| Entry {
            manager: text(entry, "manager"),
            operation: if entry["operation"] == "Apply" { Operation::Apply } else { Operation::Update },
            subresource: text(entry, "subresource"),
            time: text(entry, "time"),
            fields: fields::from_fields_v1(&entry["fieldsV1"]),
        })
        .collect()
}

/// Writes the entries back; those without fields vanish.
pub(crate) fn set_entries(object: &mut Value, entries: &[Entry]) {
    let api_version = object["apiVersion"].clone();
    let list: Vec<Value> = entries
        .iter()
        .filter(|entry| !entry.fields.is_empty())
        .map(|entry| {
            let mut document = json!({
                "manager": entry.manager,
                "operation": entry.operation.name(),
                "apiVersion": api_version,
                "time": entry.time,
                "fieldsType": "FieldsV1",
                "fieldsV1": fields::to_fields_v1(&entry.fields),
            });
            if !entry.subresource.is_empty() {
                document["subresource"] = json!(entry.subresource);
            }
            document
        })
        .collect();
    if list.is_empty() {
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
    } else {
        object["metadata"]["managedFields"] = Value::Array(list);
    }
}

/// Gives `writer` the leaves in which `object` differs from `before`, and forgets the leaves that are gone.
pub(crate) fn record_update(before: Option<&Value>, object: &mut Value, writer: &Writer, custom: bool) {
    let mut entries = before.map(entries).unwrap_or_default();
    let after = fields::leaves(object, custom);
    let changed: FieldSet = match before {
        Some(before) => after.iter().filter(|path| !fields::same_at(before, object, path, custom)).cloned().collect(),
        None => after,
    };
    for entry in &mut entries {
        let own = entry.belongs_to(writer, Operation::Update);
        entry.fields.retain(|path| fields::value_at(object, path).is_some() && (own || !changed.contains(path)));
    }
    add(&mut entries, writer, Operation::Update, changed);
    set_entries(object, &entries);
}

/// Adds fields to the entry of a writer, which is created or stamped when there are any.
pub(crate) fn add(entries: &mut Vec<Entry>, writer: &Writer, operation: Operation, fields: FieldSet) {
    if fields.is_empty() {
        return;
    }
    if let Some(entry) = entries.iter_mut().find(|entry| entry.belongs_to(writer, operation)) {
        entry.fields.extend(fields);
        entry.time.clone_from(&writer.time);
    } else {
        entries.push(Entry {
            manager: writer.manager.clone(),
            operation,
            subresource: writer.subresource.clone(),
            time: writer.time.clone(),
            fields,
        });
    }
}
