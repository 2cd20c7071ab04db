//! The command line of the fuzzing: which targets, how long, from which seed. `cargo xtask fuzz` builds and calls it.
#![expect(clippy::print_stdout, reason = "a command-line program talks to its terminal")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::Parser;
use fuzz::run::{Budget, Report, run};
use fuzz::targets::{TARGETS, Target};

/// What a target gets beyond its time before it is called stuck: the last input, and making a finding small.
const GRACE: Duration = Duration::from_secs(120);
/// As the threads of the server have.
const STACK: usize = 2 * 1024 * 1024;

/// Fuzzes the readers of foreign bytes.
#[derive(Debug, Parser)]
struct Arguments {
    /// For all targets together
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// One target instead of all
    #[arg(long)]
    target: Option<String>,
    /// The same seed gives the same inputs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where findings are written
    #[arg(long, default_value = "target/fuzz")]
    folder: PathBuf,
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let chosen: Vec<&'static Target> =
        TARGETS.iter().filter(|target| arguments.target.as_deref().is_none_or(|name| name == target.name)).collect();
    if chosen.is_empty() {
        println!("There is no such target. There are:");
        TARGETS.iter().for_each(|target| println!("  {}", target.name));
        return Ok(ExitCode::FAILURE);
    }
    let share = Duration::from_secs(arguments.seconds) / u32::try_from(chosen.len()).unwrap_or(u32::MAX);
    let mut findings = 0;
    for target in chosen {
        let Some(report) = in_time(target, share, arguments.seed, &arguments.folder)? else {
            println!("{:<16} does not come back; see {}-present.bin", target.name, target.name);
            return Ok(ExitCode::FAILURE);
        };
        findings += usize::from(report.finding.is_some());
        tell(&report, &arguments.folder)?;
    }
    println!("{findings} findings, seed {}", arguments.seed);
    Ok(if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a target on a thread of its own; `None` if it does not come back.
fn in_time(target: &'static Target, share: Duration, seed: u64, folder: &Path) -> io::Result<Option<Report>> {
    let (sender, receiver) = mpsc::channel();
    let folder = folder.to_owned();
    let work = move || drop(sender.send(run(target, Budget::Time(share), seed, Some(&folder))));
    thread::Builder::new().name(target.name.to_owned()).stack_size(STACK).spawn(work)?;
    receiver.recv_timeout(share + GRACE).ok().transpose()
}

/// One line a target; a finding is written to a file and printed as a row for the regressions.
fn tell(report: &Report, folder: &Path) -> io::Result<()> {
    println!(
        "{:<16} {:>10} executions {:>6} outcomes  slowest {:>8.1?}",
        report.target, report.executions, report.outcomes, report.slowest
    );
    let Some(finding) = &report.finding else { return Ok(()) };
    let file = folder.join(format!("{}-{}.bin", report.target, report.executions));
    std::fs::write(&file, &finding.input)?;
    println!("  {}", finding.message.replace('\n', "\n  "));
    println!("  {} bytes in {}; as a regression:", finding.input.len(), file.display());
    println!("  (\"{}\", b\"{}\"),", report.target, finding.input.escape_ascii());
    Ok(())
}
