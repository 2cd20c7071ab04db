//! How much of an object an answer carries: all of it, or its metadata only, as the `Accept` header asks.

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::store::Stored;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Projection {
    Full,
    /// `PartialObjectMetadata` of `meta.k8s.io/v1`.
    Metadata,
}

impl Projection {
    /// The first form that the client accepts and this server knows.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let first = accept.split(',').map(str::trim).find(|form| !form.contains("as=Table"));
        if first.is_some_and(|form| form.contains("as=PartialObjectMetadata")) { Self::Metadata } else { Self::Full }
    }

    /// The text of a stored object.
    pub(crate) fn text(self, stored: &Stored) -> String {
        match self {
            Self::Full => stored.json.clone(),
            Self::Metadata => self.value(stored.value()).to_string(),
        }
    }

    /// An object cut down to the projection.
    pub(crate) fn value(self, object: Value) -> Value {
        match self {
            Self::Full => object,
            Self::Metadata => json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"],
            }),
        }
    }
}
