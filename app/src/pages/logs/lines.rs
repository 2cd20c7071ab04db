//! The scrolling list: only the rows on screen are in the document, and the newest stay in sight while nobody scrolls.

use leptos::html;
use leptos::prelude::*;

use super::book::Book;
use super::line::LogRow;
use crate::components::{Erase, Glyph, Icon};
use crate::platform;

/// Rows in the document before scripts run, and without them: the newest.
const WITHOUT_SCRIPTS: usize = 500;
/// Rows beyond each edge of the screen.
const BEYOND: usize = 12;
/// Height of a row where the style sheet does not say.
const ROW: f64 = 22.0;
/// Distance from the end, in rows, at which the list still follows.
const SLACK: f64 = 2.0;

const NONE: &str = "No lines: nothing matches this selection, or the containers have written nothing.";

/// What of the list is on screen, in pixels; `None` before mount.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Viewport {
    top: f64,
    height: f64,
    row: f64,
}

impl Viewport {
    /// Positions to draw.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a list of 20,000 rows")]
    fn rows(self) -> std::ops::Range<usize> {
        let first = (self.top / self.row).max(0.0) as usize;
        let count = (self.height / self.row).max(0.0) as usize + 1;
        first.saturating_sub(BEYOND)..first + count + BEYOND
    }
}

#[component]
pub(super) fn Lines(book: RwSignal<Book>, live: Signal<bool>) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let viewport = RwSignal::new(None::<Viewport>);
    // The number of the row at which somebody stopped to read; `None` while following.
    let stopped_at = RwSignal::new(None::<u64>);
    let measure = move || {
        let Some(element) = list.get_untracked() else { return };
        let row = platform::css_length("--log-row").unwrap_or(ROW);
        viewport.set(Some(Viewport {
            top: f64::from(element.scroll_top()),
            height: f64::from(element.client_height()),
            row,
        }));
    };
    let to_end = move || {
        if let Some(element) = list.get_untracked() {
            element.set_scroll_top(element.scroll_height());
        }
    };
    let scrolled = move |_| {
        let before = viewport.get_untracked();
        measure();
        let Some(element) = list.get_untracked() else { return };
        let below = f64::from(element.scroll_height() - element.scroll_top() - element.client_height());
        let at_end = below <= SLACK * before.map_or(ROW, |viewport| viewport.row);
        // New rows move the end away from under a list that follows; only a move upwards is somebody's.
        let upwards = before.is_some_and(|before| f64::from(element.scroll_top()) < before.top);
        match (at_end, stopped_at.get_untracked()) {
            (true, Some(_)) => stopped_at.set(None),
            (false, None) if upwards => stopped_at.set(Some(book.with_untracked(Book::newest))),
            _ => {}
        }
    };
    // The outside thing: the scroll position, moved after the new rows are in the document.
    Effect::new(move || {
        book.track();
        request_animation_frame(move || {
            if stopped_at.try_get_untracked() == Some(None) {
                to_end();
            }
            measure();
        });
    });
    let resume = move |_| {
        stopped_at.set(None);
        to_end();
    };
    let pause = move |_| stopped_at.set(Some(book.with_untracked(Book::newest)));
    view! {
        <div class="logs-lines" role="log" tabindex="0" aria-label="Lines" node_ref=list
            data-virtual=move || viewport.read().map(|_| "") style="--log-marker: var(--log-row)" on:scroll=scrolled>
            {move || match viewport.get() {
                None => plain(book),
                Some(viewport) => windowed(book, viewport),
            }}
        </div>
        <Footer book live stopped_at resume pause/>
    }
}

/// The newest rows, one after the other.
fn plain(book: RwSignal<Book>) -> AnyView {
    book.with(|book| {
        let start = book.len().saturating_sub(WITHOUT_SCRIPTS);
        let rows = book.slice(start..book.len());
        let more = (start > 0).then(|| {
            let words = format!("{start} older lines show once scripts run; ask for fewer tail lines to see all");
            view! { <p class="log-marker">{words}</p> }
        });
        let words = &book.filter().words;
        let rows: Vec<_> = rows.iter().map(|(_, entry)| view! { <LogRow entry words style=None/> }).collect();
        view! { {more} {rows} }.erase()
    })
}

/// The rows on screen, each at its place in a space as high as all of them.
fn windowed(book: RwSignal<Book>, viewport: Viewport) -> AnyView {
    book.with(|book| {
        #[expect(clippy::cast_precision_loss, reason = "at most 20,000 rows")]
        let pixels = |rows: usize| rows as f64 * viewport.row;
        let words = &book.filter().words;
        let rows: Vec<_> = book
            .slice(viewport.rows())
            .iter()
            .map(
                |(position, entry)| view! { <LogRow entry words style=Some(format!("--y: {}px", pixels(*position)))/> },
            )
            .collect();
        view! { <div class="logs-space" style=format!("height: {}px", pixels(book.len()))>{rows}</div> }.erase()
    })
}

#[component]
fn Footer<R, P>(
    book: RwSignal<Book>,
    live: Signal<bool>,
    stopped_at: RwSignal<Option<u64>>,
    resume: R,
    pause: P,
) -> impl IntoView
where
    R: Fn(leptos::ev::MouseEvent) + Copy + Send + Sync + 'static,
    P: Fn(leptos::ev::MouseEvent) + Copy + Send + Sync + 'static,
{
    let new = move || stopped_at.get().map(|number| book.with(|book| book.newer_than(number)));
    let stopped = Memo::new(move |_| stopped_at.read().is_some());
    let empty = move || book.with(|book| book.held() == 0);
    view! {
        <footer class="logs-footer">
            {move || match (stopped.get(), live.get()) {
                (true, _) => view! {
                    <button class="button" type="button" on:click=resume>
                        <Icon glyph=Glyph::Play/>
                        {move || format!("Paused · +{} new", new().unwrap_or_default())}
                    </button>
                }.erase(),
                (false, true) => view! {
                    <button class="button" type="button" on:click=pause><Icon glyph=Glyph::Pause/>"Pause"</button>
                }.erase(),
                (false, false) => view! {
                    <span class="muted">{move || if empty() { NONE } else { "Newest lines last" }}</span>
                }.erase(),
            }}
        </footer>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_near_the_screen_are_drawn() {
        let viewport = Viewport { top: 2200.0, height: 440.0, row: 22.0 };
        assert_eq!(viewport.rows(), 100 - BEYOND..100 + 21 + BEYOND);
        assert_eq!(Viewport { top: 0.0, ..viewport }.rows().start, 0);
    }
}
