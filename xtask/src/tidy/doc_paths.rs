//! Documents name files of the repository that exist.

use std::collections::BTreeSet;

use super::{Problem, Source};

/// Back-ticked paths in `README.md` and `docs/*.md`. What starts with a folder of the repository is taken for a path.
pub(super) fn check(sources: &[Source]) -> Vec<Problem> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for source in sources {
        let mut path = source.path.as_str();
        known.insert(path);
        while let Some((folder, _)) = path.rsplit_once('/') {
            known.insert(folder);
            path = folder;
        }
    }
    let documents = sources
        .iter()
        .filter(|source| source.is(".md") && (source.path == "README.md" || source.path.starts_with("docs/")));
    let mut problems = Vec::new();
    for source in documents {
        for (index, line) in source.text.lines().enumerate() {
            for quoted in line.split('`').skip(1).step_by(2) {
                if is_path(quoted, &known) && !known.contains(quoted.trim_end_matches('/')) {
                    problems.push(source.problem(index + 1, format!("`{quoted}` does not exist")));
                }
            }
        }
    }
    problems
}

fn is_path(quoted: &str, known: &BTreeSet<&str>) -> bool {
    let plain = quoted.chars().all(|sign| sign.is_ascii_alphanumeric() || "_-./".contains(sign));
    let first = quoted.split('/').next().unwrap_or_default();
    plain && quoted.contains('/') && !first.is_empty() && known.contains(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    #[test]
    fn a_path_that_does_not_exist_is_named_with_its_line() {
        let text = "See `app/src/lib.rs` and `app/`.\nNot `app/src/gone.rs`; `/api/v1`, `target/site` and `a b/c` are no paths.\n";
        let sources = [source("README.md", text), source("app/src/lib.rs", ""), source("style/README.md", "`app/no`")];
        let problems = check(&sources);
        assert_eq!(
            problems,
            [Problem { place: "README.md:2".to_owned(), text: "`app/src/gone.rs` does not exist".to_owned() }]
        );
    }
}
