//! Container logs, aggregated and streamed, against clusters of the simulator: order, losses, refusals.

#[path = "support/fleet.rs"]
#[expect(dead_code, reason = "other suites need the rest of it")]
mod support;

use std::time::Duration;

use domain::access::{Grant, Role};
use domain::cluster::ClusterStatus;
use domain::error::ErrorCode;
use domain::log::level::Level;
use domain::object::ClusterId;
use domain::problem::ProblemKind;
use domain::protocol::logs::{AggregatedLogs, LogQuery, ServerFrame, SourceState, StreamLine};
use fleet::access::Caller;
use fleet::logs::LogSession;
use jiff::Timestamp;
use serde_json::{Value, json};
use simulator::{Cluster, ClusterSpec};
use tokio::time::timeout;

use support::{Fleet, admin};

/// Far more than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(1_768_473_045_000 + millisecond).expect("a time of our days")
}

fn pod(name: &str, status: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "shop"}]},
        "status": status,
    })
}

fn running(restarts: i32) -> Value {
    json!({"phase": "Running", "containerStatuses": [{
        "name": "main", "image": "shop", "imageID": "", "ready": true, "restartCount": restarts,
        "state": {"running": {"startedAt": "2026-01-15T10:00:00Z"}},
        "lastState": if restarts > 0 { json!({"terminated": {"exitCode": 1}}) } else { json!({}) },
    }]})
}

fn write(cluster: &Cluster, pod: &str, millisecond: i64, line: impl AsRef<[u8]>) {
    cluster.append_log_at("shop", pod, "main", at(millisecond), line);
}

fn shop(clusters: &[&str]) -> LogQuery {
    LogQuery {
        cluster_ids: clusters.iter().map(|id| ClusterId::from(*id)).collect(),
        namespaces: vec!["shop".to_owned()],
        ..LogQuery::default()
    }
}

async fn fleet(clusters: &[&str]) -> Fleet {
    let fleet = Fleet::start(clusters.iter().map(|name| ClusterSpec::empty(name)).collect()).await;
    for name in clusters {
        fleet.simulated(name).apply(pod("web", running(0)));
        fleet.register(name).await;
    }
    let connected = |fleet: &Fleet| clusters.iter().all(|name| fleet.status(name) == ClusterStatus::Connected);
    fleet.until("all are connected", connected).await;
    fleet
}

async fn aggregated(fleet: &Fleet, query: LogQuery) -> AggregatedLogs {
    fleet.services.aggregated_logs(&admin(), query).await.expect("an administrator may")
}

fn messages(logs: &AggregatedLogs) -> Vec<&str> {
    logs.logs.iter().map(|record| record.message.as_str()).collect()
}

/// A session and all that it has sent; every batch is acknowledged.
struct Viewer {
    session: LogSession,
    seen: Vec<ServerFrame>,
}

impl Viewer {
    async fn of(fleet: &Fleet, query: LogQuery) -> Self {
        let session = fleet.services.stream_logs(&admin(), query).await.expect("an administrator may");
        Self { session, seen: Vec::new() }
    }

    async fn until(&mut self, what: &str, is_true: impl Fn(&Self) -> bool) {
        let becomes_true = async {
            while !is_true(self) {
                let frame = self.session.next().await.expect("the session goes on");
                if let ServerFrame::Batch { batch, .. } = frame {
                    self.session.ack(batch);
                }
                self.seen.push(frame);
            }
        };
        if timeout(PATIENCE, becomes_true).await.is_err() {
            let other = self.seen.iter().filter(|frame| !matches!(frame, ServerFrame::Batch { .. }));
            panic!("never: {what}; {} lines, {:?}", self.lines().len(), other.collect::<Vec<_>>());
        }
    }

    fn lines(&self) -> Vec<StreamLine> {
        let batches = self.seen.iter().filter_map(|frame| match frame {
            ServerFrame::Batch { lines, .. } => Some(lines.clone()),
            _ => None,
        });
        batches.flatten().collect()
    }

    fn messages(&self) -> Vec<String> {
        self.lines().into_iter().map(|line| line.message).collect()
    }

    fn is_streaming(&self, count: usize) -> bool {
        let coverage = self.seen.iter().rfind(|frame| matches!(frame, ServerFrame::Coverage { .. }));
        matches!(coverage, Some(ServerFrame::Coverage { streaming, .. }) if *streaming == count)
    }
}

#[tokio::test]
async fn an_answer_holds_the_lines_of_all_clusters_in_time_order() {
    let fleet = fleet(&["eu", "us"]).await;
    for number in 0..200 {
        let cluster = fleet.simulated(if number % 3 == 0 { "us" } else { "eu" });
        write(cluster, "web", number, format!("line {number}"));
    }
    let logs = aggregated(&fleet, LogQuery { tail_lines: Some(500), ..shop(&[]) }).await;
    assert_eq!(messages(&logs), (0..200).map(|number| format!("line {number}")).collect::<Vec<_>>());
    assert_eq!((logs.sources, logs.problems), (2, vec![]));
    let record = &logs.logs[0];
    assert_eq!(record.timestamp, "2026-01-15T10:30:45.000000000Z");
    assert_eq!((record.source.cluster_id.as_str(), record.source.container.as_str()), ("us", "main"));
}

#[tokio::test]
async fn tail_and_selector_limit_what_is_read() {
    let fleet = fleet(&["eu"]).await;
    let cluster = fleet.simulated("eu");
    cluster.apply(pod("other", running(0)));
    write(cluster, "other", 0, "not this");
    (0..5).for_each(|number| write(cluster, "web", number, format!("line {number}")));
    let query = LogQuery { label_selector: "app=web".to_owned(), tail_lines: Some(2), ..shop(&["eu"]) };
    assert_eq!(messages(&aggregated(&fleet, query).await), ["line 3", "line 4"]);
}

#[tokio::test]
async fn a_cluster_that_is_down_is_a_problem_and_the_rest_is_there() {
    let fleet = fleet(&["eu", "us"]).await;
    write(fleet.simulated("eu"), "web", 0, "here");
    fleet.simulated("us").faults().set_down(true);
    let query = LogQuery { namespaces: vec!["shop".to_owned(), "apps".to_owned()], ..shop(&[]) };
    let logs = aggregated(&fleet, query).await;
    assert_eq!(messages(&logs), ["here"]);
    let problems: Vec<_> =
        logs.problems.iter().map(|of| (of.problem.kind, of.problem.cluster.clone().expect("of a cluster"))).collect();
    assert_eq!(problems, [(ProblemKind::Unreachable, "us".into())]);
}

#[tokio::test]
async fn what_the_cluster_refuses_is_named_for_each_container() {
    let fleet = fleet(&["eu", "us"]).await;
    write(fleet.simulated("us"), "web", 0, "here");
    fleet.simulated("eu").faults().deny("pods/log");
    fleet.simulated("us").apply(pod("new", json!({"phase": "Pending"})));
    let logs = aggregated(&fleet, shop(&[])).await;
    assert_eq!(messages(&logs), ["here"]);
    let mut problems: Vec<_> = logs
        .problems
        .iter()
        .map(|of| (of.problem.kind, of.source.as_ref().expect("of a container").pod_name.as_str()))
        .collect();
    problems.sort_by_key(|(_, pod)| *pod);
    assert_eq!(problems, [(ProblemKind::NotFound, "new"), (ProblemKind::Forbidden, "web")]);
}

#[tokio::test]
async fn hostile_lines_are_cut_repaired_masked_and_levelled() {
    let fleet = fleet(&["eu"]).await;
    let cluster = fleet.simulated("eu");
    write(cluster, "web", 0, "x".repeat(1 << 20));
    write(cluster, "web", 1, b"bad \xff byte");
    write(cluster, "web", 2, r#"{"level":"error","msg":"login with password=canary-5f1c0e failed"}"#);
    let logs = aggregated(&fleet, shop(&["eu"])).await;
    let long = &logs.logs[0];
    assert_eq!(long.message.len() as u64 + long.truncated, 1 << 20);
    assert!(long.truncated > 0);
    assert_eq!(logs.logs[1].message, "bad \u{fffd} byte");
    assert_eq!(logs.logs[2].level, Level::Error);
    assert!(!logs.logs[2].message.contains("canary"), "{}", logs.logs[2].message);

    let mut viewer = Viewer::of(&fleet, shop(&["eu"])).await;
    viewer.until("three lines", |viewer| viewer.lines().len() == 3).await;
    assert_eq!(viewer.lines()[0].truncated, long.truncated);
    assert!(!viewer.messages().concat().contains("canary"));
}

#[tokio::test]
async fn who_may_not_read_a_namespace_is_refused() {
    let fleet = fleet(&["eu", "us"]).await;
    write(fleet.simulated("eu"), "web", 0, "for shop only");
    let (clusters, namespaces) = (Some(vec!["eu".into()]), Some(vec!["shop".to_owned()]));
    let ada = Caller::named("ada", vec![Grant { clusters, namespaces, ..Grant::everywhere(Role::Viewer) }]);
    for query in [shop(&["us"]), LogQuery { namespaces: vec!["bank".to_owned()], ..LogQuery::default() }] {
        let refused = fleet.services.aggregated_logs(&ada, query.clone()).await.expect_err("forbidden");
        assert_eq!(refused.code, ErrorCode::Forbidden);
        let refused = fleet.services.stream_logs(&ada, query).await.err().expect("forbidden");
        assert_eq!(refused.code, ErrorCode::Forbidden);
    }
    let logs = fleet.services.aggregated_logs(&ada, shop(&[])).await.expect("her own");
    assert_eq!((messages(&logs), logs.problems.len()), (vec!["for shop only"], 0));
}

#[tokio::test]
async fn a_stream_begins_with_the_history_of_all_clusters_in_order_and_goes_on() {
    let fleet = fleet(&["eu", "us"]).await;
    let clusters = ["eu", "us"].map(|name| fleet.simulated(name));
    (0..100).for_each(|number| write(clusters[number as usize % 2], "web", number, format!("{number}")));
    let mut viewer = Viewer::of(&fleet, shop(&[])).await;
    viewer.until("the history", |viewer| viewer.lines().len() == 100).await;
    (100..120).for_each(|number| write(clusters[number as usize % 2], "web", number, format!("{number}")));
    viewer.until("what followed", |viewer| viewer.lines().len() == 120).await;
    assert_eq!(viewer.messages(), (0..120).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(viewer.lines().iter().all(|line| !line.late));
}

#[tokio::test]
async fn cuts_lying_ends_and_an_outage_lose_and_repeat_nothing() {
    let fleet = fleet(&["eu", "us"]).await;
    let clusters = ["eu", "us"].map(|name| fleet.simulated(name));
    let mut viewer = Viewer::of(&fleet, shop(&[])).await;
    viewer.until("both stream", |viewer| viewer.is_streaming(2)).await;
    let mut written = 0;
    for round in 0..6 {
        for part in 0..4 {
            for cluster in clusters {
                // Some lines share their time.
                (0..25).for_each(|line| {
                    write(cluster, "web", (round * 100 + part * 25 + line) / 3 * 40, format!("{}", written + line))
                });
                match part {
                    1 => cluster.faults().cut_streams(),
                    2 => cluster.faults().eof_logs(),
                    _ => {}
                }
            }
            written += 25;
        }
        if round == 3 {
            clusters[0].faults().set_down(true);
            viewer.until("one is being reconnected", |viewer| !viewer.is_streaming(2)).await;
            clusters[0].faults().set_down(false);
        }
        let expected = usize::try_from(written * 2).expect("few");
        viewer.until("all lines of the round", |viewer| viewer.lines().len() >= expected).await;
    }
    for source in [1, 2] {
        let numbers: Vec<i64> = viewer
            .lines()
            .iter()
            .filter(|line| line.source == source)
            .map(|line| line.message.parse().expect("a number"))
            .collect();
        assert_eq!(numbers, (0..written).collect::<Vec<_>>(), "source {source}");
    }
    let silent =
        viewer.seen.iter().all(|frame| !matches!(frame, ServerFrame::Gap { .. } | ServerFrame::Skipped { .. }));
    assert!(silent, "nothing was lost, so nothing is announced");
}

#[tokio::test]
async fn pods_join_and_leave_while_the_stream_goes_on() {
    let fleet = fleet(&["eu"]).await;
    let cluster = fleet.simulated("eu");
    let mut viewer = Viewer::of(&fleet, shop(&["eu"])).await;
    viewer.until("the first pod streams", |viewer| viewer.is_streaming(1)).await;
    cluster.apply(pod("late", json!({"phase": "Pending"})));
    let is_waiting =
        |frame: &ServerFrame| matches!(frame, ServerFrame::Status { source: Some(2), state: SourceState::Waiting, .. });
    viewer.until("the second waits", |viewer| viewer.seen.iter().any(is_waiting)).await;
    cluster.apply(pod("late", running(0)));
    write(cluster, "late", 0, "hello");
    viewer.until("its line", |viewer| viewer.messages() == ["hello"]).await;
    cluster.delete("Pod", "shop", "late");
    let has_ended =
        |frame: &ServerFrame| matches!(frame, ServerFrame::Status { source: Some(2), state: SourceState::Ended, .. });
    viewer.until("its end", |viewer| viewer.seen.iter().any(has_ended)).await;
    write(cluster, "web", 1, "still here");
    viewer.until("the other goes on", |viewer| viewer.messages().len() == 2).await;
}

#[tokio::test]
async fn a_restart_is_followed_into_the_new_run() {
    let fleet = fleet(&["eu"]).await;
    let cluster = fleet.simulated("eu");
    write(cluster, "web", 0, "first run");
    let mut viewer = Viewer::of(&fleet, shop(&["eu"])).await;
    viewer.until("the first run", |viewer| viewer.messages().len() == 1).await;
    write(cluster, "web", 10, "last words");
    cluster.apply(pod("web", running(1)));
    write(cluster, "web", 5_000, "second run");
    viewer.until("the second run", |viewer| viewer.messages().len() == 3).await;
    assert_eq!(viewer.messages(), ["first run", "last words", "second run"]);
}

#[tokio::test]
async fn a_cluster_that_refuses_to_list_pods_says_so_and_the_other_streams() {
    let fleet = fleet(&["eu", "us"]).await;
    fleet.simulated("us").faults().deny("pods");
    write(fleet.simulated("eu"), "web", 0, "here");
    let mut viewer = Viewer::of(&fleet, shop(&[])).await;
    viewer.until("the line of the other", |viewer| viewer.messages() == ["here"]).await;
    let is_forbidden = |frame: &ServerFrame| match frame {
        ServerFrame::Status { source: None, state, message } => {
            *state == SourceState::Forbidden && message.starts_with("us / shop")
        }
        _ => false,
    };
    viewer.until("the refusal", |viewer| viewer.seen.iter().any(is_forbidden)).await;
}
