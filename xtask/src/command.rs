//! Running other programs: one way to run, to capture, to limit in time and to find on the path.
//!
//! An error names the command as it was run. Nothing here decides what to run or why.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The command line as a person would type it, without its environment.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs to the end with this process's own input and output; a non-zero exit is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs to the end and returns what it wrote to standard output; a non-zero exit is an error that carries standard error.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}: {}", shown(command), output.status, errors.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote something that is not UTF-8", shown(command)))
}

/// Runs quietly; `None` when it had not ended after `limit` and was killed.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<Option<ExitStatus>> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut group = Group::start(command)?;
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = group.ended()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(None)
}

/// The first of these programs that the search path holds.
pub(crate) fn on_path(programs: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    programs.iter().find_map(|program| {
        std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|file| file.is_file())
    })
}

/// Removes what an outer `cargo run` leaves in the environment, so that a nested cargo chooses for itself:
/// the toolchain, the target folder, profiles and flags.
pub(crate) fn without_cargo(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let home = text == "CARGO_HOME" || text.starts_with("CARGO_REGISTRIES_") || text.starts_with("CARGO_HTTP_");
        if !home && (text.starts_with("CARGO") || text.starts_with("RUSTC") || text == "RUSTUP_TOOLCHAIN") {
            command.env_remove(&name);
        }
    }
    command
}

/// A running program together with everything that it starts. Dropping it ends them all.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
}

impl Group {
    /// Starts the command as the leader of a process group of its own.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let child = command.process_group(0).spawn().with_context(|| format!("cannot start `{}`", shown(command)))?;
        Ok(Self { child })
    }

    /// How the leader ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot ask for the state of a program that we started")
    }

    /// Waits for the leader's end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().context("cannot wait for a program that we started")
    }

    /// Sends a signal to the whole group. A group that is gone already is no error.
    fn signal(&self, name: &str) {
        let group = format!("-{}", self.child.id());
        let _gone = Command::new("kill").args(["-s", name, "--", &group]).stderr(Stdio::null()).status();
    }

    /// Asks the group to end, waits up to `grace`, then ends it by force.
    pub(crate) fn stop(&mut self, grace: Duration) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        self.signal("TERM");
        let deadline = Instant::now() + grace;
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.signal("KILL");
        let _reaped = self.child.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_named_in_the_error() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` ended with exit status: 3");
    }

    #[test]
    fn a_command_over_its_limit_is_killed() {
        let status = run_within(Command::new("sleep").arg("30"), Duration::from_millis(100)).unwrap();
        assert_eq!(status, None);
    }

    #[test]
    fn programs_are_found_in_the_order_asked_for() {
        assert!(on_path(&["no-such-program-here", "sh"]).is_some_and(|file| file.ends_with("sh")));
        assert_eq!(on_path(&["no-such-program-here"]), None);
    }
}
