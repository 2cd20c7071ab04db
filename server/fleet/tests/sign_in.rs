//! Signing in: the first administrator, sessions and their two expiries, the limit of attempts.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::access::{Grant, Role};
use domain::error::{ApiError, ErrorCode};
use fleet::access::{ABSOLUTE_EXPIRY, ADMINISTRATOR, AccessError, IDLE_EXPIRY, SignIn, Visitor};
use fleet::clock::Clock;
use fleet::store::{AuditOutcome, AuditQuery, KeySource, Retention, Store, StoreConfig};

const START: i64 = 1_700_000_000_000;

struct Door {
    sign_in: SignIn,
    store: Store,
    now: Arc<AtomicI64>,
}

impl Door {
    async fn new() -> Self {
        Self::of_database("sqlite::memory:").await
    }

    async fn of_database(url: &str) -> Self {
        let now = Arc::new(AtomicI64::new(START));
        let clock = Clock::new({
            let now = now.clone();
            move || now.load(Ordering::Relaxed)
        });
        let (url, key) = (url.to_owned(), KeySource::BesideDatabase);
        let config = StoreConfig { url, key, clock: clock.clone(), retention: Retention::default() };
        let store = Store::open(config).await.unwrap();
        Self { sign_in: SignIn::new(&store, clock), store, now }
    }

    fn pass(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::Relaxed);
    }

    async fn is_open(&self, token: &str) -> bool {
        self.sign_in.caller_of_session(token, None).await.unwrap().is_some()
    }
}

fn home() -> Option<IpAddr> {
    Some("192.0.2.1".parse().unwrap())
}

fn from_home() -> Visitor {
    Visitor { remote: home(), user_agent: "browser".to_owned() }
}

#[tokio::test]
async fn the_first_start_creates_an_administrator_and_tells_the_password_once() {
    let door = Door::new().await;
    let (name, password) = door.sign_in.ensure_administrator().await.unwrap().unwrap();
    assert_eq!(name, ADMINISTRATOR);
    assert!(password.len() >= 24);
    assert_eq!(door.sign_in.ensure_administrator().await.unwrap(), None);

    let token = door.sign_in.sign_in(&name, &password, &from_home()).await.unwrap();
    let caller = door.sign_in.caller_of_session(&token, home()).await.unwrap().unwrap();
    assert_eq!((caller.name.as_str(), caller.signed_in, caller.remote), (ADMINISTRATOR, true, home()));
    assert_eq!(caller.grants, [Grant::everywhere(Role::Admin)]);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let door = Door::new().await;
    door.sign_in.add_user("ada", "correct horse".into(), vec![]).await.unwrap();
    let wrong = door.sign_in.sign_in("ada", "battery staple", &from_home()).await.unwrap_err();
    let unknown = door.sign_in.sign_in("typed-secret", "correct horse", &from_home()).await.unwrap_err();
    assert!(matches!((&wrong, &unknown), (AccessError::Wrong, AccessError::Wrong)));
    assert_eq!(ApiError::from(wrong).code, ErrorCode::Unauthenticated);

    let trail = door.store.audit().list(&AuditQuery { limit: 10, ..AuditQuery::default() }).await.unwrap();
    let mut callers: Vec<_> = trail.iter().map(|entry| (entry.caller.as_str(), entry.outcome)).collect();
    callers.sort_by_key(|(name, _)| *name);
    assert_eq!(callers, [("(unknown name)", AuditOutcome::Failed), ("ada", AuditOutcome::Failed)]);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_without_use() {
    let door = Door::new().await;
    door.sign_in.add_user("ada", "correct horse".into(), vec![]).await.unwrap();
    let token = door.sign_in.sign_in("ada", "correct horse", &from_home()).await.unwrap();
    door.pass(IDLE_EXPIRY - 1);
    assert!(door.is_open(&token).await);
    door.pass(IDLE_EXPIRY - 1);
    assert!(door.is_open(&token).await, "use puts the end off");
    door.pass(IDLE_EXPIRY);
    assert!(!door.is_open(&token).await);
    door.now.store(START, Ordering::Relaxed);
    assert!(!door.is_open(&token).await, "an ended session stays ended");
}

#[tokio::test]
async fn a_session_ends_after_seven_days_however_much_it_is_used() {
    let door = Door::new().await;
    door.sign_in.add_user("ada", "correct horse".into(), vec![]).await.unwrap();
    let token = door.sign_in.sign_in("ada", "correct horse", &from_home()).await.unwrap();
    let step = IDLE_EXPIRY / 2;
    for _ in 0..(ABSOLUTE_EXPIRY / step - 1) {
        door.pass(step);
        assert!(door.is_open(&token).await);
    }
    door.pass(step);
    assert!(!door.is_open(&token).await);
}

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let door = Door::new().await;
    door.sign_in.add_user("ada", "correct horse".into(), vec![]).await.unwrap();
    let here = door.sign_in.sign_in("ada", "correct horse", &from_home()).await.unwrap();
    let there = door.sign_in.sign_in("ada", "correct horse", &from_home()).await.unwrap();
    door.sign_in.sign_out(&here).await.unwrap();
    assert!(!door.is_open(&here).await);
    assert!(door.is_open(&there).await);
    assert!(!door.is_open("").await);
}

#[tokio::test]
async fn the_sixth_attempt_is_refused_before_the_password_is_looked_at() {
    let door = Door::new().await;
    door.sign_in.add_user("ada", "correct horse".into(), vec![]).await.unwrap();
    for _ in 0..5 {
        let refused = door.sign_in.sign_in("ada", "battery staple", &from_home()).await;
        assert!(matches!(refused, Err(AccessError::Wrong)));
    }
    let refused = door.sign_in.sign_in("ada", "correct horse", &from_home()).await.unwrap_err();
    assert!(matches!(refused, AccessError::TooMany { seconds: 12 }), "{refused:?}");
    assert_eq!(ApiError::from(refused).code, ErrorCode::TooMany);
    door.pass(12_000);
    assert!(door.sign_in.sign_in("ada", "correct horse", &from_home()).await.is_ok());
}

#[tokio::test]
async fn neither_passwords_nor_tokens_are_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let door = Door::of_database(&format!("sqlite://{}/flux.db", folder.path().display())).await;
    door.sign_in.add_user("ada", "correct horse".into(), vec![]).await.unwrap();
    let token = door.sign_in.sign_in("ada", "correct horse", &from_home()).await.unwrap();
    door.store.close().await.unwrap();
    let bytes = std::fs::read(folder.path().join("flux.db")).unwrap();
    let holds = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds("$argon2id$"));
    assert!(!holds("correct horse"));
    assert!(!holds(&token));
}
