//! What needs somebody, grouped where the same cause shows on many objects.

use std::collections::BTreeSet;

use domain::health::Status;
use domain::list::{ListFilter, ListQuery};
use domain::object::ClusterId;
use domain::resource::ResourceRow;
use leptos::prelude::*;

use crate::address::{LogsAddress, resources};
use crate::components::{Glyph, Icon, StatusBadge, Timestamp};

/// Rows that say the same for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cause {
    rows: Vec<ResourceRow>,
}

/// Keeps the order of the first row of each cause: worst and oldest first.
fn causes(rows: Vec<ResourceRow>) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for row in rows {
        let same = |cause: &&mut Cause| {
            let first = &cause.rows[0];
            first.status == row.status
                && first.reason == row.reason
                && first.message == row.message
                && !row.message.is_empty()
        };
        match causes.iter_mut().find(same) {
            Some(cause) => cause.rows.push(row),
            None => causes.push(Cause { rows: vec![row] }),
        }
    }
    causes
}

impl Cause {
    /// A cause is made with its first row.
    fn first(&self) -> &ResourceRow {
        &self.rows[0]
    }

    fn title(&self) -> String {
        let row = self.first();
        match self.rows.len() {
            1 => format!("{} {}", row.object.kind, row.object.name),
            _ if row.reason.is_empty() => row.status.to_string(),
            _ => spaced(&row.reason),
        }
    }

    /// How many of which kind, where there are several.
    fn scope(&self) -> Option<String> {
        let kinds: BTreeSet<&str> = self.rows.iter().map(|row| row.object.kind.as_str()).collect();
        let count = self.rows.len();
        (count > 1).then(|| match kinds.iter().next() {
            Some(kind) if kinds.len() == 1 => format!("{count} {kind}s"),
            _ => format!("{count} objects"),
        })
    }

    fn clusters(&self) -> BTreeSet<&ClusterId> {
        self.rows.iter().map(|row| &row.object.cluster).collect()
    }

    /// Since when, as far as we know.
    fn oldest(&self) -> Option<i64> {
        self.rows.iter().filter_map(|row| row.last_activity).min()
    }

    /// Label and address of what somebody does next.
    fn next_step(&self) -> (&'static str, String) {
        let row = self.first();
        if self.rows.len() > 1 {
            let filter = ListFilter {
                cluster: self.clusters().iter().map(|id| id.as_str()).collect::<Vec<_>>().join(","),
                status: row.status.word().to_owned(),
                ..ListFilter::default()
            };
            return ("Show all", resources(&ListQuery { filter, ..ListQuery::default() }));
        }
        match row.status {
            Status::Drifted => ("View diff", row.object.diff_page()),
            Status::Failed | Status::Stalled => ("Logs", LogsAddress::of_namespace(&row.object.cluster, "flux-system")),
            _ => ("Open", row.object.page()),
        }
    }
}

/// `HealthCheckFailed` as `Health check failed`.
fn spaced(reason: &str) -> String {
    let mut text = String::new();
    for character in reason.chars() {
        if character.is_uppercase() && !text.is_empty() {
            text.push(' ');
            text.extend(character.to_lowercase());
        } else {
            text.push(character);
        }
    }
    text
}

#[component]
pub(super) fn Attention(rows: Vec<ResourceRow>) -> impl IntoView {
    let objects = rows.len();
    let causes = causes(rows);
    let summary = match (causes.len(), objects) {
        (0, _) => String::new(),
        (1, 1) => "1 resource".to_owned(),
        (causes, objects) => format!("{causes} causes, {objects} resources"),
    };
    let empty = causes.is_empty();
    let entries: Vec<_> = causes.into_iter().map(|cause| view! { <CauseEntry cause/> }).collect();
    view! {
        <section class="panel" aria-labelledby="attention">
            <header class="panel-header">
                <h2 id="attention">"Needs attention"</h2>
                <span class="muted">{summary}</span>
            </header>
            {empty.then(|| view! {
                <p class="panel-body muted">
                    <Icon glyph=Glyph::CircleCheck class="icon icon-ready"/> " Nothing needs attention."
                </p>
            })}
            <ul class="causes">{entries}</ul>
        </section>
    }
}

#[component]
fn CauseEntry(cause: Cause) -> impl IntoView {
    let (label, href) = cause.next_step();
    let clusters: Vec<_> = cause
        .clusters()
        .into_iter()
        .map(|id| view! { <a class="chip chip-link" href=format!("/clusters/{id}")>{id.to_string()}</a> })
        .collect();
    let message = cause.first().message.clone();
    view! {
        <li class="cause">
            <StatusBadge status=cause.first().status/>
            <div class="cause-text">
                <a href=cause.first().object.page()><b>{cause.title()}</b></a>
                <p title=message.clone()>{message.clone()}</p>
            </div>
            <span class="cause-scope">
                {cause.scope().map(|scope| view! { <span class="chip">{scope}</span> })}
                {clusters}
            </span>
            <Timestamp time=cause.oldest()/>
            <a class="button" href=href>{label}</a>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use domain::health::Health;
    use domain::object::ObjectRef;

    use super::*;

    fn row(name: &str, cluster: &str, message: &str) -> ResourceRow {
        ResourceRow {
            object: ObjectRef {
                cluster: cluster.into(),
                group: String::new(),
                kind: "Kustomization".to_owned(),
                namespace: None,
                name: name.to_owned(),
            },
            cluster_name: cluster.to_owned(),
            status: Status::Failed,
            health: Health::Failed,
            suspended: false,
            reason: "ArtifactFailed".to_owned(),
            message: message.to_owned(),
            revision: None,
            attempted: None,
            source: None,
            last_activity: None,
            fresh: true,
        }
    }

    #[test]
    fn one_cause_on_many_objects_is_one_entry() {
        let causes =
            causes(vec![row("a", "eu", "no artifact"), row("b", "us", "no artifact"), row("c", "us", "bad path")]);
        let titles: Vec<_> = causes.iter().map(Cause::title).collect();
        assert_eq!(titles, ["Artifact failed", "Kustomization c"]);
        assert_eq!(causes[0].scope().as_deref(), Some("2 Kustomizations"));
        assert_eq!(causes[0].next_step().1, "/resources?cluster=eu,us&status=failed");
    }
}
