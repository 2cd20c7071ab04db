//! What can be done at all, and which role does it.

use serde::{Deserialize, Serialize};

/// What somebody wants to do. Each route, server function and socket topic has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// See clusters and objects.
    View,
    /// See the masked diff of an object.
    Diff,
    /// Read container logs.
    Logs,
    /// Ask Flux to reconcile, also with force or reset.
    Reconcile,
    /// Suspend and resume.
    Suspend,
    /// Run the full resync of a cluster.
    Sync,
    /// Register, change and remove clusters.
    ManageClusters,
    /// One's own password, sessions and API tokens.
    ManageAccount,
    /// Create, change and delete users, and end anybody's sessions and tokens. As strong as everything together.
    ManageUsers,
    /// Read the audit trail.
    ViewAudit,
}

impl Verb {
    pub const ALL: [Self; 10] = [
        Self::View,
        Self::Diff,
        Self::Logs,
        Self::Reconcile,
        Self::Suspend,
        Self::Sync,
        Self::ManageClusters,
        Self::ManageAccount,
        Self::ManageUsers,
        Self::ViewAudit,
    ];

    /// As JSON, the audit trail and the command line write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Diff => "diff",
            Self::Logs => "logs",
            Self::Reconcile => "reconcile",
            Self::Suspend => "suspend",
            Self::Sync => "sync",
            Self::ManageClusters => "manage_clusters",
            Self::ManageAccount => "manage_account",
            Self::ManageUsers => "manage_users",
            Self::ViewAudit => "view_audit",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.word() == word)
    }

    /// The word of a refusal: "you may not <phrase>".
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::View => "view this",
            Self::Diff => "view diffs here",
            Self::Logs => "read logs here",
            Self::Reconcile => "reconcile here",
            Self::Suspend => "suspend or resume here",
            Self::Sync => "sync this cluster",
            Self::ManageClusters => "manage clusters",
            Self::ManageAccount => "manage an account",
            Self::ManageUsers => "manage users",
            Self::ViewAudit => "read the audit trail",
        }
    }

    /// Whether it changes something: an attempt that is refused is put on record.
    #[must_use]
    pub fn changes(self) -> bool {
        match self {
            Self::View | Self::Diff | Self::Logs | Self::ViewAudit => false,
            Self::Reconcile
            | Self::Suspend
            | Self::Sync
            | Self::ManageClusters
            | Self::ManageAccount
            | Self::ManageUsers => true,
        }
    }

    /// Whether only a person who signed in may: a token that could make tokens would outlive its own end.
    #[must_use]
    pub fn takes_session(self) -> bool {
        self == Self::ManageAccount
    }

    /// The least role that allows it.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::View | Self::Diff | Self::Logs | Self::ManageAccount => Role::Viewer,
            Self::Reconcile | Self::Suspend | Self::Sync => Role::Operator,
            Self::ManageClusters | Self::ManageUsers | Self::ViewAudit => Role::Admin,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Operator,
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    #[must_use]
    pub fn allows(self, verb: Verb) -> bool {
        self >= verb.role()
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_json_says() {
        for verb in Verb::ALL {
            assert_eq!(serde_json::to_value(verb).unwrap(), verb.word());
            assert_eq!(Verb::parse(verb.word()), Some(verb));
        }
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
            assert_eq!(Role::parse(role.word()), Some(role));
        }
        assert_eq!(Verb::parse("View"), None);
    }

    #[test]
    fn a_viewer_changes_nothing_but_the_own_account() {
        let changing: Vec<Verb> =
            Verb::ALL.into_iter().filter(|&verb| verb.changes() && Role::Viewer.allows(verb)).collect();
        assert_eq!(changing, [Verb::ManageAccount]);
    }
}
