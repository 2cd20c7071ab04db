//! The filter as a form that needs no scripts, and the kinds as links.

use domain::catalogue::{self, Role};
use domain::list::{ListFilter, ListQuery, SortKey};
use leptos::prelude::*;
use leptos_router::components::Form;

use crate::address::resources;
use crate::components::{Glyph, Icon};

/// Groups of kinds above the list: label and what stands in the filter.
fn kind_groups() -> Vec<(&'static str, String)> {
    let of_role = |role: Role| {
        let kinds: Vec<&str> = catalogue::KINDS.iter().filter(|kind| kind.role == role).map(|kind| kind.kind).collect();
        kinds.join(",")
    };
    vec![
        ("All kinds", String::new()),
        ("Kustomizations", "Kustomization".to_owned()),
        ("HelmReleases", "HelmRelease".to_owned()),
        ("Sources", of_role(Role::Source)),
        ("Images", of_role(Role::Image)),
        ("Notifications", of_role(Role::Notification)),
    ]
}

#[component]
pub(super) fn KindLinks(query: Memo<ListQuery>) -> impl IntoView {
    let link = |(label, kind): (&'static str, String)| {
        let own = kind.clone();
        let current = move || (query.read().filter.kind == own).then_some("page");
        let href = move || {
            let query = query.get();
            resources(&ListQuery {
                filter: ListFilter { kind: kind.clone(), ..query.filter.clone() },
                offset: 0,
                ..query
            })
        };
        view! { <a class="button" href=href aria-current=current>{label}</a> }
    };
    view! {
        <nav class="button-group" aria-label="Kinds">{kind_groups().into_iter().map(link).collect::<Vec<_>>()}</nav>
    }
}

/// Fields as the address has them; what the form does not show travels hidden.
#[component]
pub(super) fn FilterForm(query: Memo<ListQuery>) -> impl IntoView {
    let field = move |name: &'static str, placeholder: &'static str, read: fn(&ListFilter) -> &String| {
        // Attribute for the server's markup, property for a field that was typed in since.
        let value = move || read(&query.read().filter).clone();
        view! {
            <input
                class="filter-input" name=name placeholder=placeholder aria-label=placeholder
                value=value prop:value=value
            />
        }
    };
    let sort = move || match query.read().sort {
        key if key == SortKey::default() => "",
        key => key.word(),
    };
    let chips = move || {
        let chip = |(label, href)| view! { <RemovableChip label href/> };
        removable(&query.read()).into_iter().map(chip).collect_view()
    };
    view! {
        <Form action="/resources" attr:class="resources-filter" attr:role="search" attr:aria-label="Filter">
            <div class="filter">
                <Icon glyph=Glyph::Search/>
                {chips}
                {field("q", "Name, message, revision", |filter| &filter.q)}
                {field("cluster", "Cluster, as prod-*", |filter| &filter.cluster)}
                {field("namespace", "Namespace", |filter| &filter.namespace)}
                {field("status", "Status, as failed,stalled", |filter| &filter.status)}
                <input type="hidden" name="kind" value=move || query.read().filter.kind.clone()/>
                <input type="hidden" name="suspended" value=move || query.read().filter.suspended.clone()/>
                <input type="hidden" name="source" value=move || query.read().filter.source.clone()/>
                <input type="hidden" name="revision" value=move || query.read().filter.revision.clone()/>
                <input type="hidden" name="sort" value=sort/>
                <input type="hidden" name="descending" value=move || if query.read().descending { "true" } else { "" }/>
                <button class="button button-small" type="submit">"Filter"</button>
            </div>
        </Form>
    }
}

/// What is filtered by, each with the list without it.
fn removable(query: &ListQuery) -> Vec<(String, String)> {
    let without = |change: fn(&mut ListFilter)| {
        let mut filter = query.filter.clone();
        change(&mut filter);
        resources(&ListQuery { filter, offset: 0, ..query.clone() })
    };
    let entries = [
        ("cluster", &query.filter.cluster, without(|filter| filter.cluster.clear())),
        ("kind", &query.filter.kind, without(|filter| filter.kind.clear())),
        ("ns", &query.filter.namespace, without(|filter| filter.namespace.clear())),
        ("status", &query.filter.status, without(|filter| filter.status.clear())),
        ("suspended", &query.filter.suspended, without(|filter| filter.suspended.clear())),
        ("source", &query.filter.source, without(|filter| filter.source.clear())),
        ("revision", &query.filter.revision, without(|filter| filter.revision.clear())),
    ];
    let named = entries.into_iter().filter(|(_, value, _)| !value.is_empty());
    named.map(|(name, value, href)| (format!("{name}: {value}"), href)).collect()
}

#[component]
fn RemovableChip(label: String, href: String) -> impl IntoView {
    let remove = format!("Remove {label}");
    view! {
        <span class="chip chip-accent">
            {label}
            <a class="chip-remove" href=href aria-label=remove><Icon glyph=Glyph::X class="icon icon-small"/></a>
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_filter_can_be_taken_away_alone() {
        let filter = ListFilter { cluster: "prod".into(), status: "failed".into(), ..ListFilter::default() };
        let query = ListQuery { filter, offset: 100, ..ListQuery::default() };
        let expected = [
            ("cluster: prod".to_owned(), "/resources?status=failed".to_owned()),
            ("status: failed".to_owned(), "/resources?cluster=prod".to_owned()),
        ];
        assert_eq!(removable(&query), expected);
    }
}
