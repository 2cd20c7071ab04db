//! Who wrote a field: the managers of an object, and which of them stands behind a path.
//!
//! A manager is a tool, not a person, and the time is that of its last change to anything: blame says no more than
//! that.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::condition::timestamp_millis;
use crate::diff::fields::FieldSet;
use crate::diff::path::Path;

/// The tool that owns a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Blame {
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: String,
    /// Milliseconds since 1970, UTC.
    pub time: Option<i64>,
    /// `status`, `scale`, or empty for the object itself.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub subresource: String,
}

/// One entry of `metadata.managedFields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub blame: Blame,
    pub fields: FieldSet,
}

impl Owner {
    #[must_use]
    pub fn applies(&self) -> bool {
        self.blame.operation == "Apply"
    }
}

/// The managers of an object, in the order of its metadata. Malformed entries own nothing.
#[must_use]
pub fn owners(object: &Value) -> Vec<Owner> {
    let entries = object["metadata"]["managedFields"].as_array();
    entries.into_iter().flatten().map(read).collect()
}

fn read(entry: &Value) -> Owner {
    let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    let blame = Blame {
        manager: text("manager"),
        operation: text("operation"),
        time: entry["time"].as_str().and_then(timestamp_millis),
        subresource: text("subresource"),
    };
    Owner { blame, fields: FieldSet::parse(&entry["fieldsV1"]) }
}

/// Who owns the value at this path: the newest of those that own it, else of those that own something below it.
/// `None` = nobody does, as with defaults.
#[must_use]
pub fn blame(owners: &[Owner], path: &Path) -> Option<Blame> {
    let newest = |owns: &dyn Fn(&FieldSet) -> bool| {
        owners.iter().filter(|owner| owns(&owner.fields)).max_by_key(|owner| owner.blame.time)
    };
    let owner = newest(&|fields| fields.covers(path)).or_else(|| newest(&|fields| fields.reaches(path)))?;
    Some(owner.blame.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live() -> Value {
        json!({"metadata": {"managedFields": [
            {"manager": "kustomize-controller", "operation": "Apply", "time": "2026-01-01T00:00:00Z",
                "fieldsV1": {"f:spec": {"f:replicas": {}, "f:paused": {}}}},
            {"manager": "kubectl-edit", "operation": "Update", "time": "2026-01-02T00:00:00Z",
                "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": "hpa", "operation": "Update", "subresource": "scale", "fieldsV1": "broken"},
        ]}})
    }

    #[test]
    fn the_newest_owner_of_a_path_is_blamed() {
        let owners = owners(&live());
        assert_eq!(owners.len(), 3);
        let manager = |path: &str| blame(&owners, &path.parse().unwrap()).map(|blame| blame.manager);
        assert_eq!(manager("spec.replicas").as_deref(), Some("kubectl-edit"));
        assert_eq!(manager("spec.paused").as_deref(), Some("kustomize-controller"));
        assert_eq!(manager("spec").as_deref(), Some("kubectl-edit"));
        assert_eq!(manager("spec.strategy"), None);
    }

    #[test]
    fn an_object_without_managers_blames_nobody() {
        assert!(owners(&json!({})).is_empty());
        assert!(owners(&json!({"metadata": {"managedFields": {"a": 1}}})).is_empty());
    }
}
