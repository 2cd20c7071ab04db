//! The bodies of the merge patches, and sending one.

use domain::action::ReconcileOptions;
use domain::catalogue::{FORCE_AT, REQUESTED_AT, RESET_AT, Suspension};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::clusters::connection::CALL_TIMEOUT;
use crate::clusters::failure::Failure;
use crate::watch::object::KubeObject;

/// Our own name among the owners of fields. Never one that begins with `kubectl`: kustomize-controller takes the
/// fields of such managers over and then drops what Git does not have.
pub(super) const FIELD_MANAGER: &str = "flux-orchestrator";

/// Sends of one patch while others change the object at the same moment.
const ATTEMPTS: usize = 5;

/// Ask for a run. Force and reset act only if their value equals the request's.
pub(super) fn request(token: &str, options: ReconcileOptions) -> Value {
    let mut annotations = json!({REQUESTED_AT: token});
    if options.force {
        annotations[FORCE_AT] = token.into();
    }
    if options.reset {
        annotations[RESET_AT] = token.into();
    }
    json!({"metadata": {"annotations": annotations}})
}

/// `None` for kinds that cannot be suspended.
pub(super) fn suspend(suspension: Suspension) -> Option<Value> {
    match suspension {
        Suspension::SpecField => Some(json!({"spec": {"suspend": true}})),
        Suspension::Annotation(key) => Some(json!({"metadata": {"annotations": {key: "disabled"}}})),
        Suspension::None => None,
    }
}

/// Remove the mark, and ask for a run at once. The field is removed, not set to false: an explicit false would be ours
/// and could fight Git.
pub(super) fn resume(suspension: Suspension, token: Option<&str>) -> Value {
    let mut body = match token {
        Some(token) => request(token, ReconcileOptions::default()),
        None => json!({}),
    };
    match suspension {
        Suspension::SpecField => body["spec"] = json!({"suspend": null}),
        Suspension::Annotation(key) => body["metadata"]["annotations"][key] = Value::Null,
        Suspension::None => {}
    }
    body
}

/// Send the patch; again on a conflict.
pub(super) async fn send(api: &Api<KubeObject>, name: &str, body: &Value) -> Result<(), Failure> {
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let mut attempt = 1;
    loop {
        let sent = timeout(CALL_TIMEOUT, api.patch(name, &params, &Patch::Merge(body))).await;
        let failure = match sent {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => Failure::of(&error),
            Err(_) => Failure::timed_out(),
        };
        if !matches!(failure, Failure::Conflict(_)) || attempt == ATTEMPTS {
            return Err(failure);
        }
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use domain::catalogue::OPERATOR_RECONCILE;

    use super::*;

    #[test]
    fn force_and_reset_carry_the_token_of_the_request() {
        let options = ReconcileOptions { force: true, ..ReconcileOptions::default() };
        let expected = json!({"metadata": {"annotations": {REQUESTED_AT: "t", FORCE_AT: "t"}}});
        assert_eq!(request("t", options), expected);
    }

    #[test]
    fn resume_removes_what_suspend_has_set() {
        assert_eq!(suspend(Suspension::SpecField), Some(json!({"spec": {"suspend": true}})));
        assert_eq!(
            resume(Suspension::SpecField, Some("t")),
            json!({"metadata": {"annotations": {REQUESTED_AT: "t"}}, "spec": {"suspend": null}})
        );
        assert_eq!(
            resume(Suspension::Annotation(OPERATOR_RECONCILE), None),
            json!({"metadata": {"annotations": {OPERATOR_RECONCILE: null}}})
        );
        assert_eq!(suspend(Suspension::None), None);
    }
}
