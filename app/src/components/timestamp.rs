//! Times: absolute from the server, relative once the page lives, absolute again on hover.

use std::time::Duration;

use jiff::Timestamp as Instant;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use leptos::prelude::*;

use crate::platform;

/// How often relative times move on.
const TICK: Duration = Duration::from_secs(5);

/// The page's clock: `None` on the server and until the root is mounted.
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

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The calendar's date and time in UTC; 1970 for what is out of its range. Formatted here by hand: a formatter of
/// patterns would be a tenth of the browser's code.
fn civil(millis: i64) -> DateTime {
    Offset::UTC.to_datetime(Instant::from_millisecond(millis).unwrap_or(Instant::UNIX_EPOCH))
}

fn month(time: DateTime) -> &'static str {
    usize::try_from(time.month() - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or_default()
}

/// `1 July 2026 12:00:00 UTC`.
pub(crate) fn absolute(millis: i64) -> String {
    let time = civil(millis);
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{} {} {} {hour:02}:{minute:02}:{second:02} UTC", time.day(), month(time), time.year())
}

/// `2026-07-01T12:00:00Z`, for programs.
fn machine(millis: i64) -> String {
    let time = civil(millis);
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", time.year(), time.month(), time.day())
}

/// `12:04`.
fn hour_and_minute(millis: i64) -> String {
    let time = civil(millis);
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `1 Jul 12:04`.
fn with_day(millis: i64) -> String {
    let time = civil(millis);
    format!("{} {:.3} {}", time.day(), month(time), hour_and_minute(millis))
}

/// `12:04`, or with its day where that is another one than now.
pub(crate) fn clock_time(millis: i64, now: i64) -> String {
    let day = |millis: i64| millis.div_euclid(24 * 3600 * 1000);
    if day(millis) == day(now) { hour_and_minute(millis) } else { with_day(millis) }
}

/// `38 s`, `31 m`, `2 h` or `6 d` ago, `in 90 d` ahead. Less than a minute ahead is a clock that differs: now.
fn relative(millis: i64, now: i64) -> String {
    match (now - millis) / 1000 {
        ahead @ ..=-60 => format!("in {}", span(-ahead)),
        ago => span(ago.max(0)),
    }
}

fn span(seconds: i64) -> String {
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
    // A page whose code came late is hydrated while the clock runs already, and still has to repeat the server's text.
    let mounted = RwSignal::new(false);
    Effect::new(move || mounted.set(true));
    let text = move || match now.get().filter(|_| mounted.get()) {
        Some(now) => relative(millis, now),
        None => with_day(millis),
    };
    Some(view! {
        <time class="timestamp" datetime=machine(millis) title=absolute(millis)>
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
        assert_eq!(relative(now + 90 * 86_400_000, now), "in 90 d");
    }

    #[test]
    fn absolute_times_are_utc_and_say_so() {
        assert_eq!(absolute(1_782_907_200_000), "1 July 2026 12:00:00 UTC");
        assert_eq!(machine(1_782_907_205_000), "2026-07-01T12:00:05Z");
        assert_eq!(clock_time(1_782_907_200_000, 1_782_910_000_000), "12:00");
        assert_eq!(clock_time(1_782_907_200_000, 1_782_997_200_000), "1 Jul 12:00");
    }
}
