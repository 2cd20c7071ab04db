//! The facts that an object's page shows beside its conditions: what was asked for, in a few words, by kind.
//!
//! A pure function of the masked object. A fact without a value is left out.

use domain::catalogue::{HELM, KUSTOMIZE};
use domain::object::ObjectRef;
use domain::resource::Fact;
use serde_json::Value;

/// Label and JSON pointer; the pointers of one label are tried in order.
type FactRow = (&'static str, &'static [&'static str]);

const COMMON: &[FactRow] = &[
    ("Interval", &["/spec/interval"]),
    ("Timeout", &["/spec/timeout"]),
    ("Service account", &["/spec/serviceAccountName"]),
];

const KUSTOMIZATION: &[FactRow] = &[
    ("Path", &["/spec/path"]),
    ("Prune", &["/spec/prune"]),
    ("Wait", &["/spec/wait"]),
    ("Force", &["/spec/force"]),
    ("Target namespace", &["/spec/targetNamespace"]),
    ("Deletion policy", &["/spec/deletionPolicy"]),
    ("Decryption", &["/spec/decryption/provider"]),
    ("Origin revision", &["/status/lastAppliedOriginRevision"]),
];

const HELM_RELEASE: &[FactRow] = &[
    ("Chart", &["/spec/chart/spec/chart", "/status/history/0/chartName"]),
    ("Chart version", &["/spec/chart/spec/version"]),
    ("App version", &["/status/history/0/appVersion"]),
    ("Release name", &["/spec/releaseName", "/status/history/0/name"]),
    ("Target namespace", &["/spec/targetNamespace"]),
    ("Storage namespace", &["/status/storageNamespace"]),
    ("Drift detection", &["/spec/driftDetection/mode"]),
    ("Last action", &["/status/lastAttemptedReleaseAction"]),
    ("Failures", &["/status/failures"]),
];

const OTHERS: &[FactRow] = &[
    ("URL", &["/spec/url"]),
    ("Type", &["/spec/type"]),
    ("Branch", &["/spec/ref/branch"]),
    ("Tag", &["/spec/ref/tag"]),
    ("Semver", &["/spec/ref/semver"]),
    ("Ref", &["/spec/ref/name"]),
    ("Commit", &["/spec/ref/commit"]),
    ("Digest", &["/spec/ref/digest"]),
    ("Provider", &["/spec/provider", "/spec/providerRef/name"]),
    ("Verification", &["/spec/verify/provider", "/spec/verify/mode"]),
    ("Bucket", &["/spec/bucketName"]),
    ("Endpoint", &["/spec/endpoint"]),
    ("Prefix", &["/spec/prefix"]),
    ("Region", &["/spec/region"]),
    ("Chart", &["/spec/chart"]),
    ("Chart version", &["/spec/version"]),
    ("Channel", &["/spec/channel"]),
    ("Address", &["/spec/address"]),
    ("Severity", &["/spec/eventSeverity"]),
    ("Image", &["/spec/image", "/status/latestImage"]),
    ("Latest tag", &["/status/latestRef/tag"]),
    ("Tags found", &["/status/lastScanResult/tagCount"]),
    ("Last scan", &["/status/lastScanResult/scanTime"]),
    ("Push branch", &["/spec/git/push/branch"]),
    ("Last push", &["/status/lastPushTime"]),
    ("Update path", &["/spec/update/path"]),
    ("Distribution", &["/spec/distribution/version"]),
    ("Registry", &["/spec/distribution/registry"]),
    ("Artifact size", &["/status/artifact/size"]),
    ("Artifact digest", &["/status/artifact/digest"]),
];

/// Facts in the order that the page shows them.
#[must_use]
pub fn facts(object: &ObjectRef, masked: &Value) -> Vec<Fact> {
    let own = match object.group.as_str() {
        KUSTOMIZE => KUSTOMIZATION,
        HELM => HELM_RELEASE,
        _ => OTHERS,
    };
    let simple = own.iter().chain(COMMON).filter_map(|(label, pointers)| {
        let value = pointers.iter().find_map(|pointer| scalar(masked.pointer(pointer)?))?;
        Some(Fact { label: (*label).to_owned(), value })
    });
    let lists = [("Depends on", depends_on(masked)), ("Health checks", count(masked, "/spec/healthChecks"))];
    let lists = lists.into_iter().filter_map(|(label, value)| Some(Fact { label: label.to_owned(), value: value? }));
    simple.chain(lists).collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn depends_on(object: &Value) -> Option<String> {
    let dependencies: Vec<String> = object["spec"]["dependsOn"]
        .as_array()?
        .iter()
        .filter_map(|dependency| {
            let name = dependency["name"].as_str()?;
            Some(match dependency["namespace"].as_str() {
                Some(namespace) => format!("{namespace}/{name}"),
                None => name.to_owned(),
            })
        })
        .collect();
    (!dependencies.is_empty()).then(|| dependencies.join(", "))
}

fn count(object: &Value, pointer: &str) -> Option<String> {
    let items = object.pointer(pointer)?.as_array()?;
    (!items.is_empty()).then(|| items.len().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts_of(json: &Value) -> Vec<(String, String)> {
        let object = ObjectRef::of(&"prod".into(), json);
        facts(&object, json).into_iter().map(|fact| (fact.label, fact.value)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_kustomization_tells_path_prune_interval_and_dependencies() {
        let object = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "shop"},
            "spec": {
                "path": "./apps", "prune": true, "interval": "10m", "targetNamespace": "",
                "dependsOn": [{"name": "infra"}, {"name": "db", "namespace": "data"}],
            },
        });
        let expected = [("Path", "./apps"), ("Prune", "yes"), ("Interval", "10m"), ("Depends on", "infra, data/db")];
        assert_eq!(facts_of(&object), pairs(&expected));
    }

    #[test]
    fn the_first_pointer_with_a_value_wins() {
        let object = json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "shop"},
            "spec": {"chartRef": {"kind": "OCIRepository", "name": "shop"}},
            "status": {"history": [{"chartName": "shop", "name": "apps-shop", "appVersion": "2"}]},
        });
        let expected = [("Chart", "shop"), ("App version", "2"), ("Release name", "apps-shop")];
        assert_eq!(facts_of(&object), pairs(&expected));
    }
}
