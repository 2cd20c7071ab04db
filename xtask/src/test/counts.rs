//! How many tests passed and failed, read from what the test runners print or write.

use std::ops::Add;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// Tests that ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Those that passed.
    pub(crate) passed: u64,
    /// Those that failed, and those that could not run.
    pub(crate) failed: u64,
}

impl Counts {
    /// A check that is one test by itself.
    pub(crate) const ONE: Self = Self { passed: 1, failed: 0 };
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// A line of `cargo test`: `test result: ok. 12 passed; 1 failed; …`. `None` for any other line.
pub(crate) fn of_cargo_line(line: &str) -> Option<Counts> {
    let (_, figures) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let figure = |word: &str| {
        figures.split("; ").find_map(|part| part.strip_suffix(word)).and_then(|number| number.trim().parse().ok())
    };
    Some(Counts { passed: figure(" passed")?, failed: figure(" failed")? })
}

/// A line of a testbed script: `34 passed, 0 failed`. `None` for any other line.
pub(crate) fn of_script_line(line: &str) -> Option<Counts> {
    let (passed, failed) = line.trim().strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Counts { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
}

#[derive(Deserialize)]
struct PlaywrightReport {
    stats: PlaywrightStats,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct PlaywrightStats {
    expected: u64,
    unexpected: u64,
    flaky: u64,
}

/// Playwright's JSON report. A test that passed only when it was repeated has failed; so has a file that does not load.
pub(crate) fn of_playwright(report: &str) -> Result<Counts> {
    let report: PlaywrightReport = serde_json::from_str(report).context("cannot read Playwright's report")?;
    let failed = report.stats.unexpected + report.stats.flaky + report.errors.len() as u64;
    Ok(Counts { passed: report.stats.expected, failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_lines_are_read_whether_good_or_bad() {
        let good = "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        let bad = "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s";
        assert_eq!(of_cargo_line(good), Some(Counts { passed: 12, failed: 0 }));
        assert_eq!(of_cargo_line(bad), Some(Counts { passed: 2, failed: 1 }));
        assert_eq!(of_cargo_line("test tests::passes ... ok"), None);
    }

    #[test]
    fn script_lines_are_read_only_when_they_are_the_total() {
        assert_eq!(of_script_line("34 passed, 2 failed"), Some(Counts { passed: 34, failed: 2 }));
        assert_eq!(of_script_line("ok   a 34 passed"), None);
    }

    #[test]
    fn a_flaky_browser_test_has_failed() {
        let report = r#"{"config":{},"errors":[],"stats":{"expected":7,"skipped":1,"unexpected":1,"flaky":2}}"#;
        assert_eq!(of_playwright(report).unwrap(), Counts { passed: 7, failed: 3 });
    }

    #[test]
    fn a_spec_that_does_not_load_has_failed() {
        let report = r#"{"errors":[{"message":"x"}],"stats":{"expected":0,"skipped":0,"unexpected":0,"flaky":0}}"#;
        assert_eq!(of_playwright(report).unwrap(), Counts { passed: 0, failed: 1 });
    }
}
