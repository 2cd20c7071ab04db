//! Rows ready to draw: the text diff joined with what is known about each changed path. Pure.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use domain::diff::change::{Change, Class};
use domain::diff::owner::Blame;
use domain::diff::text::{self, Block, Row, RowKind, TextDiff, UnifiedLine};
use domain::drift::ObjectDiff;

/// One line on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) text: String,
    /// Parts that differ from the line beside it.
    pub(super) words: Vec<Range<usize>>,
    pub(super) look: Look,
}

/// Why a line is not plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Same,
    Desired,
    Actual,
    Moved,
    Masked,
    Ignored,
}

impl Look {
    /// Class of the style sheet, for sign and text.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Desired => "diff-desired",
            Self::Actual => "diff-actual",
            Self::Moved => "diff-moved",
            Self::Masked => "diff-masked",
            Self::Ignored => "diff-ignored",
        }
    }
}

/// A drawn row of either view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Of the split view; an absent side is void.
    Pair { desired: Option<Line>, actual: Option<Line>, blame: Option<Blame> },
    /// Of the unified view: line number on each side, and the line.
    Single { desired: Option<usize>, actual: Option<usize>, line: Line, blame: Option<Blame> },
    /// Unchanged rows that are not shown. `start` names the fold.
    Fold { start: usize, lines: usize, path: String },
}

/// Which of the two text views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Split,
    Unified,
}

/// What is shown of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) form: Form,
    pub(super) context: usize,
    /// Folds that were opened, by their first row.
    pub(super) opened: BTreeSet<usize>,
    /// Most items to make; the rest is counted.
    pub(super) limit: usize,
}

/// Items and how many rows were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Items {
    pub(super) items: Vec<Item>,
    pub(super) left_out: usize,
}

/// Makes the items of a view.
pub(super) fn items(diff: &ObjectDiff, compared: &TextDiff, options: &Options) -> Items {
    let drawing = Drawing::new(diff, compared);
    let mut made = Items::default();
    for block in text::fold(&compared.rows, options.context, &diff.desired_paths) {
        match block {
            Block::Fold { start, end, path } if !options.opened.contains(&start) => {
                drawing.push(&mut made, options.limit, Item::Fold { start, lines: end - start, path });
            }
            Block::Fold { start, end, .. } | Block::Rows { start, end } => match options.form {
                Form::Split => drawing.pairs(&mut made, options.limit, start..end),
                Form::Unified => drawing.singles(&mut made, options.limit, start..end),
            },
        }
    }
    made
}

struct Drawing<'a> {
    rows: &'a [Row],
    desired: Vec<&'a str>,
    actual: Vec<&'a str>,
    diff: &'a ObjectDiff,
    changes: HashMap<String, &'a Change>,
}

impl<'a> Drawing<'a> {
    fn new(diff: &'a ObjectDiff, compared: &'a TextDiff) -> Self {
        Self {
            rows: &compared.rows,
            desired: text::lines(&diff.desired),
            actual: text::lines(&diff.actual),
            diff,
            changes: diff.changes.iter().map(|change| (change.path.to_string(), change)).collect(),
        }
    }

    fn push(&self, made: &mut Items, limit: usize, item: Item) {
        if made.items.len() < limit {
            made.items.push(item);
        } else {
            made.left_out += 1;
        }
    }

    fn pairs(&self, made: &mut Items, limit: usize, rows: Range<usize>) {
        let mut before = None;
        for row in &self.rows[rows] {
            let change = self.change(row);
            let blame = self.blame_once(change, &mut before);
            let words = self.words(row);
            let desired = row.desired.map(|at| self.desired_line(at, row, change, words.desired));
            let actual = row.actual.map(|at| self.actual_line(at, row, change, words.actual));
            self.push(made, limit, Item::Pair { desired, actual, blame });
        }
    }

    fn singles(&self, made: &mut Items, limit: usize, rows: Range<usize>) {
        let mut before = None;
        let start = rows.start;
        for line in text::unified(&self.rows[rows]) {
            let (UnifiedLine::Same(at) | UnifiedLine::Removed(at) | UnifiedLine::Added(at)) = line;
            let row = &self.rows[start + at as usize];
            let change = self.change(row);
            let blame = self.blame_once(change, &mut before);
            let number = |line: Option<u32>| line.map(|line| line as usize + 1);
            let item = match line {
                UnifiedLine::Same(_) => row.desired.map(|at| Item::Single {
                    desired: number(row.desired),
                    actual: number(row.actual),
                    line: self.desired_line(at, row, change, Vec::new()),
                    blame,
                }),
                UnifiedLine::Removed(_) => row.actual.map(|at| {
                    let line = self.actual_line(at, row, change, self.words(row).actual);
                    Item::Single { desired: None, actual: number(row.actual), line, blame }
                }),
                UnifiedLine::Added(_) => row.desired.map(|at| {
                    let line = self.desired_line(at, row, change, self.words(row).desired);
                    Item::Single { desired: number(row.desired), actual: None, line, blame }
                }),
            };
            if let Some(item) = item {
                self.push(made, limit, item);
            }
        }
    }

    fn desired_line(&self, at: u32, row: &Row, change: Option<&Change>, words: Vec<Range<usize>>) -> Line {
        let text = self.desired.get(at as usize).copied().unwrap_or_default().to_owned();
        Line { number: at as usize + 1, text, words, look: look(row, change, Look::Desired) }
    }

    fn actual_line(&self, at: u32, row: &Row, change: Option<&Change>, words: Vec<Range<usize>>) -> Line {
        let text = self.actual.get(at as usize).copied().unwrap_or_default().to_owned();
        Line { number: at as usize + 1, text, words, look: look(row, change, Look::Actual) }
    }

    fn words(&self, row: &Row) -> text::Words {
        match (row.kind, row.desired, row.actual) {
            (RowKind::Changed, Some(desired), Some(actual)) => {
                text::words(self.desired[desired as usize], self.actual[actual as usize])
            }
            _ => text::Words::default(),
        }
    }

    /// The change that a differing row belongs to: that of its own path or of one that encloses it.
    fn change(&self, row: &Row) -> Option<&'a Change> {
        if row.kind == RowKind::Same {
            return None;
        }
        let path = |paths: &'a [String], at: Option<u32>| at.and_then(|at| paths.get(at as usize));
        let own = path(&self.diff.desired_paths, row.desired).or_else(|| path(&self.diff.actual_paths, row.actual))?;
        let mut path = own.as_str();
        loop {
            if let Some(change) = self.changes.get(path) {
                return Some(change);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// The author, on the first row of each run of rows that belong to one change.
    fn blame_once(&self, change: Option<&'a Change>, before: &mut Option<&'a Change>) -> Option<Blame> {
        let first = change.is_some_and(|change| before.is_none_or(|before| before.path != change.path));
        *before = change;
        change.filter(|_| first).and_then(|change| change.blame.clone())
    }
}

fn look(row: &Row, change: Option<&Change>, side: Look) -> Look {
    match (row.kind, change.map(|change| change.class)) {
        (RowKind::Same, _) => Look::Same,
        (_, Some(Class::Masked)) => Look::Masked,
        (_, Some(Class::Ignored | Class::Injected | Class::Defaulted)) => Look::Ignored,
        (_, Some(Class::OrderOnly)) => Look::Moved,
        _ => side,
    }
}

#[cfg(test)]
mod tests {
    use domain::diff::verdict::Verdict;
    use domain::drift::{Fidelity, Provenance};
    use domain::object::ObjectRef;

    use super::*;

    fn diff(desired: &str, actual: &str, paths: &[&str], changes: Vec<Change>) -> ObjectDiff {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        ObjectDiff {
            object: ObjectRef {
                cluster: "c".into(),
                group: String::new(),
                kind: "ConfigMap".to_owned(),
                namespace: None,
                name: "a".to_owned(),
            },
            verdict: Verdict::in_sync(),
            desired: desired.to_owned(),
            actual: actual.to_owned(),
            desired_paths: paths.clone(),
            actual_paths: paths,
            changes,
            provenance: Provenance {
                fidelity: Fidelity::Exact,
                revision: None,
                since: None,
                dry_run: true,
                notes: Vec::new(),
            },
            problems: Vec::new(),
        }
    }

    fn change(path: &str, class: Class, manager: &str) -> Change {
        let blame = Blame {
            manager: manager.to_owned(),
            operation: "Update".to_owned(),
            time: None,
            subresource: String::new(),
        };
        Change { path: path.parse().unwrap(), desired: None, actual: None, class, blame: Some(blame) }
    }

    fn options(form: Form) -> Options {
        Options { form, context: 1, opened: BTreeSet::new(), limit: 100 }
    }

    #[test]
    fn a_line_has_the_author_of_the_path_that_encloses_it_once() {
        let paths = ["spec", "spec.env[name=A]", "spec.env[name=A].value"];
        let diff = diff(
            "spec:\n- name: A\n  value: 1\n",
            "spec:\n",
            &paths,
            vec![change("spec.env[name=A]", Class::Value, "kubectl")],
        );
        let compared = text::diff(&diff.desired, &diff.actual, None);
        let made = items(&diff, &compared, &options(Form::Split)).items;
        let blamed: Vec<bool> = made.iter().map(|item| matches!(item, Item::Pair { blame: Some(_), .. })).collect();
        assert_eq!(blamed, [false, true, false]);
    }

    #[test]
    fn a_secret_difference_looks_masked_on_both_sides() {
        let diff = diff("a: x\n", "a: y\n", &["a"], vec![change("a", Class::Masked, "m")]);
        let compared = text::diff(&diff.desired, &diff.actual, None);
        let made = items(&diff, &compared, &options(Form::Split)).items;
        let [Item::Pair { desired: Some(desired), actual: Some(actual), .. }] = made.as_slice() else {
            panic!("one pair, not {made:?}");
        };
        assert_eq!((desired.look, actual.look), (Look::Masked, Look::Masked));
    }

    #[test]
    fn the_unified_view_takes_away_before_it_adds() {
        let diff = diff("a: 1\n", "a: 2\n", &["a"], Vec::new());
        let compared = text::diff(&diff.desired, &diff.actual, None);
        let made = items(&diff, &compared, &options(Form::Unified)).items;
        let looks: Vec<Look> = made
            .iter()
            .filter_map(|item| if let Item::Single { line, .. } = item { Some(line.look) } else { None })
            .collect();
        assert_eq!(looks, [Look::Actual, Look::Desired]);
    }

    #[test]
    fn what_is_beyond_the_limit_is_counted_and_folds_open_by_their_first_row() {
        let text = |last: &str| (0..10).map(|n| format!("l{n}: x\n")).collect::<String>() + last;
        let diff = diff(&text("z: 1\n"), &text("z: 2\n"), &[], Vec::new());
        let compared = text::diff(&diff.desired, &diff.actual, None);
        let folded = items(&diff, &compared, &options(Form::Split));
        assert_eq!(folded.items.len(), 3);
        assert!(matches!(folded.items[0], Item::Fold { start: 0, lines: 9, .. }));
        let opened = Options { opened: BTreeSet::from([0]), limit: 4, ..options(Form::Split) };
        let limited = items(&diff, &compared, &opened);
        assert_eq!((limited.items.len(), limited.left_out), (4, 7));
    }
}
