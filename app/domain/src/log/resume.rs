//! How a cut stream goes on without losing or repeating a line.
//!
//! The API takes a whole second and answers inclusively, so a stream is opened again one second before the newest
//! line it had ([`Delivered::since`]), and the replay is compared with what was delivered, in order:
//!
//! ```text
//! delivered   … a b c d | e f          (since S−1: everything after the bar is replayed)
//! replay                  e f g h      → skip e f, go on with g: exact
//! replay                  x f g h      → the tail "f" is found as a run: aligned, go on after it
//! replay                  y z          → nothing known: a gap stands before y
//! ```
//!
//! Order decides, not membership: two equal lines in one second are two lines. Never reads a clock; the caller says
//! when the replay has been quiet long enough ([`Replay::settle`]).

use std::collections::VecDeque;

use jiff::Timestamp;

/// How many delivered lines are remembered: more than a busy container writes in two seconds.
const REMEMBERED: usize = 4_096;
/// A run of this many delivered lines is proof enough of where we were.
const RUN: usize = 64;
/// Most lines that a replay holds back before it must decide.
const HELD_LIMIT: usize = 8_192;
/// Two pipes of one container may be this far out of order.
const SKEW_SECONDS: i64 = 1;

/// What identifies a line: time and a 64-bit hash over time and text, both from the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub time: Timestamp,
    pub hash: u64,
}

/// The tail of what was delivered from one container.
#[derive(Clone, Debug, Default)]
pub struct Delivered {
    marks: VecDeque<Mark>,
    newest: Option<Timestamp>,
}

impl Delivered {
    pub fn record(&mut self, mark: Mark) {
        if self.marks.len() == REMEMBERED {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
        self.newest = self.newest.max(Some(mark.time));
    }

    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// The whole second for `sinceTime`: one before the newest line's. `None` if nothing was delivered: read as the
    /// first time.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        let second = self.newest?.as_second() - SKEW_SECONDS;
        Timestamp::from_second(second).ok()
    }

    /// What the reopened stream will repeat, and how to recognise its end.
    #[must_use]
    pub fn replay<T>(&self) -> Replay<T> {
        let since = self.since().unwrap_or(Timestamp::MIN);
        let expected: Vec<Mark> = self.marks.iter().filter(|mark| mark.time >= since).copied().collect();
        // More was delivered in that time than is remembered: the replay begins with lines that are known all the same.
        let remembered_from = expected.first().filter(|_| expected.len() == REMEMBERED).map(|oldest| oldest.time);
        let (held, state) = (Vec::new(), State::Matching);
        Replay { expected, remembered_from, newest: self.newest, held, matching: 0, state }
    }
}

/// How the stream went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The replay began with exactly what had been delivered.
    Exact,
    /// It did not, but the end of what had been delivered stands in it.
    Aligned,
    /// What had been delivered is not there: lines are missing between these times.
    Gap { after: Timestamp, before: Timestamp },
}

/// Lines that are new, and on the first of them how the stream went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continued<T> {
    pub outcome: Option<Outcome>,
    pub lines: Vec<(Mark, T)>,
}

impl<T> Continued<T> {
    fn nothing() -> Self {
        Self { outcome: None, lines: Vec::new() }
    }
}

/// The comparison of a reopened stream with what was delivered before.
#[derive(Debug)]
pub struct Replay<T> {
    expected: Vec<Mark>,
    /// Older lines of the replay were delivered and forgotten.
    remembered_from: Option<Timestamp>,
    newest: Option<Timestamp>,
    held: Vec<(Mark, T)>,
    /// How many of `expected` the replay has repeated so far, in order.
    matching: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Matching,
    Searching,
    Continuing,
}

impl<T> Replay<T> {
    /// Takes the next line of the reopened stream.
    pub fn push(&mut self, mark: Mark, line: T) -> Continued<T> {
        match self.state {
            State::Continuing => Continued { outcome: None, lines: vec![(mark, line)] },
            State::Matching if self.expected.is_empty() => {
                self.state = State::Continuing;
                Continued { outcome: None, lines: vec![(mark, line)] }
            }
            State::Matching if self.expected[self.matching] == mark => {
                self.held.push((mark, line));
                self.matching += 1;
                if self.matching < self.expected.len() {
                    return Continued::nothing();
                }
                self.held.clear();
                self.state = State::Continuing;
                Continued { outcome: Some(Outcome::Exact), lines: Vec::new() }
            }
            State::Matching | State::Searching if self.remembered_from.is_some_and(|oldest| mark.time < oldest) => {
                Continued::nothing()
            }
            State::Matching | State::Searching => {
                self.state = State::Searching;
                self.held.push((mark, line));
                let passed =
                    self.newest.is_some_and(|newest| mark.time.as_second() > newest.as_second() + SKEW_SECONDS);
                if passed || self.held.len() >= HELD_LIMIT { self.settle() } else { Continued::nothing() }
            }
        }
    }

    /// Whether lines are held back that [`Self::settle`] would decide about. A replay that has matched so far and is
    /// quiet in the middle is not undecided: what it holds was delivered before, and the rest will come.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.state == State::Searching
    }

    /// Decides with what has come: the replay is over, or has been quiet after a line that did not match.
    pub fn settle(&mut self) -> Continued<T> {
        if !self.is_undecided() {
            return Continued::nothing();
        }
        self.state = State::Continuing;
        let mut held = std::mem::take(&mut self.held);
        if let Some(end) = self.end_of_known(&held) {
            return Continued { outcome: Some(Outcome::Aligned), lines: held.split_off(end) };
        }
        let before = held[0].0.time;
        let after = self.newest.unwrap_or(before);
        Continued { outcome: Some(Outcome::Gap { after, before }), lines: held }
    }

    /// Where in the replay the last delivered lines end: the last place of the longest tail that stands there as a run.
    fn end_of_known(&self, held: &[(Mark, T)]) -> Option<usize> {
        let tail = &self.expected[self.expected.len().saturating_sub(RUN)..];
        (1..=held.len()).rev().find(|end| {
            // At the start of the replay the run may be cut: what remains of it must match, and at least one line.
            let length = tail.len().min(*end);
            length > 0 && held[end - length..*end].iter().map(|(mark, _)| mark).eq(&tail[tail.len() - length..])
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark(ms: i64, hash: u64) -> Mark {
        Mark { time: Timestamp::from_millisecond(ms).expect("a small number"), hash }
    }

    fn delivered(marks: &[Mark]) -> Delivered {
        let mut delivered = Delivered::default();
        marks.iter().for_each(|mark| delivered.record(*mark));
        delivered
    }

    /// Feeds a replay and settles it; the outcome and what is new.
    fn resume(before: &Delivered, stream: &[Mark]) -> (Option<Outcome>, Vec<Mark>) {
        let mut replay = before.replay();
        let (mut outcome, mut lines) = (None, Vec::new());
        let mut take = |continued: Continued<()>| {
            outcome = outcome.or(continued.outcome);
            lines.extend(continued.lines.into_iter().map(|(mark, ())| mark));
        };
        for mark in stream {
            take(replay.push(*mark, ()));
        }
        take(replay.settle());
        (outcome, lines)
    }

    #[test]
    fn a_stream_is_opened_again_at_a_whole_second_before_its_newest_line() {
        let since = delivered(&[mark(10_900, 1)]).since().expect("a line was delivered");
        assert_eq!(since.as_millisecond(), 9_000);
        assert_eq!(Delivered::default().since(), None);
    }

    #[test]
    fn equal_lines_of_one_second_are_counted_not_merged() {
        let twins = [mark(10_100, 7), mark(10_100, 7)];
        let (outcome, new) = resume(&delivered(&twins), &[twins[0], twins[1], twins[0], mark(10_200, 8)]);
        assert_eq!(outcome, Some(Outcome::Exact));
        assert_eq!(new, [twins[0], mark(10_200, 8)]);
    }

    #[test]
    fn a_replay_that_lost_its_start_is_aligned_by_its_end() {
        let before = delivered(&[mark(10_100, 1), mark(10_200, 2), mark(10_300, 3)]);
        let (outcome, new) = resume(&before, &[mark(10_200, 2), mark(10_300, 3), mark(10_400, 4)]);
        assert_eq!(outcome, Some(Outcome::Aligned));
        assert_eq!(new, [mark(10_400, 4)]);
    }

    #[test]
    fn a_rotated_file_is_a_gap_with_both_ends() {
        let before = delivered(&[mark(10_100, 1)]);
        let (outcome, new) = resume(&before, &[mark(15_000, 9), mark(15_001, 10)]);
        let gap = Outcome::Gap { after: mark(10_100, 1).time, before: mark(15_000, 9).time };
        assert_eq!(outcome, Some(gap));
        assert_eq!(new, [mark(15_000, 9), mark(15_001, 10)]);
    }

    #[test]
    fn the_first_opening_delivers_everything() {
        let (outcome, new) = resume(&Delivered::default(), &[mark(1_000, 1)]);
        assert_eq!((outcome, new), (None, vec![mark(1_000, 1)]));
    }

    #[test]
    fn a_replay_that_is_slow_repeats_nothing() {
        let all = [mark(10_100, 1), mark(10_200, 2), mark(10_300, 3), mark(10_400, 4)];
        let mut replay = delivered(&all[..3]).replay();
        replay.push(all[0], ());
        assert_eq!(replay.settle(), Continued::nothing());
        replay.push(all[1], ());
        assert_eq!(replay.push(all[2], ()).outcome, Some(Outcome::Exact));
        assert_eq!(replay.push(all[3], ()).lines, [(all[3], ())]);
    }

    #[test]
    fn more_lines_in_a_second_than_are_remembered_leave_no_gap() {
        let all: Vec<Mark> = (0..20_000).map(|line| mark(10_000 + line / 20, line.cast_unsigned())).collect();
        let (outcome, new) = resume(&delivered(&all[..19_000]), &all);
        assert_eq!(outcome, Some(Outcome::Aligned));
        assert_eq!(new, all[19_000..]);
    }

    proptest! {
        /// Lines with repeated times and texts, cut anywhere: what the node replays plus what was delivered is
        /// everything once.
        #[test]
        fn after_a_cut_every_line_is_delivered_exactly_once(
            steps in prop::collection::vec((0i64..700, 0u64..3), 1..60), cut in 0usize..60
        ) {
            let mut ms = 1_000_000;
            let all: Vec<Mark> = steps.iter().map(|(step, text)| { ms += step; mark(ms, *text) }).collect();
            let cut = cut.min(all.len());
            let before = delivered(&all[..cut]);
            let since = before.since().unwrap_or(Timestamp::MIN);
            let replayed: Vec<Mark> = all.iter().filter(|mark| mark.time >= since).copied().collect();
            let (outcome, new) = resume(&before, &replayed);
            prop_assert_eq!(&new[..], &all[cut..]);
            prop_assert_eq!(outcome, (cut > 0).then_some(Outcome::Exact));
        }

        /// Whatever the node answers, nothing that it sends after the replay is dropped.
        #[test]
        fn a_line_that_was_never_delivered_is_never_dropped(
            known in prop::collection::vec((0i64..900, 0u64..4), 0..30), stream in prop::collection::vec((0i64..900, 10u64..14), 1..30)
        ) {
            let mut ms = 1_000_000;
            let known: Vec<Mark> = known.iter().map(|(step, text)| { ms += step; mark(ms, *text) }).collect();
            let stream: Vec<Mark> = stream.iter().map(|(step, text)| { ms += step; mark(ms, *text) }).collect();
            let (_, new) = resume(&delivered(&known), &stream);
            prop_assert_eq!(new, stream);
        }
    }
}
