//! What discovery finds on clusters of several Flux minors, in both forms in which an API server answers.

use std::convert::Infallible;

use domain::catalogue::KINDS;
use fleet::watch::discovery::discover;
use http::{Request, Response, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};
use tower::service_fn;

/// Kinds of one served version; versions of one group in the order in which the API server lists them.
type Versions = &'static [(&'static str, &'static [&'static str])];
type Groups = &'static [(&'static str, Versions)];

const KUSTOMIZATION: &[&str] = &["Kustomization"];
const HELM_RELEASE: &[&str] = &["HelmRelease"];
const NOTIFICATION: &[&str] = &["Alert", "Provider", "Receiver"];
const IMAGE: &[&str] = &["ImagePolicy", "ImageRepository", "ImageUpdateAutomation"];
const SOURCES_BETA1: &[&str] = &["Bucket", "GitRepository", "HelmChart", "HelmRepository"];
const SOURCES: &[&str] = &["Bucket", "GitRepository", "HelmChart", "HelmRepository", "OCIRepository"];

/// What each minor serves, from its custom resource definitions.
pub(super) const MINORS: &[(&str, Groups)] = &[
    (
        "2.1",
        &[
            ("helm.toolkit.fluxcd.io", &[("v2beta1", HELM_RELEASE)]),
            ("image.toolkit.fluxcd.io", &[("v1beta2", &["ImagePolicy", "ImageRepository"]), ("v1beta1", IMAGE)]),
            (
                "kustomize.toolkit.fluxcd.io",
                &[("v1", KUSTOMIZATION), ("v1beta2", KUSTOMIZATION), ("v1beta1", KUSTOMIZATION)],
            ),
            (
                "notification.toolkit.fluxcd.io",
                &[("v1", &["Receiver"]), ("v1beta2", NOTIFICATION), ("v1beta1", NOTIFICATION)],
            ),
            (
                "source.toolkit.fluxcd.io",
                &[("v1", &["GitRepository"]), ("v1beta2", SOURCES), ("v1beta1", SOURCES_BETA1)],
            ),
        ],
    ),
    (
        "2.3",
        &[
            ("helm.toolkit.fluxcd.io", &[("v2", HELM_RELEASE), ("v2beta2", HELM_RELEASE), ("v2beta1", HELM_RELEASE)]),
            ("image.toolkit.fluxcd.io", &[("v1beta2", IMAGE), ("v1beta1", IMAGE)]),
            (
                "kustomize.toolkit.fluxcd.io",
                &[("v1", KUSTOMIZATION), ("v1beta2", KUSTOMIZATION), ("v1beta1", KUSTOMIZATION)],
            ),
            (
                "notification.toolkit.fluxcd.io",
                &[
                    ("v1", &["Receiver"]),
                    ("v1beta3", &["Alert", "Provider"]),
                    ("v1beta2", NOTIFICATION),
                    ("v1beta1", NOTIFICATION),
                ],
            ),
            (
                "source.toolkit.fluxcd.io",
                &[
                    ("v1", &["GitRepository", "HelmChart", "HelmRepository"]),
                    ("v1beta2", SOURCES),
                    ("v1beta1", SOURCES_BETA1),
                ],
            ),
        ],
    ),
    (
        "2.5",
        &[
            ("helm.toolkit.fluxcd.io", &[("v2", HELM_RELEASE)]),
            ("image.toolkit.fluxcd.io", &[("v1beta2", IMAGE), ("v1beta1", IMAGE)]),
            (
                "kustomize.toolkit.fluxcd.io",
                &[("v1", KUSTOMIZATION), ("v1beta2", KUSTOMIZATION), ("v1beta1", KUSTOMIZATION)],
            ),
            (
                "notification.toolkit.fluxcd.io",
                &[("v1", &["Receiver"]), ("v1beta3", &["Alert", "Provider"]), ("v1beta2", NOTIFICATION)],
            ),
            ("source.toolkit.fluxcd.io", &[("v1", SOURCES_BETA1), ("v1beta2", SOURCES), ("v1beta1", SOURCES_BETA1)]),
        ],
    ),
    (
        "2.9",
        &[
            ("helm.toolkit.fluxcd.io", &[("v2", HELM_RELEASE)]),
            ("image.toolkit.fluxcd.io", &[("v1", IMAGE)]),
            ("kustomize.toolkit.fluxcd.io", &[("v1", KUSTOMIZATION)]),
            ("notification.toolkit.fluxcd.io", &[("v1", &["Receiver"]), ("v1beta3", &["Alert", "Provider"])]),
            ("source.extensions.fluxcd.io", &[("v1beta1", &["ArtifactGenerator"])]),
            (
                "source.toolkit.fluxcd.io",
                &[(
                    "v1",
                    &["Bucket", "ExternalArtifact", "GitRepository", "HelmChart", "HelmRepository", "OCIRepository"],
                )],
            ),
        ],
    ),
];

/// Which version of each kind is to be used.
const CHOSEN: &[(&str, &str)] = &[
    (
        "2.1",
        "Alert v1beta2, Bucket v1beta2, GitRepository v1, HelmChart v1beta2, HelmRelease v2beta1, \
         HelmRepository v1beta2, ImagePolicy v1beta2, ImageRepository v1beta2, ImageUpdateAutomation v1beta1, \
         Kustomization v1, OCIRepository v1beta2, Provider v1beta2, Receiver v1",
    ),
    (
        "2.3",
        "Alert v1beta3, Bucket v1beta2, GitRepository v1, HelmChart v1, HelmRelease v2, HelmRepository v1, \
         ImagePolicy v1beta2, ImageRepository v1beta2, ImageUpdateAutomation v1beta2, Kustomization v1, \
         OCIRepository v1beta2, Provider v1beta3, Receiver v1",
    ),
    (
        "2.5",
        "Alert v1beta3, Bucket v1, GitRepository v1, HelmChart v1, HelmRelease v2, HelmRepository v1, \
         ImagePolicy v1beta2, ImageRepository v1beta2, ImageUpdateAutomation v1beta2, Kustomization v1, \
         OCIRepository v1beta2, Provider v1beta3, Receiver v1",
    ),
    (
        "2.9",
        "Alert v1beta3, ArtifactGenerator v1beta1, Bucket v1, ExternalArtifact v1, GitRepository v1, HelmChart v1, \
         HelmRelease v2, HelmRepository v1, ImagePolicy v1, ImageRepository v1, ImageUpdateAutomation v1, \
         Kustomization v1, OCIRepository v1, Provider v1beta3, Receiver v1",
    ),
];

fn plural(kind: &str) -> &'static str {
    KINDS.iter().find(|own| own.kind == kind).expect("a kind of Flux").plural
}

const VERBS: [&str; 4] = ["get", "list", "patch", "watch"];

fn aggregated(groups: Groups) -> Value {
    let resource = |group: &str, version: &str, kind: &str| {
        json!({
            "resource": plural(kind), "singularResource": kind.to_lowercase(), "scope": "Namespaced", "verbs": VERBS,
            "responseKind": {"group": group, "version": version, "kind": kind},
            "subresources": [{"subresource": "status", "verbs": ["get", "patch", "update"],
                "responseKind": {"group": group, "version": version, "kind": kind}}],
        })
    };
    let items: Vec<Value> = groups
        .iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|(version, kinds)| {
                    let resources: Vec<Value> = kinds.iter().map(|kind| resource(group, version, kind)).collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            json!({"metadata": {"name": group}, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn plain_group(group: &str, versions: Versions) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|(version, _)| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions[0]})
}

fn resource_list(group: &str, version: &str, kinds: &[&str]) -> Value {
    let resources: Vec<Value> = kinds
        .iter()
        .flat_map(|kind| {
            let name = plural(kind);
            [
                json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": VERBS}),
                json!({"name": format!("{name}/status"), "singularName": "", "namespaced": true, "kind": kind,
                    "verbs": ["get", "patch", "update"]}),
            ]
        })
        .collect();
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{group}/{version}"),
        "resources": resources})
}

/// The answer of a cluster; one without aggregated discovery answers in the plain form whatever it is asked for.
fn answer(groups: Groups, has_aggregated: bool, path: &str, accept: &str) -> Option<Value> {
    let is_aggregated = has_aggregated && accept.contains("apidiscovery.k8s.io");
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["api"] if is_aggregated => Some(aggregated(&[])),
        ["apis"] if is_aggregated => Some(aggregated(groups)),
        ["api"] => Some(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})),
        ["api", "v1"] => Some(json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": []})),
        ["apis"] => {
            let groups: Vec<Value> = groups.iter().map(|(group, versions)| plain_group(group, versions)).collect();
            Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        ["apis", group, version] => {
            let (_, versions) = groups.iter().find(|(name, _)| name == group)?;
            let (_, kinds) = versions.iter().find(|(name, _)| name == version)?;
            Some(resource_list(group, version, kinds))
        }
        _ => None,
    }
}

fn client(groups: Groups, has_aggregated: bool) -> kube::Client {
    let service = service_fn(move |request: Request<Body>| async move {
        let accept = request.headers().get("accept").and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let answer = answer(groups, has_aggregated, request.uri().path(), accept);
        let status = if answer.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
        let body = answer.unwrap_or_else(|| {
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "not found",
                "reason": "NotFound", "code": 404})
        });
        let response = Response::builder().status(status).header("content-type", "application/json");
        Ok::<_, Infallible>(response.body(Body::from(body.to_string().into_bytes())).expect("a response"))
    });
    kube::Client::new(service, "default")
}

#[tokio::test]
async fn every_minor_is_watched_in_the_newest_version_that_it_serves_of_each_kind() {
    for ((minor, groups), (chosen_minor, chosen)) in MINORS.iter().zip(CHOSEN) {
        assert_eq!(minor, chosen_minor);
        for has_aggregated in [true, false] {
            let (kinds, problems) = discover(&client(groups, has_aggregated)).await.expect("it lists its groups");
            assert_eq!(problems, Vec::new(), "Flux {minor}");
            let mut found: Vec<String> =
                kinds.iter().map(|kind| format!("{} {}", kind.resource.kind, kind.resource.version)).collect();
            found.sort();
            assert_eq!(found.join(", "), *chosen, "Flux {minor}, aggregated: {has_aggregated}");
            assert!(kinds.iter().all(|kind| kind.namespaced && kind.allows("watch")), "Flux {minor}");
        }
    }
}
