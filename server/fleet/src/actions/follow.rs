//! Waits in the index for what a controller makes of an action.

use domain::action::{ActionOutcome, ActionStage};
use domain::catalogue;
use domain::diff::mask::mask_text;
use domain::health::{Health, HealthReport, flux_health};
use domain::object::ObjectRef;
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

use crate::watch::{Change, Index};

/// When an action has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// The controller has handled a request after this one, and the object has settled.
    Handled {
        before: Option<String>,
    },
    Suspended,
    Resumed,
}

/// Opaque; a change means that the controller has seen a request.
pub(super) fn last_handled(json: &Value) -> Option<String> {
    json["status"]["lastHandledReconcileAt"].as_str().map(str::to_owned)
}

/// How far it has come, and whether to wait on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Progress {
    stage: ActionStage,
    settled: bool,
    report: HealthReport,
}

/// Wait until the goal is reached, the object is gone, or the deadline has come. `receiver` must have been subscribed
/// before the patch was sent.
pub(super) async fn follow(
    index: &Index,
    mut receiver: Receiver<Change>,
    object: &ObjectRef,
    goal: &Goal,
    deadline: Instant,
) -> ActionOutcome {
    loop {
        let Some(json) = index.object(object) else {
            return outcome(ActionStage::Requested, Health::Unknown, "The object is not watched, or is gone");
        };
        let progress = judge(object, &json, goal);
        if progress.settled {
            return outcome(progress.stage, progress.report.health, &progress.report.message);
        }
        // Other objects change too; only a notice about this one is worth another look.
        loop {
            match timeout_at(deadline, receiver.recv()).await {
                Ok(Ok(change)) if change.concerns(object) => break,
                Ok(Ok(_)) => {}
                Ok(Err(RecvError::Lagged(_))) => break,
                Ok(Err(RecvError::Closed)) | Err(_) => {
                    let message = match progress.stage {
                        ActionStage::Requested => "Waiting for the controller",
                        _ => progress.report.message.as_str(),
                    };
                    return outcome(progress.stage, progress.report.health, message);
                }
            }
        }
    }
}

fn outcome(stage: ActionStage, health: Health, message: &str) -> ActionOutcome {
    ActionOutcome { stage, health, message: mask_text(message), warnings: Vec::new() }
}

fn judge(object: &ObjectRef, json: &Value, goal: &Goal) -> Progress {
    let report = flux_health(&object.group_kind(), json);
    let is_suspended =
        catalogue::by_group_kind(&object.group, &object.kind).is_some_and(|kind| kind.is_suspended(json));
    let (stage, settled) = match goal {
        Goal::Suspended if is_suspended => (ActionStage::Done, true),
        Goal::Resumed if !is_suspended => (ActionStage::Done, true),
        Goal::Handled { before } if last_handled(json) != *before => match report.health {
            Health::Ready => (ActionStage::Done, true),
            Health::Failed | Health::Stalled => (ActionStage::Failed, true),
            // The controller acknowledges a request to a suspended object and does nothing.
            Health::Suspended | Health::Terminating => (ActionStage::Handled, true),
            Health::Waiting | Health::Progressing | Health::Unknown => (ActionStage::Handled, false),
        },
        _ => (ActionStage::Requested, false),
    };
    Progress { stage, settled, report }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::watch::Publisher;

    fn kustomization(version: u32, handled: &str, ready: &str, suspend: bool) -> Value {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": "shop", "namespace": "apps", "resourceVersion": version.to_string()},
            "spec": {"suspend": suspend},
            "status": {
                "lastHandledReconcileAt": handled,
                "conditions": [{"type": "Ready", "status": ready, "reason": "Any", "message": "what happened"}],
            },
        })
    }

    fn stage(json: &Value, goal: &Goal) -> (ActionStage, bool) {
        let progress = judge(&ObjectRef::of(&"prod".into(), json), json, goal);
        (progress.stage, progress.settled)
    }

    #[test]
    fn a_request_is_handled_when_the_mark_changes_and_done_when_healthy() {
        let goal = Goal::Handled { before: Some("1".to_owned()) };
        assert_eq!(stage(&kustomization(1, "1", "True", false), &goal), (ActionStage::Requested, false));
        assert_eq!(stage(&kustomization(1, "2", "Unknown", false), &goal), (ActionStage::Handled, false));
        assert_eq!(stage(&kustomization(1, "2", "True", false), &goal), (ActionStage::Done, true));
        assert_eq!(stage(&kustomization(1, "2", "False", false), &goal), (ActionStage::Failed, true));
        assert_eq!(stage(&kustomization(1, "2", "True", true), &goal), (ActionStage::Handled, true));
    }

    #[test]
    fn suspend_and_resume_are_done_when_the_object_says_so() {
        let (resting, running) = (kustomization(1, "1", "True", true), kustomization(1, "1", "True", false));
        assert_eq!(stage(&resting, &Goal::Suspended), (ActionStage::Done, true));
        assert_eq!(stage(&running, &Goal::Suspended), (ActionStage::Requested, false));
        assert_eq!(stage(&running, &Goal::Resumed), (ActionStage::Done, true));
    }

    #[tokio::test(start_paused = true)]
    async fn following_ends_with_the_change_or_with_the_deadline() {
        let publisher = Publisher::default();
        let index = Arc::new(Index::new("prod".into(), "Production", publisher.clone()));
        index.apply(kustomization(1, "1", "True", false));
        let object = ObjectRef::of(&"prod".into(), &kustomization(1, "1", "True", false));
        let goal = Goal::Handled { before: Some("1".to_owned()) };
        let deadline = Instant::now() + Duration::from_secs(60);
        let late = follow(&index, publisher.subscribe(), &object, &goal, deadline).await;
        assert_eq!((late.stage, late.message.as_str()), (ActionStage::Requested, "Waiting for the controller"));
        let receiver = publisher.subscribe();
        index.apply(kustomization(2, "2", "False", false));
        let failed = follow(&index, receiver, &object, &goal, deadline).await;
        assert_eq!((failed.stage, failed.message.as_str()), (ActionStage::Failed, "what happened"));
    }
}
