//! The person or program behind a request.

use std::net::IpAddr;

use domain::access::{Grant, Role, Viewer};

/// Who is calling, with the grants of this moment, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub name: String,
    /// What the caller may do now; of an API token what it and its owner both may.
    pub grants: Vec<Grant>,
    /// Address of the peer, where the listener knows it.
    pub remote: Option<IpAddr>,
    /// Id of the request, for the audit trail.
    pub request_id: Option<String>,
    /// `false` where the server runs without sign-in.
    pub signed_in: bool,
    pub credential: Credential,
}

/// What the caller showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: a server without sign-in, or its command line.
    None,
    /// The cookie of a session.
    Session { id: String },
    /// An API token, which opens no page and never manages its owner's account.
    Token { id: String, name: String },
}

impl Caller {
    /// Somebody with these grants, and nothing else known of them.
    #[must_use]
    pub fn named(name: &str, grants: Vec<Grant>) -> Self {
        Self {
            name: name.to_owned(),
            grants,
            remote: None,
            request_id: None,
            signed_in: true,
            credential: Credential::None,
        }
    }

    /// Everybody, on a server without sign-in (`--auth none`).
    #[must_use]
    pub fn unauthenticated_admin() -> Self {
        Self { signed_in: false, ..Self::named("anonymous", vec![Grant::everywhere(Role::Admin)]) }
    }

    /// Whoever can read and write the database from the command line.
    #[must_use]
    pub fn command_line() -> Self {
        Self::named("(command line)", vec![Grant::everywhere(Role::Admin)])
    }

    /// The caller as the interface knows them.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        Viewer { name: self.name.clone(), grants: self.grants.clone(), signed_in: self.signed_in }
    }

    /// Name of the API token, if the caller came through one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match &self.credential {
            Credential::Token { name, .. } => Some(name),
            Credential::None | Credential::Session { .. } => None,
        }
    }

    /// Id of the caller's session, if there is one.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        match &self.credential {
            Credential::Session { id } => Some(id),
            Credential::None | Credential::Token { .. } => None,
        }
    }
}
