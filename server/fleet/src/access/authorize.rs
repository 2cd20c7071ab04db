//! The decision, and the handle that proves it.

use std::fmt;

use domain::access::{Scope, Verb, decide};
use domain::error::{ApiError, ErrorCode};
use domain::object::{ClusterId, ObjectRef};
use serde_json::json;

use super::Caller;

/// What a verb is to be used on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Wherever the caller's grants reach; what is done with it is narrowed to that.
    Anywhere,
    Everything,
    /// A user, with sessions and tokens. The own one is there for everybody.
    Account(String),
    Cluster(ClusterId),
    Namespace(ClusterId, String),
    Object(ObjectRef),
}

impl Target {
    /// The cluster, unless it is all of them.
    #[must_use]
    pub fn cluster(&self) -> Option<&ClusterId> {
        match self {
            Self::Anywhere | Self::Everything | Self::Account(_) => None,
            Self::Cluster(cluster) | Self::Namespace(cluster, _) => Some(cluster),
            Self::Object(object) => Some(&object.cluster),
        }
    }

    /// The namespace, where there is one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Anywhere | Self::Everything | Self::Account(_) | Self::Cluster(_) => None,
            Self::Namespace(_, namespace) => Some(namespace),
            Self::Object(object) => object.namespace.as_deref(),
        }
    }

    fn scope(&self, verb: Verb) -> Scope<'_> {
        match (self, self.cluster(), self.namespace()) {
            (Self::Anywhere, ..) => Scope::Anywhere,
            (Self::Account(_), ..) if verb == Verb::ManageAccount => Scope::Anywhere,
            (_, None, _) => Scope::Everything,
            (_, Some(cluster), None) => Scope::Cluster(cluster),
            (_, Some(cluster), Some(namespace)) => Scope::Namespace(cluster, namespace),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anywhere => f.write_str("what the caller sees"),
            Self::Everything => f.write_str("all clusters"),
            Self::Account(user) => write!(f, "user {user}"),
            Self::Cluster(cluster) => write!(f, "cluster {cluster}"),
            Self::Namespace(cluster, namespace) => write!(f, "namespace {namespace} on {cluster}"),
            Self::Object(object) => object.fmt(f),
        }
    }
}

/// Proof that a caller may use a verb on a target. Made by the functions of this module and nowhere else.
#[derive(Clone, Debug)]
pub struct Authorized {
    caller: Caller,
    verb: Verb,
    target: Target,
}

impl Authorized {
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    #[must_use]
    pub fn verb(&self) -> Verb {
        self.verb
    }

    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The cluster of the target, unless it is all of them.
    #[must_use]
    pub fn cluster(&self) -> Option<&ClusterId> {
        self.target.cluster()
    }
}

/// The caller may not; nothing about the target is told, not even whether it exists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("you may not {}: it takes {}", verb.phrase(), missing(self))]
pub struct Denied {
    pub verb: Verb,
    /// Boxed, so that every `Result` with a refusal stays small.
    pub target: Box<Target>,
    /// Whether the caller came through an API token.
    pub by_token: bool,
}

fn missing(denied: &Denied) -> String {
    let Denied { verb, target, by_token } = denied;
    if *by_token && verb.takes_session() {
        return "a session; sign in, because an API token cannot".to_owned();
    }
    let place = match target.scope(*verb) {
        Scope::Anywhere => "on some cluster".to_owned(),
        Scope::Everything => "on all clusters".to_owned(),
        Scope::Cluster(cluster) => format!("on cluster {cluster}"),
        Scope::Namespace(cluster, namespace) => format!("in namespace {namespace} of cluster {cluster}"),
    };
    let scoped = if *by_token { ", for the user and in the scopes of the API token" } else { "" };
    format!("the role {} {place}{scoped}", verb.role().word())
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        let message = format!("You{}.", denied.to_string().trim_start_matches("you"));
        Self::new(ErrorCode::Forbidden, message).with_details(json!({
            "verb": denied.verb,
            "role": denied.verb.role(),
            "cluster": denied.target.cluster(),
            "namespace": denied.target.namespace(),
        }))
    }
}

/// For one object; cluster-scoped objects count as their cluster.
///
/// # Errors
/// [`Denied`].
pub fn authorize(caller: &Caller, verb: Verb, object: &ObjectRef) -> Result<Authorized, Denied> {
    check(caller, verb, Target::Object(object.clone()))
}

/// For a cluster as such.
///
/// # Errors
/// [`Denied`].
pub fn authorize_cluster(caller: &Caller, verb: Verb, cluster: &ClusterId) -> Result<Authorized, Denied> {
    check(caller, verb, Target::Cluster(cluster.clone()))
}

/// For everything in a namespace.
///
/// # Errors
/// [`Denied`].
pub fn authorize_namespace(
    caller: &Caller,
    verb: Verb,
    cluster: &ClusterId,
    namespace: &str,
) -> Result<Authorized, Denied> {
    check(caller, verb, Target::Namespace(cluster.clone(), namespace.to_owned()))
}

/// For the product as a whole; takes a grant without limits.
///
/// # Errors
/// [`Denied`].
pub fn authorize_everything(caller: &Caller, verb: Verb) -> Result<Authorized, Denied> {
    check(caller, verb, Target::Everything)
}

/// For a list that will be narrowed to where the caller may use the verb; takes any grant that allows it.
///
/// # Errors
/// [`Denied`].
pub fn authorize_anywhere(caller: &Caller, verb: Verb) -> Result<Authorized, Denied> {
    check(caller, verb, Target::Anywhere)
}

/// For managing the account of a user.
///
/// # Errors
/// [`Denied`].
pub fn authorize_account(caller: &Caller, user: &str) -> Result<Authorized, Denied> {
    check(caller, Verb::ManageUsers, Target::Account(user.to_owned()))
}

/// For the caller's own account: password, sessions, tokens. `None` where nobody has one.
///
/// # Errors
/// [`Denied`], for API tokens above all.
pub fn authorize_own_account(caller: &Caller) -> Option<Result<Authorized, Denied>> {
    caller.signed_in.then(|| check(caller, Verb::ManageAccount, Target::Account(caller.name.clone())))
}

fn check(caller: &Caller, verb: Verb, target: Target) -> Result<Authorized, Denied> {
    if decide(&caller.grants, verb, target.scope(verb)) {
        Ok(Authorized { caller: caller.clone(), verb, target })
    } else {
        Err(Denied { verb, target: Box::new(target), by_token: caller.token().is_some() })
    }
}

#[cfg(test)]
mod tests {
    use domain::access::{Grant, Role, narrow};

    use super::super::Credential;

    use super::*;

    fn caller(role: Role, clusters: &[&str], namespaces: &[&str]) -> Caller {
        let grant = Grant {
            clusters: Some(clusters.iter().map(|cluster| ClusterId::from(*cluster)).collect()),
            namespaces: Some(namespaces.iter().map(|namespace| (*namespace).to_owned()).collect()),
            ..Grant::everywhere(role)
        };
        Caller::named("ada", vec![grant])
    }

    fn object(namespace: Option<&str>) -> ObjectRef {
        ObjectRef {
            cluster: "prod".into(),
            group: "kustomize.toolkit.fluxcd.io".to_owned(),
            kind: "Kustomization".to_owned(),
            namespace: namespace.map(str::to_owned),
            name: "web".to_owned(),
        }
    }

    #[test]
    fn a_handle_carries_what_was_asked_for() {
        let ada = caller(Role::Operator, &["prod"], &["shop"]);
        let authorized = authorize(&ada, Verb::Reconcile, &object(Some("shop"))).unwrap();
        assert_eq!(authorized.caller(), &ada);
        assert_eq!(authorized.verb(), Verb::Reconcile);
        assert_eq!(authorized.target(), &Target::Object(object(Some("shop"))));
        assert_eq!(authorized.cluster(), Some(&"prod".into()));
    }

    #[test]
    fn a_refusal_says_what_is_missing_and_where() {
        let ada = caller(Role::Viewer, &["prod"], &["shop"]);
        let denied = authorize(&ada, Verb::Reconcile, &object(Some("shop"))).unwrap_err();
        let error = ApiError::from(denied);
        assert_eq!(error.code, ErrorCode::Forbidden);
        assert_eq!(
            error.message,
            "You may not reconcile here: it takes the role operator in namespace shop of cluster prod."
        );
        assert_eq!(
            error.details.unwrap(),
            json!({"verb": "reconcile", "role": "operator", "cluster": "prod", "namespace": "shop"})
        );
    }

    #[test]
    fn a_grant_for_a_namespace_reaches_no_other_place() {
        let ada = caller(Role::Admin, &["prod"], &["shop"]);
        assert!(authorize_namespace(&ada, Verb::Logs, &"prod".into(), "shop").is_ok());
        assert!(authorize_namespace(&ada, Verb::Logs, &"prod".into(), "bank").is_err());
        assert!(authorize_namespace(&ada, Verb::Logs, &"dev".into(), "shop").is_err());
        assert!(authorize_cluster(&ada, Verb::Sync, &"prod".into()).is_err());
        assert!(authorize(&ada, Verb::Diff, &object(None)).is_err());
        assert!(authorize_everything(&ada, Verb::View).is_err());
    }

    #[test]
    fn an_own_account_takes_a_session_and_no_token() {
        let ada = caller(Role::Viewer, &["prod"], &["shop"]);
        let own = authorize_own_account(&ada).unwrap().unwrap();
        assert_eq!(own.target(), &Target::Account("ada".to_owned()));
        assert!(authorize_account(&ada, "ada").is_err());
        let credential = Credential::Token { id: "1".to_owned(), name: "ci".to_owned() };
        let token = Caller { grants: narrow(&ada.grants, &ada.grants), credential, ..ada };
        let error = ApiError::from(authorize_own_account(&token).unwrap().unwrap_err());
        assert_eq!(
            error.message,
            "You may not manage an account: it takes a session; sign in, because an API token cannot."
        );
        assert!(authorize_own_account(&Caller::unauthenticated_admin()).is_none());
    }

    #[test]
    fn a_server_without_sign_in_lets_everybody_do_everything() {
        let anyone = Caller::unauthenticated_admin();
        for verb in Verb::ALL {
            assert!(authorize_everything(&anyone, verb).is_ok(), "{verb:?}");
        }
        assert!(!anyone.viewer().signed_in);
    }
}
