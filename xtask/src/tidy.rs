//! `cargo xtask tidy`: rules of this repository that neither the compiler nor clippy knows.
//!
//! Each check is a pure function from sources to problems, with a test of its own. A rule that is not checked here, by a
//! lint or by a test is no rule.

use std::collections::BTreeSet;
use std::fmt;
use std::process::Command;

use anyhow::{Context as _, Result};
use walkdir::WalkDir;

use crate::command;
use crate::repository::Repository;
use crate::styles;

mod doc_paths;
mod features;
mod layering;
mod rust_files;
mod sheets;
mod supply;
mod words;

/// A text file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

impl Source {
    /// Whether the name ends like this (`.rs`).
    fn is(&self, end: &str) -> bool {
        self.path.ends_with(end)
    }

    /// A problem in this file.
    fn problem(&self, line: usize, text: impl Into<String>) -> Problem {
        Problem { place: format!("{}:{line}", self.path), text: text.into() }
    }
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `path:line`, or what else leads there.
    pub(crate) place: String,
    /// What is wrong and what would be right.
    pub(crate) text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.text)
    }
}

/// What all checks found.
#[derive(Debug)]
pub(crate) struct Report {
    /// How many checks ran.
    pub(crate) checks: u64,
    /// Broken rules, with the name of their check in front.
    pub(crate) problems: Vec<String>,
    failed: BTreeSet<&'static str>,
}

impl Report {
    /// How many checks found something.
    pub(crate) fn failed_checks(&self) -> u64 {
        self.failed.len() as u64
    }
}

type Check = fn(&[Source]) -> Vec<Problem>;

const CHECKS: &[(&str, Check)] = &[
    ("file sizes", rust_files::sizes),
    ("file names", rust_files::names),
    ("module headers", rust_files::headers),
    ("forbidden words", words::check),
    ("layering", layering::check),
    ("features in app", features::check),
    ("literal colours", sheets::colours),
    ("custom properties", sheets::properties),
    ("paths in documents", doc_paths::check),
    ("banned crates", supply::banned),
];

/// Runs every check.
pub(crate) fn run(repository: &Repository) -> Result<Report> {
    let sources = sources(repository)?;
    let mut findings: Vec<(&'static str, Vec<Problem>)> =
        CHECKS.iter().map(|(name, check)| (*name, check(&sources))).collect();
    let unstyled = styles::check(repository)?.into_iter().map(|(place, text)| Problem { place, text });
    findings.push(("classes", unstyled.collect()));
    findings.push(("licences", supply::licences(&sources, &metadata(repository)?)?));
    let failed = findings.iter().filter(|(_, problems)| !problems.is_empty()).map(|(name, _)| *name).collect();
    let problems = findings
        .iter()
        .flat_map(|(name, problems)| problems.iter().map(move |problem| format!("{name}: {problem}")))
        .collect();
    Ok(Report { checks: findings.len() as u64, problems, failed })
}

/// Every text file that is ours: no outputs, nothing that npm fetched, nothing hidden but `.ci` and `.cargo`.
fn sources(repository: &Repository) -> Result<Vec<Source>> {
    const LEFT_OUT: &[&str] = &["target", "node_modules", "test-results", "playwright-report"];
    let ours = |name: &str| !LEFT_OUT.contains(&name) && (!name.starts_with('.') || [".ci", ".cargo"].contains(&name));
    let mut sources = Vec::new();
    let walk = WalkDir::new(repository.root()).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || ours(&entry.file_name().to_string_lossy())) {
        let entry = entry.context("cannot list the repository")?;
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path().strip_prefix(repository.root()).unwrap_or(entry.path());
        let path = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        // What is not UTF-8 is a font or a picture, and no rule is about those.
        let bytes = std::fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source { path, text });
        }
    }
    Ok(sources)
}

fn metadata(repository: &Repository) -> Result<String> {
    let mut cargo = Command::new("cargo");
    command::without_cargo(&mut cargo).current_dir(repository.root());
    command::capture(cargo.args(["metadata", "--locked", "--format-version", "1"]))
}

#[cfg(test)]
fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

#[cfg(test)]
fn places(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.place.as_str()).collect()
}
