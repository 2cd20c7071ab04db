//! Logs of the containers that the caller may read: once, or as they come.

use std::sync::Arc;

use domain::error::{ApiError, ErrorCode};
use domain::object::ClusterId;
use domain::protocol::logs::{AggregatedLogs, LogQuery};
use futures::future::try_join_all;

use super::Services;
use super::error::{of_store, sentence};
use crate::access::Caller;
use crate::logs::{FindCluster, LogSession, SelectError, Selection, aggregate, select};

impl Services {
    /// The newest lines of each container, all in time order.
    ///
    /// # Errors If a named cluster or namespace is wholly forbidden, or the query cannot be understood. Whatever else
    /// is missing is a problem beside the lines.
    pub async fn aggregated_logs(&self, caller: &Caller, query: LogQuery) -> Result<AggregatedLogs, ApiError> {
        let selection = self.select_logs(caller, &query, "read logs").await?;
        Ok(aggregate(&self.engine.logs, selection).await)
    }

    /// The newest lines of each container and all that follow.
    ///
    /// # Errors
    /// As [`Self::aggregated_logs`].
    pub async fn stream_logs(&self, caller: &Caller, query: LogQuery) -> Result<LogSession, ApiError> {
        let selection = self.select_logs(caller, &query, "follow logs").await?;
        Ok(LogSession::new(&self.engine.logs, selection))
    }

    /// What of the query the caller may have; noted in the audit trail, once for each cluster.
    async fn select_logs(&self, caller: &Caller, query: &LogQuery, action: &str) -> Result<Selection, ApiError> {
        let all: Vec<ClusterId> = self.engine.clusters.all().iter().map(|cluster| cluster.id().clone()).collect();
        // Streams outlive requests and must not keep the engine.
        let engine = Arc::downgrade(&self.engine);
        let find: FindCluster = Arc::new(move |id| engine.upgrade()?.clusters.get(id));
        let selection =
            select(caller, query, &all, &find, self.engine.logs.scopes()).map_err(|error| of_select(&error))?;
        let detail = format!(
            "namespaces {}, selector {:?}, last {} lines",
            query.effective_namespaces().join(", "),
            selection.selector,
            selection.tail
        );
        try_join_all(selection.authorized.iter().map(|authorized| self.engine.audit.note(authorized, action, &detail)))
            .await
            .map_err(|error| of_store(&error))?;
        Ok(selection)
    }
}

fn of_select(error: &SelectError) -> ApiError {
    let code = match error {
        SelectError::Denied(denied) => return denied.clone().into(),
        SelectError::Selector(_) | SelectError::Namespace(_) | SelectError::TooMany(_) => ErrorCode::Invalid,
        SelectError::NoCluster(_) => ErrorCode::NotFound,
    };
    ApiError::new(code, sentence(error))
}
