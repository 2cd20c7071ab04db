//! `/clusters/{cluster}/{kind}/{namespace}/{name}`: an object as a URL names it.

use domain::object::{ClusterId, NO_NAMESPACE, ObjectRef};
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

use super::Query;

/// What the URL says of an object. The server resolves it: a kind may be a plural, and its group is often left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectAddress {
    pub cluster: ClusterId,
    pub kind: String,
    /// `-` where there is none.
    pub namespace: String,
    pub name: String,
    /// `None`: whichever group the kind belongs to; empty: the core group.
    #[serde(default)]
    pub group: Option<String>,
}

impl From<&ObjectRef> for ObjectAddress {
    fn from(object: &ObjectRef) -> Self {
        Self {
            cluster: object.cluster.clone(),
            kind: object.kind.clone(),
            namespace: object.namespace_segment().to_owned(),
            name: object.name.clone(),
            group: Some(object.group.clone()),
        }
    }
}

impl ObjectAddress {
    /// Of the route's parameters and its query.
    pub(crate) fn read(params: &ParamsMap, query: &ParamsMap) -> Self {
        let param = |name: &str| params.get(name).unwrap_or_default();
        Self {
            cluster: ClusterId(param("id")),
            kind: param("kind"),
            namespace: param("ns"),
            name: param("name"),
            group: query.get("group"),
        }
    }

    /// Path of the page, without a query.
    pub(crate) fn path(&self) -> String {
        format!("/clusters/{}/{}/{}/{}", self.cluster, self.kind, self.namespace, self.name)
    }

    /// A query that keeps the group.
    pub(crate) fn query(&self) -> Query {
        Query::default().with("group", self.group.as_deref().unwrap_or_default())
    }

    /// Whether this is the address of that object.
    pub(crate) fn names(&self, object: &ObjectRef) -> bool {
        self.cluster == object.cluster
            && self.kind == object.kind
            && self.namespace == object.namespace_segment()
            && self.name == object.name
            && self.group.as_ref().is_none_or(|group| *group == object.group)
    }

    /// The short form for `object=` in another object's address: `Deployment.apps/shop/web`.
    pub(crate) fn short(object: &ObjectRef) -> String {
        format!("{}/{}/{}", object.group_kind(), object.namespace_segment(), object.name)
    }

    /// Reads the short form; the cluster is the one that the page is about.
    pub(crate) fn of_short(cluster: &ClusterId, text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let (group_kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
        let (kind, group) = group_kind.split_once('.').unwrap_or((group_kind, ""));
        Some(Self {
            cluster: cluster.clone(),
            kind: kind.to_owned(),
            namespace: if namespace.is_empty() { NO_NAMESPACE.to_owned() } else { namespace.to_owned() },
            name: name.to_owned(),
            group: Some(group.to_owned()),
        })
    }
}

/// Tabs of the object page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ObjectTab {
    #[default]
    Overview,
    Inventory,
    Events,
    Yaml,
}

impl ObjectTab {
    pub(crate) const ALL: [Self; 4] = [Self::Overview, Self::Inventory, Self::Events, Self::Yaml];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Inventory => "inventory",
            Self::Events => "events",
            Self::Yaml => "yaml",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Inventory => "Inventory",
            Self::Events => "Events",
            Self::Yaml => "YAML",
        }
    }

    pub(crate) fn read(query: &ParamsMap) -> Self {
        let word = query.get("tab").unwrap_or_default();
        Self::ALL.into_iter().find(|tab| tab.word() == word).unwrap_or_default()
    }
}

/// The object page with a tab open.
pub(crate) fn object_tab(address: &ObjectAddress, tab: ObjectTab) -> String {
    let word = if tab == ObjectTab::default() { "" } else { tab.word() };
    address.query().with("tab", word).behind(&address.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_reads_back() {
        let object = ObjectRef {
            cluster: "prod".into(),
            group: "networking.k8s.io".to_owned(),
            kind: "Ingress".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "web.example".to_owned(),
        };
        let read = ObjectAddress::of_short(&object.cluster, &ObjectAddress::short(&object));
        assert_eq!(read, Some(ObjectAddress::from(&object)));
        let cluster_scoped = ObjectRef { namespace: None, group: String::new(), ..object };
        let read = ObjectAddress::of_short(&cluster_scoped.cluster, &ObjectAddress::short(&cluster_scoped));
        assert_eq!(read, Some(ObjectAddress::from(&cluster_scoped)));
    }
}
