//! `GET /resources/export`: the whole list as a file, in pieces, whatever its size.
//!
//! Memory holds pointers to the rows and one piece of text. What a cluster could not give is said in the file itself:
//! as
//! rows of their own in CSV, behind the items in JSON.

mod csv;

use std::convert::Infallible;
use std::sync::Arc;
use std::vec::IntoIter;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, Uri};
use axum::response::{IntoResponse, Response};
use domain::list::{ListQuery, QueryError, TermFault};
use domain::problem::Problem;
use domain::resource::ResourceRow;
use fleet::services::lists::Export;
use futures::stream;
use serde_json::json;

use super::parameters::{list, refuse};
use crate::http::error::Failure;
use crate::http::state::{AppState, SignedIn};

/// A piece is sent when it has grown to this many bytes.
const PIECE: usize = 32 * 1024;

/// What the file is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    Csv,
    /// One document: `{items, problems, total}`.
    #[default]
    Json,
    /// One object a line, and a last line `{problems, total}`.
    Ndjson,
}

impl Format {
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Ndjson];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }

    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    fn disposition(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"flux-resources.csv\"",
            Self::Json => "attachment; filename=\"flux-resources.json\"",
            Self::Ndjson => "attachment; filename=\"flux-resources.ndjson\"",
        }
    }
}

pub async fn export(State(state): State<AppState>, SignedIn(caller): SignedIn, uri: Uri) -> Result<Response, Failure> {
    let (query, format) = parameters(&uri)?;
    let export = state.services.export_resources(&caller, &query)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(format.content_type())),
        (CONTENT_DISPOSITION, HeaderValue::from_static(format.disposition())),
    ];
    let pieces = Pieces::new(format, export).map(Ok::<_, Infallible>);
    Ok((headers, Body::from_stream(stream::iter(pieces))).into_response())
}

fn parameters(uri: &Uri) -> Result<(ListQuery, Format), Failure> {
    let mut format = None;
    let request = list(uri, |name, value| {
        if name != "format" {
            return refuse(&["offset", "limit", "cursor"], name, value);
        }
        if format.is_some() {
            return Err(QueryError::new("format", value, TermFault::Twice));
        }
        let known = || TermFault::NotWord { known: Format::ALL.map(Format::word).join(", ") };
        let found = Format::ALL.into_iter().find(|format| format.word() == value);
        format = Some(found.ok_or_else(|| QueryError::new("format", value, known()))?);
        Ok(true)
    })?;
    Ok((request.query, format.unwrap_or_default()))
}

/// The file, piece by piece; each is made when the one before has been sent.
struct Pieces {
    format: Format,
    rows: IntoIter<Arc<ResourceRow>>,
    problems: Vec<Problem>,
    total: usize,
    written: usize,
    ended: bool,
}

impl Pieces {
    fn new(format: Format, export: Export) -> Self {
        let total = export.rows.len();
        let Export { rows, problems } = export;
        Self { format, rows: rows.into_iter(), problems, total, written: 0, ended: false }
    }

    fn begin(&self, piece: &mut String) {
        match self.format {
            Format::Csv => csv::header(piece),
            Format::Json => piece.push_str("{\"items\":["),
            Format::Ndjson => {}
        }
    }

    fn row(&self, piece: &mut String, row: &ResourceRow) {
        match self.format {
            Format::Csv => csv::row(piece, row),
            Format::Json => {
                piece.push_str(if self.written == 0 { "\n" } else { ",\n" });
                piece.push_str(&json!(row).to_string());
            }
            Format::Ndjson => {
                piece.push_str(&json!(row).to_string());
                piece.push('\n');
            }
        }
    }

    fn end(&self, piece: &mut String) {
        let Self { problems, total, .. } = self;
        match self.format {
            Format::Csv => problems.iter().for_each(|problem| csv::problem(piece, problem)),
            Format::Json => {
                piece.push_str(&format!("\n],\"problems\":{},\"total\":{total}}}\n", json!(problems)));
            }
            Format::Ndjson => {
                piece.push_str(&json!({"problems": problems, "total": total}).to_string());
                piece.push('\n');
            }
        }
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let mut piece = String::with_capacity(PIECE + PIECE / 8);
        if self.written == 0 {
            self.begin(&mut piece);
        }
        while piece.len() < PIECE {
            let Some(row) = self.rows.next() else {
                self.end(&mut piece);
                self.ended = true;
                break;
            };
            self.row(&mut piece, &row);
            self.written += 1;
        }
        Some(piece.into())
    }
}

#[cfg(test)]
mod tests {
    use domain::problem::ProblemKind;
    use serde_json::Value;

    use super::*;

    fn export(rows: usize) -> Export {
        let row = |at: usize| {
            let mut row = csv::tests::row();
            row.object.name = format!("shop-{at}");
            Arc::new(row)
        };
        let problem = Problem::new(ProblemKind::Unreachable, "no answer").on_cluster(&"prod".into());
        Export { rows: (0..rows).map(row).collect(), problems: vec![problem] }
    }

    fn text(format: Format, rows: usize) -> (String, usize) {
        let pieces: Vec<Bytes> = Pieces::new(format, export(rows)).collect();
        let whole = String::from_utf8(pieces.concat()).expect("UTF-8");
        (whole, pieces.iter().map(Bytes::len).max().unwrap_or_default())
    }

    #[test]
    fn every_format_holds_every_row_and_what_is_missing() {
        for rows in [0, 1, 700] {
            let json: Value = serde_json::from_str(&text(Format::Json, rows).0).expect("one document");
            assert_eq!(json["items"].as_array().map(Vec::len), Some(rows));
            assert_eq!((&json["total"], &json["problems"][0]["cluster"]), (&json!(rows), &json!("prod")));

            let lines = text(Format::Ndjson, rows).0;
            let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert_eq!(lines.len(), rows + 1);
            assert_eq!(lines[rows]["problems"][0]["kind"], "unreachable");

            let csv = text(Format::Csv, rows).0;
            assert_eq!(csv.lines().count(), rows + 2);
            assert!(csv.lines().last().is_some_and(|line| line.starts_with("problem,prod,")), "{csv}");
        }
    }

    #[test]
    fn a_large_file_leaves_in_small_pieces() {
        for format in Format::ALL {
            let (whole, largest) = text(format, 5_000);
            assert!(whole.len() > 20 * PIECE && largest < 2 * PIECE, "{format:?}: {} in {largest}", whole.len());
        }
    }
}
