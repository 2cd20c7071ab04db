//! `cargo xtask test`: every check of the repository, in one table of steps.
//!
//! A step counts its tests; one that has none counts as a test itself. What fails and what cannot run are failures alike,
//! and later steps still run. The last line of standard output is `N passed, N failed`.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::command::Group;
use crate::packages::Packages;
use crate::progress;
use crate::repository::Repository;
use crate::testbed::Testbed;
use counts::Counts;

mod counts;
mod steps;

/// A step: what it is called, whether `--quick` leaves it out because it needs servers, and what it does.
struct Step {
    name: &'static str,
    needs_servers: bool,
    work: fn(&Session<'_>) -> Result<Counts>,
}

const fn step(name: &'static str, work: fn(&Session<'_>) -> Result<Counts>) -> Step {
    Step { name, needs_servers: false, work }
}

const fn served(name: &'static str, work: fn(&Session<'_>) -> Result<Counts>) -> Step {
    Step { name, needs_servers: true, work }
}

/// In this order: what is fast and what others build on comes first.
const STEPS: &[Step] = &[
    step("format", steps::format),
    step("tidy", steps::tidy),
    step("wasm, styles, assets and their budget", steps::site),
    step("clippy, server side", steps::clippy_native),
    step("clippy, browser side", steps::clippy_browser),
    step("clippy, build driver", steps::clippy_driver),
    step("tests, build driver", steps::tests_driver),
    step("tests", steps::tests_native),
    served("store on PostgreSQL and MariaDB", steps::store_on_servers),
    step("metrics, by Prometheus's rules", steps::exposition),
    served("browser tests on the simulator", steps::browser),
    served("reliability: the quick faults", steps::reliability),
    served("testbed: build and start", steps::testbed_up),
    served("testbed: what it promises", steps::testbed_facts),
    served("testbed: world facts", steps::world_facts),
    served("testbed: end to end", steps::testbed_suite),
];

/// What the steps of one run share.
pub(crate) struct Session<'a> {
    repository: &'a Repository,
    packages: &'a Packages,
    /// The testbed's build in the background, until a step waits for it.
    testbed_build: RefCell<Option<Group>>,
    testbed_log: PathBuf,
}

/// How a step went, for the summary.
struct Outcome {
    name: &'static str,
    counts: Counts,
    problem: Option<String>,
    elapsed: Duration,
}

/// Runs all steps (the quick ones only, if asked); true when nothing failed.
pub(crate) fn run(repository: &Repository, packages: &Packages, quick: bool) -> Result<bool> {
    std::fs::create_dir_all(repository.target())?;
    let testbed_log = repository.target().join("testbed-build.log");
    let mut session = Session { repository, packages, testbed_build: RefCell::new(None), testbed_log };
    if !quick {
        start_testbed_build(&mut session);
    }
    let steps = STEPS.iter().filter(|step| !(quick && step.needs_servers));
    let outcomes: Vec<Outcome> = steps.map(|step| outcome(step, &session)).collect();
    drop(session);
    let total = outcomes.iter().fold(Counts::default(), |total, outcome| total + outcome.counts);
    eprintln!();
    for outcome in &outcomes {
        eprintln!("{}", summary(outcome));
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(total.failed == 0)
}

/// Compiling Kubernetes takes long and needs no Rust: it runs niced beside everything else. A start that fails is reported
/// by the step that needs the testbed.
fn start_testbed_build(session: &mut Session<'_>) {
    let started = Testbed::new(session.repository, session.packages)
        .and_then(|testbed| testbed.start_building(&session.testbed_log));
    match started {
        Ok(build) => *session.testbed_build.get_mut() = build,
        Err(error) => progress::note(&format!("the testbed cannot be built: {error:#}")),
    }
}

fn outcome(step: &Step, session: &Session<'_>) -> Outcome {
    let start = Instant::now();
    let result = progress::step(step.name, || (step.work)(session));
    let elapsed = start.elapsed();
    match result {
        Ok(counts) => Outcome { name: step.name, counts, problem: None, elapsed },
        Err(error) => {
            eprintln!("error: {error:#}");
            let problem = Some(format!("{error:#}"));
            Outcome { name: step.name, counts: Counts { passed: 0, failed: 1 }, problem, elapsed }
        }
    }
}

fn summary(outcome: &Outcome) -> String {
    let mark = if outcome.counts.failed == 0 { "ok  " } else { "FAIL" };
    let line = format!(
        "{mark} {:<38} {:>5} passed {:>3} failed  {:>12}",
        outcome.name,
        outcome.counts.passed,
        outcome.counts.failed,
        progress::duration(outcome.elapsed)
    );
    match &outcome.problem {
        Some(problem) => format!("{line}  {}", problem.lines().next().unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_leaves_out_exactly_what_needs_servers() {
        let left_out: Vec<&str> = STEPS.iter().filter(|step| step.needs_servers).map(|step| step.name).collect();
        let served = ["testbed", "browser tests", "reliability", "PostgreSQL"];
        assert!(left_out.iter().all(|name| served.iter().any(|word| name.contains(word))));
        assert_eq!(left_out.len(), 7);
    }

    #[test]
    fn the_summary_says_why_a_step_failed_in_one_line() {
        let outcome = Outcome {
            name: "clippy",
            counts: Counts { passed: 0, failed: 1 },
            problem: Some("it broke\nin many lines".to_owned()),
            elapsed: Duration::from_secs(2),
        };
        let expected = "FAIL clippy                                     0 passed   1 failed         2.0 s  it broke";
        assert_eq!(summary(&outcome), expected);
    }
}
