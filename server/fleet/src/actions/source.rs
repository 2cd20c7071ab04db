//! Which sources a reconcile with source brings up to date before the object itself: a pure function over what is
//! known.
//!
//! As the `flux` command line does it: the source of a Kustomization; the chart of a HelmRelease and, one level deeper,
//! where the chart comes from.

use std::sync::Arc;

use domain::catalogue::HELM;
use domain::object::ObjectRef;
use serde_json::Value;

use crate::watch::row;

/// Chart, its repository, and room for one more; a longer chain would be a loop.
const DEEPEST: usize = 3;

/// Deepest first. `known` answers with an object that is known.
pub(super) fn chain(
    object: &ObjectRef,
    json: &Value,
    known: impl Fn(&ObjectRef) -> Option<Arc<Value>>,
) -> Vec<ObjectRef> {
    let mut sources = Vec::new();
    let mut next = nearest(object, json);
    while let Some(source) = next {
        next = known(&source).and_then(|json| row::source(&source, &json));
        sources.push(source);
        if sources.len() == DEEPEST {
            break;
        }
    }
    sources.reverse();
    sources
}

/// A HelmRelease with a chart template reads from the HelmChart that helm-controller makes of it.
fn nearest(object: &ObjectRef, json: &Value) -> Option<ObjectRef> {
    let source = row::source(object, json)?;
    if object.group != HELM || json["spec"]["chartRef"].is_object() {
        return Some(source);
    }
    let own_namespace = object.namespace.as_deref().unwrap_or_default();
    Some(ObjectRef { kind: "HelmChart".to_owned(), name: format!("{own_namespace}-{}", object.name), ..source })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn object(kind: &str, group: &str, name: &str, namespace: &str, spec: &Value) -> (ObjectRef, Arc<Value>) {
        let json = json!({
            "apiVersion": format!("{group}.toolkit.fluxcd.io/v1"), "kind": kind,
            "metadata": {"name": name, "namespace": namespace}, "spec": spec,
        });
        (ObjectRef::of(&"prod".into(), &json), Arc::new(json))
    }

    fn chain_of(first: &(ObjectRef, Arc<Value>), known: &[(ObjectRef, Arc<Value>)]) -> Vec<String> {
        let known: BTreeMap<_, _> = known.iter().cloned().collect();
        chain(&first.0, &first.1, |source| known.get(source).cloned())
            .into_iter()
            .map(|source| format!("{} {}/{}", source.kind, source.namespace.unwrap_or_default(), source.name))
            .collect()
    }

    #[test]
    fn a_kustomization_reads_from_its_source() {
        let spec = json!({"sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}});
        let shop = object("Kustomization", "kustomize", "shop", "apps", &spec);
        assert_eq!(chain_of(&shop, &[]), ["GitRepository flux-system/fleet"]);
    }

    #[test]
    fn a_chart_template_means_the_generated_chart_and_its_repository_first() {
        let repository = json!({"kind": "HelmRepository", "name": "charts", "namespace": "flux-system"});
        let spec = json!({"chart": {"spec": {"chart": "shop", "sourceRef": repository}}});
        let release = object("HelmRelease", "helm", "shop", "apps", &spec);
        let chart_spec = json!({"chart": "shop", "sourceRef": {"kind": "HelmRepository", "name": "charts"}});
        let chart = object("HelmChart", "source", "apps-shop", "flux-system", &chart_spec);
        assert_eq!(
            chain_of(&release, &[chart]),
            ["HelmRepository flux-system/charts", "HelmChart flux-system/apps-shop"]
        );
    }

    #[test]
    fn an_artifact_leads_to_its_generator() {
        let spec = json!({"sourceRef": {"kind": "ExternalArtifact", "name": "parts"}});
        let shop = object("Kustomization", "kustomize", "shop", "apps", &spec);
        let generator_api = "source.extensions.fluxcd.io/v1beta1";
        let artifact_spec =
            json!({"sourceRef": {"apiVersion": generator_api, "kind": "ArtifactGenerator", "name": "split"}});
        let artifact = object("ExternalArtifact", "source", "parts", "apps", &artifact_spec);
        assert_eq!(chain_of(&shop, &[artifact]), ["ArtifactGenerator apps/split", "ExternalArtifact apps/parts"]);
    }
}
