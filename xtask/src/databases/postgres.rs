//! PostgreSQL: a data folder by `initdb`, and the command line of the server.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};

use super::account::Account;
use super::supervisor::Server;
use super::{PASSWORD, Place, USER};
use crate::command;

/// Where Debian keeps each version.
pub(super) const VERSIONS: &str = "/usr/lib/postgresql";
/// Ends the server without waiting for its clients.
const STOP: &str = "INT";

pub(super) fn server(place: &Place, account: &Account) -> Result<Server> {
    let programs = newest_programs()?;
    let data = place.folder.join("data");
    let password = place.write("password", PASSWORD, account)?;
    let mut initdb = account.command(&programs.join("initdb"), "KILL");
    initdb.current_dir(&place.folder).stdout(Stdio::null()).args(["--username", USER, "--pgdata"]).arg(&data);
    initdb.args(["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync", "--pwfile"]).arg(password);
    command::run(&mut initdb)?;

    let mut postgres = account.command(&programs.join("postgres"), STOP);
    postgres.current_dir(&place.folder).arg("-D").arg(&data);
    let settings = [
        format!("listen_addresses={}", place.address.ip()),
        format!("port={}", place.address.port()),
        "unix_socket_directories=".to_owned(),
        "max_connections=500".to_owned(),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", place.certificate.display()),
        format!("ssl_key_file={}", place.key.display()),
        // A process is killed here, never the machine: what was written is in the page cache.
        "fsync=off".to_owned(),
    ];
    for setting in settings {
        postgres.args(["-c", &setting]);
    }
    Ok(Server { name: "PostgreSQL", command: postgres, address: place.address, log: place.log.clone(), stop: STOP })
}

/// The folder of programs of the highest version.
fn newest_programs() -> Result<PathBuf> {
    let entries = std::fs::read_dir(VERSIONS).with_context(|| format!("cannot list {VERSIONS}"))?;
    let versions = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let programs = |version: u32| Path::new(VERSIONS).join(version.to_string()).join("bin");
    versions
        .filter(|version| programs(*version).join("postgres").is_file())
        .max()
        .map(programs)
        .with_context(|| format!("there is no server below {VERSIONS}"))
}
