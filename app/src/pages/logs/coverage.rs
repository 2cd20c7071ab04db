//! In words, how much of the selection is on screen.

use domain::problem::Problem;
use domain::protocol::logs::SourceProblem;
use leptos::prelude::*;

use super::book::{Book, Covered};
use super::stream::StreamState;

/// A source's problem with its source in the message.
pub(super) fn described(problem: SourceProblem) -> Problem {
    let SourceProblem { source, problem } = problem;
    match source {
        Some(source) => {
            let message = format!("{}/{}: {}", source.pod_name, source.container, problem.message);
            Problem { message, ..problem }
        }
        None => problem,
    }
}

/// `streaming 42 of 45 containers · 2 forbidden · 1 waiting`.
fn words(covered: Covered) -> (String, Option<String>) {
    let Covered { streaming, waiting, forbidden, failed, ended } = covered;
    let all = streaming + waiting + forbidden + failed;
    let mut words = format!("streaming {streaming} of {all} containers");
    for (count, word) in [(waiting, "waiting"), (ended, "ended")] {
        if count > 0 {
            words = format!("{words} · {count} {word}");
        }
    }
    let bad: Vec<String> = [(forbidden, "forbidden"), (failed, "failed")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    (words, (!bad.is_empty()).then(|| bad.join(" · ")))
}

#[component]
pub(super) fn Coverage(book: RwSignal<Book>, state: Signal<StreamState>) -> impl IntoView {
    let said = Memo::new(move |_| match state.get() {
        StreamState::Connecting => ("connecting".to_owned(), None),
        StreamState::Lost => ("connection lost, trying again".to_owned(), None),
        StreamState::Ended => ("the stream has ended".to_owned(), None),
        StreamState::Live => book.read().covered().map_or_else(|| ("live".to_owned(), None), words),
        StreamState::Idle => match book.read().fetched_sources() {
            0 => (String::new(), None),
            sources => (format!("newest lines of {sources} containers"), None),
        },
    });
    view! {
        <span class="logs-coverage muted" role="status">
            {move || said.read().0.clone()}
            {move || said.read().1.clone().map(|bad| view! { " · " <span class="failed-text">{bad}</span> })}
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_streaming_is_named() {
        let covered = Covered { streaming: 42, waiting: 1, forbidden: 2, failed: 0, ended: 0 };
        let expected = ("streaming 42 of 45 containers · 1 waiting".to_owned(), Some("2 forbidden".to_owned()));
        assert_eq!(words(covered), expected);
    }
}
