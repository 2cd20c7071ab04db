//! Paths of the API, taken apart: resource, namespace, name and subresource.

use crate::catalogue;

/// What a path below a group version names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResourcePath {
    /// Row of the catalogue.
    pub(crate) resource: usize,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
    /// What follows the subresource, for proxies.
    pub(crate) rest: String,
}

impl ResourcePath {
    /// Parses `/api/v1/…` and `/apis/GROUP/VERSION/…`. None when no row of the catalogue answers to it.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let mut segments = path.trim_matches('/').split('/');
        let group = match segments.next()? {
            "api" => "",
            "apis" => segments.next()?,
            _ => return None,
        };
        let version = segments.next()?;
        let segments: Vec<&str> = segments.collect();
        let (namespace, below) = match segments.as_slice() {
            // `namespaces/NAME` and its own subresources name the namespace itself.
            ["namespaces", _, "status" | "finalize"] | ["namespaces", _] | ["namespaces"] => (None, &segments[..]),
            ["namespaces", namespace, below @ ..] => (Some((*namespace).to_owned()), below),
            _ => (None, &segments[..]),
        };
        let (plural, below) = below.split_first()?;
        let resource = catalogue::find(group, version, plural)?;
        let mut below = below.iter().map(|segment| (*segment).to_owned());
        let (name, subresource) = (below.next(), below.next());
        let rest = below.collect::<Vec<_>>().join("/");
        if namespace.is_some() && !catalogue::RESOURCES[resource].namespaced {
            return None;
        }
        Some(Self { resource, namespace, name, subresource, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::ResourcePath;
    use crate::catalogue::RESOURCES;

    /// Kind, namespace, name and subresource, `-` for none.
    fn parsed(path: &str) -> Option<String> {
        let path = ResourcePath::parse(path)?;
        let text = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
        let kind = RESOURCES[path.resource].kind;
        Some(format!("{kind} {} {} {}", text(path.namespace), text(path.name), text(path.subresource)))
    }

    #[test]
    fn paths_name_collections_objects_and_subresources() {
        for (path, expected) in [
            ("/api/v1/pods", "Pod - - -"),
            ("/api/v1/namespaces/shop/pods/api-0/log", "Pod shop api-0 log"),
            ("/apis/helm.toolkit.fluxcd.io/v2/namespaces/shop/helmreleases", "HelmRelease shop - -"),
            // A namespace is an object and a scope.
            ("/api/v1/namespaces", "Namespace - - -"),
            ("/api/v1/namespaces/shop", "Namespace - shop -"),
            ("/api/v1/namespaces/shop/status", "Namespace - shop status"),
        ] {
            assert_eq!(parsed(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn unknown_paths_name_nothing() {
        for path in ["/", "/api/v1", "/apis/apps/v1beta1/deployments", "/apis/apps/v1/pods", "/metrics"] {
            assert_eq!(ResourcePath::parse(path), None, "{path}");
        }
    }

    #[test]
    fn what_follows_a_proxy_is_kept() {
        let path = ResourcePath::parse("/api/v1/namespaces/flux-system/services/http:s:80/proxy/a/b.tar.gz").unwrap();
        assert_eq!(path.rest, "a/b.tar.gz");
    }
}
