//! Programs that the build needs beyond Rust: found where they are, installed where that is possible, asked for where not.
//!
//! As root on a machine with apt, what is missing is announced in one line and installed, unless `--no-install`
//! forbids it. Anywhere else the error says what is missing, what needs it, and the command that installs it.

use std::cell::Cell;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::command;

/// A Debian package, known by something that it brings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Package {
    /// Its name for apt.
    pub(crate) name: &'static str,
    /// Where it shows when it is there.
    pub(crate) shows_as: Sign,
}

/// What a package brings.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sign {
    /// One of these programs on the search path.
    Program(&'static [&'static str]),
    /// A file or folder at this absolute path.
    File(&'static str),
    /// A folder under the first path whose name starts with the second and which holds the third.
    Folder(&'static str, &'static str, &'static str),
}

impl Package {
    /// A package that brings a program of its own name.
    pub(crate) const fn program(name: &'static str, programs: &'static [&'static str]) -> Self {
        Self { name, shows_as: Sign::Program(programs) }
    }

    fn present(&self) -> bool {
        match self.shows_as {
            Sign::Program(programs) => command::on_path(programs).is_some(),
            Sign::File(file) => Path::new(file).exists(),
            Sign::Folder(parent, prefix, inside) => std::fs::read_dir(parent).is_ok_and(|entries| {
                entries.flatten().any(|entry| {
                    entry.file_name().to_string_lossy().starts_with(prefix) && entry.path().join(inside).exists()
                })
            }),
        }
    }
}

/// The machine's packages.
#[derive(Debug)]
pub(crate) struct Packages {
    may_install: bool,
    lists_are_fresh: Cell<bool>,
}

impl Packages {
    /// `may_install` is false under `--no-install`.
    pub(crate) fn new(may_install: bool) -> Self {
        Self { may_install, lists_are_fresh: Cell::new(false) }
    }

    /// Whether this process may install Debian packages at all.
    pub(crate) fn can_install(&self) -> bool {
        self.may_install && command::on_path(&["apt-get"]).is_some() && is_root()
    }

    /// Makes sure that all of `wanted` are there. `purpose` completes "… needs".
    pub(crate) fn require(&self, purpose: &str, wanted: &[Package]) -> Result<()> {
        let missing: Vec<&str> =
            wanted.iter().filter(|package| !package.present()).map(|package| package.name).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names = missing.join(" ");
        if !self.can_install() {
            bail!("{purpose} needs {names}; install with: sudo apt-get install {names}");
        }
        eprintln!("   installing {names} with apt-get: {purpose} needs them");
        if !self.lists_are_fresh.get() {
            command::run(apt().arg("update"))?;
            self.lists_are_fresh.set(true);
        }
        command::run(apt().args(["install", "--yes", "--no-install-recommends"]).args(&missing))
    }
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("-qq").env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn is_root() -> bool {
    command::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_purpose_and_the_command() {
        let wanted = [
            Package::program("dash", &["sh"]),
            Package { name: "some-package", shows_as: Sign::File("/no/such/file") },
            Package::program("other-package", &["no-such-program-here"]),
        ];
        let error = Packages::new(false).require("the moon", &wanted).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the moon needs some-package other-package; \
             install with: sudo apt-get install some-package other-package"
        );
    }

    #[test]
    fn nothing_is_asked_for_when_all_is_there() {
        assert!(Packages::new(false).require("a shell", &[Package::program("dash", &["sh"])]).is_ok());
    }
}
