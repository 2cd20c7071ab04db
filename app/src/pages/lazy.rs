//! Pages as routes whose code the browser fetches when the page is first opened.
//!
//! What a single page needs (the text comparison, the log view, …) is then no part of what every visitor downloads. The
//! server renders these routes like any other.

use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

use super::{ClusterPage, ClustersPage, DiffPage, FleetPage, LogsPage, ObjectPage, RegisterPage, ResourcesPage};
use crate::components::Erase;

macro_rules! lazy_pages {
    ($($route:ident => $page:ident),+ $(,)?) => {$(
        #[derive(Debug)]
        pub(crate) struct $route;

        #[lazy_route]
        impl LazyRoute for $route {
            fn data() -> Self {
                Self
            }

            fn view(_route: Self) -> AnyView {
                view! { <$page/> }.erase()
            }
        }
    )+};
}

lazy_pages! {
    FleetRoute => FleetPage,
    ClustersRoute => ClustersPage,
    RegisterRoute => RegisterPage,
    ClusterRoute => ClusterPage,
    ResourcesRoute => ResourcesPage,
    ObjectRoute => ObjectPage,
    DiffRoute => DiffPage,
    LogsRoute => LogsPage,
}
