//! What clients send: filters of lists, label selectors, messages of the sockets.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::LazyLock;

use domain::list::query::read;
use domain::list::{Filter, ListFilter, ListQuery, Position, SortKey, WINDOW_LIMIT, cursor, window};
use domain::log::selector::Selector;
use domain::object::ObjectRef;
use domain::protocol::logs::{ClientFrame, LogQuery, ServerFrame};
use domain::protocol::watch::{ClientMessage, ServerMessage};
use domain::resource::ResourceRow;
use fleet::watch::row::row;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{document, outcome, size};
use crate::corpus::{flux_objects, texts};

static ROWS: LazyLock<Vec<ResourceRow>> = LazyLock::new(|| {
    let rows = flux_objects().into_iter().map(|json| row(&ObjectRef::of(&"prod".into(), &json), "Prod", &json, true));
    rows.collect()
});

pub(super) fn selector_seeds() -> Vec<Vec<u8>> {
    let selectors =
        ["app=web,tier!=cache,env in (a,b),env notin (c),track,!canary", "app==web", "x in ()", "a.b/c=d", ""];
    texts(&selectors).collect()
}

/// What is read selects without a panic; an empty one selects everything.
pub(super) fn selector(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    match Selector::parse(&text) {
        Ok(selector) => {
            let labels = BTreeMap::from([("app".to_owned(), "web".to_owned()), ("env".to_owned(), "a".to_owned())]);
            let (some, none) = (selector.matches(&labels), selector.matches(&BTreeMap::new()));
            assert!(!selector.is_empty() || (some && none));
            outcome((some, none, selector.is_empty()))
        }
        Err(error) => outcome(std::mem::discriminant(&error)),
    }
}

pub(super) fn filter_seeds() -> Vec<Vec<u8>> {
    let queries = [
        json!({"cluster": "prod-*,!*-us", "kind": "HelmRelease", "q": "applied main", "sort": "activity", "limit": 3}),
        json!({"namespace": "flux-system,shop", "status": "failed,stalled", "descending": true, "offset": 2}),
        json!({"kind": "*a*e*", "cluster": "Prod", "limit": 0}),
    ];
    queries.map(|query| query.to_string().into_bytes()).to_vec()
}

/// A window is a part of what matches, the counts are of all that matches, a filter prints as one that reads the same,
/// and the cursor of a page continues this list and no other.
pub(super) fn filter(input: &[u8]) -> u64 {
    let Ok(query) = serde_json::from_slice::<ListQuery>(input) else { return 0 };
    again(&query);
    let Ok(filter) = Filter::parse(&query.filter) else { return 1 };
    assert_eq!(Filter::parse(&filter.print()).expect("a filter that was understood"), filter);
    let shown = window(ROWS.iter(), &query).expect("a filter that was understood");
    assert_eq!(shown.total, ROWS.iter().filter(|row| filter.matches(row)).count());
    assert_eq!(shown.counts.total(), shown.total);
    assert!(shown.rows.iter().all(|row| filter.matches(row)));
    assert!(shown.offset <= shown.total && shown.rows.len() <= shown.total - shown.offset);
    if let Some(last) = shown.rows.last() {
        let position = Position::of(last);
        let text = cursor::encode(&position, &filter, query.sort, query.descending);
        assert_eq!(cursor::decode(&text, &filter, query.sort, query.descending), Ok(position));
        assert!(cursor::decode(&text, &filter, query.sort, !query.descending).is_err());
    }
    outcome((shown.total, shown.rows.len(), query.sort as u8))
}

pub(super) fn query_seeds() -> Vec<Vec<u8>> {
    let queries = [
        "cluster=prod-*&cluster=!*-us&kind=hr&sort=name&limit=7",
        "status=failed,stalled&suspended=true&q=a+b&descending=1",
        "offset=3&source=GitRepository%20flux-system/fleet",
        "cursor=AAAA&revision=main@*",
        "limit=0&limit=1&x=%ff",
    ];
    texts(&queries).collect()
}

/// A query string of REST: what is read can be asked, what is not is refused by name.
pub(super) fn query(input: &[u8]) -> u64 {
    let pairs = url::form_urlencoded::parse(input);
    match read(pairs, |_, _| Ok(false)) {
        Ok(request) => {
            assert!(request.query.limit >= 1 && request.query.limit <= WINDOW_LIMIT);
            let is_understood = window(ROWS.iter(), &request.query).is_ok();
            outcome((is_understood, request.cursor.is_some(), request.query.sort as u8, request.query.descending))
        }
        Err(error) => {
            let message = error.to_string();
            outcome(size(message.len()))
        }
    }
}

pub(super) fn cursor_seeds() -> Vec<Vec<u8>> {
    let filter = Filter::parse(&ListFilter::default()).expect("an empty filter");
    let rows = ROWS.iter().take(3);
    rows.map(|row| cursor::encode(&Position::of(row), &filter, SortKey::Name, false).into_bytes()).collect()
}

/// A cursor that was changed on its way is refused.
pub(super) fn cursor(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let filter = Filter::parse(&ListFilter::default()).expect("an empty filter");
    match cursor::decode(&text, &filter, SortKey::Name, false) {
        Ok(position) => {
            assert_eq!(cursor::encode(&position, &filter, SortKey::Name, false), text);
            1
        }
        Err(error) => outcome(std::mem::discriminant(&error)),
    }
}

pub(super) fn watch_seeds() -> Vec<Vec<u8>> {
    let object = json!({"cluster": "prod", "group": "", "kind": "Pod", "namespace": null, "name": "x"});
    let messages = [
        json!({"type": "subscribe", "id": 1, "topic": "list", "query": {"kind": "Pod", "limit": 5}}),
        json!({"type": "subscribe", "id": 2, "topic": "object", "object": object}),
        json!({"type": "subscribe", "id": 3, "topic": "cluster", "cluster": "prod"}),
        json!({"type": "unsubscribe", "id": 1}),
        json!({"type": "hello", "build": "1", "epoch": 7}),
        json!({"type": "snapshot", "id": 1, "seq": 1, "epoch": 1, "topic": "clusters", "data": []}),
    ];
    messages.map(|message| message.to_string().into_bytes()).to_vec()
}

/// Messages in both directions: what is read is written as something that reads the same.
pub(super) fn watch_message(input: &[u8]) -> u64 {
    let client = serde_json::from_slice::<ClientMessage>(input).ok();
    let server = serde_json::from_slice::<ServerMessage>(input).ok();
    client.iter().for_each(again);
    server.iter().for_each(again);
    outcome((
        client.map(|message| std::mem::discriminant(&message)),
        server.map(|message| std::mem::discriminant(&message)),
    ))
}

pub(super) fn frame_seeds() -> Vec<Vec<u8>> {
    let frames = [
        json!({"type": "start", "query": {"cluster_ids": ["prod"], "namespaces": ["a", " "],
            "label_selector": "app=web", "tail_lines": 5}}),
        json!({"type": "ack", "batch": 7}),
        json!({"cluster_ids": [], "namespaces": [], "label_selector": "", "tail_lines": 4294967295u32}),
        json!({"type": "hello", "session": "x", "protocol": "flux-logs.v0.json"}),
    ];
    frames.map(|frame| frame.to_string().into_bytes()).to_vec()
}

/// As above, for logs; defaults and limits hold whatever is asked for.
pub(super) fn log_frame(input: &[u8]) -> u64 {
    let client = serde_json::from_slice::<ClientFrame>(input).ok();
    let server = serde_json::from_slice::<ServerFrame>(input).ok();
    client.iter().for_each(again);
    server.iter().for_each(again);
    let query = match (&client, document(input)) {
        (Some(ClientFrame::Start { query }), _) => query.clone(),
        (_, Some(json)) => serde_json::from_value::<LogQuery>(json).unwrap_or_default(),
        _ => LogQuery::default(),
    };
    let namespaces = query.effective_namespaces();
    assert!(!namespaces.is_empty() && namespaces.iter().all(|namespace| !namespace.is_empty()));
    assert!(query.effective_tail_lines() <= domain::protocol::logs::MAX_TAIL_LINES);
    outcome((client.map(|frame| std::mem::discriminant(&frame)), size(namespaces.len())))
}

fn again<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("plain data");
    let again: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(&again, value, "{text}");
}
