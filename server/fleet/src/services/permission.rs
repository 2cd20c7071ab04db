//! The one step between a decision and what follows from it: a refused use of a right that changes things is on record.

use domain::error::ApiError;

use super::Services;
use crate::access::{Authorized, Caller, Denied};

impl Services {
    /// The handle, or the refusal as the caller is told it. Every service asks through here for a verb that changes
    /// something.
    pub(super) async fn permitted(
        &self,
        caller: &Caller,
        decision: Result<Authorized, Denied>,
    ) -> Result<Authorized, ApiError> {
        match decision {
            Ok(authorized) => Ok(authorized),
            Err(denied) => {
                if denied.verb.changes() {
                    self.engine.audit.refused(caller, &denied).await;
                }
                Err(denied.into())
            }
        }
    }
}
