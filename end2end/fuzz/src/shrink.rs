//! Makes an input small that shows a finding, so that it can be read and kept.

/// Most attempts for one finding.
const ATTEMPTS: usize = 4_000;

/// The smallest input found that still `shows` it, by leaving out ever smaller pieces.
#[must_use]
pub fn shrink(input: &[u8], shows: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut best = input.to_vec();
    let mut piece = best.len().div_ceil(2);
    let mut attempts = 0;
    while piece > 0 {
        let mut at = 0;
        let mut has_shrunk = false;
        while at < best.len() && attempts < ATTEMPTS {
            attempts += 1;
            let mut smaller = best.clone();
            smaller.drain(at..(at + piece).min(best.len()));
            if shows(&smaller) {
                best = smaller;
                has_shrunk = true;
            } else {
                at += piece;
            }
        }
        if attempts >= ATTEMPTS {
            break;
        }
        if !has_shrunk || piece > best.len() {
            piece /= 2;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_shows_the_finding_is_left() {
        let input = b"some long text with a needle in it, and more text after it";
        let found = shrink(input, |bytes| bytes.windows(6).any(|window| window == b"needle"));
        assert_eq!(found, b"needle");
        assert_eq!(shrink(b"", |_| true), b"");
    }
}
