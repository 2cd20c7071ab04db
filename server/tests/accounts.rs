//! `flux-orchestrator user` and `token` on a database of their own: the way back in for whoever is locked out.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use fleet::access::{Accounts, SignIn, Visitor};
use fleet::clock::Clock;
use fleet::store::{AuditQuery, KeySource, Retention, Store, StoreConfig};
use tempfile::TempDir;

struct Place {
    folder: TempDir,
}

impl Place {
    /// With the first administrator of a new server, whose password nobody remembers.
    async fn locked_out() -> Self {
        let place = Self { folder: TempDir::new().expect("a folder") };
        let store = place.store().await;
        SignIn::new(&store, Clock::system()).ensure_administrator().await.expect("a new database");
        store.close().await.expect("nothing is waiting");
        place
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("flux.db").display())
    }

    async fn store(&self) -> Store {
        let key = KeySource::BesideDatabase;
        let config = StoreConfig { url: self.url(), key, clock: Clock::system(), retention: Retention::default() };
        Store::open(config).await.expect("the key is beside it")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flux-orchestrator"));
        let (first, rest) = words.split_first().expect("a command");
        command.arg(first).args(["--database", &self.url()]).args(rest).env_clear();
        command
    }

    /// Standard output of a command that succeeds.
    fn run(&self, words: &[&str]) -> String {
        let output = self.command(words).output().expect("the binary runs");
        assert!(output.status.success(), "{words:?}: {}", error(&output));
        String::from_utf8(output.stdout).expect("a text")
    }

    /// Standard error of a command that fails.
    fn refused(&self, words: &[&str]) -> String {
        let output = self.command(words).output().expect("the binary runs");
        assert!(!output.status.success(), "{words:?}");
        assert_eq!(output.stdout, b"", "{words:?}");
        error(&output)
    }

    async fn can_sign_in(&self, name: &str, password: &str) -> bool {
        let store = self.store().await;
        let session = SignIn::new(&store, Clock::system()).sign_in(name, password, &Visitor::default()).await;
        store.close().await.expect("nothing is waiting");
        session.is_ok()
    }
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What stands behind the word in a line of its own.
fn told(output: &str, word: &str) -> String {
    let line = output.lines().find_map(|line| line.strip_prefix(word));
    line.unwrap_or_else(|| panic!("no {word:?} in {output}")).to_owned()
}

#[tokio::test]
async fn a_reset_password_lets_the_administrator_in_again() {
    let place = Place::locked_out().await;
    let password = told(&place.run(&["user", "reset-password", "admin"]), "Password: ");
    assert!(place.can_sign_in("admin", &password).await);

    let mut command = place.command(&["user", "reset-password", "admin", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary runs");
    child.stdin.take().expect("piped").write_all(b"correct horse battery\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && !String::from_utf8_lossy(&output.stdout).contains("Password:"));
    assert!(place.can_sign_in("admin", "correct horse battery").await);
}

#[tokio::test]
async fn users_are_added_changed_and_deleted_and_the_last_administrator_stays() {
    let place = Place::locked_out().await;
    let added =
        place.run(&["user", "add", "ada", "--role", "operator", "--clusters", "prod", "--namespaces", "shop,web"]);
    assert!(place.can_sign_in("ada", &told(&added, "Password: ")).await);
    place.run(&["user", "grant", "ada", "--role", "viewer"]);
    assert_eq!(
        place.run(&["user", "list"]),
        "ada\tenabled\toperator in shop, web on prod; viewer\nadmin\tenabled\tadmin\n"
    );
    for words in
        [&["user", "delete", "admin"][..], &["user", "disable", "admin"], &["user", "set-role", "admin", "viewer"]]
    {
        assert!(place.refused(words).contains("last administrator"), "{words:?}");
    }
    place.run(&["user", "set-role", "ada", "admin"]);
    place.run(&["user", "disable", "admin"]);
    assert_eq!(place.run(&["user", "list"]), "ada\tenabled\tadmin\nadmin\tdisabled\tadmin\n");
    place.run(&["user", "enable", "admin"]);
    place.run(&["user", "delete", "ada"]);
    assert!(place.refused(&["user", "reset-password", "ada"]).contains("no user ada"));
}

#[tokio::test]
async fn a_token_is_printed_once_and_works_until_it_is_revoked() {
    let place = Place::locked_out().await;
    let made = place.run(&["token", "create", "admin", "ci", "--role", "viewer", "--days", "1"]);
    let secret = told(&made, "Token: ");
    let works = async || {
        let store = place.store().await;
        let caller = Accounts::new(&store, Clock::system()).caller_of_token(&secret.clone().into(), None).await;
        store.close().await.expect("nothing is waiting");
        caller.expect("the store answers").is_some()
    };
    assert!(works().await);
    let listed = place.run(&["token", "list", "--user", "admin"]);
    assert!(listed.contains("\tadmin\tci\tuntil ") && !listed.contains(&secret), "{listed}");
    let (id, _) = listed.split_once('\t').expect("an id");
    place.run(&["token", "revoke", id]);
    assert!(!works().await);
    assert_eq!(place.run(&["token", "list"]), "");
    assert!(place.refused(&["token", "create", "admin", "ci", "--days", "366"]).contains("366"));
}

#[tokio::test]
async fn what_the_command_line_does_is_on_record_without_secrets() {
    let place = Place::locked_out().await;
    let made = told(&place.run(&["user", "add", "ada", "--role", "viewer"]), "Password: ");
    let secret = told(&place.run(&["token", "create", "ada", "ci"]), "Token: ");
    place.refused(&["user", "delete", "nobody"]);
    let store = place.store().await;
    let trail = store.audit().list(&AuditQuery { limit: 10, ..AuditQuery::default() }).await.expect("readable");
    let text = format!("{trail:?}");
    let words: Vec<_> =
        trail.iter().map(|entry| (entry.action.as_str(), entry.target.as_str(), entry.outcome.word())).collect();
    assert_eq!(
        words,
        [
            ("delete user", "user nobody", "failed"),
            ("create token", "user ada", "succeeded"),
            ("create user", "user ada", "succeeded"),
        ]
    );
    assert!(trail.iter().all(|entry| entry.caller == "(command line)"));
    assert!(!text.contains(&made) && !text.contains(&secret));
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let place = Place { folder: TempDir::new().expect("a folder") };
    assert!(place.refused(&["user", "list"]).contains("--database"));
    assert!(!place.folder.path().join("flux.db").exists());
}
