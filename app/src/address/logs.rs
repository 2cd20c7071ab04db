//! `/logs`: which lines are asked for.

use domain::object::ClusterId;
use domain::protocol::logs::{DEFAULT_NAMESPACE, DEFAULT_TAIL_LINES, LogQuery};
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

use super::Query;

/// The form of the logs page as its link keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogsAddress {
    pub query: LogQuery,
    /// The form was sent: lines are to be fetched.
    pub fetch: bool,
    /// New lines are to follow as they come.
    pub live: bool,
}

impl LogsAddress {
    pub(crate) fn read(query: &ParamsMap) -> Self {
        let clusters = query.get_all("cluster").unwrap_or_default();
        let namespaces = query.get("namespaces").unwrap_or_default();
        Self {
            query: LogQuery {
                cluster_ids: clusters.into_iter().filter(|id| !id.is_empty()).map(ClusterId).collect(),
                namespaces: split(&namespaces),
                label_selector: query.get("selector").unwrap_or_default().trim().to_owned(),
                tail_lines: query.get("tail").and_then(|tail| tail.parse().ok()),
            },
            fetch: query.get("fetch").is_some(),
            live: query.get("live").is_some(),
        }
    }

    /// The page with lines of one namespace of one cluster.
    pub(crate) fn of_namespace(cluster: &ClusterId, namespace: &str) -> String {
        Self {
            query: LogQuery { cluster_ids: vec![cluster.clone()], namespaces: split(namespace), ..LogQuery::default() },
            fetch: true,
            live: false,
        }
        .url()
    }

    pub(crate) fn url(&self) -> String {
        let namespaces = self.query.namespaces.join(",");
        let mut query = Query::default();
        for cluster in &self.query.cluster_ids {
            query = query.with("cluster", cluster.as_str());
        }
        query
            .with("namespaces", if namespaces == DEFAULT_NAMESPACE { "" } else { &namespaces })
            .with("selector", &self.query.label_selector)
            .with_number("tail", tail(&self.query), DEFAULT_TAIL_LINES as usize)
            .with_flag("fetch", self.fetch)
            .with_flag("live", self.live)
            .behind("/logs")
    }
}

fn tail(query: &LogQuery) -> usize {
    query.effective_tail_lines() as usize
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_come_as_one_text_and_clusters_one_by_one() {
        let query = [("cluster", "a"), ("cluster", "b"), ("namespaces", " shop, ,flux-system"), ("tail", "x")];
        let address = LogsAddress::read(&query.into_iter().collect());
        assert_eq!(address.query.cluster_ids, ["a".into(), "b".into()]);
        assert_eq!(address.query.namespaces, ["shop", "flux-system"]);
        assert_eq!(address.query.effective_tail_lines(), DEFAULT_TAIL_LINES);
        assert_eq!(address.url(), "/logs?cluster=a&cluster=b&namespaces=shop,flux-system");
    }
}
