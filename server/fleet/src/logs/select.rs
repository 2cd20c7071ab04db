//! What a log request asks for, and what of it the caller may have: clusters × namespaces, each authorized by itself.
//!
//! A cluster or namespace that was named and is wholly forbidden refuses the request. What is forbidden in part, or not
//! there, is a problem beside the lines. Nothing is read here.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::access::Verb;
use domain::log::selector::{Selector, SelectorError};
use domain::object::ClusterId;
use domain::problem::{Problem, ProblemKind};
use domain::protocol::logs::{LogQuery, SourceProblem};
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1;
use kube::Api;
use kube::api::ListParams;
use tokio::sync::watch;
use tokio::time::timeout;

use super::container::{Container, Pod};
use super::scope::{MAX_PODS, ScopeKey, ScopeView, Scopes, label_selector};
use super::upstream::{ClusterUpstream, Connect, Upstream, UpstreamError, classify};
use crate::access::{Authorized, Caller, Denied, authorize_cluster, authorize_namespace};
use crate::clusters::connection::CALL_TIMEOUT;
use crate::clusters::{Cluster, ConnectionError};

/// Clusters × namespaces of one request.
const MAX_PLACES: usize = 512;
const PAGE: u32 = 500;

/// Finds a cluster by its id, as long as it is registered.
pub(crate) type FindCluster = Arc<dyn Fn(&ClusterId) -> Option<Arc<Cluster>> + Send + Sync>;

/// Why a request is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SelectError {
    #[error("the label selector cannot be read: {0}")]
    Selector(SelectorError),
    #[error("{0:?} is no name of a namespace")]
    Namespace(String),
    #[error("the request names {0} pairs of cluster and namespace; {MAX_PLACES} are the limit")]
    TooMany(usize),
    #[error("there is no cluster {0}")]
    NoCluster(ClusterId),
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// The pods and containers of one namespace on one cluster.
pub(crate) trait NamespaceAccess: Send + Sync {
    /// Whether the viewer may still read logs here.
    fn is_allowed(&self) -> bool;
    /// The pods that the selector names, and how many more there are.
    fn list<'a>(&'a self, selector: &'a str) -> BoxFuture<'a, Result<(Vec<Pod>, usize), UpstreamError>>;
    /// The same, from now on.
    fn watch(&self, selector: &str) -> watch::Receiver<ScopeView>;
    fn upstream(&self, container: &Container) -> Arc<dyn Upstream>;
}

/// A namespace on a cluster that the caller may read logs in.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) cluster: ClusterId,
    pub(crate) cluster_name: String,
    pub(crate) namespace: String,
    pub(crate) access: Arc<dyn NamespaceAccess>,
}

/// A request after all that can be decided without asking a cluster.
pub(crate) struct Selection {
    pub(crate) places: Vec<Place>,
    /// What was asked for and is not among the places.
    pub(crate) problems: Vec<SourceProblem>,
    /// Empty: every pod.
    pub(crate) selector: String,
    /// Per container.
    pub(crate) tail: u32,
    /// One for each cluster, for the audit trail.
    pub(crate) authorized: Vec<Authorized>,
}

/// `all` are the clusters to choose from where the query names none.
pub(crate) fn select(
    caller: &Caller,
    query: &LogQuery,
    all: &[ClusterId],
    find: &FindCluster,
    scopes: &Scopes,
) -> Result<Selection, SelectError> {
    let selector = Selector::parse(&query.label_selector).map_err(SelectError::Selector)?;
    let namespaces: BTreeSet<String> = query.effective_namespaces().into_iter().collect();
    if let Some(wrong) = namespaces.iter().find(|namespace| !is_dns_label(namespace)) {
        return Err(SelectError::Namespace(wrong.clone()));
    }
    let named = !query.cluster_ids.is_empty();
    let clusters: BTreeSet<&ClusterId> = if named {
        query.cluster_ids.iter().collect()
    } else {
        // A refusal names its cluster, and so none may come of one that the caller does not see.
        all.iter().filter(|id| authorize_cluster(caller, Verb::View, id).is_ok()).collect()
    };
    if clusters.len() * namespaces.len() > MAX_PLACES {
        return Err(SelectError::TooMany(clusters.len() * namespaces.len()));
    }
    let mut selection = Selection {
        places: Vec::new(),
        problems: Vec::new(),
        // In its canonical form, so that all who mean the same share one watch.
        selector: selector.to_string(),
        tail: query.effective_tail_lines(),
        authorized: Vec::new(),
    };
    let mut denied = Vec::new();
    for id in clusters {
        let (allowed, refused) = authorize_all(caller, id, &namespaces);
        if allowed.is_empty() && named {
            // Also where there is no such cluster: a refusal does not tell.
            return Err(refused.into_iter().next().map_or_else(|| SelectError::NoCluster(id.clone()), Into::into));
        }
        denied.extend(refused);
        selection.add_cluster(id, allowed, find, scopes);
    }
    selection.refuse_forbidden_namespaces(named, denied)?;
    Ok(selection)
}

fn authorize_all(
    caller: &Caller,
    cluster: &ClusterId,
    namespaces: &BTreeSet<String>,
) -> (Vec<(String, Authorized)>, Vec<Denied>) {
    let (mut allowed, mut refused) = (Vec::new(), Vec::new());
    for namespace in namespaces {
        match authorize_namespace(caller, Verb::Logs, cluster, namespace) {
            Ok(authorized) => allowed.push((namespace.clone(), authorized)),
            Err(denied) => refused.push(denied),
        }
    }
    (allowed, refused)
}

impl Selection {
    fn add_cluster(&mut self, id: &ClusterId, allowed: Vec<(String, Authorized)>, find: &FindCluster, scopes: &Scopes) {
        let Some(cluster) = find(id) else {
            self.add_problem(Problem::new(ProblemKind::NotFound, format!("there is no cluster {id}")).on_cluster(id));
            return;
        };
        self.authorized.extend(allowed.first().map(|(_, authorized)| authorized.clone()));
        for (namespace, authorized) in allowed {
            let access = ClusterNamespace {
                find: Arc::clone(find),
                cluster: id.clone(),
                namespace: namespace.clone(),
                authorized,
                scopes: scopes.clone(),
            };
            self.places.push(Place {
                cluster: id.clone(),
                cluster_name: cluster.name(),
                namespace,
                access: Arc::new(access),
            });
        }
    }

    /// A namespace that no cluster allows refuses the request; one that some allow leaves problems for the others.
    fn refuse_forbidden_namespaces(&mut self, named: bool, denied: Vec<Denied>) -> Result<(), SelectError> {
        for denied in denied {
            let Some(namespace) = denied.target.namespace().map(str::to_owned) else { continue };
            let readable = self.places.iter().any(|place| place.namespace == namespace);
            if !readable {
                return Err(denied.into());
            }
            // Where no cluster was named, what the caller may not read was not asked for.
            if named && let Some(cluster) = denied.target.cluster() {
                let problem = Problem::new(ProblemKind::Forbidden, denied.to_string()).on_cluster(cluster);
                self.add_problem(problem);
            }
        }
        Ok(())
    }

    fn add_problem(&mut self, problem: Problem) {
        self.problems.push(SourceProblem { source: None, problem });
    }
}

/// As Kubernetes names namespaces; anything else must not come into a path.
fn is_dns_label(name: &str) -> bool {
    let within = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(within) && !name.starts_with('-') && !name.ends_with('-')
}

/// A namespace on a real cluster, as far as the handle goes.
struct ClusterNamespace {
    find: FindCluster,
    cluster: ClusterId,
    namespace: String,
    authorized: Authorized,
    scopes: Scopes,
}

impl ClusterNamespace {
    fn connect(&self, client: fn(&Cluster, &Authorized) -> Result<kube::Client, ConnectionError>) -> Connect {
        let (find, id, authorized) = (Arc::clone(&self.find), self.cluster.clone(), self.authorized.clone());
        Arc::new(move || client(&*find(&id).ok_or(ConnectionError::NotConnected)?, &authorized))
    }
}

impl NamespaceAccess for ClusterNamespace {
    fn is_allowed(&self) -> bool {
        (self.find)(&self.cluster).is_some()
            && authorize_namespace(self.authorized.caller(), Verb::Logs, &self.cluster, &self.namespace).is_ok()
    }

    fn list<'a>(&'a self, labels: &'a str) -> BoxFuture<'a, Result<(Vec<Pod>, usize), UpstreamError>> {
        Box::pin(async move {
            let pods: Api<v1::Pod> = Api::namespaced(self.connect(Cluster::client)()?, &self.namespace);
            let mut found = Vec::new();
            let mut params =
                ListParams { label_selector: label_selector(labels), limit: Some(PAGE), ..ListParams::default() };
            loop {
                let page = timeout(CALL_TIMEOUT, pods.list(&params)).await.map_err(|_| UpstreamError::Timeout)?;
                let page = page.map_err(|error| classify(&error))?;
                found.extend(page.items.iter().map(Pod::of));
                params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
                let more = page.metadata.remaining_item_count.and_then(|count| usize::try_from(count).ok());
                if params.continue_token.is_none() || found.len() >= MAX_PODS {
                    let beyond = found.len().saturating_sub(MAX_PODS);
                    found.truncate(MAX_PODS);
                    return Ok((found, beyond + more.unwrap_or_default()));
                }
            }
        })
    }

    fn watch(&self, selector: &str) -> watch::Receiver<ScopeView> {
        let key = ScopeKey {
            cluster: self.cluster.clone(),
            namespace: self.namespace.clone(),
            selector: selector.to_owned(),
        };
        self.scopes.watch(&key, self.connect(Cluster::client))
    }

    fn upstream(&self, container: &Container) -> Arc<dyn Upstream> {
        Arc::new(ClusterUpstream {
            container: container.clone(),
            logs: self.connect(Cluster::log_client),
            objects: self.connect(Cluster::client),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::access::{Grant, Role};
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    use super::*;

    fn caller(clusters: &[&str], namespaces: &[&str]) -> Caller {
        let grant = Grant {
            clusters: Some(clusters.iter().map(|id| ClusterId::from(*id)).collect()),
            namespaces: Some(namespaces.iter().map(|name| (*name).to_owned()).collect()),
            ..Grant::everywhere(Role::Viewer)
        };
        Caller::named("ada", vec![grant])
    }

    fn select_for(caller: &Caller, clusters: &[&str], namespaces: &[&str]) -> Result<Selection, SelectError> {
        let query = LogQuery {
            cluster_ids: clusters.iter().map(|id| ClusterId::from(*id)).collect(),
            namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
            ..LogQuery::default()
        };
        let nobody: FindCluster = Arc::new(|_| None);
        let scopes = Scopes::new(CancellationToken::new(), TaskTracker::new());
        select(caller, &query, &["dev".into(), "prod".into()], &nobody, &scopes)
    }

    #[test]
    fn a_named_cluster_that_is_forbidden_refuses_the_request() {
        let ada = caller(&["prod"], &["shop"]);
        assert!(matches!(select_for(&ada, &["prod", "dev"], &["shop"]), Err(SelectError::Denied(_))));
        assert!(matches!(select_for(&ada, &["prod"], &["bank"]), Err(SelectError::Denied(_))));
        assert!(matches!(select_for(&ada, &["prod"], &["shop", "bank"]), Err(SelectError::Denied(_))));
    }

    #[test]
    fn a_cluster_that_is_not_registered_is_a_problem_beside_the_rest() {
        let selection = select_for(&Caller::unauthenticated_admin(), &["gone"], &[]).unwrap();
        assert_eq!(selection.problems[0].problem.kind, ProblemKind::NotFound);
    }

    #[test]
    fn what_is_no_namespace_never_comes_into_a_path() {
        for name in ["../secrets", "a b", "-a", "A", &"x".repeat(64)] {
            let refused = select_for(&Caller::unauthenticated_admin(), &[], &[name]);
            assert!(matches!(refused, Err(SelectError::Namespace(_))), "{name}");
        }
    }

    #[test]
    fn a_selector_with_a_typing_error_is_refused_before_any_cluster_is_asked() {
        let query = LogQuery { label_selector: "app in (a".to_owned(), ..LogQuery::default() };
        let nobody: FindCluster = Arc::new(|_| unreachable!("no cluster is asked"));
        let scopes = Scopes::new(CancellationToken::new(), TaskTracker::new());
        let refused = select(&Caller::unauthenticated_admin(), &query, &[], &nobody, &scopes);
        assert!(matches!(refused, Err(SelectError::Selector(_))));
    }
}
