//! Whose processes the database servers are: our own, or, since they refuse to be root, an unprivileged account.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command;

/// The account without any rights that every system has.
const UNPRIVILEGED: &str = "nobody";

/// Who runs the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// Whoever runs the tests.
    Own,
    /// User and group by number, because we are root.
    Other { user: u32, group: u32 },
}

impl Account {
    pub(super) fn for_servers() -> Result<Self> {
        if id(&["-u"])? != 0 {
            return Ok(Self::Own);
        }
        Ok(Self::Other { user: id(&["-u", UNPRIVILEGED])?, group: id(&["-g", UNPRIVILEGED])? })
    }

    /// A program of this account. It gets `signal` when the thread that started it ends, however that ends.
    pub(super) fn command(&self, program: &Path, signal: &str) -> Command {
        let mut command = Command::new("setpriv");
        if let Self::Other { user, group } = self {
            command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
        }
        command.args(["--pdeathsig", signal, "--"]).arg(program);
        command
    }

    /// Gives a file or folder to this account.
    pub(super) fn own(&self, path: &Path) -> Result<()> {
        match *self {
            Self::Own => Ok(()),
            Self::Other { user, group } => std::os::unix::fs::chown(path, Some(user), Some(group))
                .with_context(|| format!("cannot give {} to {UNPRIVILEGED}", path.display())),
        }
    }

    /// Whether this account can get to a folder: each one on the way lets others through.
    pub(super) fn reaches(&self, folder: &Path) -> bool {
        const OTHERS_PASS: u32 = 0o001;
        let passes = |folder: &Path| folder.metadata().is_ok_and(|folder| folder.mode() & OTHERS_PASS != 0);
        *self == Self::Own || folder.ancestors().all(passes)
    }
}

fn id(arguments: &[&str]) -> Result<u32> {
    let text = command::capture(Command::new("id").args(arguments))?;
    text.trim().parse().with_context(|| format!("`id` says {text:?}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_below_a_closed_one_is_out_of_reach_of_others_only() {
        let closed = tempfile::tempdir().unwrap();
        std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let inside = closed.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        let other = Account::Other { user: 65_534, group: 65_534 };
        assert!(!other.reaches(&inside));
        assert!(Account::Own.reaches(&inside));
        assert!(other.reaches(Path::new("/usr/bin")));
    }
}
