//! Rows as CSV (RFC 4180), safe to open in a spreadsheet.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe in front: texts come from clusters, and
//! whoever
//! writes a status there must not run anything on the desk of whoever opens the file.

use domain::problem::Problem;
use domain::resource::ResourceRow;

const COLUMNS: [&str; 17] = [
    "record",
    "cluster",
    "cluster_name",
    "group",
    "kind",
    "namespace",
    "name",
    "status",
    "health",
    "suspended",
    "reason",
    "message",
    "revision",
    "attempted",
    "source",
    "last_activity",
    "fresh",
];

/// What a spreadsheet takes for the beginning of a formula, or strips before looking for one.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

pub(super) fn header(out: &mut String) {
    line(out, COLUMNS);
}

/// A Flux object; `record` is `resource`.
pub(super) fn row(out: &mut String, row: &ResourceRow) {
    let time = row.last_activity.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    line(
        out,
        [
            "resource",
            row.object.cluster.as_str(),
            &row.cluster_name,
            &row.object.group,
            &row.object.kind,
            row.object.namespace.as_deref().unwrap_or_default(),
            &row.object.name,
            row.status.word(),
            row.health.word(),
            &row.suspended.to_string(),
            &row.reason,
            &row.message,
            &text(&row.revision),
            &text(&row.attempted),
            &text(&row.source),
            &time.map(|time| time.to_string()).unwrap_or_default(),
            &row.fresh.to_string(),
        ],
    );
}

/// Something that the file does not hold; `record` is `problem`, and its kind stands under `reason`.
pub(super) fn problem(out: &mut String, problem: &Problem) {
    let object = problem.object.as_ref();
    let kind = serde_json::to_value(problem.kind).unwrap_or_default();
    let mut cells = [""; COLUMNS.len()];
    cells[0] = "problem";
    cells[1] = problem.cluster.as_ref().map_or("", |cluster| cluster.as_str());
    cells[3] = object.map_or("", |object| &object.group);
    cells[4] = object.map_or("", |object| &object.kind);
    cells[5] = object.and_then(|object| object.namespace.as_deref()).unwrap_or_default();
    cells[6] = object.map_or("", |object| &object.name);
    cells[10] = kind.as_str().unwrap_or_default();
    cells[11] = &problem.message;
    line(out, cells);
}

fn line(out: &mut String, cells: [&str; COLUMNS.len()]) {
    for (at, text) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        cell(out, text);
    }
    out.push_str("\r\n");
}

fn cell(out: &mut String, text: &str) {
    let guard = if text.starts_with(FORMULA) { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) || !guard.is_empty() {
        out.push('"');
        out.push_str(guard);
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use domain::health::{Health, Status};
    use domain::object::ObjectRef;
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn row() -> ResourceRow {
        ResourceRow {
            object: ObjectRef {
                cluster: "prod".into(),
                group: "kustomize.toolkit.fluxcd.io".to_owned(),
                kind: "Kustomization".to_owned(),
                namespace: Some("apps".to_owned()),
                name: "shop".to_owned(),
            },
            cluster_name: "Production".to_owned(),
            status: Status::Ready,
            health: Health::Ready,
            suspended: false,
            reason: "Succeeded".to_owned(),
            message: "Applied revision: main@sha1:abc".to_owned(),
            revision: Some("main@sha1:abc".to_owned()),
            attempted: None,
            source: Some("GitRepository flux-system/fleet".to_owned()),
            last_activity: Some(1_767_323_045_000),
            fresh: true,
        }
    }

    /// A strict reader of RFC 4180.
    fn read(text: &str) -> Vec<Vec<String>> {
        let mut records = vec![vec![String::new()]];
        let mut characters = text.chars().peekable();
        let mut quoted = false;
        while let Some(character) = characters.next() {
            let record = records.last_mut().expect("one is there");
            let cell = record.last_mut().expect("one is there");
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    cell.push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => record.push(String::new()),
                '\r' if !quoted && characters.peek() == Some(&'\n') => {
                    characters.next();
                    records.push(vec![String::new()]);
                }
                other => cell.push(other),
            }
        }
        records.pop();
        records
    }

    #[test]
    fn a_row_is_one_line_under_its_header() {
        let mut text = String::new();
        header(&mut text);
        super::row(&mut text, &row());
        let records = read(&text);
        assert_eq!(records[0], COLUMNS);
        let expected = "resource,prod,Production,kustomize.toolkit.fluxcd.io,Kustomization,apps,shop,ready,ready,false,\
            Succeeded,Applied revision: main@sha1:abc,main@sha1:abc,,GitRepository flux-system/fleet,\
            2026-01-02T03:04:05Z,true\r\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn nothing_from_a_cluster_becomes_a_formula() {
        for formula in ["=HYPERLINK(\"http://evil\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            let mut text = String::new();
            super::row(&mut text, &ResourceRow { message: formula.to_owned(), ..row() });
            assert_eq!(read(&text)[0][11], format!("'{formula}"));
        }
    }

    proptest! {
        #[test]
        fn whatever_a_message_holds_it_stays_one_cell(message in any::<String>(), name in any::<String>()) {
            let mut given = ResourceRow { message: message.clone(), ..row() };
            given.object.name = name.clone();
            let mut text = String::new();
            super::row(&mut text, &given);
            let records = read(&text);
            prop_assert_eq!(records.len(), 1);
            prop_assert_eq!(records[0].len(), COLUMNS.len());
            for (written, meant) in [(&records[0][11], &message), (&records[0][6], &name)] {
                prop_assert!(!written.starts_with(FORMULA));
                let guarded = written.strip_prefix('\'').filter(|_| meant.starts_with(FORMULA));
                prop_assert_eq!(guarded.unwrap_or(written), meant);
            }
        }
    }
}
