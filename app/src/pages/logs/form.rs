//! What to read: a form that works without scripts.

use domain::cluster::ClusterView;
use domain::protocol::logs::{DEFAULT_NAMESPACE, MAX_TAIL_LINES};
use leptos::prelude::*;
use leptos_router::components::Form;

use super::stream::{Stream, StreamState};
use crate::address::LogsAddress;
use crate::components::{Glyph, Icon};

#[component]
pub(super) fn SourcesForm(
    address: LogsAddress,
    clusters: Vec<ClusterView>,
    stream: Stream,
    children: Children,
) -> impl IntoView {
    let LogsAddress { query, .. } = address;
    let namespaces =
        if query.namespaces.is_empty() { DEFAULT_NAMESPACE.to_owned() } else { query.namespaces.join(",") };
    let selector = query.label_selector.clone();
    let tail = query.effective_tail_lines();
    view! {
        <Form action="/logs" attr:class="logs-sources" attr:aria-label="Sources">
            <ClusterPicker clusters chosen=query.cluster_ids.iter().map(|id| id.0.clone()).collect()/>
            <label class="logs-field">
                "Namespaces"
                <input class="input" name="namespaces" value=namespaces placeholder="flux-system" size="16"/>
            </label>
            <label class="logs-field">
                "Label selector"
                <input class="input" name="selector" value=selector placeholder="app=source-controller" size="18"/>
            </label>
            <label class="logs-field">
                "Tail lines"
                <input class="input" name="tail" type="number" min="1" max=MAX_TAIL_LINES value=tail/>
            </label>
            <button class="button" type="submit" name="fetch" value="1">"Fetch logs"</button>
            <LiveButton stream/>
            {children()}
        </Form>
    }
}

/// Many may be chosen; none means all.
#[component]
fn ClusterPicker(clusters: Vec<ClusterView>, chosen: Vec<String>) -> impl IntoView {
    let count = clusters.len();
    let said = match chosen.as_slice() {
        [] => "all".to_owned(),
        [one] => one.clone(),
        many => format!("{} chosen", many.len()),
    };
    let choices: Vec<_> = clusters
        .into_iter()
        .map(|cluster| {
            let checked = chosen.contains(&cluster.id.0);
            view! {
                <label class="choice">
                    <input class="checkbox" type="checkbox" name="cluster" value=cluster.id.0 checked=checked/>
                    {cluster.name}
                </label>
            }
        })
        .collect();
    view! {
        <details class="picker">
            <summary class="picker-button">"Clusters " <b>{said}</b> " " <span class="count">{count}</span></summary>
            <div class="picker-menu" role="group" aria-label="Clusters">
                {choices}
                <p class="faint">"None chosen: all clusters."</p>
            </div>
        </details>
    }
}

/// Starts a stream, or stops the one that runs.
#[component]
fn LiveButton(stream: Stream) -> impl IntoView {
    let running = Memo::new(move |_| !matches!(stream.state().get(), StreamState::Idle | StreamState::Ended));
    let stop = move |event: leptos::ev::MouseEvent| {
        if running.get_untracked() {
            event.prevent_default();
            stream.stop();
        }
    };
    view! {
        <button
            class="button button-primary" type="submit" name="live" value="1"
            aria-pressed=move || running.get().to_string() on:click=stop
        >
            {move || view! { <Icon glyph=if running.get() { Glyph::Pause } else { Glyph::Play }/> }}
            {move || if running.get() { "Stop" } else { "Live" }}
        </button>
    }
}
