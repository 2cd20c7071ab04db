//! One row of the log: a line, or a word about the stream.

use domain::log::flux::{self, FluxLine};
use domain::protocol::logs::LogSource;
use leptos::prelude::*;

use super::book::{Content, Entry, MarkerKind, clock};
use crate::components::{Erase, Glyph, Icon};

/// The text cut at each place where the search text stands; places that match are odd.
fn cut<'a>(text: &'a str, words: &[String]) -> Vec<&'a str> {
    let lower = text.to_lowercase();
    // Lower-casing may change lengths outside ASCII; then nothing is marked rather than the wrong place.
    let Some(word) = words.first().filter(|_| lower.len() == text.len()) else { return vec![text] };
    let mut pieces = Vec::new();
    let mut at = 0;
    for (found, _) in lower.match_indices(word.as_str()) {
        let end = found + word.len();
        if text.is_char_boundary(found) && text.is_char_boundary(end) {
            pieces.extend([&text[at..found], &text[found..end]]);
            at = end;
        }
    }
    pieces.push(&text[at..]);
    pieces
}

fn message(text: &str, words: &[String]) -> Vec<AnyView> {
    let piece = |(index, piece): (usize, &str)| {
        let piece = piece.to_owned();
        if index % 2 == 1 { view! { <mark class="log-match">{piece}</mark> }.erase() } else { piece.erase() }
    };
    // An empty text would be written as a space.
    cut(text, words).into_iter().enumerate().filter(|(_, piece)| !piece.is_empty()).map(piece).collect()
}

/// A controller's JSON as a sentence: message, error, and what it is about. Any other text as it is.
fn readable(text: &str, words: &[String]) -> AnyView {
    let Some(line) = flux::parse(text) else { return message(text, words).erase() };
    let FluxLine { message: said, error, kind, namespace, name, revision, .. } = line;
    let object = name.map(|name| namespace.map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}")));
    view! {
        {message(&said, words)}
        {error.map(|error| view! { ": " {message(&error, words)} })}
        {kind.map(|kind| view! { " " <i>{kind}</i> })}
        {object.map(|object| view! { " " <b>{message(&object, words)}</b> })}
        {revision.map(|revision| view! { " " <i>"revision "</i> {message(&revision, words)} })}
    }
    .erase()
}

/// `style` places the row in a virtual list; without it rows follow each other.
#[component]
pub(super) fn LogRow<'a>(entry: &'a Entry, words: &'a [String], style: Option<String>) -> impl IntoView + use<> {
    match &entry.content {
        Content::Line { origin, time, level, message: text, truncated } => {
            let LogSource { cluster_name, namespace, pod_name, container, .. } = &origin.source;
            let title = format!("{cluster_name} {namespace}/{pod_name}/{container}");
            let (cluster, pod) = (cluster_name.clone(), pod_name.clone());
            let cut_off = (*truncated > 0).then(|| view! { <i>{format!(" … {truncated} bytes cut off")}</i> });
            view! {
                <div class=format!("log-row log-{} lane-{}", level.word(), origin.lane) style=style>
                    <time class="log-time" datetime=time.clone() title=time.clone()>{clock(time).to_owned()}</time>
                    <span class="log-source" title=title><b>{cluster}</b> " " {pod}</span>
                    <span class="log-level">{level.word()}</span>
                    <span class="log-message" title=text.clone()>{readable(text, words)} {cut_off}</span>
                </div>
            }
            .erase()
        }
        Content::Marker { kind, text, origin } => {
            let (class, glyph) = match kind {
                MarkerKind::Skipped => ("log-marker-skipped", Glyph::ChevronDown),
                MarkerKind::Gap => ("log-marker-gap", Glyph::Triangle),
                MarkerKind::Restart => ("log-marker-restart", Glyph::Rotate),
                MarkerKind::Stream => ("log-marker-stream", Glyph::Info),
            };
            let lane = origin.as_ref().map(|origin| format!(" lane-{}", origin.lane)).unwrap_or_default();
            let source =
                origin.as_ref().map(|origin| format!("{} · {}", origin.source.cluster_name, origin.source.pod_name));
            view! {
                <div class=format!("log-marker {class}{lane}") style=style>
                    <Icon glyph class="icon icon-small"/>
                    <span>{text.clone()}</span>
                    {source.map(|source| view! { <span class="log-marker-end">{source}</span> })}
                </div>
            }
            .erase()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn every_second_piece_is_a_match() {
        let words = ["flux".to_owned()];
        assert_eq!(cut("Flux is flux", &words), ["", "Flux", " is ", "flux", ""]);
        assert_eq!(cut("nothing", &words), ["nothing"]);
        assert_eq!(cut("all", &[]), ["all"]);
        assert_eq!(cut("İ flux", &words), ["İ flux"]);
    }
}
