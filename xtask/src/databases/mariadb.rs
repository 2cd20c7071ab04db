//! MariaDB: a data folder by its own bootstrap, and the command line of the server.
//!
//! `mariadb-install-db` is not used: it needs a program of the client package and does nothing else than this.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use super::account::Account;
use super::supervisor::Server;
use super::{PASSWORD, Place, USER};
use crate::command;

pub(super) const PROGRAM: &str = "/usr/sbin/mariadbd";
/// Where the statements that make the system tables are, and how their files begin, by version.
const STATEMENTS: &[(&str, &str)] = &[("/usr/share/mariadb", "mariadb"), ("/usr/share/mysql", "mysql")];
const STOP: &str = "TERM";
/// As for PostgreSQL: a process is killed here, never the machine.
const NO_SYNC: &str = "--innodb-flush-method=nosync";

pub(super) fn server(place: &Place, account: &Account) -> Result<Server> {
    let data = place.folder.join("data");
    std::fs::create_dir(&data).context("cannot make the data folder of MariaDB")?;
    account.own(&data)?;
    let data = format!("--datadir={}", data.display());
    let statements = place.write("bootstrap.sql", &bootstrap()?, account)?;
    let input = std::fs::File::open(&statements).context("cannot read the statements for MariaDB")?;
    let mut bootstrap = account.command(Path::new(PROGRAM), "KILL");
    bootstrap.current_dir(&place.folder).args(["--no-defaults", "--bootstrap", &data, NO_SYNC]);
    bootstrap.stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
    command::run(&mut bootstrap)?;

    let user = format!(
        "CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
         GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
    );
    let user = place.write("user.sql", &user, account)?;
    let mut mariadb = account.command(Path::new(PROGRAM), STOP);
    mariadb.current_dir(&place.folder).args(["--no-defaults", "--skip-name-resolve", "--max-connections=500", NO_SYNC]);
    mariadb.args([data, format!("--bind-address={}", place.address.ip()), format!("--port={}", place.address.port())]);
    // Relative to the data folder, because paths of sockets are short; nobody uses it.
    mariadb.arg("--socket=mariadb.sock");
    let files = [("pid-file", place.folder.join("pid")), ("init-file", user)];
    let files = files.into_iter().chain([("ssl-cert", place.certificate.clone()), ("ssl-key", place.key.clone())]);
    for (option, file) in files {
        mariadb.arg(format!("--{option}={}", file.display()));
    }
    Ok(Server { name: "MariaDB", command: mariadb, address: place.address, log: place.log.clone(), stop: STOP })
}

/// One statement ends with each line that ends with a semicolon.
fn bootstrap() -> Result<String> {
    let mut statements = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n".to_owned();
    let Some((folder, prefix)) = STATEMENTS
        .iter()
        .find(|(folder, prefix)| Path::new(folder).join(format!("{prefix}_system_tables.sql")).exists())
    else {
        bail!("MariaDB's statements for its system tables are not where Debian has them");
    };
    for part in ["system_tables", "performance_tables", "system_tables_data"] {
        let file = Path::new(folder).join(format!("{prefix}_{part}.sql"));
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        statements.push_str(&text);
        statements.push('\n');
    }
    Ok(statements)
}
