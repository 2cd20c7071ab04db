//! Lists: selectors, pages by `limit` and `continue`, metadata only.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::catalogue::RESOURCES;
use crate::cluster::Cluster;
use crate::http::projection::Projection;
use crate::http::query::Parameters;
use crate::http::resource_path::ResourcePath;
use crate::http::selector::Selector;
use crate::status::Status;
use crate::store::Key;

/// Answers a list. Pages show the objects of now; only the revision of the first page is remembered, so that a token
/// from before the log's start expires.
///
/// # Errors
/// On parameters that cannot be parsed and on expired tokens.
pub(crate) fn answer(
    cluster: &Cluster,
    path: &ResourcePath,
    parameters: &Parameters,
    projection: Projection,
) -> Result<Response, Status> {
    let row = &RESOURCES[path.resource];
    let selector = Selector::parse(parameters.text("labelSelector"), parameters.text("fieldSelector"), row)?;
    let limit = parameters.number("limit")?.filter(|limit| *limit > 0).unwrap_or(u64::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let token = parameters.text("continue").map(Token::decode).transpose()?;
    if token.as_ref().is_some_and(|token| !cluster.store().reaches_back_to(token.revision)) {
        return Err(Status::expired());
    }
    let after = token.as_ref().map(|token| &token.after);
    let page = cluster
        .store()
        .list(path.resource, path.namespace.as_deref(), after, limit, &|key, stored| selector.matches(key, stored));
    let revision = token.as_ref().map_or(page.revision, |token| token.revision);

    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if let Some((after, left)) = page.next {
        metadata["continue"] = json!(Token { revision, after }.encode());
        if selector.is_empty() {
            metadata["remainingItemCount"] = json!(left);
        }
    }
    let (kind, api_version) = match projection {
        Projection::Full => (format!("{}List", row.kind), row.api_version()),
        Projection::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
    };
    let mut body = format!(r#"{{"kind":"{kind}","apiVersion":"{api_version}","metadata":{metadata},"items":["#);
    for (index, stored) in page.items.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        match projection {
            Projection::Full => body.push_str(&stored.json),
            Projection::Metadata => body.push_str(&projection.text(stored)),
        }
    }
    body.push_str("]}");
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// The `continue` token: the revision of the list and the last key of the page.
struct Token {
    revision: u64,
    after: Key,
}

impl Token {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(json!([self.revision, self.after.0, self.after.1]).to_string())
    }

    fn decode(text: &str) -> Result<Self, Status> {
        let invalid = || Status::bad_request("continue key is not valid");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let (revision, namespace, name) = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
        Ok(Self { revision, after: (namespace, name) })
    }
}
