//! The series of Flux objects as text, in pieces.
//!
//! A family stands together, as both formats want it, so that each family goes through all clusters. Of a cluster only
//! references are copied under its lock; the text of so many objects is made when the piece before it has been taken.

use std::sync::Arc;

use domain::metrics::{Family, Series};
use domain::resource::ResourceRow;

use crate::clusters::Cluster;

/// Objects of one piece, some hundred bytes each and family.
const PIECE: usize = 256;
/// Room for the lines of one object.
const LINES: usize = 400;

/// A family of all clusters; nothing where no object has a series in it.
pub(super) fn pieces(family: Family, clusters: Arc<[Arc<Cluster>]>) -> impl Iterator<Item = String> + Send {
    let mut head = Some(format!("# HELP {0} {1}\n# TYPE {0} gauge\n", family.name(), family.help()));
    let indices = 0..clusters.len();
    indices
        .flat_map(move |at| {
            let objects = clusters[at].index.series();
            let starts = (0..objects.len()).step_by(PIECE);
            starts.map(move |start| text(family, &objects[start..objects.len().min(start + PIECE)]))
        })
        .filter(|piece| !piece.is_empty())
        .map(move |piece| match head.take() {
            Some(head) => head + &piece,
            None => piece,
        })
}

fn text(family: Family, objects: &[(Arc<ResourceRow>, Arc<Series>)]) -> String {
    let mut text = String::new();
    for (row, series) in objects {
        family.write(&mut text, &row.object, series);
        if text.len() + LINES > text.capacity() {
            text.reserve(objects.len() * LINES);
        }
    }
    text
}
