//! Who may do what: roles, verbs, grants and the decision.
//!
//! Pure, so that the server refuses and the interface hides by the same rule. A grant is a role on some clusters and
//! namespaces; the decision is "does any grant of the caller allow this verb there".

use serde::{Deserialize, Serialize};

use crate::object::ClusterId;

/// What somebody wants to do. Each route, server function and socket topic has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// See clusters and objects.
    View,
    /// See the masked diff of an object.
    Diff,
    /// Read container logs.
    Logs,
    /// Ask Flux to reconcile, also with force or reset.
    Reconcile,
    /// Suspend and resume.
    Suspend,
    /// Run the full resync of a cluster.
    Sync,
    /// Register, change and remove clusters.
    ManageClusters,
}

impl Verb {
    pub const ALL: [Self; 7] =
        [Self::View, Self::Diff, Self::Logs, Self::Reconcile, Self::Suspend, Self::Sync, Self::ManageClusters];

    /// The word of a refusal: "you may not <phrase>".
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::View => "view this",
            Self::Diff => "view diffs here",
            Self::Logs => "read logs here",
            Self::Reconcile => "reconcile here",
            Self::Suspend => "suspend or resume here",
            Self::Sync => "sync this cluster",
            Self::ManageClusters => "manage clusters",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Operator,
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    #[must_use]
    pub fn allows(self, verb: Verb) -> bool {
        match verb {
            Verb::View | Verb::Diff | Verb::Logs => true,
            Verb::Reconcile | Verb::Suspend | Verb::Sync => self >= Self::Operator,
            Verb::ManageClusters => self >= Self::Admin,
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// A role on some clusters and namespaces; `None` means all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub role: Role,
    pub clusters: Option<Vec<ClusterId>>,
    pub namespaces: Option<Vec<String>>,
}

impl Grant {
    /// The role everywhere.
    #[must_use]
    pub fn everywhere(role: Role) -> Self {
        Self { role, clusters: None, namespaces: None }
    }
}

/// Where a verb is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// The whole product: needs a grant without any limit.
    Everything,
    /// A cluster as such, and its cluster-scoped objects.
    Cluster(&'a ClusterId),
    /// One namespace of a cluster.
    Namespace(&'a ClusterId, &'a str),
}

/// Whether any grant allows the verb in that scope. Viewing a cluster as such needs only some grant that reaches into
/// it.
#[must_use]
pub fn decide(grants: &[Grant], verb: Verb, scope: Scope<'_>) -> bool {
    grants.iter().any(|grant| grant.role.allows(verb) && reaches(grant, verb, scope))
}

fn reaches(grant: &Grant, verb: Verb, scope: Scope<'_>) -> bool {
    let in_cluster = |id: &ClusterId| grant.clusters.as_ref().is_none_or(|clusters| clusters.contains(id));
    match scope {
        Scope::Everything => grant.clusters.is_none() && grant.namespaces.is_none(),
        Scope::Cluster(id) => in_cluster(id) && (grant.namespaces.is_none() || verb == Verb::View),
        Scope::Namespace(id, namespace) => {
            in_cluster(id)
                && grant.namespaces.as_ref().is_none_or(|namespaces| namespaces.iter().any(|own| own == namespace))
        }
    }
}

/// The signed-in person as the interface knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub name: String,
    pub grants: Vec<Grant>,
    /// `false` where the server runs without sign-in (`--auth none`).
    pub signed_in: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator_of_shop_on_prod() -> Vec<Grant> {
        vec![Grant {
            role: Role::Operator,
            clusters: Some(vec!["prod".into()]),
            namespaces: Some(vec!["shop".to_owned()]),
        }]
    }

    #[test]
    fn a_grant_ends_at_its_clusters_and_namespaces() {
        let grants = operator_of_shop_on_prod();
        let (prod, dev) = ("prod".into(), "dev".into());
        assert!(decide(&grants, Verb::Reconcile, Scope::Namespace(&prod, "shop")));
        assert!(!decide(&grants, Verb::Reconcile, Scope::Namespace(&prod, "bank")));
        assert!(!decide(&grants, Verb::View, Scope::Namespace(&dev, "shop")));
        assert!(!decide(&grants, Verb::View, Scope::Everything));
    }

    #[test]
    fn a_namespaced_grant_sees_its_cluster_and_may_do_nothing_to_it() {
        let grants = operator_of_shop_on_prod();
        let prod = "prod".into();
        assert!(decide(&grants, Verb::View, Scope::Cluster(&prod)));
        assert!(!decide(&grants, Verb::Sync, Scope::Cluster(&prod)));
    }

    #[test]
    fn roles_grow_and_never_shrink() {
        for verb in Verb::ALL {
            for pair in Role::ALL.windows(2) {
                assert!(!pair[0].allows(verb) || pair[1].allows(verb), "{verb:?} is lost between {pair:?}");
            }
        }
    }
}
