//! Query parameters by name; parameters that a handler does not know are ignored, as the API server does.

use std::collections::HashMap;

use axum::extract::Query;
use axum::http::Uri;

use crate::status::Status;

/// The parameters of a request.
#[derive(Debug, Default)]
pub(crate) struct Parameters(HashMap<String, String>);

impl Parameters {
    /// # Errors
    /// On a query that is not form encoded.
    pub(crate) fn parse(uri: &Uri) -> Result<Self, Status> {
        Query::<HashMap<String, String>>::try_from_uri(uri)
            .map(|Query(parameters)| Self(parameters))
            .map_err(|error| Status::bad_request(error.to_string()))
    }

    /// A parameter that is there and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// `true` and `1` are true, as Go parses them; also a name without a value.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| matches!(value.as_str(), "" | "true" | "1" | "t" | "T" | "True" | "TRUE"))
    }

    /// # Errors
    /// On text that is not a whole number of at least 0.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Status> {
        self.text(name)
            .map(|text| text.parse().map_err(|_| Status::bad_request(format!("invalid value for {name}: {text:?}"))))
            .transpose()
    }

    /// # Errors
    /// On anything but `All`, which is all that the API knows.
    pub(crate) fn dry_run(&self) -> Result<bool, Status> {
        match self.text("dryRun") {
            None => Ok(false),
            Some("All") => Ok(true),
            Some(other) => Err(Status::invalid("Options", "", format_args!("dryRun: unsupported value: {other:?}"))),
        }
    }
}
