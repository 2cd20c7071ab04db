//! What the book keeps, shows and counts.

use super::*;

fn source(pod: &str) -> LogSource {
    LogSource {
        cluster_id: "prod".into(),
        cluster_name: "prod".to_owned(),
        namespace: "flux-system".to_owned(),
        pod_name: pod.to_owned(),
        container: "manager".to_owned(),
    }
}

fn batch(batch: u64, messages: &[(&str, Level)]) -> ServerFrame {
    let line = |(message, level): &(&str, Level)| StreamLine {
        source: 0,
        timestamp: "2026-07-01T12:31:07.388123456Z".to_owned(),
        message: (*message).to_owned(),
        level: *level,
        late: false,
        truncated: 0,
    };
    ServerFrame::Batch { batch, lines: messages.iter().map(line).collect() }
}

fn streaming() -> Book {
    let mut book = Book::default();
    book.receive(ServerFrame::Sources {
        sources: vec![NumberedSource { number: 0, source: source("helm-controller") }],
    });
    book
}

fn messages(book: &Book) -> Vec<String> {
    let message = |(_, entry): (usize, Arc<Entry>)| match &entry.content {
        Content::Line { message, .. } => message.clone(),
        Content::Marker { text, .. } => format!("# {text}"),
    };
    book.slice(0..book.len()).into_iter().map(message).collect()
}

#[test]
fn a_filter_shows_what_has_all_words_and_no_hidden_level() {
    let mut book = streaming();
    assert_eq!(book.receive(batch(7, &[("Upgrade failed", Level::Error), ("upgrade done", Level::Info)])), Some(7));
    book.set_filter(Filter::search("UPGRADE helm", BTreeSet::from([Level::Info])));
    assert_eq!(messages(&book), ["Upgrade failed"]);
    book.receive(batch(8, &[("upgrade again", Level::Warn), ("other", Level::Warn)]));
    assert_eq!(messages(&book), ["Upgrade failed", "upgrade again"]);
    assert_eq!((book.held(), book.level_count(Level::Warn)), (4, 2));
}

#[test]
fn the_oldest_rows_go_and_are_counted() {
    let mut book = streaming();
    for number in 0..HELD + 3 {
        book.receive(batch(1, &[(&number.to_string(), Level::Info)]));
    }
    assert_eq!((book.held(), book.dropped(), book.level_count(Level::Info)), (HELD, 3, HELD));
    assert_eq!(messages(&book)[0], "3");
}

#[test]
fn missing_lines_have_a_row_that_no_filter_hides() {
    let mut book = streaming();
    book.set_filter(Filter::search("nothing like this", BTreeSet::new()));
    book.receive(ServerFrame::Skipped {
        source: 0,
        lines: 12,
        bytes: 9,
        from: "2026-07-01T12:00:00.5Z".to_owned(),
        to: "2026-07-01T12:00:01Z".to_owned(),
    });
    assert_eq!(messages(&book), ["# 12 lines skipped between 12:00:00.5 and 12:00:01: this page could not keep up"]);
}

#[test]
fn containers_of_a_pod_share_a_lane_and_other_pods_have_others() {
    let mut book = Book::default();
    let mut lane =
        |pod: &str, container: &str| book.origin(LogSource { container: container.to_owned(), ..source(pod) }).lane;
    assert_eq!((lane("a", "x"), lane("a", "y"), lane("b", "x")), (1, 1, 2));
}

#[test]
fn new_rows_are_counted_from_where_somebody_stopped() {
    let mut book = streaming();
    book.receive(batch(1, &[("a", Level::Info)]));
    let seen = book.newest();
    book.receive(batch(2, &[("b", Level::Info), ("c", Level::Info)]));
    assert_eq!(book.newer_than(seen), 2);
}

#[test]
fn the_text_file_names_the_source_of_each_line() {
    let mut book = streaming();
    book.receive(batch(1, &[("\u{1b}[31mred\u{1b}[0m", Level::Info)]));
    assert_eq!(book.text(), "2026-07-01T12:31:07.388123456Z prod flux-system/helm-controller/manager red\n");
}
