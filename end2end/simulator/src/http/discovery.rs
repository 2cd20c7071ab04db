//! Discovery: versions, groups and resources, in the plain form and aggregated (`apidiscovery.k8s.io/v2`).

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::catalogue::{self, RESOURCES, Resource};
use crate::cluster::Cluster;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Groups that are no rows of the catalogue: they only take reviews.
const REVIEW_GROUPS: [&str; 2] = ["authentication.k8s.io", "authorization.k8s.io"];

/// The answer to a discovery path; none for other paths.
pub(crate) fn answer(cluster: &Cluster, path: &str, headers: &HeaderMap) -> Option<Response> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let aggregated = accept.contains("apidiscovery.k8s.io") && accept.contains("v=v2;");
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let document = match segments.as_slice() {
        ["api"] if aggregated => return Some(aggregate(&[group_discovery("", served(cluster, ""))])),
        ["apis"] if aggregated => {
            let groups: Vec<Value> =
                groups(cluster).into_iter().map(|(group, _)| group_discovery(group, served(cluster, group))).collect();
            return Some(aggregate(&groups));
        }
        ["api"] => {
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
        }
        ["apis"] => {
            let groups: Vec<Value> =
                groups(cluster).into_iter().map(|(group, versions)| plain_group(group, &versions)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", group] => {
            let (group, versions) = groups(cluster).into_iter().find(|(name, _)| name == group)?;
            let mut document = plain_group(group, &versions);
            document["kind"] = json!("APIGroup");
            document["apiVersion"] = json!("v1");
            document
        }
        ["api", "v1"] => resource_list("", "v1", served(cluster, "")),
        ["apis", group, version] => {
            let known =
                groups(cluster).into_iter().any(|(name, versions)| name == *group && versions.contains(version));
            known.then(|| resource_list(group, version, served(cluster, group)))?
        }
        _ => return None,
    };
    Some(axum::Json(document).into_response())
}

/// Groups other than the core, each with its versions, the preferred one first.
fn groups(cluster: &Cluster) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (index, row) in RESOURCES.iter().enumerate() {
        if row.group.is_empty() || !cluster.serves(index) {
            continue;
        }
        match groups.iter_mut().find(|(group, _)| *group == row.group) {
            Some((_, versions)) if versions.contains(&row.version) => {}
            Some((_, versions)) => versions.push(row.version),
            None => groups.push((row.group, vec![row.version])),
        }
    }
    groups.extend(REVIEW_GROUPS.map(|group| (group, vec!["v1"])));
    groups
}

fn served<'a>(cluster: &'a Cluster, group: &'a str) -> impl Iterator<Item = &'static Resource> + 'a {
    RESOURCES
        .iter()
        .enumerate()
        .filter(move |(index, row)| row.group == group && cluster.serves(*index))
        .map(|(_, row)| row)
}

fn plain_group(group: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

fn resource_list<'a>(group: &str, version: &str, rows: impl Iterator<Item = &'a Resource>) -> Value {
    let mut resources = Vec::new();
    for row in rows.filter(|row| row.version == version) {
        resources.push(json!({
            "name": row.plural, "singularName": row.kind.to_lowercase(), "namespaced": row.namespaced,
            "kind": row.kind, "verbs": catalogue::verbs(None), "shortNames": row.short_names,
        }));
        for subresource in row.subresources {
            resources.push(json!({
                "name": format!("{}/{subresource}", row.plural), "singularName": "", "namespaced": row.namespaced,
                "kind": subresource_kind(row, subresource).1, "verbs": catalogue::verbs(Some(subresource)),
            }));
        }
    }
    for kind in reviews(group) {
        resources.push(json!({"name": format!("{}s", kind.to_lowercase()), "singularName": kind.to_lowercase(),
            "namespaced": false, "kind": kind, "verbs": ["create"]}));
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources})
}

fn reviews(group: &str) -> &'static [&'static str] {
    match group {
        "authentication.k8s.io" => &["SelfSubjectReview"],
        "authorization.k8s.io" => &["SelfSubjectAccessReview", "SelfSubjectRulesReview"],
        _ => &[],
    }
}

/// Group version and kind of what a subresource answers.
fn subresource_kind(row: &Resource, subresource: &str) -> (String, &'static str) {
    match subresource {
        "scale" => ("autoscaling/v1".to_owned(), "Scale"),
        "proxy" => (row.api_version(), "ServiceProxyOptions"),
        _ => (row.api_version(), row.kind),
    }
}

fn group_discovery<'a>(group: &str, rows: impl Iterator<Item = &'a Resource>) -> Value {
    let mut versions: Vec<(&str, Vec<Value>)> = Vec::new();
    for row in rows {
        let subresources: Vec<Value> = row
            .subresources
            .iter()
            .map(|subresource| {
                let (group_version, kind) = subresource_kind(row, subresource);
                let (group, version) = group_version.split_once('/').unwrap_or(("", &group_version));
                json!({"subresource": subresource, "verbs": catalogue::verbs(Some(subresource)),
                    "responseKind": {"group": group, "version": version, "kind": kind}})
            })
            .collect();
        let resource = json!({
            "resource": row.plural, "singularResource": row.kind.to_lowercase(), "shortNames": row.short_names,
            "responseKind": {"group": row.group, "version": row.version, "kind": row.kind},
            "scope": if row.namespaced { "Namespaced" } else { "Cluster" },
            "verbs": catalogue::verbs(None), "subresources": subresources,
        });
        match versions.iter_mut().find(|(version, _)| *version == row.version) {
            Some((_, resources)) => resources.push(resource),
            None => versions.push((row.version, vec![resource])),
        }
    }
    let reviews: Vec<Value> = reviews(group)
        .iter()
        .map(|kind| {
            json!({"resource": format!("{}s", kind.to_lowercase()), "singularResource": kind.to_lowercase(),
                "responseKind": {"group": group, "version": "v1", "kind": kind}, "scope": "Cluster",
                "verbs": ["create"]})
        })
        .collect();
    if !reviews.is_empty() {
        versions.push(("v1", reviews));
    }
    let versions: Vec<Value> = versions
        .into_iter()
        .map(|(version, resources)| json!({"version": version, "resources": resources, "freshness": "Current"}))
        .collect();
    json!({"metadata": {"name": group, "creationTimestamp": null}, "versions": versions})
}

fn aggregate(groups: &[Value]) -> Response {
    let document = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
        "items": groups});
    ([(header::CONTENT_TYPE, AGGREGATED)], document.to_string()).into_response()
}
