//! The one place where errors of the engine become errors of the API.
//!
//! A message is for the person who asked: masked, without internals. What a person cannot use goes to the log with all
//! its causes.

use std::error::Error;

use domain::diff::mask::mask_text;
use domain::error::{ApiError, ErrorCode};
use domain::object::{ClusterId, ObjectRef};
use serde_json::json;

use crate::actions::ActionError;
use crate::audit::AuditError;
use crate::clusters::failure::Failure;
use crate::clusters::{ClustersError, ConnectionError};
use crate::store::StoreError;

/// A sentence of the error's own text, masked.
pub(super) fn sentence(error: &dyn Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let capital = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    mask_text(&format!("{capital}{}.", letters.as_str()))
}

fn log(error: &dyn Error) {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(mask_text(&error.to_string()));
        cause = error.source();
    }
    tracing::error!(error = %mask_text(&error.to_string()), ?causes, "request failed");
}

/// Our own fault: the person learns only that it was not theirs.
pub(super) fn internal(error: &dyn Error) -> ApiError {
    log(error);
    ApiError::new(ErrorCode::Internal, "The server could not do this; its log says why.")
}

pub(super) fn no_cluster(id: &ClusterId) -> ApiError {
    // An id is a DNS label; a longer text is not repeated to whoever sent it.
    let name = if id.as_str().len() <= 63 { id.as_str() } else { "of that name" };
    ApiError::new(ErrorCode::NotFound, format!("There is no cluster {name}."))
}

pub(super) fn no_object(object: &ObjectRef) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("There is no {object}."))
}

pub(super) fn of_store(error: &StoreError) -> ApiError {
    internal(error)
}

pub(super) fn of_connection(error: &ConnectionError) -> ApiError {
    match error {
        ConnectionError::WrongCluster { .. } => internal(error),
        error => ApiError::new(ErrorCode::Unreachable, sentence(error)),
    }
}

/// `what` was asked of the cluster: "read Deployment shop/web on prod".
pub(super) fn of_failure(what: &str, failure: &Failure) -> ApiError {
    let code = match failure {
        Failure::Unreachable(_) => ErrorCode::Unreachable,
        Failure::NotFound(_) => ErrorCode::NotFound,
        Failure::Conflict(_) => ErrorCode::Conflict,
        Failure::Unauthorized(_) | Failure::Forbidden(_) | Failure::Refused { .. } => ErrorCode::Cluster,
    };
    ApiError::new(code, format!("The cluster could not {what}: {}", failure.message()))
}

pub(super) fn of_clusters(error: &ClustersError) -> ApiError {
    match error {
        ClustersError::Store(_) | ClustersError::ReadKubeconfig { .. } | ClustersError::LocalKubeconfig { .. } => {
            internal(error)
        }
        ClustersError::Kubeconfig(_) | ClustersError::NoName => ApiError::new(ErrorCode::Invalid, sentence(error)),
        ClustersError::NameTaken(_) | ClustersError::NotRegistered(_) => {
            ApiError::new(ErrorCode::Conflict, sentence(error))
        }
        ClustersError::Unknown(id) => no_cluster(id),
        ClustersError::Unusable(probe) => {
            let failed = probe.steps.iter().find(|step| step.outcome == domain::cluster::StepOutcome::Failed);
            let message = failed.map_or_else(|| sentence(error), |step| format!("Not {}: {}.", step.name, step.detail));
            ApiError::new(ErrorCode::Refused, message).with_details(json!({"steps": probe.steps}))
        }
    }
}

pub(super) fn of_action(error: &ActionError) -> ApiError {
    match error {
        ActionError::Denied(denied) => denied.clone().into(),
        ActionError::NotFlux { .. }
        | ActionError::Static { .. }
        | ActionError::NotSuspendable { .. }
        | ActionError::Option { .. } => ApiError::new(ErrorCode::Refused, sentence(error)),
        ActionError::NotFound { object } => no_object(object),
        ActionError::Source { .. } => ApiError::new(ErrorCode::Cluster, sentence(error)),
        ActionError::Connection(error) => of_connection(error),
        ActionError::Patch { object, failure } => of_failure(&format!("change {object}"), failure),
    }
}

pub(super) fn of_audit<E: Error + 'static>(error: AuditError<E>, of_work: impl FnOnce(&E) -> ApiError) -> ApiError {
    match error {
        AuditError::Work(error) => of_work(&error),
        error @ AuditError::NotBegun(_) => internal(&error),
    }
}
