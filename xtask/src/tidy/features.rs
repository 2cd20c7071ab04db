//! The interface knows server and browser in three places only; everything else compiles the same for both.

use super::{Problem, Source};

const ALLOWED: &[&str] = &["app/src/lib.rs", "app/src/api.rs", "app/src/platform.rs"];

pub(super) fn check(sources: &[Source]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("app/src/") && source.is(".rs")) {
        if ALLOWED.contains(&source.path.as_str()) || source.path.starts_with("app/src/platform/") {
            continue;
        }
        for (index, line) in source.text.lines().enumerate() {
            if line.contains("cfg") && line.contains("feature = ") && !line.trim_start().starts_with("//") {
                let text = "features are asked for in lib.rs, api.rs and platform.rs only";
                problems.push(source.problem(index + 1, text));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{places, source};

    #[test]
    fn a_page_may_not_ask_for_a_feature() {
        let asking = "//! A page.\n#[cfg(feature = \"ssr\")]\nuse fleet::x;\nlet y = cfg!(feature = \"hydrate\");\n";
        let sources = [
            source("app/src/pages/fleet.rs", asking),
            source("app/src/platform.rs", asking),
            source("app/src/platform/browser.rs", asking),
            source("app/domain/src/lib.rs", asking),
        ];
        assert_eq!(places(&check(&sources)), ["app/src/pages/fleet.rs:2", "app/src/pages/fleet.rs:4"]);
    }
}
