//! Inventories: which objects an applier manages, as it writes them into its status.
//!
//! An id is `<namespace>_<name>_<group>_<kind>`, the version stands beside it. Colons in the names of RBAC objects
//! are written as `__`. Source: `fluxcd/cli-utils`, `object.ObjMetadata`.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::{ClusterId, GroupKind, ObjectRef};

/// An object that is managed, on the cluster that the applier writes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InventoryEntry {
    /// `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    pub name: String,
    /// Empty for the core group.
    pub group: String,
    pub kind: String,
    /// API version without group. It may no longer be served.
    pub version: String,
}

/// The text is no inventory id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{id:?} is not an inventory id: expected namespace_name_group_kind")]
pub struct InventoryError {
    pub id: String,
}

/// Names of these kinds may hold colons.
const RBAC: &str = "rbac.authorization.k8s.io";

impl InventoryEntry {
    /// Reads an id and the version that stands beside it.
    ///
    /// # Errors
    /// If the id has fewer than three separators, or no name or kind.
    pub fn parse(id: &str, version: &str) -> Result<Self, InventoryError> {
        let wrong = || InventoryError { id: id.to_owned() };
        let (namespace, rest) = id.split_once('_').ok_or_else(wrong)?;
        let (rest, kind) = rest.rsplit_once('_').ok_or_else(wrong)?;
        let (name, group) = rest.rsplit_once('_').ok_or_else(wrong)?;
        if name.is_empty() || kind.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
            name: name.replace("__", ":"),
            group: group.to_owned(),
            kind: kind.to_owned(),
            version: version.to_owned(),
        })
    }

    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// `v1`, or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    #[must_use]
    pub fn object(&self, cluster: &ClusterId) -> ObjectRef {
        ObjectRef {
            cluster: cluster.clone(),
            group: self.group.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

impl fmt::Display for InventoryEntry {
    /// The id, without the version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        let name = if self.group == RBAC { self.name.replace(':', "__") } else { self.name.clone() };
        write!(f, "{namespace}_{name}_{}_{}", self.group, self.kind)
    }
}

/// What an applier manages (Kustomization, HelmRelease, ResourceSet, FluxInstance), and what could not be read of it.
///
/// An ArtifactGenerator lists the ExternalArtifacts it wrote; they are entries as well.
#[must_use]
pub fn entries(object: &Value) -> (Vec<InventoryEntry>, Vec<String>) {
    let inventory = &object["status"]["inventory"];
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for entry in inventory["entries"].as_array().into_iter().flatten() {
        let Some(id) = entry["id"].as_str() else {
            problems.push("an inventory entry has no id".to_owned());
            continue;
        };
        match InventoryEntry::parse(id, entry["v"].as_str().unwrap_or_default()) {
            Ok(entry) => entries.push(entry),
            Err(error) => problems.push(error.to_string()),
        }
    }
    for artifact in inventory.as_array().into_iter().flatten() {
        let Some(name) = artifact["name"].as_str() else {
            problems.push("an artifact in the inventory has no name".to_owned());
            continue;
        };
        let namespace = artifact["namespace"].as_str().or_else(|| object["metadata"]["namespace"].as_str());
        entries.push(InventoryEntry {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            group: "source.toolkit.fluxcd.io".to_owned(),
            kind: "ExternalArtifact".to_owned(),
            version: "v1".to_owned(),
        });
    }
    (entries, problems)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_read_as_flux_writes_them() {
        let core = InventoryEntry::parse("default_podinfo__Service", "v1").unwrap();
        assert_eq!(
            (core.namespace.as_deref(), core.group.as_str(), core.kind.as_str()),
            (Some("default"), "", "Service")
        );
        assert_eq!(core.api_version(), "v1");
        let scoped = InventoryEntry::parse("_podinfo__Namespace", "v1").unwrap();
        assert_eq!((scoped.namespace, scoped.name.as_str()), (None, "podinfo"));
        let role = InventoryEntry::parse("_system__web__reader_rbac.authorization.k8s.io_ClusterRole", "v1").unwrap();
        assert_eq!(role.name, "system:web:reader");
        assert_eq!(role.api_version(), "rbac.authorization.k8s.io/v1");
        for id in ["", "a", "a_b", "a_b_c", "a__c_", "___"] {
            assert!(InventoryEntry::parse(id, "v1").is_err(), "{id}");
        }
    }

    #[test]
    fn a_broken_entry_does_not_hide_the_others() {
        let object = json!({"status": {"inventory": {"entries": [
            {"id": "a_b__Service", "v": "v1"}, {"id": "broken", "v": "v1"}, {"v": "v1"}, null,
        ]}}});
        let (entries, problems) = entries(&object);
        assert_eq!((entries.len(), problems.len()), (1, 3));
        assert_eq!(super::entries(&json!({})), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_generators_inventory_is_its_artifacts() {
        let object =
            json!({"metadata": {"namespace": "apps"}, "status": {"inventory": [{"name": "a", "digest": "sha256:0"}]}});
        let (entries, problems) = entries(&object);
        assert_eq!(entries[0].to_string(), "apps_a_source.toolkit.fluxcd.io_ExternalArtifact");
        assert!(problems.is_empty());
    }

    proptest! {
        #[test]
        fn ids_round_trip(
            namespace in proptest::option::of("[a-z][a-z0-9-]{0,8}"),
            name in "[a-z][a-z0-9.-]{0,12}",
            part in "[a-z]{1,4}",
            group in prop_oneof![Just(""), Just("apps"), Just(RBAC)],
            kind in "[A-Z][A-Za-z]{0,8}",
        ) {
            let name = if group == RBAC { format!("{name}:{part}") } else { name };
            let entry = InventoryEntry { namespace, name, group: group.to_owned(), kind, version: "v1".to_owned() };
            prop_assert_eq!(InventoryEntry::parse(&entry.to_string(), "v1"), Ok(entry));
        }

        #[test]
        fn no_text_breaks_the_reader(id in ".{0,30}") {
            if let Ok(entry) = InventoryEntry::parse(&id, "v1") {
                prop_assert!(!entry.name.is_empty() && !entry.kind.is_empty());
            }
        }
    }
}
