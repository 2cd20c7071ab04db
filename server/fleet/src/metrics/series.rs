//! The series of Flux objects as text, in pieces.
//!
//! A family stands together, as both formats want it, so that each family goes through all clusters. Of a cluster only
//! references are copied under its lock; the text of so many objects is made when the piece before it has been taken.
//! The text is the same in both formats: all of these are gauges.

use std::sync::Arc;

use domain::metrics::{Family, Label};
use domain::resource::ResourceRow;
use serde_json::Value;

use crate::clusters::Cluster;

/// Objects of one piece, some hundred bytes each and family.
const PIECE: usize = 256;
/// Room for the usual line.
const LINE: usize = 400;

/// A family of all clusters; nothing where no object has a series in it.
pub(super) fn pieces(family: Family, clusters: Arc<[Arc<Cluster>]>) -> impl Iterator<Item = String> + Send {
    let mut head = Some(format!("# HELP {0} {1}\n# TYPE {0} gauge\n", family.name(), family.help()));
    let indices = 0..clusters.len();
    indices
        .flat_map(move |at| {
            let objects = clusters[at].index.objects();
            let starts = (0..objects.len()).step_by(PIECE);
            starts.map(move |start| text(family, &objects[start..objects.len().min(start + PIECE)]))
        })
        .filter(|piece| !piece.is_empty())
        .map(move |piece| match head.take() {
            Some(head) => head + &piece,
            None => piece,
        })
}

fn text(family: Family, objects: &[(Arc<ResourceRow>, Arc<Value>)]) -> String {
    let mut text = String::new();
    for (row, json) in objects {
        family.series(&row.object, json, |labels, value| {
            if text.is_empty() {
                text.reserve(objects.len() * LINE);
            }
            write_sample(&mut text, family.name(), labels, value);
        });
    }
    text
}

fn write_sample(text: &mut String, name: &str, labels: &[Label<'_>], value: u8) {
    text.push_str(name);
    let mut before = '{';
    for (name, value) in labels {
        text.push(before);
        before = ',';
        text.push_str(name);
        text.push_str("=\"");
        write_escaped(text, value);
        text.push('"');
    }
    text.push_str("} ");
    text.push(char::from(b'0' + value));
    text.push('\n');
}

fn write_escaped(text: &mut String, value: &str) {
    if !value.contains(['\\', '"', '\n']) {
        text.push_str(value);
        return;
    }
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        let mut text = String::new();
        let labels = [("path", "a\\\"} 1\nb".into()), ("name", "größe".into())];
        write_sample(&mut text, "x", &labels, 1);
        assert_eq!(text, "x{path=\"a\\\\\\\"} 1\\nb\",name=\"größe\"} 1\n");
    }
}
