//! Rust files: short, named after their module, and introduced.

use super::{Problem, Source};

const MOST_LINES: usize = 500;

/// No file is longer than 500 lines.
pub(super) fn sizes(sources: &[Source]) -> Vec<Problem> {
    let long = sources.iter().filter(|source| source.is(".rs") && source.text.lines().count() > MOST_LINES);
    long.map(|source| {
        let lines = source.text.lines().count();
        source.problem(lines, format!("{lines} lines: split at {MOST_LINES}"))
    })
    .collect()
}

/// `name.rs` beside `name/`, never `name/mod.rs`; and no module is named after what it is not.
pub(super) fn names(sources: &[Source]) -> Vec<Problem> {
    const MEANINGLESS: &[&str] = &["mod", "utils", "util", "helpers", "helper", "common", "misc", "manager"];
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| source.is(".rs")) {
        let stem = source.path.rsplit('/').next().and_then(|name| name.strip_suffix(".rs")).unwrap_or_default();
        if MEANINGLESS.contains(&stem) {
            problems.push(source.problem(1, format!("`{stem}.rs` says nothing about what it holds")));
        }
    }
    problems
}

/// Every file begins with what it owns.
pub(super) fn headers(sources: &[Source]) -> Vec<Problem> {
    let bare = sources.iter().filter(|source| source.is(".rs") && !source.text.starts_with("//!"));
    bare.map(|source| source.problem(1, "begins without `//!`: say what the module owns and never does")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{places, source};

    #[test]
    fn only_rust_files_over_the_limit_are_too_long() {
        let sources = [
            source("a.rs", &"x\n".repeat(500)),
            source("b.rs", &"x\n".repeat(501)),
            source("c.css", &"x\n".repeat(900)),
        ];
        assert_eq!(places(&sizes(&sources)), ["b.rs:501"]);
    }

    #[test]
    fn names_without_meaning_are_refused() {
        let sources = [source("a/mod.rs", ""), source("a/utils.rs", ""), source("a/module.rs", "")];
        assert_eq!(places(&names(&sources)), ["a/mod.rs:1", "a/utils.rs:1"]);
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        let sources = [source("a.rs", "//! Owns a.\n"), source("b.rs", "use x;\n")];
        assert_eq!(places(&headers(&sources)), ["b.rs:1"]);
    }
}
