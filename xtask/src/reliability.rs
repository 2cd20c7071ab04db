//! `cargo xtask reliability`: scripted faults against the real server, each with a promise that is checked.
//!
//! A scenario starts what it needs on loopback addresses and in folders of its own, breaks something, waits for what
//! the product says about it, ends the fault, and waits until all is well. What was promised and does not hold fails
//! the command. The figures go into `docs/reliability.md`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use self::observation::{Observation, Promise};
use self::stage::Setting;
use crate::build::{self, Plan};
use crate::command;
use crate::packages::Packages;
use crate::progress;
use crate::repository::Repository;

mod client_faults;
mod cluster_faults;
mod clusters;
mod database_faults;
mod http;
mod memory;
mod neighbour;
mod observation;
mod server;
mod server_faults;
mod stage;
mod storm;
mod table;
mod testbed_faults;
mod watch_socket;

/// Where a fault is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// At simulated clusters.
    Simulator,
    /// At a database server that was started for it, with simulated clusters.
    Database,
    /// On real Kubernetes.
    Testbed,
    /// At the server, its machine, or its clients.
    Alone,
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
            Self::Database => "database server",
            Self::Testbed => "testbed",
            Self::Alone => "server alone",
        }
    }
}

/// A fault, what is promised about it, and how it is brought about and observed.
pub(crate) struct Scenario {
    /// For `--scenario`.
    pub(crate) name: &'static str,
    /// For people.
    pub(crate) fault: &'static str,
    pub(crate) place: Place,
    /// Whether `cargo xtask test` runs it: over in seconds, without special rights.
    pub(crate) quick: bool,
    pub(crate) promise: Promise,
    pub(crate) run: fn(&Setting<'_>, &Promise) -> Result<Observation>,
}

/// What to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice<'a> {
    pub(crate) seed: u64,
    /// One scenario instead of all.
    pub(crate) scenario: Option<&'a str>,
    /// Also what needs the testbed.
    pub(crate) testbed: bool,
    /// A folder with executables; without it they are built.
    pub(crate) executables: Option<PathBuf>,
}

fn scenarios() -> Vec<&'static Scenario> {
    let families = [
        server_faults::SCENARIOS,
        database_faults::SCENARIOS,
        cluster_faults::SCENARIOS,
        storm::SCENARIOS,
        testbed_faults::SCENARIOS,
        client_faults::SCENARIOS,
    ];
    families.into_iter().flatten().collect()
}

/// Runs what was chosen and writes the table; true when every promise held.
pub(crate) fn run(repository: &Repository, packages: &Packages, choice: &Choice<'_>) -> Result<bool> {
    let all = scenarios();
    let wanted = |scenario: &&Scenario| match choice.scenario {
        Some(name) => name == scenario.name,
        None => choice.testbed || scenario.place != Place::Testbed,
    };
    let chosen: Vec<&Scenario> = all.iter().copied().filter(wanted).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = all.iter().map(|scenario| scenario.name).collect();
        bail!("there is no scenario of that name; there are {}", names.join(", "));
    }
    let setting = setting(repository, packages, choice.seed, choice.executables.as_deref())?;
    let (ran, failed) = run_each(&setting, &chosen);
    let file = repository.path("docs/reliability.md");
    let document = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let document = table::update(&document, &caption(choice.seed), &all, &ran)?;
    std::fs::write(&file, document).with_context(|| format!("cannot write {}", file.display()))?;
    println!("{} promises held, {failed} did not", ran.len());
    Ok(failed == 0)
}

/// The quick ones, for `cargo xtask test`; how many held and how many did not. The table stays as it is.
pub(crate) fn quick(repository: &Repository, packages: &Packages) -> Result<(u64, u64)> {
    let chosen: Vec<&Scenario> = scenarios().into_iter().filter(|scenario| scenario.quick).collect();
    let setting = setting(repository, packages, 1, None)?;
    let (ran, failed) = run_each(&setting, &chosen);
    Ok((ran.len() as u64, failed))
}

fn caption(seed: u64) -> String {
    format!("Measured with `cargo xtask reliability --seed {seed}`, a build with debug assertions.")
}

/// What was seen where the promise held, and how many did not hold or could not run.
fn run_each<'s>(setting: &Setting<'_>, chosen: &[&'s Scenario]) -> (Vec<(&'s Scenario, Observation)>, u64) {
    let (mut ran, mut failed) = (Vec::new(), 0);
    for scenario in chosen {
        let outcome = progress::step(&format!("{}: {}", scenario.name, scenario.fault), || {
            let seen = (scenario.run)(setting, &scenario.promise)?;
            progress::note(&table::row(scenario, &seen));
            let broken = seen.broken(&scenario.promise);
            if !broken.is_empty() {
                bail!("the promise does not hold: {}", broken.join("; "));
            }
            Ok(seen)
        });
        match outcome {
            Ok(seen) => ran.push((*scenario, seen)),
            Err(error) => {
                eprintln!("error: {}: {error:#}", scenario.name);
                failed += 1;
            }
        }
    }
    (ran, failed)
}

fn setting<'a>(
    repository: &'a Repository,
    packages: &'a Packages,
    seed: u64,
    executables: Option<&Path>,
) -> Result<Setting<'a>> {
    let (server, simulator) = match executables {
        Some(folder) => (folder.join("flux-orchestrator"), folder.join("flux-simulator")),
        None => (build::all(repository, packages, Plan::DEMO)?, progress::step("simulator", || simulator(repository))?),
    };
    Ok(Setting { repository, packages, server, simulator, seed })
}

/// The simulator's executable, of the same package set as the server.
fn simulator(repository: &Repository) -> Result<PathBuf> {
    let mut cargo = build::native_cargo(repository, "build");
    cargo.args(["--bin", "flux-simulator"]);
    build::select_native(&mut cargo);
    command::run(&mut cargo)?;
    Ok(repository.target().join("debug/flux-simulator"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_faults_are_unique() {
        let all = scenarios();
        for of in [|scenario: &Scenario| scenario.name, |scenario: &Scenario| scenario.fault] {
            let distinct: std::collections::BTreeSet<&str> = all.iter().map(|scenario| of(scenario)).collect();
            assert_eq!(distinct.len(), all.len());
        }
    }

    #[test]
    fn some_scenarios_are_quick() {
        assert!(scenarios().iter().any(|scenario| scenario.quick));
    }
}
