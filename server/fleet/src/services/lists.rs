//! The list of Flux objects: windows for pages and sockets, pages for REST, counts, and the whole for an export.
//!
//! All four read the same index through the same filter, and each answers with what is missing beside what is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::error::ApiError;
use domain::health::StatusCounts;
use domain::list::cursor;
use domain::list::{
    Cut, Filter, ListFilter, ListQuery, ListRequest, ListWindow, Page, ResourcePage, Start, compare, page, window,
};
use domain::problem::Problem;
use domain::resource::{CountGroup, ResourceCounts, ResourceRow};

use super::Services;
use super::sight::Sight;
use crate::access::Caller;

/// Every matching row in order, shared with the index: the rows themselves are not copied.
#[derive(Clone, Debug, Default)]
pub struct Export {
    pub rows: Vec<Arc<ResourceRow>>,
    pub problems: Vec<Problem>,
}

impl Services {
    /// The window that a page or a subscription shows.
    ///
    /// # Errors
    /// Invalid: a term of the filter. What the caller may not see is left out.
    pub fn list_resources(&self, caller: &Caller, query: &ListQuery) -> Result<ListWindow, ApiError> {
        let seq = self.engine.publisher.seq();
        let (rows, problems) = self.visible(caller, &Filter::parse(&query.filter)?);
        let found = window(rows.iter().map(AsRef::as_ref), query)?;
        Ok(ListWindow { problems, epoch: self.engine.epoch, seq, ..found })
    }

    /// A page of the list, with the cursor of the next one.
    ///
    /// # Errors
    /// Invalid: a term of the filter, or the cursor.
    pub fn page_of_resources(&self, caller: &Caller, request: &ListRequest) -> Result<ResourcePage, ApiError> {
        let ListRequest { query, cursor } = request;
        let filter = Filter::parse(&query.filter)?;
        let (sort, descending) = (query.sort, query.descending);
        let start = match cursor {
            Some(cursor) => Start::After(cursor::decode(cursor, &filter, sort, descending)?),
            None => Start::Offset(query.offset),
        };
        let (rows, problems) = self.visible(caller, &filter);
        let cut = Cut { sort, descending, start, limit: query.limit };
        let found = page(rows.iter().map(AsRef::as_ref), &filter, &cut);
        let next_cursor = found.next().map(|position| cursor::encode(&position, &filter, sort, descending));
        let Page { rows: items, total, counts, .. } = found;
        Ok(ResourcePage { items, problems, total, counts, next_cursor })
    }

    /// How many objects match, by status, for each cluster and kind.
    ///
    /// # Errors
    /// Invalid: a term of the filter.
    pub fn count_resources(&self, caller: &Caller, filter: &ListFilter) -> Result<ResourceCounts, ApiError> {
        let filter = Filter::parse(filter)?;
        let (rows, problems) = self.visible(caller, &filter);
        let mut counts = StatusCounts::default();
        let mut groups: BTreeMap<_, StatusCounts> = BTreeMap::new();
        for row in rows.iter().filter(|row| filter.matches(row)) {
            counts.add(row.status);
            groups.entry((&row.object.cluster, &row.object.kind)).or_default().add(row.status);
        }
        let items = groups
            .into_iter()
            .map(|((cluster, kind), counts)| CountGroup { cluster: cluster.clone(), kind: kind.clone(), counts })
            .collect();
        Ok(ResourceCounts { items, problems, total: counts.total(), counts })
    }

    /// Everything that matches, in order; `limit` and `offset` of the query do not count.
    ///
    /// # Errors
    /// Invalid: a term of the filter.
    pub fn export_resources(&self, caller: &Caller, query: &ListQuery) -> Result<Export, ApiError> {
        let filter = Filter::parse(&query.filter)?;
        let (mut rows, problems) = self.visible(caller, &filter);
        rows.retain(|row| filter.matches(row));
        rows.sort_unstable_by(|a, b| compare(a, b, query.sort, query.descending));
        Ok(Export { rows, problems })
    }

    /// Rows of the clusters that the filter reaches, and what is wrong with those clusters.
    fn visible(&self, caller: &Caller, filter: &Filter) -> (Vec<Arc<ResourceRow>>, Vec<Problem>) {
        let sight = Sight::of(caller);
        let mut clusters = sight.clusters(&self.engine.clusters);
        clusters.retain(|cluster| filter.matches_cluster(cluster.id().as_str(), &cluster.name()));
        let rows = clusters.iter().flat_map(|cluster| sight.rows(cluster)).collect();
        (rows, clusters.iter().flat_map(|cluster| cluster.problems()).collect())
    }
}
