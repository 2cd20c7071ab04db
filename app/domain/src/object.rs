//! Names of things: a cluster, a kind, one object on one cluster.
//!
//! Identity leaves the API version out: `v1beta1` and `v1` of the same kind and name are one object.

pub mod name;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A cluster's identifier: a slug derived from its name at registration, unique, never changed (`prod-eu`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct ClusterId(pub String);

/// Longest slug; DNS label length, so that it can stand in host names and file names.
const SLUG_LENGTH: usize = 63;

impl ClusterId {
    /// The slug of a display name: lower-case ASCII letters, digits and single dashes. Empty if the name has none of
    /// them.
    #[must_use]
    pub fn slug(name: &str) -> Self {
        let mut slug = String::new();
        for character in name.chars() {
            if character.is_ascii_alphanumeric() {
                slug.push(character.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() == SLUG_LENGTH {
                break;
            }
        }
        Self(slug.trim_end_matches('-').to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ClusterId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// A kind without its version. The core group is the empty string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupKind {
    pub group: String,
    pub kind: String,
}

impl GroupKind {
    #[must_use]
    pub fn new(group: &str, kind: &str) -> Self {
        Self { group: group.to_owned(), kind: kind.to_owned() }
    }

    /// Of an object as JSON: `apiVersion` without its version, and `kind`. Missing fields read as empty.
    #[must_use]
    pub fn of(object: &serde_json::Value) -> Self {
        let api_version = object["apiVersion"].as_str().unwrap_or_default();
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        Self::new(group, object["kind"].as_str().unwrap_or_default())
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group.as_str() {
            "" => f.write_str(&self.kind),
            group => write!(f, "{}.{group}", self.kind),
        }
    }
}

/// One object on one cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectRef {
    pub cluster: ClusterId,
    /// API group without version; empty for the core group.
    pub group: String,
    pub kind: String,
    /// `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    pub name: String,
}

/// What stands for "no namespace" in a URL.
pub const NO_NAMESPACE: &str = "-";

impl ObjectRef {
    /// The reference of an object as JSON, as its own metadata names it.
    #[must_use]
    pub fn of(cluster: &ClusterId, object: &serde_json::Value) -> Self {
        let GroupKind { group, kind } = GroupKind::of(object);
        let metadata = &object["metadata"];
        Self {
            cluster: cluster.clone(),
            group,
            kind,
            namespace: metadata["namespace"].as_str().filter(|namespace| !namespace.is_empty()).map(str::to_owned),
            name: metadata["name"].as_str().unwrap_or_default().to_owned(),
        }
    }

    #[must_use]
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }

    /// The namespace as a URL writes it: `-` where there is none.
    #[must_use]
    pub fn namespace_segment(&self) -> &str {
        self.namespace.as_deref().unwrap_or(NO_NAMESPACE)
    }

    /// Path of the object's page: `/clusters/{id}/{kind}/{ns}/{name}`, with `?group=` only where the kind alone is
    /// not a Flux kind and the group is not the core group.
    #[must_use]
    pub fn page(&self) -> String {
        self.page_with("")
    }

    /// Path of the object's diff page.
    #[must_use]
    pub fn diff_page(&self) -> String {
        self.page_with("/diff")
    }

    fn page_with(&self, suffix: &str) -> String {
        let group = if self.group.is_empty() || crate::catalogue::by_group_kind(&self.group, &self.kind).is_some() {
            String::new()
        } else {
            format!("?group={}", self.group)
        };
        format!("/clusters/{}/{}/{}/{}{suffix}{group}", self.cluster, self.kind, self.namespace_segment(), self.name)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{} on {}", self.kind, self.name, self.cluster),
            None => write!(f, "{} {} on {}", self.kind, self.name, self.cluster),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_keeps_letters_and_digits_and_joins_the_rest_with_single_dashes() {
        assert_eq!(ClusterId::slug("Prod EU (west)").as_str(), "prod-eu-west");
        assert_eq!(ClusterId::slug("--a__b--").as_str(), "a-b");
        assert_eq!(ClusterId::slug("äöü").as_str(), "");
        assert_eq!(ClusterId::slug(&"x".repeat(90)).as_str().len(), SLUG_LENGTH);
    }

    #[test]
    fn an_object_names_itself_without_its_version() {
        let object = serde_json::json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        });
        let reference = ObjectRef::of(&"prod".into(), &object);
        assert_eq!(reference.group, "apps");
        assert_eq!(reference.page(), "/clusters/prod/Deployment/shop/web?group=apps");
        assert_eq!(reference.to_string(), "Deployment shop/web on prod");
    }
}
