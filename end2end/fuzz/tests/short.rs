//! A short pass of every target with a fixed seed, and every finding of the past.

use fuzz::run::{Budget, once, run};
use fuzz::targets::TARGETS;

/// Inputs changed per target; the whole pass takes some seconds.
const EXECUTIONS: u64 = 150;

/// Inputs that broke something once: the target, and the input as the fuzzing printed it.
const REGRESSIONS: &[(&str, &[u8])] = &[("mask-text", b"/hook/2345678445678445s://w@")];

#[test]
fn a_short_pass_finds_nothing() {
    for target in TARGETS {
        let report = run(target, Budget::Executions(EXECUTIONS), 1, None).expect("no file is written");
        let finding = report.finding.map(|finding| (finding.message, finding.input.escape_ascii().to_string()));
        assert_eq!(finding, None, "{}", target.name);
        assert!(report.outcomes > 1, "{}: its inputs all go the same way", target.name);
    }
}

#[test]
fn what_was_found_once_is_not_found_again() {
    for (name, input) in REGRESSIONS {
        let target = TARGETS.iter().find(|target| target.name == *name).expect("a target of the table");
        assert_eq!(once(target, input).err(), None, "{name}: {}", input.escape_ascii());
    }
}

#[test]
fn names_are_unique_and_every_target_has_inputs() {
    for (at, target) in TARGETS.iter().enumerate() {
        assert!(!(target.seeds)().is_empty(), "{}", target.name);
        assert!(TARGETS[..at].iter().all(|other| other.name != target.name), "{}", target.name);
    }
}
