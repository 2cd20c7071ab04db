//! `token`: API tokens, directly in the database. The text of a new one is printed once.

use clap::{Args, Subcommand};
use domain::access::token::{NewToken, TOKEN_DAYS, TOKEN_DAYS_LIMIT, TokenView};
use domain::access::{Grant, Role, Verb};
use domain::object::ClusterId;

use super::StoreOptions;
use super::user::{Directory, in_words, role, verb};

#[derive(Clone, Debug, Args)]
pub struct TokenOptions {
    #[command(flatten)]
    pub store: StoreOptions,
    #[command(subcommand)]
    pub command: TokenCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Tokens of one user or of everybody, newest first.
    List {
        #[arg(long)]
        user: Option<String>,
    },
    /// Make a token of a user and print it once. Without --role it may do what the user may.
    Create {
        user: String,
        /// What the token is for.
        name: String,
        /// Days until it ends.
        #[arg(long, default_value_t = TOKEN_DAYS, value_parser = clap::value_parser!(u32).range(1..=i64::from(TOKEN_DAYS_LIMIT)))]
        days: u32,
        /// No more than this role.
        #[arg(long, value_parser = role)]
        role: Option<Role>,
        /// Only on these clusters, comma-separated ids.
        #[arg(long, value_delimiter = ',', requires = "role")]
        clusters: Option<Vec<String>>,
        /// Only in these namespaces, comma-separated.
        #[arg(long, value_delimiter = ',', requires = "role")]
        namespaces: Option<Vec<String>>,
        /// Of the role only these verbs, comma-separated.
        #[arg(long, value_delimiter = ',', value_parser = verb, requires = "role")]
        verbs: Option<Vec<Verb>>,
    },
    /// End a token by its id.
    Revoke { id: String },
}

impl TokenOptions {
    /// # Errors
    /// When the database cannot be opened, or the change is one that cannot be.
    pub async fn run(&self) -> anyhow::Result<()> {
        let directory = Directory::open(&self.store).await?;
        let outcome = self.command.run(&directory).await;
        directory.close().await?;
        outcome
    }
}

impl TokenCommand {
    #[expect(clippy::print_stdout, reason = "what was done is the answer of this command")]
    async fn run(&self, directory: &Directory) -> anyhow::Result<()> {
        let accounts = &directory.accounts;
        match self {
            Self::List { user } => {
                for token in accounts.tokens(user.as_deref()).await? {
                    println!("{}", line(&token));
                }
            }
            Self::Create { user, name, days, role, clusters, namespaces, verbs } => {
                let scopes = role.map(|role| {
                    let clusters = clusters.clone().map(|ids| ids.into_iter().map(ClusterId).collect());
                    vec![Grant { role, clusters, namespaces: namespaces.clone(), verbs: verbs.clone() }]
                });
                let detail = format!("{name:?} for {days} days");
                let token = NewToken { name: name.clone(), scopes, expires_in_days: *days };
                let work = accounts.create_token(user, token);
                let created = directory.change(user, "create token", &detail, work).await?;
                println!("{}", line(&created.token));
                println!("Token: {}", created.secret);
            }
            Self::Revoke { id } => {
                let token = accounts.token(id).await?;
                let work = accounts.revoke_token(None, id);
                directory.change(&token.owner, "revoke token", id, work).await?;
                println!("{} of {} is dead.", token.name, token.owner);
            }
        }
        Ok(())
    }
}

/// `ID  ada  ci  2026-03-01  viewer on prod`.
fn line(token: &TokenView) -> String {
    let ends = jiff::Timestamp::from_millisecond(token.expires_at).map(|at| at.strftime("%Y-%m-%d").to_string());
    let ends = ends.unwrap_or_default();
    format!("{}\t{}\t{}\tuntil {ends}\t{}", token.id, token.owner, token.name, in_words(&token.scopes))
}
