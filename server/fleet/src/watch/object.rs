//! A Kubernetes object as JSON, readable by the Kubernetes client.
//!
//! The client's own dynamic type rebuilds the whole object through typed metadata; this one keeps the JSON as it came
//! and reads only the few names that the client needs.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::core::{ApiResource, DynamicResourceScope};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object of any kind. `metadata` holds name, namespace, uid and resource version only.
#[derive(Clone, Debug, PartialEq)]
pub struct KubeObject {
    metadata: ObjectMeta,
    pub json: Value,
}

impl KubeObject {
    #[must_use]
    pub fn new(json: Value) -> Self {
        let text = |field: &str| json["metadata"][field].as_str().map(str::to_owned);
        let metadata = ObjectMeta {
            name: text("name"),
            namespace: text("namespace"),
            uid: text("uid"),
            resource_version: text("resourceVersion"),
            ..ObjectMeta::default()
        };
        Self { metadata, json }
    }

    /// The JSON with `apiVersion` and `kind`, which items of a list may lack.
    #[must_use]
    pub fn into_json(mut self, resource: &ApiResource) -> Value {
        if let Some(object) = self.json.as_object_mut() {
            object.entry("apiVersion").or_insert_with(|| resource.api_version.clone().into());
            object.entry("kind").or_insert_with(|| resource.kind.clone().into());
        }
        self.json
    }
}

/// Drop what is never shown and never compared from memory: managed fields and the last applied configuration, which
/// repeats the whole object.
pub fn trim(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.remove("managedFields");
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}

impl<'de> Deserialize<'de> for KubeObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::new)
    }
}

impl Serialize for KubeObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl Resource for KubeObject {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(resource: &ApiResource) -> Cow<'_, str> {
        resource.kind.as_str().into()
    }

    fn group(resource: &ApiResource) -> Cow<'_, str> {
        resource.group.as_str().into()
    }

    fn version(resource: &ApiResource) -> Cow<'_, str> {
        resource.version.as_str().into()
    }

    fn api_version(resource: &ApiResource) -> Cow<'_, str> {
        resource.api_version.as_str().into()
    }

    fn plural(resource: &ApiResource) -> Cow<'_, str> {
        resource.plural.as_str().into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trimming_takes_managed_fields_and_last_applied_and_nothing_else() {
        let mut object = json!({
            "metadata": {
                "name": "a",
                "managedFields": [{"manager": "kubectl"}],
                "annotations": {LAST_APPLIED: "{\"data\":\"secret\"}", "team": "shop"},
            },
            "spec": {"replicas": 1},
        });
        trim(&mut object);
        assert_eq!(
            object,
            json!({"metadata": {"name": "a", "annotations": {"team": "shop"}}, "spec": {"replicas": 1}})
        );
    }

    #[test]
    fn an_item_of_a_list_gets_its_type_back() {
        let resource = ApiResource {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            plural: "deployments".to_owned(),
        };
        let item = KubeObject::new(json!({"metadata": {"name": "a", "resourceVersion": "7"}}));
        assert_eq!(item.meta().resource_version.as_deref(), Some("7"));
        let json = item.into_json(&resource);
        assert_eq!((&json["apiVersion"], &json["kind"]), (&json!("apps/v1"), &json!("Deployment")));
    }
}
