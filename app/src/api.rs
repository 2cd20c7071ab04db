//! Server functions: what the pages ask of the engine, in process on the server and over `/_fn` from the browser.
//!
//! Each takes the caller, calls one service and returns; the services authorize. Whatever reads takes JSON; what a
//! plain form must be able to post without scripts ([`act`], [`register_cluster`], …) takes a form.

pub mod access;
mod grant_field;

use domain::access::{Verb, Viewer};
use domain::action::ActionOutcome;
use domain::cluster::{ClusterDetail, ClusterView, ProbeStep, SyncOutcome};
use domain::drift::DiffReport;
use domain::list::{ListQuery, ListWindow};
use domain::object::ClusterId;
use domain::problem::Listing;
use domain::protocol::logs::{AggregatedLogs, LogQuery};
use domain::resource::{FleetView, ObjectView};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

pub use self::grant_field::GrantField;
use crate::Failure;
use crate::address::ObjectAddress;

/// Every server function with what its caller needs, but those of [`access`]: the table behind the permission matrix.
pub const SERVER_FUNCTIONS: &[(&str, Verb)] = &[
    ("viewer", Verb::View),
    ("fleet", Verb::View),
    ("clusters", Verb::View),
    ("cluster", Verb::View),
    ("resources", Verb::View),
    ("object", Verb::View),
    ("diff", Verb::Diff),
    ("logs", Verb::Logs),
    ("act", Verb::Reconcile),
    ("sync_cluster", Verb::Sync),
    ("probe_cluster", Verb::ManageClusters),
    ("register_cluster", Verb::ManageClusters),
    ("delete_cluster", Verb::ManageClusters),
    // The same text for everybody.
    ("onboarding", Verb::View),
];

/// A manifest that makes a cluster ready for us, one of three steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnboardingStep {
    pub title: String,
    pub manifest: String,
}

/// The engine and the caller of this request, as the server put them into the context.
#[cfg(feature = "ssr")]
mod request {
    use domain::error::{ApiError, ErrorCode};
    use fleet::access::Caller;
    use fleet::services::Services;
    use leptos::prelude::use_context;

    use crate::Failure;
    use crate::address::ObjectAddress;

    /// Refuses whoever is not signed in.
    pub(super) fn services() -> Result<(Services, Caller), Failure> {
        let services = use_context::<Services>()
            .ok_or_else(|| ApiError::new(ErrorCode::Internal, "The server gave this page no engine."))?;
        let caller =
            use_context::<Caller>().ok_or_else(|| ApiError::new(ErrorCode::Unauthenticated, "Sign in to see this."))?;
        Ok((services, caller))
    }

    /// A structure in one field of a form.
    pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Failure> {
        let unreadable = |error| ApiError::new(ErrorCode::Invalid, format!("Unreadable request: {error}."));
        Ok(serde_json::from_str(text).map_err(unreadable)?)
    }

    pub(super) fn resolve(
        services: &Services,
        caller: &Caller,
        address: &ObjectAddress,
    ) -> Result<domain::object::ObjectRef, Failure> {
        let ObjectAddress { cluster, kind, namespace, name, group } = address;
        Ok(services.resolve(caller, cluster, kind, namespace, name, group.as_deref())?)
    }
}

/// Who is signed in.
#[server(prefix = "/_fn", endpoint = "viewer", input = Json)]
pub async fn current_viewer() -> Result<Viewer, Failure> {
    let (_, caller) = request::services()?;
    Ok(caller.viewer())
}

/// The fleet page.
#[server(prefix = "/_fn", endpoint = "fleet", input = Json)]
pub async fn fleet() -> Result<FleetView, Failure> {
    let (services, caller) = request::services()?;
    Ok(services.fleet(&caller)?)
}

/// All clusters that the caller may see.
#[server(prefix = "/_fn", endpoint = "clusters", input = Json)]
pub async fn clusters() -> Result<Listing<ClusterView>, Failure> {
    let (services, caller) = request::services()?;
    Ok(services.list_clusters(&caller)?)
}

/// The cluster page.
#[server(prefix = "/_fn", endpoint = "cluster", input = Json)]
pub async fn cluster(id: ClusterId) -> Result<ClusterDetail, Failure> {
    let (services, caller) = request::services()?;
    Ok(services.cluster(&caller, &id)?)
}

/// A window of the list.
#[server(prefix = "/_fn", endpoint = "resources", input = Json)]
pub async fn resources(query: ListQuery) -> Result<ListWindow, Failure> {
    let (services, caller) = request::services()?;
    Ok(services.list_resources(&caller, &query)?)
}

/// The object page.
#[server(prefix = "/_fn", endpoint = "object", input = Json)]
pub async fn object(address: ObjectAddress) -> Result<ObjectView, Failure> {
    let (services, caller) = request::services()?;
    let object = request::resolve(&services, &caller, &address)?;
    Ok(services.object(&caller, &object).await?)
}

/// Desired against actual, masked.
#[server(prefix = "/_fn", endpoint = "diff", input = Json)]
pub async fn diff(address: ObjectAddress) -> Result<DiffReport, Failure> {
    let (services, caller) = request::services()?;
    let object = request::resolve(&services, &caller, &address)?;
    Ok(services.diff(&caller, &object).await?)
}

/// The newest lines of many containers, in time order.
#[server(prefix = "/_fn", endpoint = "logs", input = Json)]
pub async fn logs(query: LogQuery) -> Result<AggregatedLogs, Failure> {
    let (services, caller) = request::services()?;
    Ok(services.aggregated_logs(&caller, query).await?)
}

/// Reconcile, suspend or resume; answers when the controller has handled it. Both fields are JSON, so that a form with
/// one hidden field and a button per action can post it.
#[server(prefix = "/_fn", endpoint = "act")]
pub async fn act(object: String, action: String) -> Result<ActionOutcome, Failure> {
    let (object, action) = (request::from_json(&object)?, request::from_json(&action)?);
    let (services, caller) = request::services()?;
    Ok(services.act(&caller, &object, action).await?)
}

/// The full resync of a cluster, outside its rhythm.
#[server(prefix = "/_fn", endpoint = "sync_cluster")]
pub async fn sync_cluster(id: ClusterId) -> Result<SyncOutcome, Failure> {
    let (services, caller) = request::services()?;
    Ok(services.sync_cluster(&caller, &id).await?)
}

/// The checks of a registration, without saving anything.
#[server(prefix = "/_fn", endpoint = "probe_cluster", input = Json)]
pub async fn probe_cluster(name: String, kubeconfig: String) -> Result<Vec<ProbeStep>, Failure> {
    let (services, caller) = request::services()?;
    let request = domain::cluster::RegisterCluster {
        name,
        description: String::new(),
        kubeconfig,
        context: None,
        allow_unreachable: false,
    };
    Ok(services.probe_cluster(&caller, &request).await?)
}

/// Registers a cluster and leads to its page. A refusal carries the checks in its details.
#[server(prefix = "/_fn", endpoint = "register_cluster")]
pub async fn register_cluster(
    name: String,
    #[server(default)] description: String,
    kubeconfig: String,
    #[server(default)] allow_unreachable: Option<String>,
) -> Result<(), Failure> {
    let (services, caller) = request::services()?;
    let request = domain::cluster::RegisterCluster {
        name,
        description,
        kubeconfig,
        context: None,
        allow_unreachable: allow_unreachable.is_some(),
    };
    let cluster = services.register_cluster(&caller, request).await?;
    leptos_axum::redirect(&format!("/clusters/{}", cluster.id));
    Ok(())
}

/// Forgets a cluster and everything stored of it; nothing happens on the cluster itself.
#[server(prefix = "/_fn", endpoint = "delete_cluster")]
pub async fn delete_cluster(id: ClusterId) -> Result<(), Failure> {
    let (services, caller) = request::services()?;
    services.delete_cluster(&caller, &id).await?;
    leptos_axum::redirect("/clusters");
    Ok(())
}

/// The manifests of a ready service account, in the order in which they give more.
#[server(prefix = "/_fn", endpoint = "onboarding", input = Json)]
pub async fn onboarding() -> Result<Vec<OnboardingStep>, Failure> {
    use fleet::clusters::onboarding::OnboardingStep as Step;
    use fleet::services::Services;
    request::services()?;
    let titled = |step: Step| {
        let title = match step {
            Step::Read => "Read",
            Step::Act => "Reconcile, suspend and resume",
            Step::DryRun => "Exact diffs by dry-run",
        };
        OnboardingStep { title: title.to_owned(), manifest: Services::onboarding_manifest(step).to_owned() }
    };
    Ok(Step::ALL.into_iter().map(titled).collect())
}
