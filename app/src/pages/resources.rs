//! `/resources`: a window of the fleet's list, filtered by its address, live in place.

mod filter;
mod row;

use domain::access::Viewer;
use domain::health::Status;
use domain::list::{ListFilter, ListQuery, ListWindow, SortKey};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::filter::{FilterForm, KindLinks};
use self::row::Row;
use crate::address::{list_query, resources, sorted_by};
use crate::api;
use crate::components::{Empty, Glyph, Icon, Problems, SegmentedBar, StatusLegend, loaded_part};
use crate::live::LiveWindow;
use crate::viewer::use_viewer;

#[component]
pub(crate) fn ResourcesPage() -> impl IntoView {
    let address = use_query_map();
    let query = Memo::new(move |_| address.with(list_query));
    let viewer = use_viewer();
    let window = Resource::new(
        move || query.get(),
        move |query| async move {
            let window = api::resources(query.clone()).await?;
            Ok((query, window, viewer.known().await))
        },
    );
    view! {
        <Title text=move || title(&query.read().filter)/>
        <main class="page page-fill resources" id="main">
            <div class="page-header">
                <h1>{move || title(&query.read().filter)}</h1>
                <KindLinks query/>
            </div>
            <FilterForm query/>
            {loaded_part(window, |(query, window, viewer)| view! { <List query window viewer/> })}
        </main>
    }
}

/// What the list is of: its kind, where there is just one.
fn title(filter: &ListFilter) -> String {
    match filter.kind.as_str() {
        "" => "Resources".to_owned(),
        kind if kind.contains([',', '*', '!']) => "Resources".to_owned(),
        kind => kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies")),
    }
}

/// The list with another status filter.
fn with_status(query: &ListQuery, status: Status) -> String {
    let filter = ListFilter { status: status.word().to_owned(), ..query.filter.clone() };
    resources(&ListQuery { filter, offset: 0, ..query.clone() })
}

/// Of the columns; the message takes what is left.
const WIDTHS: [&str; 9] = [
    "width: 9.5em",
    "width: 14%",
    "width: 9em",
    "width: 7em",
    "width: 10em",
    "width: 12em",
    "",
    "width: 5em",
    "width: 10.5em",
];

#[component]
fn List(query: ListQuery, window: ListWindow, viewer: Option<Viewer>) -> impl IntoView {
    let live = LiveWindow::follow(window, query.clone());
    let totals = live.totals();
    let counts = Memo::new(move |_| totals.read().counts.clone());
    let problems = Memo::new(move |_| totals.read().problems.clone());
    let query = StoredValue::new(query);
    let link = move |status| query.with_value(|query| with_status(query, status));
    let viewer = StoredValue::new(viewer);
    view! {
        <div class="resources-filter">
            <div class="bar-row">
                {move || view! { <SegmentedBar counts=counts.get() large=true link=Some(link)/> }}
                {move || view! { <StatusLegend counts=counts.get() link/> }}
            </div>
        </div>
        {move || view! { <Problems problems=problems.get()/> }}
        <Show when=move || !live.rows().read().is_empty() fallback=move || view! { <NoRows query=query.get_value()/> }>
            <div class="table-frame panel">
                <table class="table table-phone">
                    <caption class="visually-hidden">"Flux resources"</caption>
                    <colgroup>
                        {WIDTHS.map(|width| view! { <col style=width/> }).into_iter().collect_view()}
                    </colgroup>
                    <Head query=query.get_value()/>
                    <tbody>
                        <For each=move || live.rows().get() key=|row| row.object.clone() let:row>
                            <Row row viewer/>
                        </For>
                    </tbody>
                </table>
            </div>
        </Show>
        <Windows query=query.get_value() totals/>
    }
}

/// Column heads; a sortable one is a link to the list in that order.
#[component]
fn Head(query: ListQuery) -> impl IntoView {
    let sortable = |label: &'static str, key: SortKey| {
        let sort = match (query.sort == key, query.descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        };
        view! {
            <th scope="col" aria-sort=sort>
                <a class="table-sort" href=resources(&sorted_by(&query, key))>
                    {label} " " <Icon glyph=Glyph::ChevronUp class="icon icon-small"/>
                </a>
            </th>
        }
    };
    view! {
        <thead>
            <tr>
                {sortable("Status", SortKey::Status)}
                {sortable("Name", SortKey::Name)}
                {sortable("Namespace", SortKey::Namespace)}
                {sortable("Cluster", SortKey::Cluster)}
                {sortable("Kind", SortKey::Kind)}
                <th scope="col">"Revision"</th>
                <th scope="col">"Message"</th>
                {sortable("Active", SortKey::Activity)}
                <th scope="col"><span class="visually-hidden">"Actions"</span></th>
            </tr>
        </thead>
    }
}

#[component]
fn NoRows(query: ListQuery) -> impl IntoView {
    if query.filter == ListFilter::default() {
        return view! {
            <Empty
                glyph=Glyph::Layers
                title="No Flux resources"
                text="No cluster is registered, or none of them runs Flux."
                next=("Register a cluster".to_owned(), "/clusters/new".to_owned())
            />
        };
    }
    view! {
        <Empty
            glyph=Glyph::Search
            title="Nothing matches"
            text="No resource matches this filter."
            next=("Clear filters".to_owned(), "/resources".to_owned())
        />
    }
}

/// Which rows these are, and the windows before and after.
#[component]
fn Windows(query: ListQuery, #[prop(into)] totals: Signal<crate::live::Totals>) -> impl IntoView {
    let limit = query.limit;
    let at = move |offset: usize| resources(&ListQuery { offset, ..query.clone() });
    let range = move || {
        let (offset, total) = (totals.read().offset, totals.read().total);
        (offset, (offset + limit).min(total), total)
    };
    view! {
        <nav class="page-header" aria-label="Windows of the list">
            {move || {
                let (start, end, total) = range();
                let link = |offset: usize, rel: &'static str, label: &'static str| {
                    view! { <a class="button button-small" rel=rel href=at(offset)>{label}</a> }
                };
                let before = (start > 0).then(|| link(start.saturating_sub(limit), "prev", "Previous"));
                let after = (end < total).then(|| link(end, "next", "Next"));
                let words = if total == 0 { String::new() } else { format!("{} to {end} of {total}", start + 1) };
                view! { <span class="muted">{words}</span> {before} {after} }
            }}
        </nav>
    }
}
