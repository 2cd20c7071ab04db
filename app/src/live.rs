//! The one live connection of a page: `/api/v1/watch`, shared by everything on screen.
//!
//! Pages follow a topic with a sink; the connection subscribes once per topic, however many follow it, and puts
//! whatever is followed back after it was lost. Sinks get snapshots and deltas, never a socket. [`subscriptions`]
//! decides, [`window`] turns answers into signals; this file only moves text and time.

mod subscriptions;
mod window;

use std::sync::Arc;
use std::time::Duration;

use domain::protocol::watch::{ListDelta, ServerMessage, Snapshot, Topic};
use leptos::prelude::*;

use self::subscriptions::{Received, Subscriptions};
pub(crate) use self::window::{LiveRow, LiveWindow, Totals};
use crate::platform::{self, Socket, SocketEvent};

const PATH: &str = "/api/v1/watch";
/// First wait before connecting again; doubles with each attempt.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Attempts without an answer after which the page says offline.
const OFFLINE_AFTER: u32 = 4;

/// Whether what is on screen is the present state. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Connection {
    /// Not connected yet: the page shows what the server rendered.
    #[default]
    Starting,
    Live,
    /// Lost; the next attempt is at that time.
    Reconnecting {
        at: i64,
    },
    /// Lost since then, and several attempts found nobody.
    Offline {
        since: i64,
    },
}

/// What a sink gets.
#[derive(Clone, Debug)]
pub(crate) enum LiveUpdate {
    Snapshot(Snapshot),
    Delta(ListDelta),
}

/// Called with each update, in order; must not follow or leave topics itself.
pub(crate) type Sink = Arc<dyn Fn(LiveUpdate) + Send + Sync>;

/// The page's connection. Copies are the same connection.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    connection: RwSignal<Connection>,
    /// The server was replaced by another build while this page was open.
    outdated: RwSignal<bool>,
    inner: StoredValue<Inner>,
}

#[derive(Default)]
struct Inner {
    socket: Option<Socket>,
    open: bool,
    subscriptions: Subscriptions,
    attempts: u32,
    lost_at: i64,
    build: Option<String>,
}

/// Called by the root only.
pub(crate) fn provide_live() {
    provide_context(Live {
        connection: RwSignal::new(Connection::default()),
        outdated: RwSignal::new(false),
        inner: StoredValue::new(Inner::default()),
    });
}

/// The connection that [`provide_live`] made.
pub(crate) fn use_live() -> Live {
    expect_context()
}

impl Live {
    pub(crate) fn connection(self) -> Signal<Connection> {
        self.connection.into()
    }

    pub(crate) fn outdated(self) -> Signal<bool> {
        self.outdated.into()
    }

    /// Follows a topic for as long as the calling component is mounted, and follows another when the signal says so.
    pub(crate) fn follow(self, topic: impl Fn() -> Option<Topic> + Send + Sync + 'static, sink: Sink) {
        let followed: StoredValue<Option<u32>> = StoredValue::new(None);
        // The outside thing: the socket.
        Effect::new(move || {
            let topic = topic();
            self.leave(followed);
            if let Some(topic) = topic {
                let (handle, message) =
                    self.inner.try_update_value(|inner| inner.subscriptions.add(topic, sink.clone())).unzip();
                followed.set_value(handle);
                self.send(message);
                self.connect();
            }
        });
        on_cleanup(move || self.leave(followed));
    }

    fn leave(self, followed: StoredValue<Option<u32>>) {
        let Some(handle) = followed.try_update_value(Option::take).flatten() else { return };
        let message = self.inner.try_update_value(|inner| inner.subscriptions.remove(handle)).flatten();
        self.send(message);
    }

    fn send(self, messages: impl IntoIterator<Item = domain::protocol::watch::ClientMessage>) {
        self.inner.with_value(|inner| {
            let Some(socket) = inner.socket.as_ref().filter(|_| inner.open) else { return };
            for message in messages {
                if let Ok(text) = serde_json::to_string(&message) {
                    socket.send(&text);
                }
            }
        });
    }

    /// Opens the connection where there is none.
    fn connect(self) {
        if self.inner.with_value(|inner| inner.socket.is_some()) {
            return;
        }
        let socket = Socket::open(PATH, None, move |event| self.heard(event));
        self.inner.update_value(|inner| inner.socket = Some(socket));
    }

    fn heard(self, event: SocketEvent) {
        match event {
            SocketEvent::Opened => {
                let messages = self.inner.try_update_value(|inner| {
                    inner.open = true;
                    inner.subscriptions.all()
                });
                self.send(messages.unwrap_or_default());
            }
            SocketEvent::Text(text) => match serde_json::from_str(&text) {
                Ok(message) => self.received(message),
                Err(error) => leptos::logging::warn!("a message of the live connection cannot be read: {error}"),
            },
            SocketEvent::Closed { .. } => self.lost(),
        }
    }

    fn received(self, message: ServerMessage) {
        if let ServerMessage::Hello { build, .. } = message {
            self.greeted(build);
            return;
        }
        let Some(Received { updates, reply }) =
            self.inner.try_update_value(|inner| inner.subscriptions.receive(message))
        else {
            return;
        };
        self.send(reply);
        for (sink, update) in updates {
            sink(update);
        }
    }

    fn greeted(self, build: String) {
        let changed = self.inner.try_update_value(|inner| {
            inner.attempts = 0;
            inner.lost_at = 0;
            *inner.build.get_or_insert_with(|| build.clone()) != build
        });
        self.outdated.set(changed.unwrap_or_default());
        self.connection.set(Connection::Live);
    }

    fn lost(self) {
        let now = platform::now();
        let Some((attempts, since)) = self.inner.try_update_value(|inner| {
            inner.socket = None;
            inner.open = false;
            inner.attempts += 1;
            if inner.lost_at == 0 {
                inner.lost_at = now;
            }
            (inner.attempts, inner.lost_at)
        }) else {
            return;
        };
        let wait = wait_before(attempts, platform::jitter());
        self.connection.set(if attempts >= OFFLINE_AFTER {
            Connection::Offline { since }
        } else {
            Connection::Reconnecting { at: now + i64::try_from(wait.as_millis()).unwrap_or_default() }
        });
        set_timeout(move || self.connect(), wait);
    }
}

/// Doubles up to the longest wait; jitter (0 to 1) takes off up to half, so that many pages do not come back at once.
fn wait_before(attempt: u32, jitter: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    doubled.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

/// A value that a topic replaces whole: the server-rendered one first, then each snapshot.
pub(crate) fn live_value<T: Clone + Send + Sync + 'static>(
    first: T,
    topic: Topic,
    read: impl Fn(Snapshot) -> Option<T> + Send + Sync + 'static,
) -> ReadSignal<T> {
    let (value, set_value) = signal(first);
    let sink = move |update| {
        if let LiveUpdate::Snapshot(snapshot) = update
            && let Some(new) = read(snapshot)
        {
            _ = set_value.try_set(new);
        }
    };
    use_live().follow(move || Some(topic.clone()), Arc::new(sink));
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_jitter_takes_off_at_most_half() {
        assert_eq!(wait_before(1, 0.0), FIRST_WAIT);
        assert_eq!(wait_before(3, 0.0), FIRST_WAIT * 4);
        assert_eq!(wait_before(60, 0.0), LONGEST_WAIT);
        assert_eq!(wait_before(60, 1.0), LONGEST_WAIT / 2);
    }
}
