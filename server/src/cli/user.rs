//! `user`: the users, directly in the database. The way back in for whoever has locked everybody out.
//!
//! Every change is in the audit trail as one of the command line. A password that is made here is printed once.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::access::user::{ChangeUser, NewUser, UserView};
use domain::access::{Grant, Role, Verb};
use domain::object::ClusterId;
use fleet::access::{Accounts, Caller, authorize_account};
use fleet::audit::Audit;
use fleet::clock::Clock;
use fleet::store::{Retention, Store};

use super::StoreOptions;

#[derive(Clone, Debug, Args)]
pub struct UserOptions {
    #[command(flatten)]
    pub store: StoreOptions,
    #[command(subcommand)]
    pub command: UserCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum UserCommand {
    /// All users with their grants.
    List,
    /// Add a user. Without --password-stdin a password is made and printed once.
    Add {
        name: String,
        #[command(flatten)]
        grant: GrantOptions,
        #[command(flatten)]
        password: PasswordOptions,
    },
    /// Put one grant, the role everywhere, in place of all grants of a user.
    SetRole {
        name: String,
        #[arg(value_parser = role)]
        role: Role,
    },
    /// Add a grant to those that a user has.
    Grant {
        name: String,
        #[command(flatten)]
        grant: GrantOptions,
    },
    /// Set a password and end all sessions of the user. Without --password-stdin it is made and printed once.
    ResetPassword {
        name: String,
        #[command(flatten)]
        password: PasswordOptions,
    },
    /// Sign a user out everywhere and let them in no more; their API tokens are dead.
    Disable { name: String },
    /// Let a disabled user in again.
    Enable { name: String },
    /// Delete a user with sessions and API tokens.
    Delete { name: String },
}

/// One grant.
#[derive(Clone, Debug, Args)]
pub struct GrantOptions {
    #[arg(long, value_parser = role)]
    pub role: Role,
    /// Ids of clusters, comma-separated; all of them if it is not given.
    #[arg(long, value_delimiter = ',')]
    pub clusters: Option<Vec<String>>,
    /// Names of namespaces, comma-separated; all of them if it is not given.
    #[arg(long, value_delimiter = ',')]
    pub namespaces: Option<Vec<String>>,
    /// Of the role only these verbs, comma-separated.
    #[arg(long, value_delimiter = ',', value_parser = verb)]
    pub verbs: Option<Vec<Verb>>,
}

impl GrantOptions {
    #[must_use]
    pub fn grant(&self) -> Grant {
        Grant {
            role: self.role,
            clusters: self.clusters.clone().map(|ids| ids.into_iter().map(ClusterId).collect()),
            namespaces: self.namespaces.clone(),
            verbs: self.verbs.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, Args)]
pub struct PasswordOptions {
    /// Read the password from standard input.
    #[arg(long)]
    pub password_stdin: bool,
}

impl PasswordOptions {
    fn read(self) -> anyhow::Result<Option<String>> {
        if !self.password_stdin {
            return Ok(None);
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read the password from standard input")?;
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

pub(super) fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| format!("one of {}", Role::ALL.map(Role::word).join(", ")))
}

pub(super) fn verb(word: &str) -> Result<Verb, String> {
    Verb::parse(word).ok_or_else(|| format!("one of {}", Verb::ALL.map(Verb::word).join(", ")))
}

/// The users of a database, with the trail of what is done to them.
pub(super) struct Directory {
    store: Store,
    pub(super) accounts: Accounts,
    audit: Audit,
}

impl Directory {
    pub(super) async fn open(options: &StoreOptions) -> anyhow::Result<Self> {
        if !Store::is_there(&options.place.database)? {
            bail!("there is no database at this place; name the one of the server with --database");
        }
        let clock = Clock::system();
        let store = Store::open(options.config(clock.clone(), Retention::default())).await?;
        let accounts = Accounts::new(&store, clock.clone());
        Ok(Self { audit: Audit::new(store.clone(), clock), store, accounts })
    }

    /// Does a piece of work on an account, with its rows in the audit trail.
    pub(super) async fn change<T, E: std::error::Error + Send + Sync + 'static>(
        &self,
        user: &str,
        action: &str,
        detail: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> anyhow::Result<T> {
        let authorized = authorize_account(&Caller::command_line(), user)?;
        Ok(self.audit.run(&authorized, action, detail, work).await?)
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        Ok(self.store.close().await?)
    }
}

impl UserOptions {
    /// # Errors
    /// When the database cannot be opened, or the change is one that cannot be.
    pub async fn run(&self) -> anyhow::Result<()> {
        let directory = Directory::open(&self.store).await?;
        let outcome = self.command.run(&directory).await;
        directory.close().await?;
        outcome
    }
}

impl UserCommand {
    #[expect(clippy::print_stdout, reason = "what was done is the answer of this command")]
    async fn run(&self, directory: &Directory) -> anyhow::Result<()> {
        let accounts = &directory.accounts;
        match self {
            Self::List => {
                for user in accounts.list().await? {
                    println!("{}", line(&user));
                }
            }
            Self::Add { name, grant, password } => {
                let grants = vec![grant.grant()];
                let detail = in_words(&grants);
                let user = NewUser { name: name.clone(), grants, password: password.read()? };
                let created = directory.change(name, "create user", &detail, accounts.create(user)).await?;
                println!("{}", line(&created.user));
                tell(created.password);
            }
            Self::SetRole { name, role } => set_grants(directory, name, vec![Grant::everywhere(*role)]).await?,
            Self::Grant { name, grant } => {
                let mut grants = accounts.get(name).await?.grants;
                grants.push(grant.grant());
                set_grants(directory, name, grants).await?;
            }
            Self::ResetPassword { name, password } => {
                let work = accounts.reset_password(name, password.read()?);
                let made = directory.change(name, "reset password", "", work).await?;
                println!("{name} has a new password and is signed in nowhere.");
                tell(made);
            }
            Self::Disable { name } => set_disabled(directory, name, true).await?,
            Self::Enable { name } => set_disabled(directory, name, false).await?,
            Self::Delete { name } => {
                directory.change(name, "delete user", "", accounts.delete(name)).await?;
                println!("{name} is deleted.");
            }
        }
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "what was done is the answer of this command")]
async fn set_grants(directory: &Directory, name: &str, grants: Vec<Grant>) -> anyhow::Result<()> {
    let detail = format!("grants {}", in_words(&grants));
    let change = ChangeUser { grants: Some(grants), disabled: None };
    let user = directory.change(name, "change user", &detail, directory.accounts.change(name, change)).await?;
    println!("{}", line(&user));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what was done is the answer of this command")]
async fn set_disabled(directory: &Directory, name: &str, disabled: bool) -> anyhow::Result<()> {
    let detail = if disabled { "disabled" } else { "enabled" };
    let change = ChangeUser { grants: None, disabled: Some(disabled) };
    let user = directory.change(name, "change user", detail, directory.accounts.change(name, change)).await?;
    println!("{}", line(&user));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a password that was made is told here and nowhere else")]
fn tell(password: Option<String>) {
    if let Some(password) = password {
        println!("Password: {password}");
    }
}

pub(super) fn in_words(grants: &[Grant]) -> String {
    match grants {
        [] => "none".to_owned(),
        grants => grants.iter().map(Grant::to_string).collect::<Vec<_>>().join("; "),
    }
}

/// `ada  enabled  operator in shop on prod; viewer`.
fn line(user: &UserView) -> String {
    let state = if user.disabled { "disabled" } else { "enabled" };
    format!("{}\t{state}\t{}", user.name, in_words(&user.grants))
}
