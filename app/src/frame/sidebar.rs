//! The main navigation, with numbers that stay true.

use domain::access::{Scope, Verb, Viewer, decide};
use domain::cluster::ClusterView;
use domain::health::{Status, StatusCounts};
use domain::protocol::watch::{Snapshot, Topic};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::api;
use crate::components::{Glyph, Icon};
use crate::live::live_value;
use crate::viewer::use_viewer;

/// A page of the navigation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Fleet,
    Clusters,
    Resources,
    Drift,
    Logs,
    Settings,
}

impl Place {
    const ALL: [Self; 6] = [Self::Fleet, Self::Clusters, Self::Resources, Self::Drift, Self::Logs, Self::Settings];

    fn label(self) -> &'static str {
        match self {
            Self::Fleet => "Fleet",
            Self::Clusters => "Clusters",
            Self::Resources => "Resources",
            Self::Drift => "Drift",
            Self::Logs => "Logs",
            Self::Settings => "Settings",
        }
    }

    fn href(self) -> &'static str {
        match self {
            Self::Fleet => "/",
            Self::Clusters => "/clusters",
            Self::Resources => "/resources",
            Self::Drift => "/resources?status=drifted",
            Self::Logs => "/logs",
            Self::Settings => "/settings/users",
        }
    }

    fn glyph(self) -> Glyph {
        match self {
            Self::Fleet => Glyph::Grid,
            Self::Clusters => Glyph::Package,
            Self::Resources => Glyph::List,
            Self::Drift => Glyph::Drifted,
            Self::Logs => Glyph::Terminal,
            Self::Settings => Glyph::Shield,
        }
    }

    /// Whether there is something behind it for this viewer.
    fn is_open_to(self, viewer: Option<&Viewer>) -> bool {
        let may = |verb| viewer.is_some_and(|viewer| decide(&viewer.grants, verb, Scope::Everything));
        self != Self::Settings || may(Verb::ManageUsers)
    }

    /// Where a path belongs. An object is a resource, whichever cluster its path begins with.
    fn of(path: &str, query: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments.as_slice() {
            [] => Some(Self::Fleet),
            ["clusters"] | ["clusters", _] => Some(Self::Clusters),
            ["resources"] if query.trim_start_matches('?') == "status=drifted" => Some(Self::Drift),
            ["resources"] | ["clusters", ..] => Some(Self::Resources),
            ["logs"] => Some(Self::Logs),
            ["settings", ..] => Some(Self::Settings),
            _ => None,
        }
    }
}

#[component]
pub(crate) fn Sidebar() -> impl IntoView {
    let clusters = Resource::new(|| (), |()| api::clusters());
    let location = use_location();
    let place = Memo::new(move |_| location.pathname.with(|path| location.search.with(|query| Place::of(path, query))));
    let viewer = use_viewer();
    let links = move |clusters: Option<ReadSignal<Vec<ClusterView>>>, viewer: Option<Viewer>| {
        let open = Place::ALL.into_iter().filter(|own| own.is_open_to(viewer.as_ref()));
        open.map(|own| view! { <SidebarLink own place clusters/> }).collect_view()
    };
    view! {
        <nav class="sidebar" aria-label="Main">
            <a class="sidebar-brand" href="/">
                <span class="sidebar-mark"><Icon glyph=Glyph::Flux/></span>
                <span class="sidebar-text">"flux-orchestrator"</span>
            </a>
            <Transition fallback=move || links(None, None)>
                {move || Suspend::new(async move {
                    let first = clusters.await.map(|listing| listing.items).unwrap_or_default();
                    let live = live_value(first, Topic::Clusters, |snapshot| match snapshot {
                        Snapshot::Clusters(clusters) => Some(clusters),
                        _ => None,
                    });
                    links(Some(live), viewer.known().await)
                })}
            </Transition>
        </nav>
    }
}

#[component]
fn SidebarLink(
    own: Place,
    place: Memo<Option<Place>>,
    clusters: Option<ReadSignal<Vec<ClusterView>>>,
) -> impl IntoView {
    let count = move || clusters.and_then(|clusters| clusters.with(|clusters| count(own, clusters)));
    view! {
        <a
            class="sidebar-link"
            href=own.href()
            title=own.label()
            aria-current=move || (place.get() == Some(own)).then_some("page")
        >
            <Icon glyph=own.glyph()/>
            <span class="sidebar-text">{own.label()}</span>
            {move || count().map(|(number, class, words)| view! {
                <span class=class title=words.clone()>
                    {number}
                    <span class="visually-hidden">{format!(" {words}")}</span>
                </span>
            })}
        </a>
    }
}

/// The number beside a place, its class and what it counts; nothing where there is nothing to say.
fn count(place: Place, clusters: &[ClusterView]) -> Option<(usize, &'static str, String)> {
    let mut all = StatusCounts::default();
    for cluster in clusters {
        all.merge(&cluster.counts);
    }
    let (number, class, words) = match place {
        Place::Clusters => (clusters.len(), "count", "clusters"),
        Place::Resources => {
            (all.get(Status::Failed) + all.get(Status::Stalled), "count count-failed", "failed or stalled")
        }
        Place::Drift => (all.get(Status::Drifted), "count count-drifted", "drifted"),
        Place::Fleet | Place::Logs | Place::Settings => return None,
    };
    (number > 0).then(|| (number, class, words.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_one_place() {
        assert!(Place::of("/", "") == Some(Place::Fleet));
        assert!(Place::of("/clusters/new", "") == Some(Place::Clusters));
        assert!(Place::of("/clusters/a/Kustomization/b/c/diff", "") == Some(Place::Resources));
        assert!(Place::of("/resources", "status=drifted") == Some(Place::Drift));
        assert!(Place::of("/resources", "status=failed") == Some(Place::Resources));
        assert!(Place::of("/nowhere", "").is_none());
    }
}
