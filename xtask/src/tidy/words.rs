//! Words that must not be committed: what is unfinished, what hides, what says nothing.

use super::{Problem, Source};

/// Word, endings of the files it is forbidden in, and what to do instead.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("todo!", &[".rs"], "finish it"),
    ("unimplemented!", &[".rs"], "finish it"),
    ("FIXME", &[".rs", ".ts", ".css", ".sh"], "fix it"),
    ("dbg!", &[".rs"], "remove it"),
    ("#[ignore", &[".rs"], "a test runs or does not exist"),
    ("unbounded_channel", &[".rs"], "every queue has a bound"),
    ("unbounded()", &[".rs"], "every queue has a bound"),
    ("something went wrong", &[".rs", ".ts", ".md"], "say what failed and what to do next"),
    ("test.only", &[".ts"], "every test runs"),
    ("test.skip", &[".ts"], "a test runs or does not exist"),
    ("waitForTimeout", &[".ts"], "wait for what the test needs"),
];

/// The list above holds the words it forbids.
const OWN_FILE: &str = "xtask/src/tidy/words.rs";

pub(super) fn check(sources: &[Source]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in sources.iter().filter(|source| source.path != OWN_FILE) {
        for (index, line) in source.text.lines().enumerate() {
            for (word, ends, instead) in FORBIDDEN {
                let found = line.contains(word) || line.to_lowercase().contains(word);
                if found && ends.iter().any(|end| source.is(end)) {
                    problems.push(source.problem(index + 1, format!("`{word}`: {instead}")));
                }
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
    fn each_word_is_found_in_its_own_kind_of_file_only() {
        let text = FORBIDDEN.iter().map(|(word, _, _)| format!("{word}\n")).collect::<String>();
        let rust = FORBIDDEN.iter().filter(|(_, ends, _)| ends.contains(&".rs")).count();
        assert_eq!(check(&[source("a.rs", &text)]).len(), rust);
        assert_eq!(check(&[source("a.toml", &text)]), []);
    }

    #[test]
    fn the_line_is_named_and_case_does_not_hide_a_phrase() {
        assert_eq!(places(&check(&[source("a.rs", "fine\n\"Something went wrong\"\n")])), ["a.rs:2"]);
    }
}
