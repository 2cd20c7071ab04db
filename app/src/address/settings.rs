//! `/settings/users`, `/settings/audit`: a user, and a filter of the audit trail with its export.

use domain::access::audit::AuditQuery;
use leptos_router::params::ParamsMap;

use super::Query;

/// Names of users are safe in a path.
pub(crate) fn user_page(name: &str) -> String {
    format!("/settings/users/{name}")
}

/// Reads the query; what is missing or cannot be read does not narrow.
pub(crate) fn read_audit(query: &ParamsMap) -> AuditQuery {
    let text = |name: &str| query.get(name).unwrap_or_default();
    let number = |name: &str| query.get(name).and_then(|value| value.parse().ok());
    AuditQuery {
        caller: text("caller"),
        verb: text("verb"),
        cluster: text("cluster"),
        namespace: text("namespace"),
        object: text("object"),
        outcome: text("outcome"),
        from: number("from"),
        to: number("to"),
        cursor: query.get("cursor").filter(|cursor| !cursor.is_empty()),
        limit: None,
    }
}

fn filter(query: &AuditQuery) -> Query {
    let moment = |at: Option<i64>| at.map(|at| at.to_string()).unwrap_or_default();
    Query::default()
        .with("caller", &query.caller)
        .with("verb", &query.verb)
        .with("cluster", &query.cluster)
        .with("namespace", &query.namespace)
        .with("object", &query.object)
        .with("outcome", &query.outcome)
        .with("from", &moment(query.from))
        .with("to", &moment(query.to))
}

/// The page of this query.
pub(crate) fn audit(query: &AuditQuery) -> String {
    filter(query).with("cursor", query.cursor.as_deref().unwrap_or_default()).behind("/settings/audit")
}

/// Everything that the filter leaves, as a file: `csv` or `ndjson`.
pub(crate) fn audit_export(query: &AuditQuery, format: &str) -> String {
    filter(query).with("format", format).behind("/api/v1/audit/export")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_and_its_address_are_the_same_thing() {
        let query = AuditQuery {
            caller: "ada".to_owned(),
            outcome: "refused".to_owned(),
            from: Some(5),
            cursor: Some("5.abc".to_owned()),
            ..AuditQuery::default()
        };
        let address = audit(&query);
        let pairs = address.split_once('?').unwrap().1.split('&').filter_map(|pair| pair.split_once('='));
        assert_eq!(read_audit(&pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()), query);
        assert_eq!(audit(&AuditQuery::default()), "/settings/audit");
        assert_eq!(audit_export(&query, "csv"), "/api/v1/audit/export?caller=ada&outcome=refused&from=5&format=csv");
    }
}
