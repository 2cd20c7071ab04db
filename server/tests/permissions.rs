//! The permission matrix: every route, server function and socket topic against every role, as a reviewed snapshot.
//!
//! The tables are the ones that the router and the pages are built from, so nothing can be left out of the snapshot.

use std::fmt::Write;

use domain::access::{Role, Verb};
use domain::protocol::watch::Topic;
use server::http::routes::{API, Needs, ROOT};

fn line(matrix: &mut String, kind: &str, name: &str, needs: Needs) {
    let roles = match needs {
        Needs::Nothing => "everybody".to_owned(),
        Needs::Verb(verb) => Role::ALL.map(|role| if role.allows(verb) { role.word() } else { "-" }).join(" "),
    };
    writeln!(matrix, "{kind:<8} {name:<72} {roles}").expect("a string takes what is written");
}

#[test]
fn every_entrance_has_its_row_in_the_permission_matrix() {
    let mut matrix = String::new();
    for route in ROOT.iter().chain(API) {
        line(&mut matrix, "route", &format!("{:<6} {}", route.method, route.path), route.needs);
    }
    for (name, verb) in app::api::SERVER_FUNCTIONS {
        line(&mut matrix, "function", name, Needs::Verb(*verb));
    }
    for topic in Topic::NAMES {
        line(&mut matrix, "topic", topic, Needs::Verb(Verb::View));
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn nothing_that_changes_a_cluster_is_open_to_a_viewer() {
    for route in API.iter().filter(|route| route.method != "GET" && route.path != "/logs/aggregated") {
        let Needs::Verb(verb) = route.needs else { panic!("{} {} asks for nothing", route.method, route.path) };
        assert!(!Role::Viewer.allows(verb), "{} {}", route.method, route.path);
    }
}
