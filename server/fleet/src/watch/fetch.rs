//! Reads one live object of any kind, in the version that the cluster prefers.

use domain::object::ObjectRef;
use kube::Api;
use serde_json::Value;
use tokio::time::timeout;

use super::kinds::Kinds;
use super::object::{KubeObject, trim};
use crate::clusters::connection::CALL_TIMEOUT;
use crate::clusters::failure::Failure;

/// The object, trimmed and not masked; `None` if the cluster has no such object or kind.
///
/// # Errors
/// If the cluster refuses or does not answer in time.
pub(crate) async fn fetch(client: &kube::Client, kinds: &Kinds, object: &ObjectRef) -> Result<Option<Value>, Failure> {
    let Some(served) = kinds.find(&object.group_kind()) else { return Ok(None) };
    let api: Api<KubeObject> = match &object.namespace {
        Some(namespace) if served.namespaced => Api::namespaced_with(client.clone(), namespace, &served.resource),
        _ => Api::all_with(client.clone(), &served.resource),
    };
    let found = timeout(CALL_TIMEOUT, api.get_opt(&object.name)).await.map_err(|_| Failure::timed_out())?;
    let found = found.map_err(|error| Failure::of(&error))?;
    Ok(found.map(|found| {
        let mut json = found.into_json(&served.resource);
        trim(&mut json);
        json
    }))
}
