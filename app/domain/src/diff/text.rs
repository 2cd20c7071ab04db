//! The text diff: two canonical texts as rows for split and unified views, folds, and the words that differ.
//!
//! Desired is the left text; a line only there is what Flux would put back (`+`, green). Actual is the right text; a
//! line only there is what Flux would take away (`−`, red). Everything is an index into the two texts, so that
//! switching views costs nothing and a row costs twelve bytes. Runs in the browser and on the server; reads no clock
//! of its own, the time limit is handed to `similar`.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// What a row of the split view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    Same,
    /// Both lines are there and differ.
    Changed,
    /// Only desired has the line: Flux would add it.
    Added,
    /// Only actual has the line: Flux would remove it.
    Removed,
}

/// A row; line numbers count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub kind: RowKind,
    pub desired: Option<u32>,
    pub actual: Option<u32>,
}

/// The whole comparison, as rows of the split view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextDiff {
    pub rows: Vec<Row>,
    /// Lines that only desired has, or that differ there.
    pub added: usize,
    /// Lines that only actual has, or that differ there.
    pub removed: usize,
    /// The time limit was reached: correct, but not the smallest difference.
    pub approximate: bool,
}

/// Beyond this many lines a block is paired line by line instead of by key.
const PAIRING_LIMIT: usize = 2_000;

/// Compares two texts line by line.
#[must_use]
pub fn diff(desired: &str, actual: &str, limit: Option<Duration>) -> TextDiff {
    let (left, right) = (lines(desired), lines(actual));
    let mut config = similar::TextDiff::configure();
    config.algorithm(Algorithm::Myers);
    if let Some(limit) = limit {
        config.timeout(limit);
    }
    let compared = config.diff_slices(&left, &right);
    let mut diff = TextDiff::default();
    for op in compared.ops() {
        diff.push(*op, &left, &right);
    }
    diff
}

/// Lines without their line feeds; an empty text has none.
#[must_use]
pub fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

impl TextDiff {
    fn push(&mut self, op: DiffOp, left: &[&str], right: &[&str]) {
        let (old, new) = (op.old_range(), op.new_range());
        match op {
            DiffOp::Equal { .. } => {
                self.rows.extend(old.zip(new).map(|(desired, actual)| row(RowKind::Same, Some(desired), Some(actual))));
            }
            DiffOp::Delete { .. } => self.push_added(old),
            DiffOp::Insert { .. } => self.push_removed(new),
            DiffOp::Replace { .. } => {
                self.approximate |= has_common_line(&left[old.clone()], &right[new.clone()]);
                self.push_replaced(old, new, left, right);
            }
        }
    }

    fn push_added(&mut self, desired: Range<usize>) {
        self.added += desired.len();
        self.rows.extend(desired.map(|line| row(RowKind::Added, Some(line), None)));
    }

    fn push_removed(&mut self, actual: Range<usize>) {
        self.removed += actual.len();
        self.rows.extend(actual.map(|line| row(RowKind::Removed, None, Some(line))));
    }

    fn push_changed(&mut self, desired: Range<usize>, actual: Range<usize>) {
        self.added += desired.len();
        self.removed += actual.len();
        self.rows
            .extend(desired.zip(actual).map(|(desired, actual)| row(RowKind::Changed, Some(desired), Some(actual))));
    }

    /// Lines of the same key stand beside each other: `replicas: 4` beside `replicas: 9`.
    fn push_replaced(&mut self, desired: Range<usize>, actual: Range<usize>, left: &[&str], right: &[&str]) {
        if desired.len().max(actual.len()) > PAIRING_LIMIT || desired.len() == 1 && actual.len() == 1 {
            let paired = desired.len().min(actual.len());
            self.push_changed(desired.start..desired.start + paired, actual.start..actual.start + paired);
            self.push_added(desired.start + paired..desired.end);
            self.push_removed(actual.start + paired..actual.end);
            return;
        }
        let keys = |lines: &[&str]| lines.iter().map(|line| key(line).to_owned()).collect::<Vec<_>>();
        let (left_keys, right_keys) = (keys(&left[desired.clone()]), keys(&right[actual.clone()]));
        for op in capture_diff_slices(Algorithm::Myers, &left_keys, &right_keys) {
            let shift = |range: Range<usize>, by: usize| range.start + by..range.end + by;
            let (old, new) = (shift(op.old_range(), desired.start), shift(op.new_range(), actual.start));
            match op {
                DiffOp::Equal { .. } => self.push_changed(old, new),
                _ => {
                    self.push_added(old);
                    self.push_removed(new);
                }
            }
        }
    }
}

fn row(kind: RowKind, desired: Option<usize>, actual: Option<usize>) -> Row {
    let number = |line: usize| u32::try_from(line).expect("a text has fewer than 2^32 lines");
    Row { kind, desired: desired.map(number), actual: actual.map(number) }
}

/// A line up to its colon, with the indentation: what makes two differing lines the same field.
fn key(line: &str) -> &str {
    line.find(": ").map_or(line, |at| &line[..=at])
}

/// An exact comparison never leaves a line on both sides of a replaced block.
fn has_common_line(left: &[&str], right: &[&str]) -> bool {
    let left: HashSet<&str> = left.iter().copied().collect();
    right.iter().any(|line| left.contains(line))
}

/// Rows that are shown, or a run of unchanged ones that is folded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "block")]
pub enum Block {
    Rows {
        start: usize,
        end: usize,
    },
    /// `path` encloses the first folded line, where the caller knows paths.
    Fold {
        start: usize,
        end: usize,
        path: String,
    },
}

/// Folds unchanged runs, leaving `context` rows around each change. A fold of a single row would hide nothing, so it
/// is shown.
#[must_use]
pub fn fold(rows: &[Row], context: usize, desired_paths: &[String]) -> Vec<Block> {
    let mut shown = vec![false; rows.len()];
    for (at, _) in rows.iter().enumerate().filter(|(_, row)| row.kind != RowKind::Same) {
        let end = (at + context + 1).min(rows.len());
        shown[at.saturating_sub(context)..end].fill(true);
    }
    let mut blocks: Vec<Block> = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        let end = start + shown[start..].iter().take_while(|other| **other == shown[start]).count();
        let visible = shown[start] || end - start == 1;
        match blocks.last_mut() {
            Some(Block::Rows { end: before, .. }) if visible => *before = end,
            _ if visible => blocks.push(Block::Rows { start, end }),
            _ => {
                let path = rows[start].desired.and_then(|line| desired_paths.get(line as usize));
                blocks.push(Block::Fold { start, end, path: path.cloned().unwrap_or_default() });
            }
        }
        start = end;
    }
    blocks
}

/// A line of the unified view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnifiedLine {
    /// In both; the row's index.
    Same(u32),
    /// Only in actual (`−`).
    Removed(u32),
    /// Only in desired (`+`).
    Added(u32),
}

/// The rows in the order of a patch that leads from actual to desired: within a block first what goes, then what comes.
#[must_use]
pub fn unified(rows: &[Row]) -> Vec<UnifiedLine> {
    let mut lines = Vec::with_capacity(rows.len());
    let number = |at: usize| u32::try_from(at).expect("a diff has fewer than 2^32 rows");
    let mut start = 0;
    while start < rows.len() {
        if rows[start].kind == RowKind::Same {
            lines.push(UnifiedLine::Same(number(start)));
            start += 1;
            continue;
        }
        let end = start + rows[start..].iter().take_while(|row| row.kind != RowKind::Same).count();
        let block = || (start..end).map(|at| (at, &rows[at]));
        lines.extend(block().filter(|(_, row)| row.actual.is_some()).map(|(at, _)| UnifiedLine::Removed(number(at))));
        lines.extend(block().filter(|(_, row)| row.desired.is_some()).map(|(at, _)| UnifiedLine::Added(number(at))));
        start = end;
    }
    lines
}

/// Byte ranges that differ in a pair of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub desired: Vec<Range<usize>>,
    pub actual: Vec<Range<usize>>,
}

/// Longest line whose words are compared; beyond it the line differs as a whole.
const WORDS_LIMIT: usize = 20_000;

/// The words that differ between the two lines of a changed row. Asked for rows on screen only.
#[must_use]
pub fn words(desired: &str, actual: &str) -> Words {
    if desired.len().max(actual.len()) > WORDS_LIMIT {
        let whole = |line: &str| std::iter::once(0..line.len()).collect::<Vec<_>>();
        return Words { desired: whole(desired), actual: whole(actual) };
    }
    let (left, right) = (tokens(desired), tokens(actual));
    let texts = |line: &'_ str, tokens: &[Range<usize>]| {
        tokens.iter().map(|token| line[token.clone()].to_owned()).collect::<Vec<_>>()
    };
    let mut words = Words::default();
    for op in capture_diff_slices(Algorithm::Myers, &texts(desired, &left), &texts(actual, &right)) {
        if !matches!(op, DiffOp::Equal { .. }) {
            extend(&mut words.desired, &left[op.old_range()]);
            extend(&mut words.actual, &right[op.new_range()]);
        }
    }
    words
}

/// Runs of letters and digits, runs of blanks, and single other characters.
fn tokens(line: &str) -> Vec<Range<usize>> {
    let class = |character: char| match character {
        _ if character.is_alphanumeric() => 0u8,
        _ if character.is_whitespace() => 1,
        _ => 2,
    };
    let mut tokens: Vec<Range<usize>> = Vec::new();
    let mut before = None;
    for (at, character) in line.char_indices() {
        let (own, end) = (class(character), at + character.len_utf8());
        match tokens.last_mut() {
            Some(token) if own < 2 && before == Some(own) => token.end = end,
            _ => tokens.push(at..end),
        }
        before = Some(own);
    }
    tokens
}

/// Appends tokens, joined where they touch.
fn extend(ranges: &mut Vec<Range<usize>>, tokens: &[Range<usize>]) {
    for token in tokens {
        match ranges.last_mut() {
            Some(last) if last.end == token.start => last.end = token.end,
            _ => ranges.push(token.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(diff: &TextDiff) -> Vec<RowKind> {
        diff.rows.iter().map(|row| row.kind).collect()
    }

    #[test]
    fn lines_of_one_field_stand_beside_each_other() {
        let diff = diff("spec:\n  image: web:1\n  replicas: 4\n", "spec:\n  replicas: 9\n", None);
        assert_eq!(kinds(&diff), [RowKind::Same, RowKind::Added, RowKind::Changed]);
        assert_eq!((diff.added, diff.removed, diff.approximate), (2, 1, false));
    }

    #[test]
    fn a_side_that_is_missing_is_all_added_or_all_removed() {
        assert_eq!(kinds(&diff("a: 1\nb: 2\n", "", None)), [RowKind::Added; 2]);
        assert_eq!(kinds(&diff("", "a: 1\n", None)), [RowKind::Removed]);
        assert_eq!(diff("", "", None), TextDiff::default());
    }

    #[test]
    fn a_patch_takes_away_before_it_adds() {
        let rows = diff("a: 1\nb: 2\n", "a: 8\nb: 9\n", None).rows;
        use UnifiedLine::{Added, Removed};
        assert_eq!(unified(&rows), [Removed(0), Removed(1), Added(0), Added(1)]);
    }

    #[test]
    fn a_fold_names_the_path_that_encloses_it_and_never_hides_one_row() {
        let text = |changed: &str| {
            (0..12).map(|n| if n == 6 { changed.to_owned() } else { format!("l{n}: x") }).collect::<Vec<_>>().join("\n")
        };
        let rows = diff(&text("l6: a"), &text("l6: b"), None).rows;
        let paths: Vec<String> = (0..12).map(|n| format!("spec.l{n}")).collect();
        assert_eq!(
            fold(&rows, 3, &paths),
            [
                Block::Fold { start: 0, end: 3, path: "spec.l0".to_owned() },
                Block::Rows { start: 3, end: 10 },
                Block::Fold { start: 10, end: 12, path: "spec.l10".to_owned() },
            ]
        );
        assert_eq!(fold(&rows, 5, &paths), [Block::Rows { start: 0, end: 12 }]);
    }

    #[test]
    fn words_are_marked_and_not_whole_lines() {
        let (desired, actual) = ("image: acme/web:1.15.0", "image: acme/web:1.14.2-hotfix");
        let words = words(desired, actual);
        let marked = |line: &str, ranges: &[Range<usize>]| {
            ranges.iter().map(|range| line[range.clone()].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(marked(desired, &words.desired), ["15", "0"]);
        assert_eq!(marked(actual, &words.actual), ["14", "2-hotfix"]);
    }

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec(" {0,2}[a-c]: [0-2]{0,1}", 0..25).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn the_rows_hold_both_texts_whole_and_in_order(desired in text(), actual in text()) {
            let diff = diff(&desired, &actual, None);
            let (left, right) = (lines(&desired), lines(&actual));
            let of = |pick: fn(&Row) -> Option<u32>| diff.rows.iter().filter_map(pick).map(|line| line as usize).collect::<Vec<_>>();
            prop_assert_eq!(of(|row| row.desired), (0..left.len()).collect::<Vec<_>>());
            prop_assert_eq!(of(|row| row.actual), (0..right.len()).collect::<Vec<_>>());
            for row in diff.rows.iter().filter(|row| row.kind == RowKind::Same) {
                prop_assert_eq!(left[row.desired.expect("same") as usize], right[row.actual.expect("same") as usize]);
            }
        }

        #[test]
        fn folds_and_shown_blocks_cover_every_row_once(desired in text(), actual in text(), context in 0usize..4) {
            let rows = diff(&desired, &actual, None).rows;
            let mut next = 0;
            for block in fold(&rows, context, &[]) {
                let (start, end) = match block {
                    Block::Rows { start, end } => (start, end),
                    Block::Fold { start, end, .. } => {
                        prop_assert!(rows[start..end].iter().all(|row| row.kind == RowKind::Same));
                        (start, end)
                    }
                };
                prop_assert_eq!(start, next);
                prop_assert!(end > start);
                next = end;
            }
            prop_assert_eq!(next, rows.len());
        }

        #[test]
        fn outside_the_marked_words_two_lines_are_equal(desired in "[a-c .:é-]{0,20}", actual in "[a-c .:é-]{0,20}") {
            let words = words(&desired, &actual);
            let rest = |line: &str, ranges: &[Range<usize>]| {
                let mut rest = line.to_owned();
                for range in ranges.iter().rev() { rest.replace_range(range.clone(), ""); }
                rest
            };
            prop_assert_eq!(rest(&desired, &words.desired), rest(&actual, &words.actual));
        }
    }
}
