//! From containers to frames, under a paused clock.

use std::time::Duration;

use domain::protocol::logs::{GapCause, SourceState, StreamLine};
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::synthetic::{SyntheticNamespace, selection};
use super::*;

const NO_DELAY: Duration = Duration::ZERO;

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(1_768_473_045_000 + millisecond).unwrap()
}

/// Frames until nothing comes for a second, each batch acknowledged.
async fn frames(session: &mut LogSession) -> Vec<ServerFrame> {
    let mut seen = Vec::new();
    while let Ok(Some(frame)) = timeout(Duration::from_secs(1), session.next()).await {
        if let ServerFrame::Batch { batch, .. } = frame {
            session.ack(batch);
        }
        seen.push(frame);
    }
    seen
}

fn lines(frames: &[ServerFrame]) -> Vec<StreamLine> {
    frames
        .iter()
        .filter_map(|frame| if let ServerFrame::Batch { lines, .. } = frame { Some(lines.clone()) } else { None })
        .flatten()
        .collect()
}

fn messages(frames: &[ServerFrame]) -> Vec<String> {
    lines(frames).into_iter().map(|line| line.message).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn containers_of_two_clusters_come_in_true_time_order_though_one_is_slow() {
    let (eu, us) = (SyntheticNamespace::new(), SyntheticNamespace::new());
    let (fast, slow) = (eu.add("fast", NO_DELAY), us.add("slow", Duration::from_millis(700)));
    for number in 0..200 {
        let container = if number % 3 == 0 { &slow } else { &fast };
        container.write(at(number), &number.to_string());
    }
    let selection = selection(vec![eu.place("eu"), us.place("us")], 1000);
    let mut session = LogSession::new(&Hubs::new(), selection);
    let seen = frames(&mut session).await;
    assert_eq!(messages(&seen), numbers(0..200));
    assert!(lines(&seen).iter().all(|line| !line.late));
}

#[tokio::test(start_paused = true)]
async fn live_lines_that_arrive_out_of_order_are_shown_in_order() {
    let namespace = SyntheticNamespace::new();
    let (one, two) = (namespace.add("one", NO_DELAY), namespace.add("two", NO_DELAY));
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10));
    frames(&mut session).await;
    one.write(at(20), "second");
    sleep(Duration::from_millis(40)).await;
    two.write(at(10), "first");
    assert_eq!(messages(&frames(&mut session).await), ["first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn cuts_and_lying_ends_lose_and_repeat_nothing() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("web", NO_DELAY);
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10));
    let mut seen = frames(&mut session).await;
    for number in 0..600 {
        // Equal times, and equal lines beside the numbers.
        container.write(at(number / 7 * 150), &number.to_string());
        container.write(at(number / 7 * 150), "the same");
        if number % 10 == 9 {
            container.cut();
            seen.extend(frames(&mut session).await);
        }
    }
    seen.extend(frames(&mut session).await);
    let told = messages(&seen);
    assert_eq!(told.iter().filter(|message| *message == "the same").count(), 600);
    assert_eq!(told.into_iter().filter(|message| message != "the same").collect::<Vec<_>>(), numbers(0..600));
    assert!(!seen.iter().any(|frame| matches!(frame, ServerFrame::Gap { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_rotation_while_no_stream_stood_is_one_gap() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("web", NO_DELAY);
    container.write(at(0), "before");
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10));
    frames(&mut session).await;
    container.rotate();
    container.write(at(60_000), "after");
    container.cut();
    let seen = frames(&mut session).await;
    let gap = ServerFrame::Gap {
        source: 1,
        after: format_time(at(0)),
        before: format_time(at(60_000)),
        cause: GapCause::Rotated,
    };
    assert_eq!(seen.iter().filter(|frame| **frame == gap).count(), 1);
    assert_eq!(messages(&seen), ["after"]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_shows_the_last_words_and_then_the_new_run() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("web", NO_DELAY);
    container.write(at(0), "started");
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10));
    frames(&mut session).await;
    container.cut();
    container.write(at(10), "panic");
    container.restart();
    container.write(at(2_000), "started again");
    namespace.tell("web");
    let seen = frames(&mut session).await;
    assert_eq!(messages(&seen), ["panic", "started again"]);
    assert!(!seen.iter().any(|frame| matches!(frame, ServerFrame::Gap { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_the_kubelet_says_in_band_is_no_line_of_the_container() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("web", NO_DELAY);
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10));
    frames(&mut session).await;
    container.say("failed to create fsnotify watcher: too many open files");
    let seen = frames(&mut session).await;
    assert!(messages(&seen).is_empty());
    assert!(seen.iter().any(|frame| {
        matches!(frame, ServerFrame::Status { source: Some(1), message, .. } if message.contains("too many open files"))
    }));
}

#[tokio::test(start_paused = true)]
async fn lines_of_a_run_that_began_silent_and_crashed_unread_are_its_last_words() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("web", NO_DELAY);
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 1));
    frames(&mut session).await;
    container.cut();
    container.write(at(0), "starting");
    container.write(at(1), "panic");
    container.restart();
    container.write(at(2), "started again");
    assert_eq!(messages(&frames(&mut session).await), ["starting", "panic", "started again"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_finished_has_ended() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("job", NO_DELAY);
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10));
    frames(&mut session).await;
    container.write(at(0), "done");
    container.finish();
    let seen = frames(&mut session).await;
    assert_eq!(messages(&seen), ["done"]);
    assert!(
        seen.iter()
            .any(|frame| matches!(frame, ServerFrame::Status { source: Some(1), state: SourceState::Ended, .. }))
    );
    assert_eq!(
        seen.last(),
        Some(&ServerFrame::Coverage { streaming: 0, waiting: 0, forbidden: 0, failed: 0, ended: 1 })
    );
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_joins_is_numbered_and_read() {
    let namespace = SyntheticNamespace::new();
    namespace.add("old", NO_DELAY);
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10));
    frames(&mut session).await;
    namespace.add("new", NO_DELAY).write(at(0), "hello");
    let seen = frames(&mut session).await;
    let joined =
        seen.iter().find_map(|frame| if let ServerFrame::Sources { sources } = frame { sources.first() } else { None });
    assert_eq!(joined.map(|source| (source.number, source.source.pod_name.as_str())), Some((2, "new")));
    assert_eq!(messages(&seen), ["hello"]);
}

#[tokio::test(start_paused = true)]
async fn a_viewer_who_is_too_slow_is_told_exactly_what_it_missed() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("web", NO_DELAY);
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10));
    frames(&mut session).await;
    let text = "x".repeat(500);
    let (mut seen, mut last) = (Vec::new(), 0);
    for number in 0..20_000 {
        container.write(at(number), &text);
        if number % 100 == 0 {
            // Takes what is sent, and acknowledges nothing.
            while let Ok(Some(frame)) = timeout(Duration::from_millis(50), session.next()).await {
                if let ServerFrame::Batch { batch, .. } = frame {
                    last = batch;
                }
                seen.push(frame);
            }
        }
    }
    assert_eq!(last, 8, "eight batches are the credit");
    session.ack(last);
    seen.extend(frames(&mut session).await);
    let skipped = seen.iter().filter_map(|frame| match frame {
        ServerFrame::Skipped { lines, bytes, .. } => Some((*lines, *bytes)),
        _ => None,
    });
    let (missed, bytes) = skipped.fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
    assert!(missed > 10_000, "a ring holds two megabytes");
    assert_eq!(bytes, missed * 500);
    assert_eq!(lines(&seen).len() as u64 + missed, 20_000);
    let batches: Vec<u64> = seen
        .iter()
        .filter_map(|frame| if let ServerFrame::Batch { batch, .. } = frame { Some(*batch) } else { None })
        .collect();
    assert_eq!(batches, (1..=batches.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_long_history_overruns_nobody_who_keeps_up() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("web", NO_DELAY);
    for number in 0..10_000 {
        container.write(at(number), &format!("{number:0>600}"));
    }
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10_000));
    assert_eq!(lines(&frames(&mut session).await).len(), 10_000);
}

#[tokio::test(start_paused = true)]
async fn many_viewers_and_a_reload_cost_one_request() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("web", NO_DELAY);
    container.write(at(0), "hello");
    let hubs = Hubs::new();
    let join = || LogSession::new(&hubs, selection(vec![namespace.place("eu")], 10));
    let mut viewers: Vec<LogSession> = (0..50).map(|_| join()).collect();
    for viewer in &mut viewers {
        assert_eq!(messages(&frames(viewer).await), ["hello"]);
    }
    drop(viewers);
    sleep(Duration::from_secs(20)).await;
    let mut reloaded = join();
    assert_eq!(messages(&frames(&mut reloaded).await), ["hello"]);
    assert_eq!(container.opened(), 1);
    drop(reloaded);
    sleep(Duration::from_secs(31)).await;
    assert!(hubs.is_empty(), "nobody looked for half a minute");
}

#[tokio::test(start_paused = true)]
async fn who_looks_further_back_than_the_stream_began_gets_it() {
    let namespace = SyntheticNamespace::new();
    let container = namespace.add("web", NO_DELAY);
    (0..100).for_each(|number| container.write(at(number), &number.to_string()));
    let hubs = Hubs::new();
    let mut near = LogSession::new(&hubs, selection(vec![namespace.place("eu")], 5));
    assert_eq!(messages(&frames(&mut near).await), numbers(95..100));
    let mut far = LogSession::new(&hubs, selection(vec![namespace.place("eu")], 50));
    assert_eq!(messages(&frames(&mut far).await), numbers(50..100));
}

#[tokio::test(start_paused = true)]
async fn what_is_over_the_budget_waits_and_says_so() {
    let namespace = SyntheticNamespace::new();
    let containers: Vec<_> = (0..130).map(|pod| namespace.add(&format!("pod-{pod}"), NO_DELAY)).collect();
    let mut session = LogSession::new(&Hubs::new(), selection(vec![namespace.place("eu")], 10));
    let mut seen = frames(&mut session).await;
    sleep(Duration::from_secs(10)).await;
    seen.extend(frames(&mut session).await);
    assert_eq!(
        seen.iter().rfind(|frame| matches!(frame, ServerFrame::Coverage { .. })),
        Some(&ServerFrame::Coverage { streaming: 128, waiting: 2, forbidden: 0, failed: 0, ended: 0 })
    );
    containers.iter().filter(|container| container.opened() > 0).take(2).for_each(|container| container.finish());
    sleep(Duration::from_secs(10)).await;
    assert_eq!(
        frames(&mut session).await.iter().rfind(|frame| matches!(frame, ServerFrame::Coverage { .. })),
        Some(&ServerFrame::Coverage { streaming: 128, waiting: 0, forbidden: 0, failed: 0, ended: 2 })
    );
}

#[tokio::test(start_paused = true)]
async fn who_may_no_longer_read_gets_nothing_more() {
    let (shop, bank) = (SyntheticNamespace::new(), SyntheticNamespace::new());
    let (open, closed) = (shop.add("web", NO_DELAY), bank.add("vault", NO_DELAY));
    let selection = selection(vec![shop.place("eu"), bank.place("us")], 10);
    let mut session = LogSession::new(&Hubs::new(), selection);
    frames(&mut session).await;
    bank.forbid();
    sleep(RECHECK).await;
    frames(&mut session).await;
    closed.write(at(0), "secret");
    open.write(at(1), "public");
    bank.add("another", NO_DELAY).write(at(2), "secret");
    assert_eq!(messages(&frames(&mut session).await), ["public"]);
    shop.forbid();
    sleep(RECHECK).await;
    let last = frames(&mut session).await;
    assert!(matches!(last.last(), Some(ServerFrame::Failed { error }) if error.code == ErrorCode::Forbidden));
    assert_eq!(session.next().await, None);
}
