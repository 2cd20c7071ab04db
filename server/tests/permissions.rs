//! The permission matrix: every route, server function and socket topic against every role with a session, with an API
//! token and with neither, as a reviewed snapshot.
//!
//! The tables are the ones that the router and the pages are built from, so nothing can be left out of the snapshot.
//! `it/access.rs` asks each row of it with real requests.

use std::fmt::Write;

use domain::access::{Grant, Role, Scope, Verb, decide, narrow};
use domain::protocol::watch::Topic;
use server::http::routes::{ADMIN, API, Needs, PROBES, ROOT};

/// Whether API tokens count at all: they open neither pages nor server functions.
#[derive(Clone, Copy)]
enum Tokens {
    Count,
    DoNot,
}

fn roles(allowed: impl Fn(&[Grant]) -> bool) -> String {
    Role::ALL.map(|role| if allowed(&[Grant::everywhere(role)]) { role.word() } else { "-" }).join(" ")
}

fn line(matrix: &mut String, kind: &str, name: &str, needs: Needs, tokens: Tokens) {
    let columns = match needs {
        Needs::Nothing => "everybody".to_owned(),
        Needs::Verb(verb) => {
            let session = roles(|grants| decide(grants, verb, Scope::Everything));
            let token = roles(|grants| {
                matches!(tokens, Tokens::Count) && decide(&narrow(grants, grants), verb, Scope::Everything)
            });
            format!("{:<15} session: {session:<22} token: {token}", verb.word())
        }
    };
    writeln!(matrix, "{kind:<8} {name:<64} {columns}").expect("a string takes what is written");
}

fn functions() -> impl Iterator<Item = &'static (&'static str, Verb)> {
    app::api::SERVER_FUNCTIONS.iter().chain(app::api::access::SERVER_FUNCTIONS)
}

#[test]
fn every_entrance_has_its_row_in_the_permission_matrix() {
    let mut matrix = String::new();
    for route in ROOT.iter().chain(PROBES).chain(API) {
        line(&mut matrix, "route", &format!("{:<6} {}", route.method, route.path), route.needs, Tokens::Count);
    }
    for route in ADMIN {
        line(&mut matrix, "admin", &format!("{:<6} {}", route.method, route.path), route.needs, Tokens::Count);
    }
    for (name, verb) in functions() {
        line(&mut matrix, "function", name, Needs::Verb(*verb), Tokens::DoNot);
    }
    for topic in Topic::NAMES {
        line(&mut matrix, "topic", topic, Needs::Verb(Verb::View), Tokens::Count);
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn nothing_that_changes_something_is_open_to_a_viewer_but_the_own_account() {
    for route in API.iter().filter(|route| route.method != "GET" && route.path != "/logs/aggregated") {
        let Needs::Verb(verb) = route.needs else { panic!("{} {} asks for nothing", route.method, route.path) };
        assert!(verb.changes(), "{} {} asks for {}", route.method, route.path, verb.word());
        let own = route.path.starts_with("/account/");
        assert_eq!(Role::Viewer.allows(verb), own, "{} {}", route.method, route.path);
    }
}

#[test]
fn every_server_function_that_the_pages_register_has_a_row() {
    let mut registered: Vec<&str> =
        leptos::server_fn::axum::server_fn_paths().filter_map(|(path, _)| path.strip_prefix("/_fn/")).collect();
    let mut listed: Vec<&str> = functions().map(|(name, _)| *name).collect();
    registered.sort_unstable();
    listed.sort_unstable();
    assert_eq!(registered, listed);
}
