//! `/clusters/{id}/{kind}/{ns}/{name}`: one object, how it is and why.

mod events;
mod inventory;

use domain::access::Viewer;
use domain::health::Status;
use domain::object::ObjectRef;
use domain::protocol::watch::{Snapshot, Topic};
use domain::resource::{Fact, ObjectView, ResourceRow};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::events::Events;
use self::inventory::Inventory;
use crate::address::{LogsAddress, ObjectAddress, ObjectTab, object_tab};
use crate::api;
use crate::components::{
    ActionLook, CodeView, ConditionList, CopyButton, Erase, Glyph, Icon, ObjectActions, Problems, Revision,
    StatusBadge, Tab, Timestamp, loaded,
};
use crate::live::live_value;
use crate::platform;
use crate::viewer::use_viewer;

#[component]
pub(crate) fn ObjectPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let address = Memo::new(move |_| params.with(|params| query.with(|query| ObjectAddress::read(params, query))));
    let viewer = use_viewer();
    let object = Resource::new(
        move || address.get(),
        move |address| async move {
            let view = api::object(address.clone()).await?;
            Ok((address, view, viewer.known().await))
        },
    );
    view! {
        <Title text=move || format!("{} {}", address.read().kind, address.read().name)/>
        <main class="page" id="main">
            {loaded(object, |(address, view, viewer)| view! { <Object address view viewer/> })}
        </main>
    }
}

#[component]
fn Object(address: ObjectAddress, view: ObjectView, viewer: Option<Viewer>) -> impl IntoView {
    let object = view.row.object.clone();
    let live = live_value(view, Topic::Object { object: object.clone() }, |snapshot| match snapshot {
        Snapshot::Object(view) => Some(*view),
        _ => None,
    });
    let row = Memo::new(move |_| live.read().row.clone());
    let owner = Memo::new(move |_| live.read().owner.clone());
    let problems = Memo::new(move |_| live.read().problems.clone());
    let query = use_query_map();
    let tab = Memo::new(move |_| query.with(ObjectTab::read));
    view! {
        <Header object viewer row owner/>
        {move || view! { <Problems problems=problems.get()/> }}
        <Tabs address live tab/>
        {move || match tab.get() {
            ObjectTab::Overview => view! { <Overview live/> }.erase(),
            ObjectTab::Inventory => view! { <Inventory live/> }.erase(),
            ObjectTab::Events => view! { <Events live/> }.erase(),
            ObjectTab::Yaml => view! { <Yaml live/> }.erase(),
        }}
    }
}

/// `Stalled: retries exhausted`; the reason only where it adds something.
fn status_label(row: &ResourceRow) -> String {
    match row.status {
        Status::Ready | Status::Suspended => row.status.to_string(),
        status if row.reason.is_empty() || row.reason == status.to_string() => status.to_string(),
        status => format!("{status}: {}", row.reason),
    }
}

#[component]
fn Header(
    object: ObjectRef,
    viewer: Option<Viewer>,
    row: Memo<ResourceRow>,
    owner: Memo<Option<ObjectRef>>,
) -> impl IntoView {
    let suspended = Memo::new(move |_| row.read().suspended);
    let cluster = object.cluster.clone();
    let logs = LogsAddress::of_namespace(&cluster, "flux-system");
    view! {
        <div class="object-header page-header">
            <h1>{object.name.clone()}</h1>
            {move || view! { <StatusBadge status=row.read().status label=status_label(&row.read())/> }}
            <span class="chip">{object.kind.clone()}</span>
            <a class="chip chip-link" href=format!("/clusters/{cluster}")>{move || row.read().cluster_name.clone()}</a>
            {move || (!row.read().fresh).then(|| view! { <span class="chip chip-stalled">"last known state"</span> })}
            {move || owner.get().map(|owner| view! {
                <span class="muted">
                    "managed by " <a class="link" href=owner.page()>{format!("{} {}", owner.kind, owner.name)}</a>
                </span>
            })}
            <div class="page-actions">
                <ObjectActions object=object.clone() viewer suspended look=ActionLook::Page/>
                <a class="button" href=object.diff_page()><Icon glyph=Glyph::Diff/>"View diff"</a>
                <a class="button" href=logs><Icon glyph=Glyph::Terminal/>"Logs"</a>
            </div>
        </div>
    }
}

#[component]
fn Tabs(address: ObjectAddress, live: ReadSignal<ObjectView>, tab: Memo<ObjectTab>) -> impl IntoView {
    let label = format!("Views of {}", address.name);
    let count = move |own: ObjectTab| match own {
        ObjectTab::Inventory => Some(live.read().inventory.len()),
        ObjectTab::Events => Some(live.read().events.len()),
        ObjectTab::Overview | ObjectTab::Yaml => None,
    };
    let tabs = ObjectTab::ALL.map(|own| {
        let href = object_tab(&address, own);
        let current = Signal::derive(move || tab.get() == own);
        let count = Signal::derive(move || count(own));
        view! { <Tab label=own.label() href=href current count/> }
    });
    view! {
        <nav class="tabs" aria-label=label>
            {tabs.into_iter().collect_view()}
            <a class="tab" href=format!("{}/diff", address.path())>"Diff"</a>
        </nav>
    }
}

#[component]
fn Overview(live: ReadSignal<ObjectView>) -> impl IntoView {
    let conditions = Memo::new(move |_| live.read().conditions.clone());
    let facts = Memo::new(move |_| live.read().facts.clone());
    let row = Memo::new(move |_| live.read().row.clone());
    view! {
        <div class="stack">
            <section class="panel" aria-labelledby="conditions">
                <header class="panel-header"><h2 id="conditions">"Conditions"</h2></header>
                {move || view! { <ConditionList conditions=conditions.get()/> }}
            </section>
            <section class="panel" aria-labelledby="facts">
                <header class="panel-header"><h2 id="facts">"Facts"</h2></header>
                {move || view! { <Facts facts=facts.get() row=row.get()/> }}
            </section>
        </div>
    }
}

#[component]
fn Facts(facts: Vec<Fact>, row: ResourceRow) -> impl IntoView {
    let entries: Vec<_> =
        facts.into_iter().map(|Fact { label, value }| view! { <dt>{label}</dt> <dd>{value}</dd> }).collect();
    let activity = row.last_activity;
    view! {
        <dl class="facts panel-body">
            <dt>"Revision"</dt>
            <dd class="mono"><Revision row=row/></dd>
            <dt>"Last activity"</dt>
            <dd><Timestamp time=activity/></dd>
            {entries}
        </dl>
    }
}

#[component]
fn Yaml(live: ReadSignal<ObjectView>) -> impl IntoView {
    let yaml = Memo::new(move |_| live.read().yaml.clone());
    let download = move |_| {
        let ObjectRef { kind, name, .. } = live.with_untracked(|view| view.row.object.clone());
        let file = format!("{}-{name}.yaml", kind.to_lowercase());
        yaml.with_untracked(|text| platform::download(&file, text));
    };
    view! {
        <section class="panel">
            <header class="panel-header code-toolbar">
                <h2>"YAML"</h2>
                <span class="muted">"as the cluster has it, secrets masked"</span>
                <span class="panel-actions">
                    {move || view! { <CopyButton text=yaml.get() label="Copy"/> }}
                    <button class="button button-small" type="button" on:click=download>
                        <Icon glyph=Glyph::Download/>"Download"
                    </button>
                </span>
            </header>
            {move || view! { <CodeView text=yaml.get() label="YAML"/> }}
        </section>
    }
}
