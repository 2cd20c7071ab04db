//! What somebody with limited grants meets of the rest of the fleet: nothing, on every topic of the live socket.

#[path = "support/fleet.rs"]
#[expect(dead_code, reason = "other suites need the rest of it")]
mod support;

use std::time::Duration;

use domain::access::{Grant, Role};
use domain::error::ErrorCode;
use domain::list::{ListFilter, ListQuery};
use domain::object::ObjectRef;
use domain::protocol::watch::Topic;
use fleet::access::Caller;
use futures::StreamExt;
use serde_json::{Value, json};
use simulator::ClusterSpec;

use support::{Fleet, kustomization, reference};

/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name is what nobody with limited grants may meet; it is everywhere in the object.
fn canary(namespace: &str) -> Value {
    let mut object = kustomization("canary-object", "False");
    object["metadata"]["namespace"] = json!(namespace);
    object["status"]["conditions"][0]["message"] = json!("canary-message");
    object
}

/// One topic of each name; a new one fails here until it is added.
fn topics() -> Vec<Topic> {
    let topics = vec![
        Topic::Fleet,
        Topic::Clusters,
        Topic::Cluster { cluster: "prod".into() },
        Topic::List { query: ListQuery::default() },
        Topic::List {
            query: ListQuery {
                filter: ListFilter { q: "canary".to_owned(), ..ListFilter::default() },
                ..ListQuery::default()
            },
        },
        Topic::Object { object: reference("shop") },
    ];
    for name in Topic::NAMES {
        assert!(topics.iter().any(|topic| topic.name() == name), "subscribe to {name}");
    }
    topics
}

#[tokio::test]
async fn every_topic_shows_what_the_grants_reach_and_counts_nothing_else() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod"), ClusterSpec::empty("canary-cluster")]).await;
    fleet.simulated("prod").apply(kustomization("shop", "True"));
    fleet.simulated("prod").apply(canary("canary-space"));
    fleet.simulated("canary-cluster").apply(canary("apps"));
    fleet.register("prod").await;
    fleet.register("canary-cluster").await;
    fleet.until("the objects are listed", |fleet| fleet.rows().len() == 3).await;
    let grant = Grant {
        clusters: Some(vec!["prod".into()]),
        namespaces: Some(vec!["apps".to_owned()]),
        ..Grant::everywhere(Role::Admin)
    };
    let limited = Caller::named("ada", vec![grant]);

    let mut streams = Vec::new();
    for (topic, id) in topics().into_iter().zip(1..) {
        let mut messages = fleet.services.subscribe(&limited, id, topic).await.expect("it reaches that far");
        let first = messages.next().await.expect("a snapshot");
        let text = serde_json::to_string(&first).expect("JSON");
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.contains("\"failed\":1"), "counted: {text}");
        streams.push(messages);
    }
    // A change that they may not see, and then one that they may: only the second is told.
    let mut changed = canary("canary-space");
    changed["status"]["conditions"][0]["message"] = json!("canary-again");
    fleet.simulated("prod").apply(changed);
    let mut seen = kustomization("shop", "False");
    seen["status"]["conditions"][0]["message"] = json!("now it shows");
    fleet.simulated("prod").apply(seen);
    let mut list = streams.swap_remove(3);
    let told = async {
        loop {
            let text = serde_json::to_string(&list.next().await.expect("the engine runs")).expect("JSON");
            assert!(!text.contains("canary"), "{text}");
            if text.contains("now it shows") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("the visible change is told");

    for topic in [
        Topic::Cluster { cluster: "canary-cluster".into() },
        Topic::Object { object: ObjectRef::of(&"prod".into(), &canary("canary-space")) },
    ] {
        let refused = fleet.services.subscribe(&limited, 99, topic).await.err().expect("it is out of reach");
        assert_eq!(refused.code, ErrorCode::Forbidden);
    }
}
