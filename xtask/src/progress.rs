//! What a person sees while a long step runs: its name when it starts, its duration when it ends.
//!
//! Progress goes to standard error; standard output belongs to results (`bench --json`, `test`'s last line).

use std::time::{Duration, Instant};

use anyhow::Result;

/// Runs a step between two lines of progress.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("── {name}");
    let start = Instant::now();
    let outcome = work();
    let word = if outcome.is_ok() { "done" } else { "failed" };
    eprintln!("── {name}: {word} in {}", duration(start.elapsed()));
    outcome
}

/// One line about something that is worth knowing and no error.
pub(crate) fn note(text: &str) {
    eprintln!("   {text}");
}

/// A duration for people: `340 ms`, `12.3 s`, `4 min 05 s`.
pub(crate) fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0 => format!("{} ms", elapsed.as_millis()),
        1..=59 => format!("{:.1} s", elapsed.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_in_the_unit_that_fits() {
        assert_eq!(duration(Duration::from_millis(340)), "340 ms");
        assert_eq!(duration(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(duration(Duration::from_secs(245)), "4 min 05 s");
    }
}
