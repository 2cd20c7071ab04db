//! The person or program behind a request.

use std::net::IpAddr;

use domain::access::{Grant, Role, Viewer};

/// Who is calling, with the grants of this moment, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub name: String,
    pub grants: Vec<Grant>,
    /// Address of the peer, where the listener knows it.
    pub remote: Option<IpAddr>,
    /// `false` where the server runs without sign-in.
    pub signed_in: bool,
}

impl Caller {
    /// Everybody, on a server without sign-in (`--auth none`).
    #[must_use]
    pub fn unauthenticated_admin() -> Self {
        Self {
            name: "anonymous".to_owned(),
            grants: vec![Grant::everywhere(Role::Admin)],
            remote: None,
            signed_in: false,
        }
    }

    /// The caller as the interface knows them.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        Viewer { name: self.name.clone(), grants: self.grants.clone(), signed_in: self.signed_in }
    }
}
