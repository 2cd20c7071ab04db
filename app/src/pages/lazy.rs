//! Pages as routes whose code the browser fetches when one of them is first opened.
//!
//! The front pages are part of what every visitor downloads. The others come in groups: pages that lead to each other
//! share much code, so one fetch brings them all; text comparison and log view are large and stand alone. More groups
//! would mean smaller ones, and a file for each combination that shares code. The server renders these routes like any
//! other.

use leptos::prelude::*;
use leptos_router::LazyRoute;

use super::{
    AccountPage, AuditPage, ClusterPage, DiffPage, LogsPage, ObjectPage, RegisterPage, ResourcesPage, UserPage,
    UsersPage,
};
use crate::components::Erase;
use crate::platform;

/// A group: the function that is fetched, the one that fetches without calling it, and a route for each page.
macro_rules! lazy_pages {
    ($group:ident, $preload:ident, $Pages:ident: $($name:ident, $Route:ident => $Page:ident),+ $(,)?) => {
        #[derive(Clone, Copy, Debug)]
        enum $Pages {
            $($name),+
        }

        #[lazy]
        fn $group(page: $Pages) -> AnyView {
            match page {
                $($Pages::$name => view! { <$Page/> }.erase()),+
            }
        }

        $(
            #[derive(Debug)]
            pub(crate) struct $Route;

            impl LazyRoute for $Route {
                fn data() -> Self {
                    Self
                }

                async fn view(_: Self) -> AnyView {
                    $group($Pages::$name).await
                }

                async fn preload() {
                    platform::preload!($preload);
                }
            }
        )+
    };
}

lazy_pages! {
    inventory_pages, __preload_inventory_pages, InventoryPages:
    Cluster, ClusterRoute => ClusterPage,
    Register, RegisterRoute => RegisterPage,
    Resources, ResourcesRoute => ResourcesPage,
    Object, ObjectRoute => ObjectPage,
}

lazy_pages! { diff_pages, __preload_diff_pages, DiffPages: Diff, DiffRoute => DiffPage }

lazy_pages! { log_pages, __preload_log_pages, LogPages: Logs, LogsRoute => LogsPage }

lazy_pages! {
    access_pages, __preload_access_pages, AccessPages:
    Account, AccountRoute => AccountPage,
    Users, UsersRoute => UsersPage,
    User, UserRoute => UserPage,
    Audit, AuditRoute => AuditPage,
}
