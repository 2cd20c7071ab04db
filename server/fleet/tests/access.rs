//! Users, sessions and API tokens: what each may, when each ends, and what is kept of them.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::access::token::{NewToken, TOKENS_LIMIT};
use domain::access::user::{ChangePassword, ChangeUser, NewUser};
use domain::access::{Grant, Role, Scope, Verb, decide};
use domain::error::{ApiError, ErrorCode};
use fleet::access::{AccessError, Accounts, Caller, SignIn, Visitor};
use fleet::clock::Clock;
use fleet::store::{KeySource, Retention, Store, StoreConfig};
use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database};
use secrecy::SecretString;

const START: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const PASSWORD: &str = "correct horse battery";

struct House {
    sign_in: SignIn,
    store: Store,
    now: Arc<AtomicI64>,
}

impl House {
    /// With the administrator `root`.
    async fn new() -> Self {
        let house = Self::of_database("sqlite::memory:").await;
        house.add("root", vec![Grant::everywhere(Role::Admin)]).await;
        house
    }

    async fn of_database(url: &str) -> Self {
        let now = Arc::new(AtomicI64::new(START));
        let clock = Clock::new({
            let now = now.clone();
            move || now.load(Ordering::Relaxed)
        });
        let config = StoreConfig {
            url: url.to_owned(),
            key: KeySource::BesideDatabase,
            clock: clock.clone(),
            retention: Retention::default(),
        };
        let store = Store::open(config).await.unwrap();
        Self { sign_in: SignIn::new(&store, clock), store, now }
    }

    fn accounts(&self) -> &Accounts {
        self.sign_in.accounts()
    }

    fn pass(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::Relaxed);
    }

    async fn add(&self, name: &str, grants: Vec<Grant>) {
        let user = NewUser { name: name.to_owned(), grants, password: Some(PASSWORD.to_owned()) };
        assert_eq!(self.accounts().create(user).await.unwrap().password, None);
    }

    async fn session(&self, name: &str, password: &str) -> Option<String> {
        self.sign_in.sign_in(name, password, &Visitor::default()).await.ok()
    }

    async fn caller(&self, session: &str) -> Option<Caller> {
        self.sign_in.caller_of_session(session, None).await.unwrap()
    }

    async fn token(&self, owner: &str, scopes: Option<Vec<Grant>>) -> Result<(String, SecretString), AccessError> {
        let token = NewToken { name: "ci".to_owned(), scopes, expires_in_days: 90 };
        let created = self.accounts().create_token(owner, token).await?;
        Ok((created.token.id, created.secret.into()))
    }

    async fn bearer(&self, token: &SecretString) -> Option<Caller> {
        self.accounts().caller_of_token(token, None).await.unwrap()
    }
}

fn code(error: AccessError) -> ErrorCode {
    ApiError::from(error).code
}

fn operator_of_shop() -> Grant {
    Grant {
        clusters: Some(vec!["prod".into()]),
        namespaces: Some(vec!["shop".to_owned()]),
        ..Grant::everywhere(Role::Operator)
    }
}

#[tokio::test]
async fn grants_of_an_older_schema_move_over_whole() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("flux.db").display());
    let old = Database::connect(format!("{url}?mode=rwc")).await.unwrap();
    Migrator::up(&old, Some(6)).await.unwrap();
    let grants = r#"[{"role":"admin","clusters":null,"namespaces":null},
        {"role":"operator","clusters":["prod"],"namespaces":["shop"]}]"#;
    let user =
        format!("INSERT INTO users (name, password_hash, grants, created_at) VALUES ('ada', 'x', '{grants}', 7)");
    old.execute_unprepared(&user).await.unwrap();
    old.close().await.unwrap();

    let house = House::of_database(&url).await;
    let ada = house.accounts().get("ada").await.unwrap();
    assert_eq!(ada.grants, [Grant::everywhere(Role::Admin), operator_of_shop()]);
    assert_eq!((ada.disabled, ada.created_at, ada.last_sign_in), (false, 7, None));
}

#[tokio::test]
async fn a_made_password_is_told_once_and_lets_the_user_in() {
    let house = House::new().await;
    let user = NewUser { name: "ada".to_owned(), grants: vec![operator_of_shop()], password: None };
    let created = house.accounts().create(user.clone()).await.unwrap();
    let password = created.password.unwrap();
    let session = house.session("ada", &password).await.unwrap();
    assert_eq!(house.caller(&session).await.unwrap().grants, [operator_of_shop()]);
    assert_eq!(house.accounts().get("ada").await.unwrap().last_sign_in, Some(START));
    assert_eq!(code(house.accounts().create(user).await.unwrap_err()), ErrorCode::Conflict);
}

#[tokio::test]
async fn names_passwords_and_grants_that_cannot_be_are_refused() {
    let house = House::new().await;
    let user = |name: &str, password: &str, grants: Vec<Grant>| NewUser {
        name: name.to_owned(),
        grants,
        password: Some(password.to_owned()),
    };
    let nowhere = Grant { clusters: Some(Vec::new()), ..Grant::everywhere(Role::Viewer) };
    for refused in [user("Ada", PASSWORD, vec![]), user("ada", "short", vec![]), user("ada", PASSWORD, vec![nowhere])] {
        assert_eq!(code(house.accounts().create(refused).await.unwrap_err()), ErrorCode::Invalid);
    }
    assert_eq!(house.accounts().list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_last_administrator_who_can_sign_in_stays() {
    let house = House::new().await;
    let accounts = house.accounts();
    let demoted = || ChangeUser { grants: Some(vec![operator_of_shop()]), disabled: None };
    let disabled = || ChangeUser { grants: None, disabled: Some(true) };
    for change in [demoted(), disabled()] {
        let refused = accounts.change("root", change).await.unwrap_err();
        assert!(matches!(&refused, AccessError::LastAdministrator(name) if name == "root"), "{refused:?}");
    }
    assert_eq!(code(accounts.delete("root").await.unwrap_err()), ErrorCode::Conflict);
    let root = accounts.get("root").await.unwrap();
    assert_eq!((root.grants.as_slice(), root.disabled), ([Grant::everywhere(Role::Admin)].as_slice(), false));

    // An administrator of one cluster, or one who is disabled, is none who can give the rights back.
    let of_prod = Grant { clusters: Some(vec!["prod".into()]), ..Grant::everywhere(Role::Admin) };
    house.add("ada", vec![of_prod]).await;
    house.add("bob", vec![Grant::everywhere(Role::Admin)]).await;
    accounts.change("bob", disabled()).await.unwrap();
    assert_eq!(code(accounts.delete("root").await.unwrap_err()), ErrorCode::Conflict);
    accounts.change("bob", ChangeUser { grants: None, disabled: Some(false) }).await.unwrap();
    accounts.delete("root").await.unwrap();
    assert_eq!(code(accounts.delete("bob").await.unwrap_err()), ErrorCode::Conflict);
}

#[tokio::test]
async fn who_is_disabled_or_deleted_is_out_at_once() {
    let house = House::new().await;
    house.add("ada", vec![operator_of_shop()]).await;
    let session = house.session("ada", PASSWORD).await.unwrap();
    let (_, token) = house.token("ada", None).await.unwrap();
    assert!(house.bearer(&token).await.is_some());

    house.accounts().change("ada", ChangeUser { grants: None, disabled: Some(true) }).await.unwrap();
    assert_eq!(house.caller(&session).await, None);
    assert_eq!(house.bearer(&token).await, None);
    assert_eq!(house.session("ada", PASSWORD).await, None);

    // The token was only waiting; the session is over.
    house.accounts().change("ada", ChangeUser { grants: None, disabled: Some(false) }).await.unwrap();
    assert!(house.bearer(&token).await.is_some());
    assert_eq!(house.caller(&session).await, None);

    let session = house.session("ada", PASSWORD).await.unwrap();
    house.accounts().delete("ada").await.unwrap();
    house.add("ada", vec![Grant::everywhere(Role::Admin)]).await;
    assert_eq!((house.caller(&session).await, house.bearer(&token).await), (None, None), "a namesake inherits nothing");
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let house = House::new().await;
    house.add("ada", vec![operator_of_shop()]).await;
    let here = house.session("ada", PASSWORD).await.unwrap();
    let there = house.session("ada", PASSWORD).await.unwrap();
    let ada = house.caller(&here).await.unwrap();
    let change = |current: &str, new: &str| ChangePassword { current: current.to_owned(), new: new.to_owned() };
    let wrong = house.sign_in.change_password(&ada, change("a wrong guess", "battery staple 2")).await.unwrap_err();
    assert_eq!(code(wrong), ErrorCode::Refused);
    let short = house.sign_in.change_password(&ada, change(PASSWORD, "short")).await.unwrap_err();
    assert_eq!(code(short), ErrorCode::Invalid);

    house.sign_in.change_password(&ada, change(PASSWORD, "battery staple 2")).await.unwrap();
    assert!(house.caller(&here).await.is_some());
    assert_eq!(house.caller(&there).await, None);
    house.pass(MINUTE);
    assert_eq!(house.session("ada", PASSWORD).await, None);

    house.accounts().reset_password("ada", Some("battery staple 3".to_owned())).await.unwrap();
    assert_eq!(house.caller(&here).await, None, "a reset ends every session");
    assert!(house.session("ada", "battery staple 3").await.is_some());
}

#[tokio::test]
async fn guessing_the_current_password_is_limited_like_signing_in() {
    let house = House::new().await;
    let session = house.session("root", PASSWORD).await.unwrap();
    let root = house.caller(&session).await.unwrap();
    let guess = || ChangePassword { current: "a wrong guess".to_owned(), new: "battery staple".to_owned() };
    for _ in 0..4 {
        assert!(matches!(house.sign_in.change_password(&root, guess()).await, Err(AccessError::WrongCurrent)));
    }
    assert!(matches!(house.sign_in.change_password(&root, guess()).await, Err(AccessError::TooMany { .. })));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_only() {
    let house = House::new().await;
    house.add("ada", vec![operator_of_shop()]).await;
    let visitor = Visitor { remote: Some("192.0.2.1".parse().unwrap()), user_agent: "Firefox".to_owned() };
    let here = house.sign_in.sign_in("ada", PASSWORD, &visitor).await.unwrap();
    house.pass(1);
    let there = house.session("ada", PASSWORD).await.unwrap();
    let ada = house.caller(&here).await.unwrap();

    let sessions = house.accounts().sessions("ada", ada.session()).await.unwrap();
    let told: Vec<_> = sessions
        .iter()
        .map(|session| (session.remote.as_deref(), session.user_agent.as_str(), session.current))
        .collect();
    assert_eq!(told, [(None, "", false), (Some("192.0.2.1"), "Firefox", true)]);
    assert!(sessions.iter().all(|session| !here.contains(&session.id) && !there.contains(&session.id)));

    let other = &sessions[0].id;
    assert!(matches!(house.accounts().end_session("root", other).await, Err(AccessError::NoSession)));
    house.accounts().end_session("ada", other).await.unwrap();
    assert_eq!(house.caller(&there).await, None);
    house.session("ada", PASSWORD).await.unwrap();
    house.accounts().end_sessions("ada", ada.session()).await.unwrap();
    assert!(house.caller(&here).await.is_some());
    assert_eq!(house.accounts().sessions("ada", None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_may_what_it_and_its_owner_both_may_now() {
    let house = House::new().await;
    let prod = "prod".into();
    let of_prod = Grant { clusters: Some(vec!["prod".into()]), ..Grant::everywhere(Role::Operator) };
    house.add("ada", vec![of_prod]).await;
    let scope = Grant { verbs: Some(vec![Verb::View, Verb::Suspend]), ..operator_of_shop() };
    let (_, token) = house.token("ada", Some(vec![scope])).await.unwrap();

    let caller = house.bearer(&token).await.unwrap();
    assert_eq!((caller.name.as_str(), caller.token(), caller.session()), ("ada", Some("ci"), None));
    let may = |caller: &Caller, verb, namespace| decide(&caller.grants, verb, Scope::Namespace(&prod, namespace));
    assert!(may(&caller, Verb::Suspend, "shop"));
    assert!(!may(&caller, Verb::Suspend, "bank"), "outside the scope");
    assert!(!may(&caller, Verb::Reconcile, "shop"), "not among the verbs");
    assert!(!decide(&caller.grants, Verb::ManageAccount, Scope::Anywhere));

    let viewer = ChangeUser { grants: Some(vec![Grant::everywhere(Role::Viewer)]), disabled: None };
    house.accounts().change("ada", viewer).await.unwrap();
    let caller = house.bearer(&token).await.unwrap();
    assert!(may(&caller, Verb::View, "shop"));
    assert!(!may(&caller, Verb::Suspend, "shop"), "the owner may no more");
    assert!(!may(&caller, Verb::View, "bank"));
}

#[tokio::test]
async fn a_token_cannot_be_made_for_more_than_its_owner_may() {
    let house = House::new().await;
    house.add("ada", vec![operator_of_shop()]).await;
    let wider = [
        Grant::everywhere(Role::Viewer),
        Grant { role: Role::Admin, ..operator_of_shop() },
        Grant { namespaces: None, ..operator_of_shop() },
    ];
    for scope in wider {
        assert_eq!(code(house.token("ada", Some(vec![scope])).await.unwrap_err()), ErrorCode::Refused);
    }
    for days in [0, 366] {
        let token = NewToken { name: "ci".to_owned(), scopes: None, expires_in_days: days };
        assert_eq!(code(house.accounts().create_token("ada", token).await.unwrap_err()), ErrorCode::Invalid);
    }
    let nameless = NewToken { name: " ".to_owned(), scopes: None, expires_in_days: 1 };
    assert_eq!(code(house.accounts().create_token("ada", nameless).await.unwrap_err()), ErrorCode::Invalid);
    for _ in 0..TOKENS_LIMIT {
        house.token("ada", None).await.unwrap();
    }
    assert_eq!(code(house.token("ada", None).await.unwrap_err()), ErrorCode::Conflict);
}

#[tokio::test]
async fn a_token_ends_at_its_expiry_or_when_it_is_revoked() {
    let house = House::new().await;
    let (id, token) = house.token("root", None).await.unwrap();
    house.pass(90 * DAY - 1);
    assert!(house.bearer(&token).await.is_some());
    house.pass(1);
    assert_eq!(house.bearer(&token).await, None);
    assert_eq!(house.accounts().tokens(Some("root")).await.unwrap()[0].id, id, "still listed for a while");

    let (id, token) = house.token("root", None).await.unwrap();
    assert!(matches!(house.accounts().revoke_token(Some("ada"), &id).await, Err(AccessError::NoToken)));
    house.accounts().revoke_token(Some("root"), &id).await.unwrap();
    assert_eq!(house.bearer(&token).await, None);
}

#[tokio::test]
async fn the_use_of_a_token_is_written_down_once_a_minute() {
    let house = House::new().await;
    let (_, token) = house.token("root", None).await.unwrap();
    let last_use = async || house.accounts().tokens(None).await.unwrap()[0].last_used_at;
    assert_eq!(last_use().await, None);
    house.bearer(&token).await.unwrap();
    assert_eq!(last_use().await, Some(START));
    house.pass(MINUTE - 1);
    house.bearer(&token).await.unwrap();
    assert_eq!(last_use().await, Some(START));
    house.pass(1);
    house.bearer(&token).await.unwrap();
    assert_eq!(last_use().await, Some(START + MINUTE));
}

#[tokio::test]
async fn the_text_of_a_token_is_not_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::of_database(&format!("sqlite://{}/flux.db", folder.path().display())).await;
    house.add("root", vec![Grant::everywhere(Role::Admin)]).await;
    let (id, token) = house.token("root", None).await.unwrap();
    house.bearer(&token).await.unwrap();
    house.store.close().await.unwrap();
    let bytes = std::fs::read(folder.path().join("flux.db")).unwrap();
    let holds = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds(&id));
    assert!(!holds(secrecy::ExposeSecret::expose_secret(&token).trim_start_matches("fo_")));
    assert!(!holds(PASSWORD));
}
