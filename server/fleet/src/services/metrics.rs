//! The answer to a scrape: counts of this process and the series of every Flux object of every cluster.

use domain::access::Verb;
use domain::error::ApiError;

use super::Services;
use crate::access::{Caller, authorize_everything};
use crate::metrics::{Format, Scrape, Selection};

impl Services {
    /// Metrics as text. They name every object of the fleet, so that the caller must see everything.
    ///
    /// # Errors
    /// If the caller may not.
    pub async fn metrics(&self, caller: &Caller, format: Format, selection: Selection) -> Result<Scrape, ApiError> {
        authorize_everything(caller, Verb::View)?;
        Ok(Scrape::of(&self.engine, format, selection).await)
    }
}
