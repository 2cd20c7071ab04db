//! The audit trail: a row before the work, its end after it, whatever the end is.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use domain::access::Verb;
use fleet::access::{Authorized, Caller, authorize_cluster};
use fleet::audit::{Audit, AuditError};
use fleet::clock::Clock;
use fleet::store::{AuditEntry, AuditOutcome, AuditQuery, KeySource, Store, StoreConfig};

async fn store() -> Store {
    let config =
        StoreConfig { url: "sqlite::memory:".to_owned(), key: KeySource::BesideDatabase, clock: Clock::new(|| 7) };
    Store::open(config).await.unwrap()
}

async fn trail(store: &Store) -> Vec<AuditEntry> {
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
    let start = AuditEntry {
        started_at: 7,
        finished_at: None,
        caller: "anonymous".to_owned(),
        remote: Some("192.0.2.1".to_owned()),
        verb: "sync".to_owned(),
        target: "cluster prod".to_owned(),
        cluster: Some("prod".to_owned()),
        namespace: None,
        action: "sync".to_owned(),
        detail: "all kinds".to_owned(),
        outcome: AuditOutcome::Started,
        message: String::new(),
    };
    assert_eq!(seen, std::slice::from_ref(&start));
    let end = AuditEntry { finished_at: Some(7), outcome: AuditOutcome::Succeeded, ..start };
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

#[tokio::test]
async fn a_noted_read_has_no_end() {
    let store = store().await;
    let audit = Audit::new(store.clone(), Clock::new(|| 7));
    audit.note(&authorized(), "logs", "shop/web").await.unwrap();
    let rows = trail(&store).await;
    assert_eq!((rows[0].outcome, rows[0].finished_at), (AuditOutcome::Noted, None));
}
