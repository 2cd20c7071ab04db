//! Server functions about people: the own account, users, tokens, sessions, the audit trail.
//!
//! What changes something takes a form, so that it works without scripts.

use domain::access::Verb;
use domain::access::audit::{AuditPage, AuditQuery};
use domain::access::session::SessionView;
use domain::access::token::{CreatedToken, TokenView};
use domain::access::user::{CreatedUser, NewPassword, UserView};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use super::GrantField;
use crate::Failure;

/// These server functions with what their caller needs; a part of the permission matrix.
pub const SERVER_FUNCTIONS: &[(&str, Verb)] = &[
    ("change_password", Verb::ManageAccount),
    ("own_sessions", Verb::ManageAccount),
    ("end_own_session", Verb::ManageAccount),
    ("end_other_sessions", Verb::ManageAccount),
    ("own_tokens", Verb::ManageAccount),
    ("create_token", Verb::ManageAccount),
    ("revoke_own_token", Verb::ManageAccount),
    ("users", Verb::ManageUsers),
    ("user", Verb::ManageUsers),
    ("create_user", Verb::ManageUsers),
    ("change_user", Verb::ManageUsers),
    ("reset_password", Verb::ManageUsers),
    ("delete_user", Verb::ManageUsers),
    ("sessions_of_user", Verb::ManageUsers),
    ("end_session", Verb::ManageUsers),
    ("end_sessions", Verb::ManageUsers),
    ("tokens_of_user", Verb::ManageUsers),
    ("revoke_token", Verb::ManageUsers),
    ("audit", Verb::ViewAudit),
];

/// One's own password; all other sessions of the person end.
#[server(prefix = "/_fn", endpoint = "change_password")]
pub async fn change_password(current: String, new: String) -> Result<(), Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.change_password(&caller, domain::access::user::ChangePassword { current, new }).await?)
}

/// Where the person is signed in.
#[server(prefix = "/_fn", endpoint = "own_sessions", input = Json)]
pub async fn own_sessions() -> Result<Vec<SessionView>, Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.list_own_sessions(&caller).await?)
}

/// Signs the person out somewhere.
#[server(prefix = "/_fn", endpoint = "end_own_session")]
pub async fn end_own_session(id: String) -> Result<(), Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.end_own_session(&caller, &id).await?)
}

/// Signs the person out everywhere but here.
#[server(prefix = "/_fn", endpoint = "end_other_sessions")]
pub async fn end_other_sessions() -> Result<(), Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.end_other_sessions(&caller).await?)
}

/// The person's API tokens.
#[server(prefix = "/_fn", endpoint = "own_tokens", input = Json)]
pub async fn own_tokens() -> Result<Vec<TokenView>, Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.list_own_tokens(&caller).await?)
}

/// A new API token, told this once. Without a role in `scope` it may do what the person may.
#[server(prefix = "/_fn", endpoint = "create_token")]
pub async fn create_token(
    name: String,
    #[server(default)] scope: GrantField,
    expires_in_days: u32,
) -> Result<CreatedToken, Failure> {
    let scopes = scope.grant()?.map(|grant| vec![grant]);
    let (services, caller) = super::request::services()?;
    let token = domain::access::token::NewToken { name, scopes, expires_in_days };
    Ok(services.create_token(&caller, token).await?)
}

/// Ends one of the person's tokens.
#[server(prefix = "/_fn", endpoint = "revoke_own_token")]
pub async fn revoke_own_token(id: String) -> Result<(), Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.revoke_own_token(&caller, &id).await?)
}

/// Everybody who can sign in.
#[server(prefix = "/_fn", endpoint = "users", input = Json)]
pub async fn users() -> Result<Vec<UserView>, Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.list_users(&caller).await?)
}

/// One user.
#[server(prefix = "/_fn", endpoint = "user", input = Json)]
pub async fn user(name: String) -> Result<UserView, Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.user(&caller, &name).await?)
}

/// A new user. Without a password the server makes one and tells it this once.
#[server(prefix = "/_fn", endpoint = "create_user")]
pub async fn create_user(
    name: String,
    #[server(default)] grants: Vec<GrantField>,
    #[server(default)] password: String,
) -> Result<CreatedUser, Failure> {
    let grants = GrantField::grants(&grants)?;
    let (services, caller) = super::request::services()?;
    let user = domain::access::user::NewUser {
        name,
        grants,
        password: Some(password).filter(|password| !password.is_empty()),
    };
    Ok(services.create_user(&caller, user).await?)
}

/// Other grants, or another state; what is absent stays as it is.
#[server(prefix = "/_fn", endpoint = "change_user")]
pub async fn change_user(
    name: String,
    #[server(default)] grants: Option<Vec<GrantField>>,
    #[server(default)] disabled: Option<bool>,
) -> Result<UserView, Failure> {
    let grants = grants.as_deref().map(GrantField::grants).transpose()?;
    let (services, caller) = super::request::services()?;
    Ok(services.change_user(&caller, &name, domain::access::user::ChangeUser { grants, disabled }).await?)
}

/// Another password of a user; without one the server makes it and tells it this once.
#[server(prefix = "/_fn", endpoint = "reset_password")]
pub async fn reset_password(name: String, #[server(default)] password: String) -> Result<NewPassword, Failure> {
    let (services, caller) = super::request::services()?;
    let request =
        domain::access::user::ResetPassword { password: Some(password).filter(|password| !password.is_empty()) };
    Ok(services.reset_password(&caller, &name, request).await?)
}

/// With sessions and tokens.
#[server(prefix = "/_fn", endpoint = "delete_user")]
pub async fn delete_user(name: String) -> Result<(), Failure> {
    let (services, caller) = super::request::services()?;
    services.delete_user(&caller, &name).await?;
    leptos_axum::redirect("/settings/users");
    Ok(())
}

/// Where a user is signed in.
#[server(prefix = "/_fn", endpoint = "sessions_of_user", input = Json)]
pub async fn sessions_of_user(name: String) -> Result<Vec<SessionView>, Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.list_sessions(&caller, &name).await?)
}

/// Signs a user out somewhere.
#[server(prefix = "/_fn", endpoint = "end_session")]
pub async fn end_session(name: String, id: String) -> Result<(), Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.end_session(&caller, &name, &id).await?)
}

/// Signs a user out everywhere.
#[server(prefix = "/_fn", endpoint = "end_sessions")]
pub async fn end_sessions(name: String) -> Result<(), Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.end_sessions(&caller, &name).await?)
}

/// The API tokens of a user.
#[server(prefix = "/_fn", endpoint = "tokens_of_user", input = Json)]
pub async fn tokens_of_user(name: String) -> Result<Vec<TokenView>, Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.list_tokens(&caller, Some(&name)).await?)
}

/// Ends a token of a user.
#[server(prefix = "/_fn", endpoint = "revoke_token")]
pub async fn revoke_token(name: String, id: String) -> Result<(), Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.revoke_token(&caller, &name, &id).await?)
}

/// A page of the audit trail; the whole of it is `GET /api/v1/audit/export`.
#[server(prefix = "/_fn", endpoint = "audit", input = Json)]
pub async fn audit(query: AuditQuery) -> Result<AuditPage, Failure> {
    let (services, caller) = super::request::services()?;
    Ok(services.audit(&caller, query).await?)
}
