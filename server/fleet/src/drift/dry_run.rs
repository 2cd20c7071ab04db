//! The only Kubernetes client that the diff has: it reads, and it asks "what if".
//!
//! Every request that could write is built in one place, with `dryRun=All` in it; there is no way to send another. A
//! masked object cannot be sent at all: the configuration is a [`Value`], and a mask has no way back to one.

use std::time::Duration;

use domain::diff::verdict::Applier;
use domain::object::ObjectRef;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::Value;
use tokio::time::timeout;

use crate::clusters::failure::Failure;
use crate::metrics::counters::COUNTERS;
use crate::watch::kinds::ServedKind;
use crate::watch::object::KubeObject;

/// What one question may take; admission webhooks have 10 s by default.
const PATIENCE: Duration = Duration::from_secs(12);

pub(crate) struct DryRunClient {
    client: Client,
}

impl DryRunClient {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The live object with its managed fields; `None` if there is none.
    pub(crate) async fn live(&self, kind: &ServedKind, object: &ObjectRef) -> Result<Option<Value>, Failure> {
        let api = self.api(kind, object);
        let live = timeout(PATIENCE, api.get_opt(&object.name)).await.map_err(|_| Failure::timed_out())?;
        Ok(live.map_err(|error| Failure::of(&error))?.map(|live| live.into_json(&kind.resource)))
    }

    /// The object as it would be after a server-side apply of `configuration` by that controller, with force, as Flux applies.
    pub(crate) async fn apply(
        &self,
        kind: &ServedKind,
        object: &ObjectRef,
        configuration: &Value,
        applier: Applier,
    ) -> Result<Value, Failure> {
        let api = self.api(kind, object);
        let parameters = PatchParams::apply(applier.manager()).force().dry_run();
        let patch = Patch::Apply(configuration);
        let answer = timeout(PATIENCE, api.patch(&object.name, &parameters, &patch)).await;
        let predicted = match answer {
            Ok(answer) => answer.map_err(|error| Failure::of(&error)),
            Err(_) => Err(Failure::timed_out()),
        };
        COUNTERS.dry_run(&predicted);
        Ok(predicted?.into_json(&kind.resource))
    }

    fn api(&self, kind: &ServedKind, object: &ObjectRef) -> Api<KubeObject> {
        match &object.namespace {
            Some(namespace) if kind.namespaced => Api::namespaced_with(self.client.clone(), namespace, &kind.resource),
            _ => Api::all_with(self.client.clone(), &kind.resource),
        }
    }
}
