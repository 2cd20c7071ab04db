//! Revision changes: what is recorded, in which order it is read, what is cut.

use fleet::store::{RevisionChange, TimelineQuery};

use crate::database::Database;
use crate::samples::object;

tests![changes_are_read_newest_first_and_narrowed, a_text_that_is_too_long_is_cut_and_not_refused];

fn change(cluster: &str, name: &str, at: i64) -> RevisionChange {
    let (revision, reason) = (format!("main@sha1:{at}"), "ReconciliationSucceeded".to_owned());
    RevisionChange { object: object(cluster, name), revision, at, reason }
}

async fn changes_are_read_newest_first_and_narrowed(database: Database) {
    let store = database.open().await;
    let timeline = store.timeline();
    for at in 1..=250 {
        timeline.record(change("prod", if at % 2 == 0 { "web" } else { "db" }, at)).unwrap();
    }
    timeline.record(change("dev", "web", 300)).unwrap();
    timeline.flush().await;
    assert_eq!(timeline.dropped(), 0);
    let times = async |query: TimelineQuery| {
        let changes = timeline.recent(&query).await.unwrap();
        changes.into_iter().map(|change| change.at).collect::<Vec<_>>()
    };
    let three = TimelineQuery { limit: 3, ..TimelineQuery::default() };
    assert_eq!(times(three.clone()).await, [300, 250, 249]);
    assert_eq!(times(TimelineQuery { before: Some(249), ..three.clone() }).await, [248, 247, 246]);
    assert_eq!(times(TimelineQuery { cluster: Some("prod".into()), ..three.clone() }).await, [250, 249, 248]);
    let web = Some(object("prod", "web"));
    assert_eq!(times(TimelineQuery { object: web, ..three.clone() }).await, [250, 248, 246]);
    assert_eq!(timeline.recent(&three).await.unwrap()[1], change("prod", "web", 250));
    store.close().await.unwrap();
}

async fn a_text_that_is_too_long_is_cut_and_not_refused(database: Database) {
    let store = database.open().await;
    let long = RevisionChange { revision: "ä".repeat(600), reason: "a\0b".to_owned(), ..change("prod", "web", 1) };
    store.timeline().record(long).unwrap();
    store.close().await.unwrap();
    let store = database.open().await;
    let changes = store.timeline().recent(&TimelineQuery { limit: 1, ..TimelineQuery::default() }).await.unwrap();
    assert_eq!(changes[0].revision, "ä".repeat(512));
    assert_eq!(changes[0].reason, "a\u{fffd}b");
    store.close().await.unwrap();
}
