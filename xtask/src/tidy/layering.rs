//! Which crate may depend on which: the table that keeps the server out of the browser and I/O out of the domain.

use std::collections::BTreeSet;

use super::{Problem, Source};

/// A crate of ours: its manifest, the crates of ours it may depend on, and others that it must not.
struct Rule {
    manifest: &'static str,
    ours: &'static [&'static str],
    never: &'static [&'static str],
}

const SERVER_SIDE: &[&str] = &["kube", "k8s-openapi", "sea-orm", "reqwest", "hyper"];

const RULES: &[Rule] = &[
    Rule {
        manifest: "app/domain/Cargo.toml",
        ours: &[],
        never: &["kube", "k8s-openapi", "sea-orm", "reqwest", "hyper", "tokio", "axum", "leptos", "tracing", "web-sys"],
    },
    Rule { manifest: "app/Cargo.toml", ours: &["domain", "fleet"], never: SERVER_SIDE },
    Rule { manifest: "frontend/Cargo.toml", ours: &["app"], never: SERVER_SIDE },
    Rule { manifest: "frontend/worker/Cargo.toml", ours: &["domain"], never: &["leptos", "kube", "tokio"] },
    Rule {
        manifest: "server/Cargo.toml",
        ours: &["app", "domain", "fleet", "simulator"],
        never: &["kube", "k8s-openapi", "sea-orm"],
    },
    Rule {
        manifest: "server/fleet/Cargo.toml",
        ours: &["domain", "migrations"],
        never: &["leptos", "axum", "leptos_axum"],
    },
    Rule { manifest: "migrations/Cargo.toml", ours: &[], never: &["kube", "axum", "leptos"] },
    Rule { manifest: "end2end/simulator/Cargo.toml", ours: &["domain"], never: &["leptos", "sea-orm"] },
    Rule { manifest: "end2end/fuzz/Cargo.toml", ours: &["domain", "fleet"], never: &["leptos", "axum", "sea-orm"] },
    Rule { manifest: "xtask/Cargo.toml", ours: &[], never: &["leptos", "kube", "sea-orm", "tokio"] },
];

const OURS: &[&str] =
    &["app", "domain", "fleet", "frontend", "fuzz", "migrations", "server", "simulator", "worker", "xtask"];

pub(super) fn check(sources: &[Source]) -> Vec<Problem> {
    RULES
        .iter()
        .flat_map(|rule| match sources.iter().find(|source| source.path == rule.manifest) {
            Some(source) => problems(rule, source),
            None => vec![Problem { place: rule.manifest.to_owned(), text: "is missing".to_owned() }],
        })
        .collect()
}

fn problems(rule: &Rule, source: &Source) -> Vec<Problem> {
    let manifest: toml::Table = match source.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![source.problem(1, format!("cannot be read: {}", error.message()))],
    };
    let empty = toml::Table::new();
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table).unwrap_or(&empty);
    let names: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    let mut problems = Vec::new();
    for name in names {
        if OURS.contains(&name) && !rule.ours.contains(&name) {
            problems.push(source.problem(1, format!("must not depend on {name}")));
        }
        if rule.never.contains(&name) {
            problems.push(source.problem(1, format!("must not depend on {name}: it belongs to another layer")));
        }
    }
    for (name, feature) in [("fleet", "ssr"), ("simulator", "demo")] {
        let optional = |dependency: &toml::Value| dependency.get("optional").and_then(toml::Value::as_bool);
        let applies = ["app/Cargo.toml", "server/Cargo.toml"].contains(&rule.manifest);
        let conditional = !(rule.manifest == "server/Cargo.toml" && name == "fleet");
        if let Some(dependency) = dependencies.get(name)
            && applies
            && conditional
            && optional(dependency) != Some(true)
        {
            problems.push(source.problem(1, format!("{name} must be optional, behind the feature `{feature}`")));
        }
    }
    problems.extend(features_that_reach_the_server(rule, source, &manifest));
    problems
}

/// In `app`, only `ssr` may switch the engine on.
fn features_that_reach_the_server(rule: &Rule, source: &Source, manifest: &toml::Table) -> Vec<Problem> {
    if rule.manifest != "app/Cargo.toml" {
        return Vec::new();
    }
    let features = manifest.get("features").and_then(toml::Value::as_table);
    let reaching = features.into_iter().flatten().filter(|(name, members)| {
        let members = members.as_array().into_iter().flatten().filter_map(toml::Value::as_str);
        name.as_str() != "ssr" && members.clone().any(|member| member == "ssr" || member.contains("fleet"))
    });
    reaching
        .map(|(name, _)| source.problem(1, format!("feature `{name}` reaches the engine; only `ssr` may")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    fn texts(path: &str, manifest: &str) -> Vec<String> {
        let rule = RULES.iter().find(|rule| rule.manifest == path).unwrap();
        problems(rule, &source(path, manifest)).into_iter().map(|problem| problem.text).collect()
    }

    #[test]
    fn the_domain_depends_on_nothing_of_ours_and_on_no_io() {
        let manifest = "[dependencies]\nserde = \"1\"\nfleet = { path = \"x\" }\ntokio = \"1\"\n";
        assert_eq!(
            texts("app/domain/Cargo.toml", manifest),
            ["must not depend on fleet", "must not depend on tokio: it belongs to another layer"]
        );
    }

    #[test]
    fn the_app_reaches_the_engine_only_with_ssr() {
        let always = "[dependencies]\nfleet.workspace = true\n";
        assert_eq!(texts("app/Cargo.toml", always), ["fleet must be optional, behind the feature `ssr`"]);
        let leaking = "[features]\nssr = [\"dep:fleet\"]\nhydrate = [\"dep:fleet\"]\n\
                       [dependencies]\nfleet = { workspace = true, optional = true }\n";
        assert_eq!(texts("app/Cargo.toml", leaking), ["feature `hydrate` reaches the engine; only `ssr` may"]);
    }

    #[test]
    fn the_server_has_the_engine_always_and_the_simulator_only_for_the_demo() {
        let good = "[dependencies]\nfleet.workspace = true\nsimulator = { workspace = true, optional = true }\n";
        assert_eq!(texts("server/Cargo.toml", good), Vec::<String>::new());
        let bad = "[dependencies]\nsimulator.workspace = true\n";
        assert_eq!(texts("server/Cargo.toml", bad), ["simulator must be optional, behind the feature `demo`"]);
    }

    #[test]
    fn a_crate_without_a_manifest_is_reported() {
        assert_eq!(check(&[]).len(), RULES.len());
    }
}
