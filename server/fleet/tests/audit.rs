//! The audit trail: a row before the work, its end after it, whatever the end is.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use domain::access::audit::{AuditQuery as AuditFilter, AuditView};
use domain::access::{Grant, Role, Verb};
use domain::object::ObjectRef;
use fleet::access::{Authorized, Caller, Credential, Denied, authorize, authorize_account, authorize_cluster};
use fleet::audit::{Audit, AuditError, AuditPolicy};
use fleet::clock::Clock;
use fleet::store::{AuditEntry, AuditOutcome, AuditQuery, KeySource, Places, Retention, Store, StoreConfig};

async fn store() -> Store {
    let config = StoreConfig {
        url: "sqlite::memory:".to_owned(),
        key: KeySource::BesideDatabase,
        clock: Clock::new(|| 7),
        retention: Retention::default(),
    };
    Store::open(config).await.unwrap()
}

async fn trail(store: &Store) -> Vec<AuditView> {
    store.audit().list(&AuditQuery { limit: 10, ..AuditQuery::default() }).await.unwrap()
}

fn authorized() -> Authorized {
    let caller = Caller { remote: Some("192.0.2.1".parse().unwrap()), ..Caller::unauthenticated_admin() };
    authorize_cluster(&caller, Verb::Sync, &"prod".into()).unwrap()
}

#[derive(Debug, thiserror::Error)]
#[error("the cluster refused")]
struct Refused(#[source] std::io::Error);

#[tokio::test]
async fn the_start_row_is_there_before_the_work_begins_and_its_end_after() {
    let store = store().await;
    let audit = Audit::new(store.clone(), Clock::new(|| 7));
    let seen =
        audit.run(&authorized(), "sync", "all kinds", async { Ok::<_, Refused>(trail(&store).await) }).await.unwrap();
    let start = AuditView {
        id: seen[0].id.clone(),
        started_at: 7,
        finished_at: None,
        caller: "anonymous".to_owned(),
        token: None,
        remote: Some("192.0.2.1".to_owned()),
        request_id: None,
        verb: "sync".to_owned(),
        target: "cluster prod".to_owned(),
        cluster: Some("prod".into()),
        namespace: None,
        action: "sync".to_owned(),
        detail: "all kinds".to_owned(),
        outcome: AuditOutcome::Started,
        message: String::new(),
    };
    assert_eq!(seen, std::slice::from_ref(&start));
    let end = AuditView { finished_at: Some(7), outcome: AuditOutcome::Succeeded, ..start };
    assert_eq!(trail(&store).await, [end]);
}

#[tokio::test]
async fn a_failure_is_written_down_with_its_causes_and_handed_on() {
    let store = store().await;
    let audit = Audit::new(store.clone(), Clock::new(|| 7));
    let work = async { Err::<(), _>(Refused(std::io::Error::other("not now"))) };
    let error = audit.run(&authorized(), "sync", "", work).await.unwrap_err();
    assert!(matches!(error, AuditError::Work(Refused(_))));
    let rows = trail(&store).await;
    assert_eq!((rows[0].outcome, rows[0].message.as_str()), (AuditOutcome::Failed, "the cluster refused: not now"));
}

#[tokio::test]
async fn work_that_cannot_be_written_down_is_not_done() {
    let store = store().await;
    let audit = Audit::new(store.clone(), Clock::new(|| 7));
    store.close().await.unwrap();
    let mut done = false;
    let error = audit
        .run(&authorized(), "sync", "", async {
            done = true;
            Ok::<_, Refused>(())
        })
        .await
        .unwrap_err();
    assert!(matches!(error, AuditError::NotBegun(_)));
    assert!(!done);
}

#[tokio::test]
async fn work_that_is_given_up_ends_as_interrupted() {
    let store = store().await;
    let audit = Audit::new(store.clone(), Clock::new(|| 7));
    let (begun, wait) = tokio::sync::oneshot::channel();
    let work = tokio::spawn({
        let audit = audit.clone();
        async move {
            let work = async {
                begun.send(()).unwrap();
                std::future::pending::<Result<(), Refused>>().await
            };
            audit.run(&authorized(), "sync", "", work).await
        }
    });
    wait.await.unwrap();
    work.abort();
    assert!(work.await.unwrap_err().is_cancelled());
    // The row gets its end from a task of its own; the trail is read until it has.
    let rows = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        loop {
            let rows = trail(&store).await;
            if rows[0].outcome != AuditOutcome::Started {
                return rows;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(rows.await.unwrap()[0].outcome, AuditOutcome::Interrupted);
}

fn object(kind: &str) -> ObjectRef {
    let object =
        serde_json::json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "web", "namespace": "shop"}});
    ObjectRef::of(&"prod".into(), &object)
}

#[tokio::test]
async fn reads_are_noted_where_policy_says_so() {
    let store = store().await;
    let audit = Audit::new(store.clone(), Clock::new(|| 7));
    let read = |verb, kind: &str| authorize(&Caller::unauthenticated_admin(), verb, &object(kind)).unwrap();
    for (verb, kind) in [(Verb::View, "Service"), (Verb::Diff, "Service")] {
        audit.note(&read(verb, kind), "read", "").await.unwrap();
    }
    assert_eq!(trail(&store).await, []);
    for (verb, kind) in [(Verb::Logs, "Pod"), (Verb::Diff, "Secret"), (Verb::View, "Secret")] {
        audit.note(&read(verb, kind), "read", "").await.unwrap();
    }
    let rows = trail(&store).await;
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| (row.outcome, row.finished_at) == (AuditOutcome::Noted, None)));
    let all = audit.with_policy(AuditPolicy { diffs: true, ..AuditPolicy::default() });
    all.note(&read(Verb::Diff, "Service"), "read", "").await.unwrap();
    assert_eq!(trail(&store).await.len(), 4);
}

#[tokio::test]
async fn a_refusal_says_who_through_what_and_why() {
    let store = store().await;
    let audit = Audit::new(store.clone(), Clock::new(|| 7));
    let credential = Credential::Token { id: "1".to_owned(), name: "ci".to_owned() };
    let ada = Caller { credential, ..Caller::named("ada", vec![Grant::everywhere(Role::Viewer)]) };
    let denied: Denied = authorize_account(&ada, "bob").unwrap_err();
    audit.refused(&ada, &denied).await;
    let row = trail(&store).await.remove(0);
    assert_eq!((row.caller.as_str(), row.token.as_deref()), ("ada", Some("ci")));
    assert_eq!(
        (row.verb.as_str(), row.target.as_str(), row.outcome),
        ("manage_users", "user bob", AuditOutcome::Refused)
    );
    assert!(row.message.contains("the role admin"), "{}", row.message);
}

#[tokio::test]
async fn a_row_that_has_its_end_keeps_it() {
    let store = store().await;
    let id = store.audit().insert(entry(1, "ada", Some("prod"), None)).await.unwrap();
    store.audit().finish(&id, 2, AuditOutcome::Failed, "no").await.unwrap();
    store.audit().finish(&id, 3, AuditOutcome::Succeeded, "").await.unwrap();
    let row = trail(&store).await.remove(0);
    assert_eq!((row.finished_at, row.outcome, row.message.as_str()), (Some(2), AuditOutcome::Failed, "no"));
}

fn entry(started_at: i64, caller: &str, cluster: Option<&str>, namespace: Option<&str>) -> AuditEntry {
    AuditEntry {
        started_at,
        finished_at: None,
        caller: caller.to_owned(),
        token: None,
        remote: None,
        request_id: None,
        verb: "suspend".to_owned(),
        target: format!("Kustomization {}/Web_1 on {}", namespace.unwrap_or("-"), cluster.unwrap_or("-")),
        cluster: cluster.map(str::to_owned),
        namespace: namespace.map(str::to_owned),
        action: "suspend".to_owned(),
        detail: String::new(),
        outcome: AuditOutcome::Started,
        message: String::new(),
    }
}

/// Four entries at the moments 1 to 4.
async fn four() -> Store {
    let store = store().await;
    let places = [
        ("ada", Some("prod"), Some("shop")),
        ("bob", Some("prod"), None),
        ("ada", None, None),
        ("ada", Some("dev"), Some("shop")),
    ];
    for ((caller, cluster, namespace), at) in places.into_iter().zip(1..) {
        store.audit().insert(entry(at, caller, cluster, namespace)).await.unwrap();
    }
    store
}

async fn moments(store: &Store, filter: AuditFilter, places: Option<Vec<Places>>) -> Vec<i64> {
    let query = AuditQuery { filter, places, limit: 10 };
    store.audit().list(&query).await.unwrap().into_iter().map(|row| row.started_at).collect()
}

#[tokio::test]
async fn filters_narrow_the_trail_newest_first() {
    let store = four().await;
    let all = AuditFilter::default();
    assert_eq!(moments(&store, all.clone(), None).await, [4, 3, 2, 1]);
    let text = str::to_owned;
    for (filter, found) in [
        (AuditFilter { caller: text("ada"), ..all.clone() }, vec![4, 3, 1]),
        (AuditFilter { cluster: text("prod"), ..all.clone() }, vec![2, 1]),
        (AuditFilter { namespace: text("shop"), ..all.clone() }, vec![4, 1]),
        (AuditFilter { object: text("SHOP/web_1"), ..all.clone() }, vec![4, 1]),
        (AuditFilter { object: text("web%1"), ..all.clone() }, vec![]),
        (AuditFilter { verb: text("sync"), ..all.clone() }, vec![]),
        (AuditFilter { outcome: text("started"), from: Some(2), to: Some(4), ..all.clone() }, vec![3, 2]),
    ] {
        assert_eq!(moments(&store, filter.clone(), None).await, found, "{filter:?}");
    }
    let newest = store.audit().list(&AuditQuery { limit: 2, ..AuditQuery::default() }).await.unwrap();
    let rest = AuditFilter { cursor: Some(newest[1].id.clone()), ..all };
    assert_eq!(moments(&store, rest, None).await, [2, 1]);
}

#[tokio::test]
async fn places_show_the_entries_about_them_and_no_others() {
    let store = four().await;
    let places = |clusters: Option<&str>, namespaces: Option<&str>| Places {
        clusters: clusters.map(|cluster| vec![cluster.into()]),
        namespaces: namespaces.map(|namespace| vec![namespace.to_owned()]),
    };
    for (seen, found) in [
        (vec![places(Some("prod"), None)], vec![2, 1]),
        (vec![places(Some("prod"), Some("shop"))], vec![1]),
        (vec![places(None, Some("shop"))], vec![4, 1]),
        (vec![places(Some("prod"), Some("shop")), places(Some("dev"), None)], vec![4, 1]),
        (vec![], vec![]),
    ] {
        assert_eq!(moments(&store, AuditFilter::default(), Some(seen.clone())).await, found, "{seen:?}");
    }
}
