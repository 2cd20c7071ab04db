//! Users, sessions, tokens and audit rows: what tells them apart, and what is read of them.

use domain::access::audit::AuditQuery as Filter;
use domain::access::{Grant, Role};
use fleet::store::{AuditOutcome, AuditQuery, StoreError, StoredUser, UserChange, UserChangeError};
use secrecy::SecretString;

use crate::database::Database;
use crate::samples::audit;

tests![
    names_of_users_differ_by_case_and_by_a_space_at_the_end,
    the_last_administrator_stays_also_when_two_are_disabled_at_once,
    audit_rows_are_read_newest_first_and_by_pages,
    an_audit_text_that_is_too_long_is_cut_and_not_refused,
];

fn user(name: &str) -> StoredUser {
    StoredUser {
        name: name.to_owned(),
        password_hash: SecretString::from("$argon2id$"),
        grants: vec![Grant::everywhere(Role::Admin)],
        disabled: false,
        created_at: 1,
        last_sign_in: None,
    }
}

async fn names_of_users_differ_by_case_and_by_a_space_at_the_end(database: Database) {
    let store = database.open().await;
    store.users().insert(&user("ada")).await.unwrap();
    for other in ["Ada", "ada ", "adä"] {
        assert!(store.users().get(other).await.unwrap().is_none(), "{other:?}");
        store.users().insert(&user(other)).await.unwrap();
    }
    let error = store.users().insert(&user("ada")).await.unwrap_err();
    assert!(matches!(error, StoreError::Exists { what: "user", .. }), "{error:?}");
    store.close().await.unwrap();
}

async fn the_last_administrator_stays_also_when_two_are_disabled_at_once(database: Database) {
    let store = database.open().await;
    for name in ["ada", "bob"] {
        store.users().insert(&user(name)).await.unwrap();
    }
    let users = store.users();
    let disable = async |name| users.change(name, UserChange { disabled: Some(true), ..UserChange::default() }).await;
    let (ada, bob) = tokio::join!(disable("ada"), disable("bob"));
    let refused: Vec<UserChangeError> = [ada, bob].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    let enabled = users.list().await.unwrap().into_iter().filter(|user| !user.disabled).count();
    assert_eq!(enabled, 1);
    store.close().await.unwrap();
}

async fn audit_rows_are_read_newest_first_and_by_pages(database: Database) {
    let store = database.open().await;
    for started_at in 1..=7 {
        let id = store.audit().insert(audit(started_at)).await.unwrap();
        store.audit().finish(&id, started_at + 1, AuditOutcome::Failed, "refused").await.unwrap();
    }
    let mut seen = Vec::new();
    let mut filter = Filter { cluster: "prod".to_owned(), object: "CLUSTER".to_owned(), ..Filter::default() };
    loop {
        let query = AuditQuery { filter: filter.clone(), limit: 3, ..AuditQuery::default() };
        let page = store.audit().list(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.cursor = Some(last.id.clone());
        seen.extend(page.iter().map(|row| row.started_at));
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    store.close().await.unwrap();
}

async fn an_audit_text_that_is_too_long_is_cut_and_not_refused(database: Database) {
    let store = database.open().await;
    let mut entry = audit(1);
    entry.caller = "ä".repeat(300);
    entry.action = "x".repeat(200);
    entry.detail = "a\0b".to_owned();
    entry.message = "y".repeat(100_000);
    store.audit().insert(entry).await.unwrap();
    let query = AuditQuery { limit: 1, ..AuditQuery::default() };
    let row = store.audit().list(&query).await.unwrap().remove(0);
    assert_eq!(row.caller, "ä".repeat(253));
    assert_eq!(row.action, "x".repeat(128));
    assert_eq!(row.detail, "a\u{fffd}b");
    assert_eq!(row.message.len(), 16_384);
    store.close().await.unwrap();
}
