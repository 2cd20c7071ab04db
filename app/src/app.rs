//! The root: contexts that everything below may use, and the routes.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{Lazy, SsrMode, path};

use crate::components::{provide_icons, provide_now};
use crate::frame::Frame;
use crate::live::provide_live;
use crate::pages::{
    AccountRoute, AuditRoute, ClusterRoute, ClustersPage, DiffRoute, FleetPage, LoginPage, LogsRoute, NotFoundPage,
    ObjectRoute, RegisterRoute, ResourcesRoute, UserRoute, UsersRoute,
};
use crate::viewer::provide_viewer;

/// The application's root component: the same on both sides of hydration.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_icons();
    provide_now();
    provide_live();
    provide_viewer();
    // Every page is rendered whole on the server: what it shows comes from memory, and it must work without scripts.
    view! {
        // Names in addresses become titles, and the framework prints a title as it is: nothing may end it early.
        <Title formatter=|title: String| format!("{} · flux-orchestrator", title.replace('<', "‹"))/>
        <Router>
            <Routes fallback=|| view! { <NotFoundPage/> }>
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view=FleetPage ssr=SsrMode::Async/>
                    <Route path=path!("/clusters") view=ClustersPage ssr=SsrMode::Async/>
                    <Route path=path!("/clusters/new") view={Lazy::<RegisterRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/clusters/:id") view={Lazy::<ClusterRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/resources") view={Lazy::<ResourcesRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/clusters/:id/:kind/:ns/:name") view={Lazy::<ObjectRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/clusters/:id/:kind/:ns/:name/diff") view={Lazy::<DiffRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/logs") view={Lazy::<LogsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/account") view={Lazy::<AccountRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/users") view={Lazy::<UsersRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/users/:name") view={Lazy::<UserRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/audit") view={Lazy::<AuditRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/*any") view=NotFoundPage ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
