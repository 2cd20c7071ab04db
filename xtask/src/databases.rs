//! PostgreSQL and MariaDB for the tests of the store: installed where missing, started for one run, stopped after it.
//!
//! Each server has its own data folder below `target/databases`, a free port on 127.0.0.1 and a certificate that is made
//! for the run. Nothing that the system itself runs is started, stopped or written to. A server that is killed is
//! started again: the tests kill it. Leftovers of a run that was killed are removed by the next one.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use self::account::Account;
use self::certificates::Authority;
use self::supervisor::{Server, Supervisor};
use crate::packages::{Package, Packages, Sign};
use crate::progress;
use crate::repository::Repository;
use crate::server_process::free_address;

mod account;
mod certificates;
mod mariadb;
mod policy;
mod postgres;
mod supervisor;

/// The server packages, without those that would also set up a service where there is a choice.
const PACKAGES: &[Package] = &[
    Package { name: "postgresql", shows_as: Sign::Folder(postgres::VERSIONS, "", "bin/postgres") },
    Package { name: "mariadb-server-core", shows_as: Sign::File(mariadb::PROGRAM) },
    Package::program("util-linux", &["setpriv"]),
];

/// The administrator of both servers.
const USER: &str = "flux";
const PASSWORD: &str = "not-a-secret";

/// Both servers, running. Dropping the value stops them and removes their data.
#[derive(Debug)]
pub(crate) struct Databases {
    postgres: Supervisor,
    mariadb: Supervisor,
    authority: PathBuf,
    other_authority: PathBuf,
    _run: RunFolder,
}

impl Databases {
    /// Installs what is missing, makes new data folders and starts the servers.
    pub(crate) fn start(repository: &Repository, packages: &Packages) -> Result<Self> {
        policy::without_services(|| packages.require("the tests of the store", PACKAGES))?;
        let account = Account::for_servers()?;
        let run = RunFolder::make(repository, &account)?;
        let (authority, other) = (Authority::new("the store's authority")?, Authority::new("another authority")?);
        let authority_file = run.write("authority.pem", &authority.pem())?;
        let other_authority = run.write("other-authority.pem", &other.pem())?;
        let start = |name: &'static str, make: MakeServer| {
            progress::step(name, || {
                let place = Place::new(&run, name, &account, &authority)?;
                Supervisor::start(make(&place, &account)?)
            })
        };
        let postgres = start("postgresql", postgres::server)?;
        let mariadb = start("mariadb", mariadb::server)?;
        Ok(Self { postgres, mariadb, authority: authority_file, other_authority, _run: run })
    }

    /// What the tests read.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        let url = |scheme: &str, server: &Supervisor, database: &str| {
            format!("{scheme}://{USER}:{PASSWORD}@{}/{database}", server.address())
        };
        [
            ("STORE_POSTGRES_URL", url("postgres", &self.postgres, "postgres")),
            ("STORE_MARIADB_URL", url("mysql", &self.mariadb, "mysql")),
            ("STORE_CA", self.authority.display().to_string()),
            ("STORE_OTHER_CA", self.other_authority.display().to_string()),
        ]
    }
}

type MakeServer = fn(&Place, &Account) -> Result<Server>;

/// Where one server keeps what it has, and where it listens.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    log: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    address: std::net::SocketAddr,
}

impl Place {
    fn new(run: &RunFolder, name: &str, account: &Account, authority: &Authority) -> Result<Self> {
        let folder = run.path.join(name);
        std::fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (certificate, key) = authority.issue("localhost")?;
        let (certificate_file, key_file) = (folder.join("server.pem"), folder.join("server.key"));
        std::fs::write(&certificate_file, certificate).context("cannot write a certificate")?;
        std::fs::write(&key_file, key).context("cannot write a key")?;
        // PostgreSQL refuses a key that others may read.
        std::fs::set_permissions(&key_file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .context("cannot protect a key")?;
        for path in [&folder, &certificate_file, &key_file] {
            account.own(path)?;
        }
        let log = run.path.join(format!("{name}.log"));
        Ok(Self { folder, log, certificate: certificate_file, key: key_file, address: free_address(0)? })
    }

    /// A file that the server reads.
    fn write(&self, name: &str, text: &str, account: &Account) -> Result<PathBuf> {
        let file = self.folder.join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        account.own(&file)?;
        Ok(file)
    }
}

/// The folder of one run, named after the process; gone with the value.
#[derive(Debug)]
struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Below `target`, or, where the servers' account cannot get there, below the system's temporary folder.
    fn make(repository: &Repository, account: &Account) -> Result<Self> {
        let mut parent = repository.target().join("databases");
        if !account.reaches(&repository.target()) {
            parent = std::env::temp_dir().join("flux-orchestrator-databases");
        }
        std::fs::create_dir_all(&parent).with_context(|| format!("cannot make {}", parent.display()))?;
        remove_leftovers(&parent)?;
        let path = parent.join(std::process::id().to_string());
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path })
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let file = self.path.join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            progress::note(&format!("{} is left over: {error}", self.path.display()));
        }
    }
}

/// Folders of processes that are no more; their servers ended with them.
fn remove_leftovers(parent: &Path) -> Result<()> {
    for entry in std::fs::read_dir(parent).with_context(|| format!("cannot list {}", parent.display()))? {
        let path = entry.context("cannot list the folders of earlier runs")?.path();
        let process = path.file_name().map(|name| Path::new("/proc").join(name));
        if !process.is_some_and(|process| process.exists()) {
            std::fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_processes_that_are_gone_are_removed_and_others_stay() {
        let parent = tempfile::tempdir().unwrap();
        let own = parent.path().join(std::process::id().to_string());
        // More than any process id.
        let gone = parent.path().join("99999999");
        for folder in [&own, &gone] {
            std::fs::create_dir(folder).unwrap();
        }
        remove_leftovers(parent.path()).unwrap();
        assert!(own.exists());
        assert!(!gone.exists());
    }
}
