//! Local users as administrators see and change them. Passwords go in, and out once where the server made them.

use serde::{Deserialize, Serialize};

use super::Grant;

/// Longest name of a user, in characters.
pub const NAME_LENGTH: usize = 64;
/// Shortest password that a person may choose, in characters.
pub const PASSWORD_LENGTH: usize = 12;
/// Longest password, in bytes.
pub const PASSWORD_LIMIT: usize = 1024;

/// What a name has to be, for screens.
pub const NAME_RULE: &str =
    "A name has 1 to 64 lower-case letters, digits and . _ - @, and begins with a letter or digit.";
/// What a password has to be, for screens.
pub const PASSWORD_RULE: &str = "A password has at least 12 characters.";

/// Whether somebody can have this name. Lower case only, so that no two names look alike.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=NAME_LENGTH).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.bytes().all(|byte| plain(byte) || b"._-@".contains(&byte))
}

/// Whether a person may choose this password.
#[must_use]
pub fn is_password(password: &str) -> bool {
    password.len() <= PASSWORD_LIMIT && password.chars().count() >= PASSWORD_LENGTH
}

/// A user. Times are milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserView {
    pub name: String,
    pub grants: Vec<Grant>,
    /// Cannot sign in; sessions are ended, and tokens are dead.
    pub disabled: bool,
    pub created_at: i64,
    pub last_sign_in: Option<i64>,
}

/// `POST /api/v1/users`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewUser {
    pub name: String,
    pub grants: Vec<Grant>,
    /// Absent: the server makes one and says it once.
    #[serde(default)]
    pub password: Option<String>,
}

/// The new user, with the password where the server made it. It is kept nowhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedUser {
    pub user: UserView,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// `PUT /api/v1/users/{name}`; an absent field stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ChangeUser {
    pub grants: Option<Vec<Grant>>,
    pub disabled: Option<bool>,
}

/// `POST /api/v1/users/{name}/password`: an administrator sets it; all sessions of the user end.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ResetPassword {
    /// Absent: the server makes one and says it once.
    pub password: Option<String>,
}

/// The answer to [`ResetPassword`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPassword {
    /// Where the server made it; kept nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// `POST /api/v1/account/password`: one's own; all other sessions end.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    pub current: String,
    pub new: String,
}

macro_rules! debug_without_passwords {
    ($($type:ident),*) => {$(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    )*};
}
debug_without_passwords!(NewUser, CreatedUser, ResetPassword, NewPassword, ChangePassword);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_short() {
        for name in ["ada", "ada.lovelace", "ci-bot", "ada@example.org", "7of9"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "Ada", "-ada", "ad a", "ada\n", "адa", &"a".repeat(65)] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        assert!(is_password("twelve chars"));
        assert!(is_password("пароль12345б"));
        assert!(!is_password("eleven char"));
        assert!(!is_password(&"x".repeat(1025)));
    }

    #[test]
    fn a_password_is_in_no_debug_text() {
        let user = NewUser { name: "ada".to_owned(), grants: Vec::new(), password: Some("hunter2hunter2".to_owned()) };
        assert!(!format!("{user:?}").contains("hunter2"));
    }
}
