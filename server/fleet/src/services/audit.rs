//! Reading the audit trail: by page, and as a stream of everything for an export.
//!
//! Whoever may read it on some clusters or namespaces gets the entries about those, and no others.

use std::collections::VecDeque;

use domain::access::Verb;
use domain::access::audit::{AUDIT_DEFAULT, AUDIT_LIMIT, AuditPage, AuditQuery, AuditView};
use domain::error::{ApiError, ErrorCode};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use super::Services;
use super::error::of_store;
use crate::access::{Caller, authorize_anywhere};
use crate::store::{self, AuditStore, Places};

impl Services {
    /// One page, newest first.
    ///
    /// # Errors
    /// Forbidden, or a query that cannot be understood.
    pub async fn audit(&self, caller: &Caller, query: AuditQuery) -> Result<AuditPage, ApiError> {
        let limit = query.limit.unwrap_or(AUDIT_DEFAULT).clamp(1, AUDIT_LIMIT);
        let query = narrowed(caller, query, limit + 1)?;
        let mut entries = self.engine.store.audit().list(&query).await.map_err(|error| of_store(&error))?;
        let more = entries.len() as u64 > limit;
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = entries.last().filter(|_| more).map(|entry| entry.id.clone());
        Ok(AuditPage { entries, next })
    }

    /// All entries of the query, newest first, read a page at a time as they are taken.
    ///
    /// # Errors
    /// As [`Self::audit`]; later the stream ends with an error.
    pub fn export_audit(
        &self,
        caller: &Caller,
        query: AuditQuery,
    ) -> Result<BoxStream<'static, Result<AuditView, ApiError>>, ApiError> {
        let query = narrowed(caller, AuditQuery { cursor: None, ..query }, AUDIT_LIMIT)?;
        let export = Export { store: self.engine.store.audit(), query, page: VecDeque::new(), ended: false };
        let entries = stream::try_unfold(export, |mut export: Export| async move {
            let entry = export.next().await?;
            Ok(entry.map(|entry| (entry, export)))
        });
        Ok(entries.boxed())
    }
}

/// The query, narrowed to what the caller may read.
fn narrowed(caller: &Caller, filter: AuditQuery, limit: u64) -> Result<store::AuditQuery, ApiError> {
    authorize_anywhere(caller, Verb::ViewAudit)?;
    if let Some(fault) = filter.fault() {
        return Err(ApiError::new(ErrorCode::Invalid, fault));
    }
    let grants = caller.grants.iter().filter(|grant| grant.allows(Verb::ViewAudit));
    let places: Vec<Places> =
        grants.map(|grant| Places { clusters: grant.clusters.clone(), namespaces: grant.namespaces.clone() }).collect();
    let all = places.iter().any(|places| places.clusters.is_none() && places.namespaces.is_none());
    Ok(store::AuditQuery { filter, places: (!all).then_some(places), limit })
}

struct Export {
    store: AuditStore,
    query: store::AuditQuery,
    page: VecDeque<AuditView>,
    /// No page follows.
    ended: bool,
}

impl Export {
    async fn next(&mut self) -> Result<Option<AuditView>, ApiError> {
        if self.page.is_empty() && !self.ended {
            self.page = self.store.list(&self.query).await.map_err(|error| of_store(&error))?.into();
            self.ended = (self.page.len() as u64) < self.query.limit;
            self.query.filter.cursor = self.page.back().map(|entry| entry.id.clone());
        }
        Ok(self.page.pop_front())
    }
}
