//! Times: absolute from the server, relative once the page lives, absolute again on hover.

use std::time::Duration;

use jiff::Timestamp as Instant;
use leptos::prelude::*;

use crate::platform;

/// How often relative times move on.
const TICK: Duration = Duration::from_secs(5);

/// The page's clock: `None` while rendering and hydrating, so that both sides write the same text.
#[derive(Clone, Copy)]
struct Now(ReadSignal<Option<i64>>);

/// Starts the clock after mount. Called by the root only.
pub(crate) fn provide_now() {
    let (now, set_now) = signal(None);
    provide_context(Now(now));
    // The outside thing: the wall clock.
    Effect::new(move || {
        set_now.set(Some(platform::now()));
        if let Ok(timer) = set_interval_with_handle(move || set_now.set(Some(platform::now())), TICK) {
            on_cleanup(move || timer.clear());
        }
    });
}

/// Milliseconds since 1970, moving; `None` before mount.
pub(crate) fn use_now() -> ReadSignal<Option<i64>> {
    let Now(now) = expect_context();
    now
}

/// `1 July 2026 12:00:00 UTC`.
pub(crate) fn absolute(millis: i64) -> String {
    format(millis, "%-d %B %Y %H:%M:%S UTC")
}

/// `12:04`, or with its day where that is another one than now.
pub(crate) fn clock_time(millis: i64, now: i64) -> String {
    let day = |millis: i64| millis.div_euclid(24 * 3600 * 1000);
    format(millis, if day(millis) == day(now) { "%H:%M" } else { "%-d %b %H:%M" })
}

fn format(millis: i64, form: &str) -> String {
    Instant::from_millisecond(millis).map(|time| time.strftime(form).to_string()).unwrap_or_default()
}

/// `38 s`, `31 m`, `2 h`, `6 d`; a time ahead of our clock is now.
fn relative(millis: i64, now: i64) -> String {
    let seconds = (now - millis).max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} m", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A moment, in milliseconds since 1970. Nothing where there is none.
#[component]
pub(crate) fn Timestamp(#[prop(into)] time: Option<i64>) -> impl IntoView {
    let millis = time?;
    let now = use_now();
    let text = move || match now.get() {
        Some(now) => relative(millis, now),
        None => format(millis, "%-d %b %H:%M"),
    };
    Some(view! {
        <time class="timestamp" datetime=format(millis, "%Y-%m-%dT%H:%M:%SZ") title=absolute(millis)>
            {text}
        </time>
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_times_have_one_unit() {
        let now = 1_000_000_000_000;
        for (ago, text) in [(0, "0 s"), (59, "59 s"), (61, "1 m"), (7200, "2 h"), (6 * 86_400, "6 d"), (-5, "0 s")] {
            assert_eq!(relative(now - ago * 1000, now), text);
        }
    }

    #[test]
    fn absolute_times_are_utc_and_say_so() {
        assert_eq!(absolute(1_782_907_200_000), "1 July 2026 12:00:00 UTC");
        assert_eq!(clock_time(1_782_907_200_000, 1_782_910_000_000), "12:00");
        assert_eq!(clock_time(1_782_907_200_000, 1_782_997_200_000), "1 Jul 12:00");
    }
}
