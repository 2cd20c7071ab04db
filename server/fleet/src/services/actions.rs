//! Reconcile, suspend, resume.

use domain::access::Verb;
use domain::action::{Action, ActionOutcome};
use domain::error::ApiError;
use domain::object::ObjectRef;

use super::Services;
use super::error::{of_action, of_audit};
use crate::access::{Caller, authorize};
use crate::actions::Actor;

/// The right that an action takes.
fn verb_of(action: Action) -> Verb {
    match action {
        Action::Reconcile(_) => Verb::Reconcile,
        Action::Suspend | Action::Resume => Verb::Suspend,
    }
}

impl Services {
    /// Do it, follow it, and say how it ended; at most a minute, longer with source.
    ///
    /// # Errors
    /// Forbidden; not found; refused for this kind; the cluster did not take it. A controller that fails is an outcome.
    pub async fn act(&self, caller: &Caller, object: &ObjectRef, action: Action) -> Result<ActionOutcome, ApiError> {
        let authorized = self.permitted(caller, authorize(caller, verb_of(action), object)).await?;
        let cluster = self.known_cluster(&object.cluster)?;
        let actor = Actor {
            authorized: &authorized,
            cluster: &cluster,
            publisher: &self.engine.publisher,
            clock: &self.engine.clock,
        };
        self.engine
            .audit
            .run(&authorized, action.word(), "", actor.act(object, action))
            .await
            .map_err(|error| of_audit(error, of_action))
    }
}
