//! The audit trail: a page at a time, and all of it as a file.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::access::audit::{AuditFormat, AuditPage, AuditQuery};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;

use crate::http::error::Failure;
use crate::http::extract::{Json, Query};
use crate::http::state::{AppState, SignedIn};

pub async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditPage>, Failure> {
    Ok(Json(state.services.audit(&caller, query).await?))
}

/// `?format=csv` or `ndjson`.
#[derive(Deserialize)]
pub struct ExportQuery {
    #[serde(default)]
    format: AuditFormat,
}

/// Streamed as it is read; one that breaks off in the middle ends the connection without its end.
pub async fn export(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Query(query): Query<AuditQuery>,
    Query(ExportQuery { format }): Query<ExportQuery>,
) -> Result<Response, Failure> {
    let entries = state.services.export_audit(&caller, query)?;
    let head = stream::once(async move { Ok(Bytes::from_static(format.head().as_bytes())) });
    let lines = head.chain(entries.map_ok(move |entry| Bytes::from(format.line(&entry))));
    let name = format!("attachment; filename=\"{}\"", format.file_name());
    let headers = [(CONTENT_TYPE, format.content_type().to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(lines)).into_response())
}
