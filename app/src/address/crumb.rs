//! The breadcrumb of a path.

use domain::object::NO_NAMESPACE;

/// One step; the last one has no link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crumb {
    pub label: String,
    pub href: Option<String>,
}

fn crumb(label: impl Into<String>, href: impl Into<Option<String>>) -> Crumb {
    Crumb { label: label.into(), href: href.into() }
}

/// From the left: where the page is. Knows paths only, so server and browser agree before anything is loaded.
pub(crate) fn crumbs(path: &str) -> Vec<Crumb> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        [] => vec![crumb("Fleet", None)],
        ["clusters"] => vec![crumb("Clusters", None)],
        ["clusters", "new"] => vec![crumb("Clusters", "/clusters".to_owned()), crumb("Register a cluster", None)],
        ["clusters", id] => vec![crumb("Clusters", "/clusters".to_owned()), crumb(*id, None)],
        ["clusters", id, kind, namespace, name, rest @ ..] => object(id, kind, namespace, name, rest),
        ["resources"] => vec![crumb("Resources", None)],
        ["logs"] => vec![crumb("Logs", None)],
        ["account"] => vec![crumb("Account", None)],
        ["settings", "users"] => vec![crumb("Users", None)],
        ["settings", "users", name] => vec![crumb("Users", "/settings/users".to_owned()), crumb(*name, None)],
        ["settings", "audit"] => vec![crumb("Audit", None)],
        _ => vec![crumb("Not found", None)],
    }
}

fn object(id: &str, kind: &str, namespace: &str, name: &str, rest: &[&str]) -> Vec<Crumb> {
    let mut crumbs = vec![crumb(id, format!("/clusters/{id}"))];
    if namespace != NO_NAMESPACE {
        crumbs.push(crumb(namespace, format!("/resources?cluster={id}&namespace={namespace}")));
    }
    let label = format!("{kind} {name}");
    if rest.is_empty() {
        crumbs.push(crumb(label, None));
    } else {
        crumbs.push(crumb(label, format!("/clusters/{id}/{kind}/{namespace}/{name}")));
        crumbs.push(crumb("Diff", None));
    }
    crumbs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(path: &str) -> Vec<String> {
        crumbs(path).into_iter().map(|crumb| crumb.label).collect()
    }

    #[test]
    fn an_object_stands_below_its_cluster_and_namespace() {
        assert_eq!(labels("/clusters/prod/HelmRelease/shop/web"), ["prod", "shop", "HelmRelease web"]);
        assert_eq!(labels("/clusters/prod/ClusterRole/-/admin/diff"), ["prod", "ClusterRole admin", "Diff"]);
        assert_eq!(labels("/clusters/new"), ["Clusters", "Register a cluster"]);
    }

    #[test]
    fn only_the_last_step_has_no_link() {
        for path in ["/", "/clusters/a", "/clusters/a/K/n/b", "/clusters/a/K/n/b/diff", "/logs"] {
            let crumbs = crumbs(path);
            let without: Vec<bool> = crumbs.iter().map(|crumb| crumb.href.is_none()).collect();
            assert_eq!(without.iter().filter(|none| **none).count(), 1, "{path}");
            assert_eq!(without.last(), Some(&true), "{path}");
        }
    }
}
