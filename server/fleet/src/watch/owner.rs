//! Which Kustomization or HelmRelease applies an object: by its labels, and by inventories where labels disagree.

use std::sync::Arc;

use domain::catalogue::{HELM, KUSTOMIZE};
use domain::inventory;
use domain::object::ObjectRef;
use serde_json::Value;

/// The applier that the labels name. An object can carry the labels of both kinds (a chart whose templates a
/// Kustomization applied, a migration): then the one whose inventory holds the object. `known` answers with an object
/// of the index.
pub(crate) fn owner(
    object: &ObjectRef,
    json: &Value,
    known: impl Fn(&ObjectRef) -> Option<Arc<Value>>,
) -> Option<ObjectRef> {
    let labels = &json["metadata"]["labels"];
    let mut candidates: Vec<ObjectRef> = [("Kustomization", KUSTOMIZE), ("HelmRelease", HELM)]
        .into_iter()
        .filter_map(|(kind, group)| {
            Some(ObjectRef {
                cluster: object.cluster.clone(),
                group: group.to_owned(),
                kind: kind.to_owned(),
                namespace: labels[format!("{group}/namespace")].as_str().map(str::to_owned),
                name: labels[format!("{group}/name")].as_str()?.to_owned(),
            })
        })
        .filter(|candidate| candidate != object)
        .collect();
    let holds = |candidate: &ObjectRef| {
        let Some(json) = known(candidate) else { return false };
        let (entries, _) = inventory::entries(&json);
        entries.iter().any(|entry| entry.object(&object.cluster) == *object)
    };
    let at = if candidates.len() > 1 { candidates.iter().position(holds).unwrap_or(0) } else { 0 };
    (!candidates.is_empty()).then(|| candidates.swap_remove(at))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn labels_name_the_owner_and_an_inventory_decides_between_two() {
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "labels": {
                "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
                "helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "shop",
            }},
        });
        let object = ObjectRef::of(&"prod".into(), &deployment);
        let release = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "web", "namespace": "shop"},
            "status": {"inventory": {"entries": [{"id": "shop_web_apps_Deployment", "v": "v1"}]}},
        });
        let release_object = ObjectRef::of(&"prod".into(), &release);
        let known = BTreeMap::from([(release_object.clone(), Arc::new(release))]);
        assert_eq!(owner(&object, &deployment, |object| known.get(object).cloned()), Some(release_object));
        let first = owner(&object, &deployment, |_| None).expect("labels are enough");
        assert_eq!((first.kind.as_str(), first.name.as_str()), ("Kustomization", "apps"));
        assert_eq!(owner(&object, &json!({}), |_| None), None);
    }
}
