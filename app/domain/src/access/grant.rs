//! Grants, the decision about them, and their intersection.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Role, Verb};
use crate::object::ClusterId;

/// Most grants of a user, and scopes of a token.
pub const GRANTS_LIMIT: usize = 32;
/// Most clusters, and most namespaces, that one grant names.
pub const PLACES_LIMIT: usize = 256;
/// Longest name of a cluster or namespace: a DNS label.
const PLACE_LENGTH: usize = 63;

/// A role on some clusters and namespaces; `None` means all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    pub role: Role,
    #[serde(default)]
    pub clusters: Option<Vec<ClusterId>>,
    #[serde(default)]
    pub namespaces: Option<Vec<String>>,
    /// Of the role only these verbs; `None` means all that it allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verbs: Option<Vec<Verb>>,
}

impl Grant {
    /// The role everywhere.
    #[must_use]
    pub fn everywhere(role: Role) -> Self {
        Self { role, clusters: None, namespaces: None, verbs: None }
    }

    /// An administrator without limits: who can give every right back.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::everywhere(Role::Admin)
    }

    #[must_use]
    pub fn allows(&self, verb: Verb) -> bool {
        self.role.allows(verb) && self.verbs.as_ref().is_none_or(|verbs| verbs.contains(&verb))
    }

    fn reaches(&self, verb: Verb, scope: Scope<'_>) -> bool {
        let in_cluster = |id: &ClusterId| self.clusters.as_ref().is_none_or(|clusters| clusters.contains(id));
        match scope {
            Scope::Anywhere => true,
            Scope::Everything => self.clusters.is_none() && self.namespaces.is_none(),
            Scope::Cluster(id) => in_cluster(id) && (self.namespaces.is_none() || verb == Verb::View),
            Scope::Namespace(id, namespace) => {
                in_cluster(id)
                    && self.namespaces.as_ref().is_none_or(|namespaces| namespaces.iter().any(|own| own == namespace))
            }
        }
    }

    /// What both allow; `None` if that is nothing.
    fn and(&self, other: &Self) -> Option<Self> {
        let clusters = both(self.clusters.as_deref(), other.clusters.as_deref())?;
        let namespaces = both(self.namespaces.as_deref(), other.namespaces.as_deref())?;
        let verbs = both(self.verbs.as_deref(), other.verbs.as_deref())?;
        Some(Self { role: self.role.min(other.role), clusters, namespaces, verbs })
    }
}

impl fmt::Display for Grant {
    /// `operator only suspend, sync in shop on prod, dev`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.role.word())?;
        let verbs = self.verbs.as_ref().map(|verbs| verbs.iter().map(|verb| verb.word()).collect::<Vec<_>>());
        let clusters = self.clusters.as_ref().map(|ids| ids.iter().map(ClusterId::as_str).collect::<Vec<_>>());
        let namespaces = self.namespaces.as_ref().map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
        for (word, list) in [("only", verbs), ("in", namespaces), ("on", clusters)] {
            if let Some(list) = list {
                write!(f, " {word} {}", list.join(", "))?;
            }
        }
        Ok(())
    }
}

/// The common part of two lists of which `None` is the whole; the outer `None` if they have nothing in common.
fn both<T: Clone + PartialEq>(one: Option<&[T]>, other: Option<&[T]>) -> Option<Option<Vec<T>>> {
    match (one, other) {
        (None, None) => Some(None),
        (Some(list), None) | (None, Some(list)) => Some(Some(list.to_vec())),
        (Some(one), Some(other)) => {
            let common: Vec<T> = one.iter().filter(|item| other.contains(item)).cloned().collect();
            (!common.is_empty()).then_some(Some(common))
        }
    }
}

/// Where a verb is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Wherever any grant reaches: the own account, and lists that are narrowed to what the caller may see.
    Anywhere,
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
    grants.iter().any(|grant| grant.allows(verb) && grant.reaches(verb, scope))
}

/// The rights of an API token: what its owner's grants and its scopes both allow, without what takes a session.
#[must_use]
pub fn narrow(grants: &[Grant], scopes: &[Grant]) -> Vec<Grant> {
    let verbs = Verb::ALL.into_iter().filter(|verb| !verb.takes_session()).collect();
    let token = Grant { verbs: Some(verbs), ..Grant::everywhere(Role::Admin) };
    let pairs = grants.iter().flat_map(|grant| scopes.iter().filter_map(move |scope| grant.and(scope)));
    pairs.filter_map(|grant| grant.and(&token)).collect()
}

/// Whether one of the grants allows everything that the scope does.
#[must_use]
pub fn within(scope: &Grant, grants: &[Grant]) -> bool {
    fn covers<T: PartialEq>(whole: Option<&[T]>, part: Option<&[T]>) -> bool {
        match (whole, part) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(whole), Some(part)) => part.iter().all(|item| whole.contains(item)),
        }
    }
    grants.iter().any(|grant| {
        grant.role >= scope.role
            && covers(grant.clusters.as_deref(), scope.clusters.as_deref())
            && covers(grant.namespaces.as_deref(), scope.namespaces.as_deref())
            && covers(grant.verbs.as_deref(), scope.verbs.as_deref())
    })
}

/// Why grants or scopes cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("there can be {GRANTS_LIMIT} grants at most, not {0}")]
    TooMany(usize),
    #[error("a grant names {PLACES_LIMIT} clusters or namespaces at most, not {0}")]
    TooManyPlaces(usize),
    #[error("a list of {0} is empty, which allows nothing; leave it out for all of them")]
    Empty(&'static str),
    #[error("{0:?} is not the name of a cluster or namespace")]
    Name(String),
    #[error("the role {} does not allow {}", role.word(), verb.word())]
    Beyond { role: Role, verb: Verb },
}

/// Whether these grants can be kept as they are.
///
/// # Errors
/// The first fault that there is.
pub fn check_grants(grants: &[Grant]) -> Result<(), GrantError> {
    if grants.len() > GRANTS_LIMIT {
        return Err(GrantError::TooMany(grants.len()));
    }
    for grant in grants {
        check_places("clusters", grant.clusters.iter().flatten().map(ClusterId::as_str), grant.clusters.is_some())?;
        check_places("namespaces", grant.namespaces.iter().flatten().map(String::as_str), grant.namespaces.is_some())?;
        if grant.verbs.as_ref().is_some_and(Vec::is_empty) {
            return Err(GrantError::Empty("verbs"));
        }
        if let Some(&verb) = grant.verbs.iter().flatten().find(|&&verb| !grant.role.allows(verb)) {
            return Err(GrantError::Beyond { role: grant.role, verb });
        }
    }
    Ok(())
}

fn check_places<'a>(what: &'static str, names: impl Iterator<Item = &'a str>, limited: bool) -> Result<(), GrantError> {
    let mut count = 0;
    for name in names {
        count += 1;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > PLACE_LENGTH || !name.bytes().all(plain) {
            return Err(GrantError::Name(name.chars().take(PLACE_LENGTH).collect()));
        }
    }
    match count {
        0 if limited => Err(GrantError::Empty(what)),
        count if count > PLACES_LIMIT => Err(GrantError::TooManyPlaces(count)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn operator_of_shop_on_prod() -> Vec<Grant> {
        vec![Grant {
            clusters: Some(vec!["prod".into()]),
            namespaces: Some(vec!["shop".to_owned()]),
            ..Grant::everywhere(Role::Operator)
        }]
    }

    #[test]
    fn a_grant_ends_at_its_clusters_and_namespaces() {
        let grants = operator_of_shop_on_prod();
        let (prod, dev) = ("prod".into(), "dev".into());
        assert!(decide(&grants, Verb::Reconcile, Scope::Namespace(&prod, "shop")));
        assert!(decide(&grants, Verb::Reconcile, Scope::Anywhere));
        assert!(!decide(&grants, Verb::Reconcile, Scope::Namespace(&prod, "bank")));
        assert!(!decide(&grants, Verb::View, Scope::Namespace(&dev, "shop")));
        assert!(!decide(&grants, Verb::View, Scope::Everything));
        assert!(!decide(&grants, Verb::ViewAudit, Scope::Anywhere));
    }

    #[test]
    fn a_namespaced_grant_sees_its_cluster_and_may_do_nothing_to_it() {
        let grants = operator_of_shop_on_prod();
        let prod = "prod".into();
        assert!(decide(&grants, Verb::View, Scope::Cluster(&prod)));
        assert!(!decide(&grants, Verb::Sync, Scope::Cluster(&prod)));
    }

    #[test]
    fn a_grant_in_words_says_what_and_where() {
        assert_eq!(Grant::everywhere(Role::Admin).to_string(), "admin");
        let grant = Grant { verbs: Some(vec![Verb::Suspend, Verb::Sync]), ..operator_of_shop_on_prod().remove(0) };
        assert_eq!(grant.to_string(), "operator only suspend, sync in shop on prod");
    }

    #[test]
    fn roles_grow_and_never_shrink() {
        for verb in Verb::ALL {
            for pair in Role::ALL.windows(2) {
                assert!(!pair[0].allows(verb) || pair[1].allows(verb), "{verb:?} is lost between {pair:?}");
            }
        }
    }

    #[test]
    fn a_token_never_manages_its_owners_account() {
        let admin = [Grant::everywhere(Role::Admin)];
        let rights = narrow(&admin, &admin);
        assert!(decide(&rights, Verb::ManageUsers, Scope::Everything));
        assert!(!decide(&rights, Verb::ManageAccount, Scope::Anywhere));
    }

    #[test]
    fn grants_that_say_nothing_or_too_much_are_refused() {
        let grant = Grant::everywhere(Role::Viewer);
        assert_eq!(check_grants(std::slice::from_ref(&grant)), Ok(()));
        assert_eq!(check_grants(&vec![grant.clone(); 33]), Err(GrantError::TooMany(33)));
        let nowhere = Grant { clusters: Some(Vec::new()), ..grant.clone() };
        assert_eq!(check_grants(&[nowhere]), Err(GrantError::Empty("clusters")));
        let crowd = Grant { namespaces: Some(vec!["shop".to_owned(); 257]), ..grant.clone() };
        assert_eq!(check_grants(&[crowd]), Err(GrantError::TooManyPlaces(257)));
        let spaced = Grant { namespaces: Some(vec!["shop bank".to_owned()]), ..grant.clone() };
        assert_eq!(check_grants(&[spaced]), Err(GrantError::Name("shop bank".to_owned())));
        let beyond = Grant { verbs: Some(vec![Verb::Sync]), ..grant };
        assert_eq!(check_grants(&[beyond]), Err(GrantError::Beyond { role: Role::Viewer, verb: Verb::Sync }));
    }

    fn some_of<T: Clone + std::fmt::Debug + 'static>(items: Vec<T>) -> impl Strategy<Value = Option<Vec<T>>> {
        let count = items.len();
        prop::option::of(prop::sample::subsequence(items, 1..=count))
    }

    fn grants() -> impl Strategy<Value = Vec<Grant>> {
        let grant = (
            prop::sample::select(Role::ALL.to_vec()),
            some_of(vec![ClusterId::from("prod"), "dev".into()]),
            some_of(vec!["shop".to_owned(), "bank".to_owned()]),
            some_of(Verb::ALL.to_vec()),
        );
        let grant = grant.prop_map(|(role, clusters, namespaces, verbs)| Grant { role, clusters, namespaces, verbs });
        prop::collection::vec(grant, 0..4)
    }

    proptest! {
        #[test]
        fn a_token_may_what_its_owner_and_its_scopes_both_may(grants in grants(), scopes in grants()) {
            let rights = narrow(&grants, &scopes);
            let clusters: [ClusterId; 2] = ["prod".into(), "dev".into()];
            for verb in Verb::ALL.into_iter().filter(|verb| !verb.takes_session()) {
                let may = |scope| (decide(&rights, verb, scope), decide(&grants, verb, scope), decide(&scopes, verb, scope));
                let (token, owner, scoped) = may(Scope::Everything);
                prop_assert_eq!(token, owner && scoped);
                for cluster in &clusters {
                    let (token, owner, scoped) = may(Scope::Cluster(cluster));
                    // Two grants may reach into a cluster and share none of its namespaces.
                    prop_assert!(!token || owner && scoped);
                    prop_assert!(verb == Verb::View || token == (owner && scoped));
                    for namespace in ["shop", "bank"] {
                        let (token, owner, scoped) = may(Scope::Namespace(cluster, namespace));
                        prop_assert_eq!(token, owner && scoped);
                    }
                }
            }
        }

        #[test]
        fn a_scope_within_grants_allows_nothing_that_they_do_not(scope in grants(), grants in grants()) {
            let Some(scope) = scope.first().filter(|scope| within(scope, &grants)) else { return Ok(()) };
            let clusters: [ClusterId; 2] = ["prod".into(), "dev".into()];
            for verb in Verb::ALL {
                let may = |grants: &[Grant], scope| decide(grants, verb, scope);
                let own = std::slice::from_ref(scope);
                prop_assert!(!may(own, Scope::Everything) || may(&grants, Scope::Everything));
                for cluster in &clusters {
                    prop_assert!(!may(own, Scope::Cluster(cluster)) || may(&grants, Scope::Cluster(cluster)));
                    let namespace = Scope::Namespace(cluster, "shop");
                    prop_assert!(!may(own, namespace) || may(&grants, namespace));
                }
            }
        }
    }
}
