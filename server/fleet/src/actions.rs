//! What somebody asks of a Flux object: reconcile, suspend, resume; each followed to its outcome.
//!
//! Every action is one merge patch by our own field manager, and nothing else is ever written. The outcome is read from
//! the watch, where everybody else sees it too: a controller has answered when `status.lastHandledReconcileAt` has
//! changed, and has succeeded when the object is healthy after that. No cache is edited by hand.

mod follow;
mod patch;
mod source;

use std::sync::Arc;
use std::time::Duration;

use domain::access::Verb;
use domain::action::{Action, ActionOutcome, ActionStage, ReconcileOptions};
use domain::catalogue::{self, FluxKind, HELM, KUSTOMIZE, Suspension};
use domain::diff::mask::mask_text;
use domain::object::ObjectRef;
use kube::Api;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use self::follow::{Goal, follow};
use crate::access::{Authorized, Denied, authorize};
use crate::clock::Clock;
use crate::clusters::connection::CALL_TIMEOUT;
use crate::clusters::failure::Failure;
use crate::clusters::{Cluster, ConnectionError};
use crate::watch::Publisher;
use crate::watch::object::KubeObject;

/// How long an outcome is waited for.
const FOLLOW_FOR: Duration = Duration::from_secs(60);
/// How long each source of a reconcile with source is waited for.
const SOURCE_FOR: Duration = Duration::from_secs(30);

/// Why an action did not begin, or which step of it failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActionError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("{kind} is not a kind of Flux, so there is nothing to ask of it")]
    NotFlux { kind: String },
    #[error("{object} does not exist")]
    NotFound { object: ObjectRef },
    #[error("{kind} objects have no reconciler: they take effect as soon as they are changed")]
    Static { kind: String },
    #[error("{kind} objects cannot be suspended: somebody else writes them")]
    NotSuspendable { kind: String },
    #[error("{option} is for {kinds} only")]
    Option { option: &'static str, kinds: &'static str },
    #[error("the source {source_object} could not be reconciled: {message}")]
    Source { source_object: Box<ObjectRef>, message: String },
    #[error("the cluster is not connected")]
    Connection(#[from] ConnectionError),
    #[error("the cluster did not take the change of {object}")]
    Patch { object: Box<ObjectRef>, failure: Failure },
}

/// What an action works with.
pub(crate) struct Actor<'a> {
    pub(crate) authorized: &'a Authorized,
    pub(crate) cluster: &'a Arc<Cluster>,
    pub(crate) publisher: &'a Publisher,
    pub(crate) clock: &'a Clock,
}

impl Actor<'_> {
    /// Do it, and wait for the outcome, for at most a minute.
    ///
    /// # Errors
    /// If it was refused or the cluster did not take it. A controller that fails afterwards is an outcome, no error.
    pub(crate) async fn act(&self, object: &ObjectRef, action: Action) -> Result<ActionOutcome, ActionError> {
        let kind = catalogue::by_group_kind(&object.group, &object.kind)
            .ok_or_else(|| ActionError::NotFlux { kind: object.kind.clone() })?;
        let json = self.current(object).await?;
        let mut outcome = match action {
            Action::Reconcile(options) => self.reconcile(kind, object, &json, options).await?,
            Action::Suspend => self.suspend(kind, object).await?,
            Action::Resume => self.resume(kind, object, &json).await?,
        };
        if !matches!(action, Action::Reconcile(_)) {
            outcome.warnings.extend(parent_warning(object, &json));
        }
        Ok(outcome)
    }

    async fn reconcile(
        &self,
        kind: &FluxKind,
        object: &ObjectRef,
        json: &Value,
        options: ReconcileOptions,
    ) -> Result<ActionOutcome, ActionError> {
        if !kind.is_reconcilable(json) {
            return Err(ActionError::Static { kind: object.kind.clone() });
        }
        let forcible = matches!(object.kind.as_str(), "HelmRelease" | "FluxInstance" | "ResourceSetInputProvider");
        if options.force && !forcible {
            return Err(ActionError::Option { option: "force", kinds: "HelmRelease" });
        }
        if options.reset && object.group != HELM {
            return Err(ActionError::Option { option: "reset", kinds: "HelmRelease" });
        }
        let mut warnings = Vec::new();
        if kind.is_suspended(json) {
            warnings
                .push("It is suspended: the controller sees the request and does nothing. Resume it first.".to_owned());
        }
        if options.with_source {
            warnings.extend(self.reconcile_sources(object, json).await?);
        }
        let receiver = self.publisher.subscribe();
        let goal = Goal::Handled { before: follow::last_handled(json) };
        self.patch(object, &patch::request(&self.token(), options)).await?;
        let outcome = follow(&self.cluster.index, receiver, object, &goal, Instant::now() + FOLLOW_FOR).await;
        Ok(ActionOutcome { warnings, ..outcome })
    }

    /// Deepest first, each to its end; a failed source ends the action.
    async fn reconcile_sources(&self, object: &ObjectRef, json: &Value) -> Result<Vec<String>, ActionError> {
        let sources = source::chain(object, json, |source| self.cluster.index.object(source));
        let mut warnings = Vec::new();
        if sources.is_empty() {
            warnings.push(format!("{} has no source that can be reconciled", object.kind));
        }
        for source in sources {
            authorize(self.authorized.caller(), Verb::Reconcile, &source)?;
            let json = self.current(&source).await?;
            let Some(kind) = catalogue::by_group_kind(&source.group, &source.kind) else { continue };
            if !kind.is_reconcilable(&json) {
                continue;
            }
            if kind.is_suspended(&json) {
                warnings.push(format!("{} {} is suspended and brings nothing new", source.kind, source.name));
                continue;
            }
            let receiver = self.publisher.subscribe();
            let goal = Goal::Handled { before: follow::last_handled(&json) };
            self.patch(&source, &patch::request(&self.token(), ReconcileOptions::default())).await?;
            let outcome = follow(&self.cluster.index, receiver, &source, &goal, Instant::now() + SOURCE_FOR).await;
            match outcome.stage {
                ActionStage::Failed => {
                    return Err(ActionError::Source { source_object: Box::new(source), message: outcome.message });
                }
                ActionStage::Done => {}
                ActionStage::Requested | ActionStage::Handled => {
                    warnings.push(format!("{} {} has not finished yet", source.kind, source.name));
                }
            }
        }
        Ok(warnings)
    }

    async fn suspend(&self, kind: &FluxKind, object: &ObjectRef) -> Result<ActionOutcome, ActionError> {
        let body =
            patch::suspend(kind.suspension).ok_or_else(|| ActionError::NotSuspendable { kind: object.kind.clone() })?;
        let receiver = self.publisher.subscribe();
        self.patch(object, &body).await?;
        let deadline = Instant::now() + FOLLOW_FOR;
        Ok(follow(&self.cluster.index, receiver, object, &Goal::Suspended, deadline).await)
    }

    async fn resume(&self, kind: &FluxKind, object: &ObjectRef, json: &Value) -> Result<ActionOutcome, ActionError> {
        if kind.suspension == Suspension::None {
            return Err(ActionError::NotSuspendable { kind: object.kind.clone() });
        }
        let reconcilable = kind.is_reconcilable(json);
        let token = reconcilable.then(|| self.token());
        let goal = if reconcilable { Goal::Handled { before: follow::last_handled(json) } } else { Goal::Resumed };
        let receiver = self.publisher.subscribe();
        self.patch(object, &patch::resume(kind.suspension, token.as_deref())).await?;
        Ok(follow(&self.cluster.index, receiver, object, &goal, Instant::now() + FOLLOW_FOR).await)
    }

    /// What the index knows, or the cluster says.
    async fn current(&self, object: &ObjectRef) -> Result<Arc<Value>, ActionError> {
        if let Some(json) = self.cluster.index.object(object) {
            return Ok(json);
        }
        let failed = |failure| ActionError::Patch { object: Box::new(object.clone()), failure };
        match timeout(CALL_TIMEOUT, self.api(object)?.get_opt(&object.name)).await {
            Ok(Ok(Some(found))) => Ok(Arc::new(found.json)),
            Ok(Ok(None)) => Err(ActionError::NotFound { object: object.clone() }),
            Ok(Err(error)) => Err(failed(Failure::of(&error))),
            Err(_) => Err(failed(Failure::timed_out())),
        }
    }

    async fn patch(&self, object: &ObjectRef, body: &Value) -> Result<(), ActionError> {
        let api = self.api(object)?;
        patch::send(&api, &object.name, body).await.map_err(|failure| match failure {
            Failure::NotFound(_) => ActionError::NotFound { object: object.clone() },
            failure => ActionError::Patch { object: Box::new(object.clone()), failure },
        })
    }

    fn api(&self, object: &ObjectRef) -> Result<Api<KubeObject>, ActionError> {
        let kinds = self.cluster.kinds();
        let served =
            kinds.find(&object.group_kind()).ok_or_else(|| ActionError::NotFound { object: object.clone() })?;
        let client = self.cluster.client(self.authorized)?;
        Ok(match &object.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &served.resource),
            None => Api::all_with(client, &served.resource),
        })
    }

    /// Opaque to controllers; a time, because people read it.
    fn token(&self) -> String {
        jiff::Timestamp::from_millisecond(self.clock.now()).unwrap_or_default().to_string()
    }
}

/// Who applies the object will set it back at its next run if Git says otherwise.
fn parent_warning(object: &ObjectRef, json: &Value) -> Option<String> {
    let labels = &json["metadata"]["labels"];
    let parent = [("Kustomization", KUSTOMIZE), ("HelmRelease", HELM)].into_iter().find_map(|(kind, group)| {
        let name = labels[format!("{group}/name")].as_str()?;
        let namespace = labels[format!("{group}/namespace")].as_str().unwrap_or_default();
        let is_itself = kind == object.kind && name == object.name && object.namespace.as_deref() == Some(namespace);
        (!is_itself).then(|| format!("{kind} {namespace}/{name}"))
    })?;
    Some(mask_text(&format!("{parent} applies this object and undoes this if Git says otherwise.")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_parent_is_named_and_an_object_is_not_its_own_parent() {
        let labels = json!({
            "kustomize.toolkit.fluxcd.io/name": "fleet",
            "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        });
        let of = |name: &str, namespace: &str| {
            json!({
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                "metadata": {"name": name, "namespace": namespace, "labels": labels},
            })
        };
        let warning = |json: &Value| parent_warning(&ObjectRef::of(&"prod".into(), json), json);
        assert_eq!(
            warning(&of("shop", "apps")).as_deref(),
            Some("Kustomization flux-system/fleet applies this object and undoes this if Git says otherwise.")
        );
        assert_eq!(warning(&of("fleet", "flux-system")), None);
    }
}
