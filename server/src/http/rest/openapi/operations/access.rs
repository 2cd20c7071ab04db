//! Users, sessions, tokens and the audit trail.

use domain::access::Viewer;
use domain::access::audit::AuditPage;
use domain::access::session::SessionView;
use domain::access::token::{CreatedToken, NewToken, TokenView};
use domain::access::user::{ChangePassword, ChangeUser, CreatedUser, NewPassword, NewUser, ResetPassword, UserView};
use domain::error::ErrorCode;
use serde_json::json;

use super::super::operation::{Operation, Parameter, array, media, reference, text};
use super::{ACCESS, one};

fn done(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(ACCESS, id, summary).answer_as(204, "It is done", Vec::new())
}

pub fn get_account() -> Operation {
    Operation::new(ACCESS, "getAccount", "Who asks, and what they may do").answer(
        200,
        "The caller",
        reference::<Viewer>,
    )
}

pub fn change_password() -> Operation {
    done("changePassword", "Change one's own password")
        .body(reference::<ChangePassword>)
        .refuses(&[ErrorCode::Refused, ErrorCode::TooMany])
}

pub fn list_own_sessions() -> Operation {
    Operation::new(ACCESS, "listOwnSessions", "One's own sessions").answer(200, "The sessions", array::<SessionView>)
}

pub fn end_other_sessions() -> Operation {
    done("endOtherSessions", "End all of one's sessions but this one")
}

pub fn end_own_session() -> Operation {
    done("endOwnSession", "End one of one's own sessions")
}

pub fn list_own_tokens() -> Operation {
    Operation::new(ACCESS, "listOwnTokens", "One's own API tokens").answer(200, "The tokens", array::<TokenView>)
}

pub fn create_token() -> Operation {
    Operation::new(ACCESS, "createToken", "A new API token")
        .description("The secret is in this answer and nowhere else.")
        .body(reference::<NewToken>)
        .answer(201, "The token with its secret", reference::<CreatedToken>)
        .refuses(&[ErrorCode::Conflict, ErrorCode::Refused])
}

pub fn revoke_own_token() -> Operation {
    done("revokeOwnToken", "Revoke one of one's own tokens")
}

pub fn list_users() -> Operation {
    Operation::new(ACCESS, "listUsers", "All users").answer(200, "The users", array::<UserView>)
}

pub fn create_user() -> Operation {
    Operation::new(ACCESS, "createUser", "A new user")
        .description("Without a password one is made, and is in this answer only.")
        .body(reference::<NewUser>)
        .answer(201, "The user", reference::<CreatedUser>)
        .refuses(&[ErrorCode::Conflict, ErrorCode::Refused])
}

pub fn get_user() -> Operation {
    Operation::new(ACCESS, "getUser", "One user").answer(200, "The user", reference::<UserView>)
}

pub fn change_user() -> Operation {
    Operation::new(ACCESS, "changeUser", "Change the grants of a user, or disable them")
        .body(reference::<ChangeUser>)
        .answer(200, "The user", reference::<UserView>)
        .refuses(&[ErrorCode::Conflict, ErrorCode::Refused])
}

pub fn delete_user() -> Operation {
    done("deleteUser", "Remove a user with their sessions and tokens")
        .refuses(&[ErrorCode::Conflict, ErrorCode::Refused])
}

pub fn reset_password() -> Operation {
    Operation::new(ACCESS, "resetPassword", "Give a user another password")
        .body(reference::<ResetPassword>)
        .answer(200, "The password, if one was made", reference::<NewPassword>)
        .refuses(&[ErrorCode::Refused])
}

pub fn list_sessions() -> Operation {
    Operation::new(ACCESS, "listSessions", "The sessions of a user").answer(200, "The sessions", array::<SessionView>)
}

pub fn end_sessions() -> Operation {
    done("endSessions", "End all sessions of a user")
}

pub fn end_session() -> Operation {
    done("endSession", "End one session of a user")
}

pub fn list_tokens_of_user() -> Operation {
    Operation::new(ACCESS, "listTokensOfUser", "The API tokens of a user").answer(200, "The tokens", array::<TokenView>)
}

pub fn revoke_token() -> Operation {
    done("revokeToken", "Revoke a token of a user")
}

pub fn list_tokens() -> Operation {
    Operation::new(ACCESS, "listTokens", "All API tokens").answer(200, "The tokens", array::<TokenView>)
}

fn entries() -> Vec<Parameter> {
    let word = || json!({"type": "string"});
    let time = || json!({"type": "integer", "format": "int64"});
    vec![
        one("caller", "Who did it", word()),
        one("verb", "The permission that was needed", word()),
        one("cluster", "On which cluster", word()),
        one("namespace", "In which namespace", word()),
        one("object", "A part of the object's name", word()),
        one("outcome", "How it ended", word()),
        one("from", "Not before; milliseconds", time()),
        one("to", "Before; milliseconds", time()),
        one("cursor", "`next` of the page before", word()),
        one("limit", "Most entries of the page", json!({"type": "integer", "minimum": 1})),
    ]
}

pub fn list_audit() -> Operation {
    Operation::new(ACCESS, "listAudit", "The audit trail, newest first").query(entries()).answer(
        200,
        "A page",
        reference::<AuditPage>,
    )
}

pub fn export_audit() -> Operation {
    Operation::new(ACCESS, "exportAudit", "The audit trail as a file")
        .query([one("format", "What the file is written in", json!({"type": "string", "enum": ["csv", "ndjson"]}))])
        .query(entries())
        .answer_as(200, "The file", vec![media("text/csv", text), media("application/x-ndjson", text)])
}
