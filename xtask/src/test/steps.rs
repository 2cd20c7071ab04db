//! What each step of `cargo xtask test` does. A step returns its counts, or an error when it failed or could not run.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::Session;
use super::counts::{self, Counts};
use crate::build::{self, Plan};
use crate::command;
use crate::databases::Databases;
use crate::digest::{self, Stamp};
use crate::exposition;
use crate::packages::Package;
use crate::progress;
use crate::reliability;
use crate::server_process::ServerProcess;
use crate::testbed::Testbed;
use crate::tidy;
use crate::wasm::{self, Effort};

/// What the examples of `docs/api.md` are run with.
const EXAMPLE_PACKAGES: &[Package] =
    &[Package::program("curl", &["curl"]), Package::program("jq", &["jq"]), Package::program("nodejs", &["node"])];

const BROWSER_PACKAGES: &[Package] = &[
    Package::program("chromium", &["chromium"]),
    Package::program("nodejs", &["node"]),
    Package::program("npm", &["npm"]),
];

pub(super) fn format(session: &Session<'_>) -> Result<Counts> {
    let mut cargo = Command::new("cargo");
    command::without_cargo(&mut cargo).current_dir(session.repository.root()).args(["fmt", "--all", "--check"]);
    command::run(&mut cargo).map(|()| Counts::ONE)
}

pub(super) fn tidy(session: &Session<'_>) -> Result<Counts> {
    let report = tidy::run(session.repository)?;
    for problem in &report.problems {
        eprintln!("{problem}");
    }
    let failed = report.failed_checks();
    Ok(Counts { passed: report.checks - failed, failed })
}

pub(super) fn site(session: &Session<'_>) -> Result<Counts> {
    let site = build::site(session.repository, session.packages, Effort::Small)?;
    site.check_budget()?;
    wasm::check_dependencies(session.repository, session.packages)?;
    Ok(Counts { passed: 2, failed: 0 })
}

pub(super) fn clippy_native(session: &Session<'_>) -> Result<Counts> {
    let mut cargo = build::native_cargo(session.repository, "clippy");
    build::select_native(&mut cargo);
    clippy(cargo.arg("--all-targets"))
}

/// With the native target: no other compiler has clippy everywhere, and nothing of ours depends on the target's name.
pub(super) fn clippy_browser(session: &Session<'_>) -> Result<Counts> {
    clippy(build::native_cargo(session.repository, "clippy").args(["--package", "frontend", "--package", "worker"]))
}

pub(super) fn clippy_driver(session: &Session<'_>) -> Result<Counts> {
    clippy(build::native_cargo(session.repository, "clippy").args(["--package", "xtask", "--all-targets"]))
}

fn clippy(cargo: &mut Command) -> Result<Counts> {
    command::run(cargo.args(["--quiet", "--", "--deny", "warnings"])).map(|()| Counts::ONE)
}

pub(super) fn tests_driver(session: &Session<'_>) -> Result<Counts> {
    cargo_test(build::native_cargo(session.repository, "test").args(["--package", "xtask"]))
}

pub(super) fn tests_native(session: &Session<'_>) -> Result<Counts> {
    session.packages.require("the examples of the API's page", EXAMPLE_PACKAGES)?;
    let mut cargo = build::native_cargo(session.repository, "test");
    build::select_native(&mut cargo);
    cargo_test(&mut cargo)
}

/// Runs one test of the server again, which writes what is checked.
pub(super) fn exposition(session: &Session<'_>) -> Result<Counts> {
    exposition::forget(session.repository)?;
    let mut cargo = build::native_cargo(session.repository, "test");
    build::select_native(&mut cargo);
    command::run(cargo.args(["--quiet", "--test", "it", "--", "--exact", exposition::TEST]))?;
    exposition::check(session.repository).map(|()| Counts::ONE)
}

/// The suite that `tests` runs on SQLite, on real servers. The same set of packages, so that nothing is built again.
pub(super) fn store_on_servers(session: &Session<'_>) -> Result<Counts> {
    let databases = Databases::start(session.repository, session.packages)?;
    let mut cargo = build::native_cargo(session.repository, "test");
    build::select_native(&mut cargo);
    cargo.envs(databases.environment()).args(["--quiet", "--no-fail-fast", "--test", "store"]);
    counted(cargo.args(["--", "--skip", "sqlite::"]), counts::of_cargo_line)
}

fn cargo_test(cargo: &mut Command) -> Result<Counts> {
    counted(cargo.args(["--quiet", "--no-fail-fast"]), counts::of_cargo_line)
}

/// Runs with its output shown and its totals added up. An exit code that the totals do not explain is an error.
fn counted(command: &mut Command, read: fn(&str) -> Option<Counts>) -> Result<Counts> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", command::shown(command)))?;
    let output = child.stdout.take().context("the output is piped")?;
    let mut total = Counts::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read the output of the tests")?;
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        total = total + read(&line).unwrap_or_default();
    }
    let status = child.wait().context("cannot wait for the tests")?;
    if !status.success() && total.failed == 0 {
        bail!("`{}` ended with {status}", command::shown(command));
    }
    if total == Counts::default() {
        bail!("`{}` ran no test", command::shown(command));
    }
    Ok(total)
}

pub(super) fn browser(session: &Session<'_>) -> Result<Counts> {
    prepare_playwright(session)?;
    let executable = build::all(session.repository, session.packages, Plan::DEMO)?;
    let log = session.repository.target().join("demo.log");
    // The specs change the simulated world themselves, so that nothing else happens under them.
    let kubeconfigs = tempfile::tempdir().context("cannot make a temporary folder")?;
    let shared = kubeconfigs.path().display().to_string();
    let arguments = ["demo", "--tick-ms", "0", "--kubeconfig-dir", &shared];
    let server = ServerProcess::start(&executable, &arguments, Some(&log))?;
    playwright(session, "playwright.config.ts", &server, ("DEMO_KUBECONFIGS", kubeconfigs.path()))
}

pub(super) fn reliability(session: &Session<'_>) -> Result<Counts> {
    let (passed, failed) = reliability::quick(session.repository, session.packages)?;
    Ok(Counts { passed, failed })
}

pub(super) fn testbed_up(session: &Session<'_>) -> Result<Counts> {
    if let Some(mut build) = session.testbed_build.borrow_mut().take() {
        progress::note(&format!("waiting for the testbed's build, see {}", session.testbed_log.display()));
        let mut last = String::new();
        while build.ended()?.is_none() {
            std::thread::sleep(Duration::from_secs(5));
            let log = std::fs::read_to_string(&session.testbed_log).unwrap_or_default();
            let line = log.lines().rfind(|line| line.starts_with("building ")).unwrap_or_default();
            if line != last {
                progress::note(line);
                line.clone_into(&mut last);
            }
        }
        let status = build.wait()?;
        if !status.success() {
            bail!("the testbed's build ended with {status}, see {}", session.testbed_log.display());
        }
    }
    testbed(session)?.up()?;
    Ok(Counts::ONE)
}

pub(super) fn testbed_facts(session: &Session<'_>) -> Result<Counts> {
    let testbed = testbed(session)?;
    if !testbed.is_up() {
        bail!("the testbed is not up");
    }
    counted(&mut testbed.script("check.sh"), counts::of_script_line)
}

/// What the product relies on, checked on the simulator and on real clusters alike.
pub(super) fn world_facts(session: &Session<'_>) -> Result<Counts> {
    let testbed = testbed(session)?;
    if !testbed.is_up() {
        bail!("the testbed is not up");
    }
    let [a, _] = testbed.kubeconfigs();
    let mut cargo = build::native_cargo(session.repository, "test");
    cargo.env("WORLD_FACTS_KUBECONFIG", a).args(["--package", "simulator", "--test", "world_facts"]);
    cargo_test(&mut cargo)
}

/// The server on the testbed's two clusters, driven by a browser.
pub(super) fn testbed_suite(session: &Session<'_>) -> Result<Counts> {
    let testbed = testbed(session)?;
    if !testbed.is_up() {
        bail!("the testbed is not up");
    }
    prepare_playwright(session)?;
    let executable = build::all(session.repository, session.packages, Plan::DEMO)?;
    let store = tempfile::tempdir().context("cannot make a temporary folder")?;
    let database = format!("sqlite://{}/store.db", store.path().display());
    let [a, b] = testbed.kubeconfigs().map(|kubeconfig| kubeconfig.display().to_string());
    let arguments = ["serve", "--auth", "none", "--allow-loopback-clusters", "--database", &database];
    let arguments = [&arguments[..], &["--kubeconfig", &a, "--kubeconfig", &b]].concat();
    let log = session.repository.target().join("testbed-server.log");
    let server = ServerProcess::start(&executable, &arguments, Some(&log))?;
    let run = session.repository.target().join("testbed-run");
    playwright(session, "playwright.testbed.config.ts", &server, ("TESTBED_RUN", &run))
}

fn testbed(session: &Session<'_>) -> Result<Testbed> {
    Testbed::new(session.repository, session.packages)
}

/// A browser, Node, and the npm packages that the lock file names.
fn prepare_playwright(session: &Session<'_>) -> Result<()> {
    session.packages.require("browser tests", BROWSER_PACKAGES)?;
    let folder = session.repository.path("end2end");
    let lock = folder.join("package-lock.json");
    let digest = digest::of_inputs(&folder, &[folder.join("package.json"), lock], &[])?;
    let stamp = Stamp::at(folder.join("node_modules/.lock-digest"));
    if !stamp.is(&digest) {
        let mut npm = Command::new("npm");
        npm.current_dir(&folder).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        command::run(npm.args(["ci", "--no-audit", "--no-fund"]))?;
        stamp.set(&digest)?;
    }
    Ok(())
}

/// Runs Playwright against a server. The configuration reads `BASE_URL` and `CHROMIUM`; through the folder that `world`
/// names, specs change what the server sees.
fn playwright(session: &Session<'_>, config: &str, server: &ServerProcess, world: (&str, &Path)) -> Result<Counts> {
    let folder = session.repository.path("end2end");
    if !folder.join(config).is_file() {
        bail!("end2end/{config} is not there");
    }
    let chromium = command::on_path(&["chromium"]).context("chromium is not on the path")?;
    let report = session.repository.target().join("playwright.json");
    remove_if_there(&report)?;
    let mut npx = Command::new("npx");
    npx.current_dir(&folder).args(["playwright", "test", "--config", config, "--reporter", "line,json"]);
    npx.env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report).env("BASE_URL", server.address("")).env("CHROMIUM", chromium);
    npx.env(world.0, world.1);
    let status = npx.status().context("cannot start Playwright")?;
    let text =
        std::fs::read_to_string(&report).with_context(|| format!("Playwright ended with {status}, no report"))?;
    let counts = counts::of_playwright(&text)?;
    if counts == Counts::default() || (!status.success() && counts.failed == 0) {
        bail!("Playwright ended with {status} and counted {counts:?}");
    }
    Ok(counts)
}

fn remove_if_there(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}
