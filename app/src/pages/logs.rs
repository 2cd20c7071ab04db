//! `/logs`: lines of many containers on many clusters, in one order; fetched once, or followed as they come.

mod book;
mod coverage;
mod form;
mod line;
mod lines;
mod stream;
mod toolbar;

use domain::cluster::ClusterView;
use domain::protocol::logs::AggregatedLogs;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::book::Book;
use self::coverage::Coverage;
use self::form::SourcesForm;
use self::lines::Lines;
use self::stream::{Stream, StreamState};
use self::toolbar::Toolbar;
use crate::address::LogsAddress;
use crate::api;
use crate::components::{Empty, Erase, Glyph, Problems, loaded_part};

#[component]
pub(crate) fn LogsPage() -> impl IntoView {
    let query = use_query_map();
    let address = Memo::new(move |_| query.with(LogsAddress::read));
    let clusters = Resource::new(|| (), |()| api::clusters());
    let fetched = Resource::new(
        move || address.get(),
        move |address| async move {
            let clusters = clusters.await.map(|listing| listing.items).unwrap_or_default();
            let lines =
                if address.fetch || address.live { Some(api::logs(address.query.clone()).await?) } else { None };
            Ok((address, clusters, lines))
        },
    );
    view! {
        <Title text="Logs"/>
        <main class="page page-fill logs" id="main">
            <h1 class="visually-hidden">"Logs"</h1>
            {loaded_part(fetched, |(address, clusters, lines)| view! { <Logs address clusters lines/> })}
        </main>
    }
}

#[component]
fn Logs(address: LogsAddress, clusters: Vec<ClusterView>, lines: Option<AggregatedLogs>) -> impl IntoView {
    let asked = lines.is_some();
    let lines = lines.unwrap_or_default();
    let problems: Vec<_> = lines.problems.iter().map(|problem| coverage::described(problem.clone())).collect();
    let book = RwSignal::new(Book::fetched(lines));
    let stream = Stream::new(address.query.clone(), book);
    if address.live {
        stream.start_when_mounted();
    }
    view! {
        <SourcesForm address clusters stream>
            <Coverage book state=stream.state()/>
        </SourcesForm>
        <Problems problems/>
        {if asked {
            view! {
                <section class="panel logs-view" aria-label="Log lines">
                    <Toolbar book/>
                    <Lines book live=Signal::derive(move || stream.state().get() != StreamState::Idle)/>
                </section>
            }.erase()
        } else {
            view! {
                <Empty
                    glyph=Glyph::Terminal
                    title="No lines yet"
                    text="Choose clusters, namespaces and labels, then fetch the newest lines or follow them live."
                    next=("Fetch logs of flux-system".to_owned(), "/logs?fetch=1".to_owned())
                />
            }.erase()
        }}
    }
}
