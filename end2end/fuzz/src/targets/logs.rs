//! Log lines: time, level and colour of one, and the order of many.

use domain::log::ansi::strip;
use domain::log::flux;
use domain::log::level::level as level_of;
use domain::log::line::{Parsed, format_time, parse};
use domain::log::merge::{Window, merge};
use domain::log::resume::{Delivered, Mark};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{document, outcome, size};
use crate::corpus::texts;

pub(super) fn line_seeds() -> Vec<Vec<u8>> {
    let lines = [
        "2026-01-15T10:30:45.123456789Z {\"level\":\"info\",\"msg\":\"done\"}",
        "2026-01-15T10:30:45+02:00 text",
        "2026-01-15T10:30:45Z",
        "failed to create fsnotify watcher: too many open files",
        "2026-01-15T10:30:45Z  \r",
    ];
    texts(&lines).collect()
}

/// A line keeps its text, and a text that comes with a time is a line with that text.
pub(super) fn line(input: &[u8]) -> u64 {
    let raw = String::from_utf8_lossy(input);
    let way = match parse(&raw) {
        Parsed::Line(line) => {
            assert!(raw.strip_suffix('\r').unwrap_or(&raw).ends_with(line.text));
            let again = format!("{} {}", format_time(line.time), line.text);
            match parse(&again) {
                Parsed::Line(again) => assert_eq!(again.time, line.time),
                Parsed::Notice(_) => assert!(again.starts_with('-'), "no line: {again}"),
            }
            (1, size(line.text.len()))
        }
        Parsed::Notice(text) => {
            assert_eq!(text, raw.strip_suffix('\r').unwrap_or(&raw));
            (2, size(text.len()))
        }
    };
    let dated = format!("2026-01-15T10:30:45.123456789Z {raw}");
    let Parsed::Line(line) = parse(&dated) else { panic!("no line: {dated}") };
    assert_eq!(line.text, raw.strip_suffix('\r').unwrap_or(&raw));
    outcome(way)
}

pub(super) fn level_seeds() -> Vec<Vec<u8>> {
    let messages = [
        "{\"level\":\"error\",\"msg\":\"x\",\"controllerKind\":\"Kustomization\",\"reconcileID\":\"a\"}",
        "{\"level\":30,\"msg\":\"pino\"}",
        "time=\"2026\" level=warning msg=\"x\"",
        "I0115 10:30:45.123456       1 f.go:12] x",
        "2026-01-15T10:30:45Z\tERROR\tsetup\tx",
        "[WARN] x",
        "\u{1b}[31mERROR\u{1b}[0m x",
        "\u{1b}]0;title\u{7}x",
        "E0115",
    ];
    texts(&messages).collect()
}

/// A message without its colours is no longer than with them.
pub(super) fn level(input: &[u8]) -> u64 {
    let message = String::from_utf8_lossy(input);
    let plain = strip(&message);
    assert!(plain.len() <= message.len());
    let read = flux::parse(&message);
    outcome((
        level_of(&message),
        level_of(&plain),
        plain == message,
        read.map(|line| (line.kind.is_some(), line.revision.is_some())),
    ))
}

pub(super) fn order_seeds() -> Vec<Vec<u8>> {
    vec![
        b"[[0,1,5],[1,2,4],[0,3,9],[2,4,1],[1,5,5]]".to_vec(),
        b"[[0,1,1],[0,2,1],[0,3,0],[\"end\",0],[0,4,7]]".to_vec(),
    ]
}

/// Steps of a live view: `[source, arrival, time]` or `["end", source]`. Nothing is lost or doubled, and what is not
/// late is in order.
pub(super) fn order(input: &[u8]) -> u64 {
    let Some(Value::Array(steps)) = document(input) else { return 0 };
    let mut window = Window::new(100, 64);
    let mut histories: Vec<Vec<(Timestamp, usize)>> = vec![Vec::new(); 4];
    let (mut now, mut pushed) = (0, 0);
    let mut released = Vec::new();
    for step in &steps {
        let number = |at: usize| step[at].as_i64().unwrap_or_default();
        if step[0] == "end" {
            window.end(number(1).rem_euclid(4) as u32);
            continue;
        }
        let source = number(0).rem_euclid(4);
        now += number(1).rem_euclid(200);
        let time = Timestamp::from_second(number(2).rem_euclid(1_000)).expect("a time near 1970");
        window.push(source as u32, time, pushed, now);
        histories[source as usize].push((time, pushed));
        pushed += 1;
        released.extend(window.release(now));
        assert!(window.len() <= 64, "the window is bounded");
    }
    released.extend(window.release(now + 1_000));
    assert!(window.is_empty() && window.next_release_ms().is_none());
    let mut items: Vec<usize> = released.iter().map(|line| line.item).collect();
    items.sort_unstable();
    assert_eq!(items, (0..pushed).collect::<Vec<_>>());
    let in_time: Vec<Timestamp> = released.iter().filter(|line| !line.late).map(|line| line.position.time).collect();
    assert!(in_time.is_sorted());
    let merged = merge(histories);
    assert_eq!(merged.len(), pushed);
    assert!(merged.is_sorted_by_key(|(position, _)| *position));
    outcome((size(pushed), size(in_time.len())))
}

pub(super) fn resume_seeds() -> Vec<Vec<u8>> {
    let marks = |seconds: &[i64]| seconds.iter().map(|second| json!([second, second % 3])).collect::<Vec<_>>();
    vec![
        json!({"before": marks(&[1, 2, 3, 3, 4]), "after": marks(&[3, 3, 4, 5, 6])}).to_string().into_bytes(),
        json!({"before": marks(&[1, 2]), "after": marks(&[9, 10])}).to_string().into_bytes(),
        json!({"before": [], "after": marks(&[1])}).to_string().into_bytes(),
    ]
}

/// A stream that was cut and opened again: no line comes twice, and none that follows is held for ever.
pub(super) fn resume(input: &[u8]) -> u64 {
    let Some(json) = document(input) else { return 0 };
    let marks = |field: &str| -> Vec<Mark> {
        let read = |mark: &Value| Mark {
            time: Timestamp::from_second(mark[0].as_i64().unwrap_or_default().rem_euclid(100_000)).expect("near 1970"),
            hash: mark[1].as_u64().unwrap_or_default(),
        };
        json[field].as_array().into_iter().flatten().take(4_000).map(read).collect()
    };
    let mut delivered = Delivered::default();
    for mark in marks("before") {
        delivered.record(mark);
    }
    let mut replay = delivered.replay();
    let after = marks("after");
    let mut came = Vec::new();
    let mut ways = Vec::new();
    for (at, mark) in after.iter().enumerate() {
        let continued = replay.push(*mark, at);
        ways.extend(continued.outcome.map(|outcome| std::mem::discriminant(&outcome)));
        came.extend(continued.lines.into_iter().map(|(_, at)| at));
    }
    let continued = replay.settle();
    ways.extend(continued.outcome.map(|outcome| std::mem::discriminant(&outcome)));
    came.extend(continued.lines.into_iter().map(|(_, at)| at));
    assert!(came.is_sorted_by(|one, next| one < next), "each line once, in its order");
    assert!(!replay.is_undecided());
    outcome((ways, size(came.len()), came.len() == after.len()))
}
