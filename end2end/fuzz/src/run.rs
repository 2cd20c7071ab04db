//! Drives one target: picks, changes, runs, remembers what led somewhere new, reports what went wrong.
//!
//! Each input has a time limit. While it runs it is also on disk: after an abort or an endless loop, the file with the
//! present input is the one that caused it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::mutation::mutate;
use crate::shrink::shrink;
use crate::targets::Target;

/// An input may not take longer than this. Generous: the build may be unoptimised and the machine busy.
pub const TIME_LIMIT: Duration = Duration::from_secs(5);
/// Inputs kept because they led somewhere new.
const KEPT: usize = 512;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    Time(Duration),
    Executions(u64),
}

/// What went wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    pub message: String,
    /// As small as it could be made.
    pub input: Vec<u8>,
}

/// How a run of one target went.
#[derive(Clone, Debug)]
pub struct Report {
    pub target: &'static str,
    pub executions: u64,
    /// Outcomes that differed from each other.
    pub outcomes: usize,
    pub slowest: Duration,
    pub finding: Option<Finding>,
}

thread_local! {
    /// The message of a panic, on a thread that is inside a target.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics of targets are results: they are kept, not printed.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_kept = PANIC.with_borrow_mut(|kept| match kept {
                Some(message) => {
                    *message = info.to_string();
                    true
                }
                None => false,
            });
            if !is_kept {
                print(info);
            }
        }));
    });
}

/// Runs one input. The outcome says which way it went; an error is a finding.
///
/// # Errors
/// The panic's message, or that it took too long.
pub fn once(target: &Target, input: &[u8]) -> Result<u64, String> {
    keep_panics();
    PANIC.set(Some(String::new()));
    let start = Instant::now();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let elapsed = start.elapsed();
    let message = PANIC.take();
    match outcome {
        Err(_) => Err(message.unwrap_or_default()),
        Ok(_) if elapsed > TIME_LIMIT => Err(format!("took longer than {TIME_LIMIT:?}")),
        Ok(outcome) => Ok(outcome),
    }
}

/// Where a panic happened; findings with the same place are the same finding.
fn place(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

/// Runs a target until the budget is used up or something is found. With a folder, the present input is kept there.
///
/// # Errors
/// If the folder cannot be written to.
pub fn run(target: &Target, budget: Budget, seed: u64, folder: Option<&Path>) -> io::Result<Report> {
    let mut random = Rng::with_seed(seed);
    let mut present = folder.map(|folder| Present::create(folder, target.name)).transpose()?;
    let mut inputs: Vec<Vec<u8>> = (target.seeds)();
    let own = inputs.len();
    let mut report = Report { target: target.name, executions: 0, outcomes: 0, slowest: Duration::ZERO, finding: None };
    let mut seen = HashSet::new();
    let start = Instant::now();
    loop {
        let at = usize::try_from(report.executions).unwrap_or(usize::MAX);
        let input = match inputs.get(at).filter(|_| at < own) {
            Some(seed) => seed.clone(),
            None => {
                let is_over = match budget {
                    Budget::Time(limit) => start.elapsed() >= limit,
                    Budget::Executions(limit) => report.executions >= limit,
                };
                if is_over {
                    break;
                }
                let (input, other) = (&inputs[random.usize(0..inputs.len())], &inputs[random.usize(0..inputs.len())]);
                mutate(target.shape, input, other, &mut random)
            }
        };
        if let Some(present) = &mut present {
            present.set(&input)?;
        }
        let begun = Instant::now();
        let outcome = once(target, &input);
        report.slowest = report.slowest.max(begun.elapsed());
        report.executions += 1;
        match outcome {
            Ok(outcome) => {
                if seen.insert(outcome) && at >= own && inputs.len() < own + KEPT {
                    inputs.push(input);
                }
            }
            Err(message) => {
                let shows = |bytes: &[u8]| once(target, bytes).is_err_and(|other| place(&other) == place(&message));
                report.finding = Some(Finding { input: shrink(&input, shows), message });
                break;
            }
        }
    }
    report.outcomes = seen.len();
    if let Some(present) = present {
        present.remove()?;
    }
    Ok(report)
}

/// The input that is being run, on disk: what is there after an abort is the input that caused it.
struct Present {
    path: PathBuf,
    file: File,
}

impl Present {
    fn create(folder: &Path, name: &str) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}-present.bin"));
        Ok(Self { file: File::create(&path)?, path })
    }

    fn set(&mut self, input: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(input)?;
        self.file.set_len(input.len() as u64)
    }

    fn remove(self) -> io::Result<()> {
        std::fs::remove_file(self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutation::Shape;

    fn target(run: fn(&[u8]) -> u64) -> Target {
        Target { name: "test", shape: Shape::Text, seeds: || vec![b"abc".to_vec()], run }
    }

    #[test]
    fn a_panic_is_found_and_made_small() {
        let report = run(
            &target(|bytes| {
                assert!(!bytes.contains(&b'='), "an equals sign");
                0
            }),
            Budget::Executions(100_000),
            1,
            None,
        );
        let finding = report.expect("no file is written").finding.expect("an equals sign comes soon");
        assert_eq!(finding.input, b"=");
        assert!(finding.message.contains("an equals sign"), "{}", finding.message);
    }

    #[test]
    fn the_same_seed_runs_the_same_inputs() {
        let outcomes = || {
            let target = target(|bytes| bytes.iter().fold(0, |sum, byte| sum * 31 + u64::from(*byte) % 7) % 1_000);
            run(&target, Budget::Executions(500), 7, None).expect("no file is written").outcomes
        };
        let first = outcomes();
        assert_eq!(first, outcomes());
        assert!(first > 1);
    }
}
