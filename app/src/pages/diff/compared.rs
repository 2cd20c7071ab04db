//! Comparing the two texts: at once where they are short, in the worker where they are long.

use std::sync::Arc;
use std::time::Duration;

use domain::diff::text::{self, TextDiff};
use domain::drift::ObjectDiff;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Serialize;

use crate::platform;

/// Lines of both texts up to which comparing takes less than a frame.
const AT_ONCE: usize = 4_000;
/// Longest wait for an exact answer on long texts.
const LIMIT: Duration = Duration::from_millis(300);

/// Request of the worker's `diff_text`; the answer is a [`TextDiff`].
#[derive(Serialize)]
struct WorkerRequest<'a> {
    desired: &'a str,
    actual: &'a str,
    limit_ms: u128,
}

/// The comparison of a diff; `None` while the worker is at it. `full`: the server answers whatever the length.
pub(super) fn compared(diff: Arc<ObjectDiff>, full: bool) -> Signal<Option<Arc<TextDiff>>> {
    let lines = diff.desired_paths.len() + diff.actual_paths.len();
    if lines <= AT_ONCE || full {
        let limit = (lines > AT_ONCE).then_some(LIMIT);
        let answer = Arc::new(text::diff(&diff.desired, &diff.actual, limit));
        return Signal::stored(Some(answer));
    }
    let (answer, set_answer) = signal(None);
    // The outside thing: the worker.
    Effect::new(move || {
        let diff = diff.clone();
        spawn_local(async move {
            let request = WorkerRequest { desired: &diff.desired, actual: &diff.actual, limit_ms: LIMIT.as_millis() };
            let input = serde_json::to_string(&request).unwrap_or_default();
            let output = platform::in_worker("diff_text", input).await;
            let made = output.and_then(|output| serde_json::from_str(&output).ok());
            let made = made.unwrap_or_else(|| text::diff(&diff.desired, &diff.actual, Some(LIMIT)));
            _ = set_answer.try_set(Some(Arc::new(made)));
        });
    });
    answer.into()
}
