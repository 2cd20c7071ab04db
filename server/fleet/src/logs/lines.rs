//! Bytes of a log stream cut into lines, with a limit on the length of one.
//!
//! Never fails: bytes that are no UTF-8 are replaced, what is beyond the limit is counted and dropped, a line may come
//! in any number of pieces. Holds at most one line.

use std::borrow::Cow;

use memchr::memchr;

/// Longest raw line that is kept, with its time stamp.
pub(crate) const LINE_CAP: usize = 256 * 1024;

/// One line without its line feed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RawLine<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Bytes cut off its end.
    pub(crate) truncated: u64,
}

/// Cuts a stream of bytes into lines.
#[derive(Debug)]
pub(crate) struct LineSplitter {
    cap: usize,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    /// Bytes of that line beyond the limit.
    beyond: u64,
}

impl LineSplitter {
    pub(crate) fn new(cap: usize) -> Self {
        Self { cap, begun: Vec::new(), beyond: 0 }
    }

    /// Takes the next bytes and hands out every line that ends in them.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(RawLine<'_>)) {
        while let Some(end) = memchr(b'\n', bytes) {
            let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.begun.is_empty() && self.beyond == 0 && head.len() <= self.cap {
                take(RawLine { text: String::from_utf8_lossy(head), truncated: 0 });
            } else {
                self.keep(head);
                self.finish(&mut take);
            }
            bytes = rest;
        }
        self.keep(bytes);
    }

    /// Hands out the line that has begun, for the end of a stream that will not go on.
    pub(crate) fn finish(&mut self, mut take: impl FnMut(RawLine<'_>)) {
        if !self.begun.is_empty() || self.beyond > 0 {
            take(RawLine { text: String::from_utf8_lossy(&self.begun), truncated: self.beyond });
        }
        self.discard();
    }

    /// Forgets the line that has begun, for a stream that was cut inside it and starts again before it.
    pub(crate) fn discard(&mut self) {
        self.begun.clear();
        // One long line must not hold its memory for the life of the stream.
        self.begun.shrink_to(4096);
        self.beyond = 0;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.cap - self.begun.len();
        let kept = bytes.len().min(room);
        self.begun.extend_from_slice(&bytes[..kept]);
        self.beyond += (bytes.len() - kept) as u64;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(cap: usize, chunks: &[&[u8]]) -> Vec<(String, u64)> {
        let mut lines = Vec::new();
        let mut splitter = LineSplitter::new(cap);
        let mut take = |line: RawLine<'_>| lines.push((line.text.into_owned(), line.truncated));
        for chunk in chunks {
            splitter.feed(chunk, &mut take);
        }
        splitter.finish(&mut take);
        lines
    }

    #[test]
    fn a_long_line_keeps_its_beginning_and_counts_the_rest() {
        let expected = [("abcd".to_owned(), 3), ("x".to_owned(), 0)];
        assert_eq!(split(4, &[b"abcdefg\nx\n"]), expected);
        assert_eq!(split(4, &[b"ab", b"cdef", b"g\nx\n"]), expected);
    }

    #[test]
    fn bytes_that_are_no_utf8_are_replaced_and_end_nothing() {
        let expected = [("a\u{fffd}b".to_owned(), 0), ("c".to_owned(), 0)];
        assert_eq!(split(64, &[b"a\xffb\nc\n"]), expected);
    }

    #[test]
    fn a_discarded_line_leaves_nothing_behind() {
        let mut splitter = LineSplitter::new(4);
        splitter.feed(b"abcdefgh", |_| unreachable!("no line ends here"));
        splitter.discard();
        let mut seen = Vec::new();
        splitter.feed(b"ok\n", |line| seen.push((line.text.into_owned(), line.truncated)));
        assert_eq!(seen, [("ok".to_owned(), 0)]);
    }

    proptest! {
        #[test]
        fn the_chunks_do_not_matter(text in "[a-cä\n]{0,60}", sizes in proptest::collection::vec(1usize..9, 1..40)) {
            let (mut chunks, mut rest) = (Vec::new(), text.as_bytes());
            for size in sizes.iter().cycle() {
                if rest.is_empty() { break; }
                let (chunk, tail) = rest.split_at((*size).min(rest.len()));
                chunks.push(chunk);
                rest = tail;
            }
            prop_assert_eq!(split(1024, &chunks), split(1024, &[text.as_bytes()]));
        }

        #[test]
        fn no_byte_is_lost_uncounted(text in "[a-c\n]{0,80}", cap in 1usize..8) {
            let lines = split(cap, &[text.as_bytes()]);
            let counted: u64 = lines.iter().map(|(line, beyond)| line.len() as u64 + beyond).sum();
            prop_assert_eq!(counted, text.bytes().filter(|byte| *byte != b'\n').count() as u64);
        }
    }
}
