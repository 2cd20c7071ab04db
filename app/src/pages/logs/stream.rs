//! The live stream: one socket for the lines of this page, acknowledged when they are on screen.

use std::time::Duration;

use domain::protocol::logs::{ClientFrame, JSON_PROTOCOL, LogQuery, ServerFrame};
use leptos::prelude::*;

use super::book::{Book, MarkerKind};
use crate::platform::{Socket, SocketEvent};

const PATH: &str = "/api/v1/logs/stream";
/// Wait before a lost stream is opened again.
const AGAIN: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamState {
    /// Not asked for, or stopped.
    Idle,
    Connecting,
    Live,
    /// Lost, to be opened again.
    Lost,
    /// The server ended it; the reason is the last row.
    Ended,
}

/// The stream of this page. Copies are the same stream.
#[derive(Clone, Copy)]
pub(super) struct Stream {
    query: StoredValue<LogQuery>,
    book: RwSignal<Book>,
    state: RwSignal<StreamState>,
    socket: StoredValue<Option<Socket>>,
    /// Lines of this stream are in the book already.
    begun: StoredValue<bool>,
}

impl Stream {
    pub(super) fn new(query: LogQuery, book: RwSignal<Book>) -> Self {
        let stream = Self {
            query: StoredValue::new(query),
            book,
            state: RwSignal::new(StreamState::Idle),
            socket: StoredValue::new(None),
            begun: StoredValue::new(false),
        };
        // The state is left alone: whoever shows it is being taken down too, and may not be asked any more.
        on_cleanup(move || _ = stream.socket.try_set_value(None));
        stream
    }

    pub(super) fn state(self) -> Signal<StreamState> {
        self.state.into()
    }

    pub(super) fn start_when_mounted(self) {
        // The outside thing: the socket.
        Effect::new(move || self.open());
    }

    /// Closes the socket; the lines stay.
    pub(super) fn stop(self) {
        _ = self.socket.try_set_value(None);
        _ = self.state.try_set(StreamState::Idle);
    }

    fn open(self) {
        self.state.set(StreamState::Connecting);
        let socket = Socket::open(PATH, Some(JSON_PROTOCOL), move |event| self.heard(event));
        self.socket.set_value(Some(socket));
    }

    fn send(self, frame: &ClientFrame) {
        let Ok(text) = serde_json::to_string(frame) else { return };
        _ = self.socket.try_with_value(|socket| {
            if let Some(socket) = socket {
                socket.send(&text);
            }
        });
    }

    fn heard(self, event: SocketEvent) {
        match event {
            SocketEvent::Opened => {
                let query = self.query.get_value();
                self.send(&ClientFrame::Start { query });
            }
            SocketEvent::Text(text) => match serde_json::from_str(&text) {
                Ok(frame) => self.received(frame),
                Err(error) => leptos::logging::warn!("a frame of the log stream cannot be read: {error}"),
            },
            SocketEvent::Closed { .. } => self.closed(),
        }
    }

    fn received(self, frame: ServerFrame) {
        match &frame {
            ServerFrame::Hello { .. } => self.greeted(),
            ServerFrame::Failed { .. } => self.state.set(StreamState::Ended),
            _ => {}
        }
        let batch = self.book.try_update(|book| book.receive(frame)).flatten();
        if let Some(batch) = batch {
            self.acknowledge_after_paint(batch);
        }
    }

    /// The first stream replaces what was fetched, since it begins with the same lines. A later one goes on, and says
    /// that it may have missed some.
    fn greeted(self) {
        let again = self.begun.get_value();
        self.begun.set_value(true);
        self.state.set(StreamState::Live);
        self.book.update(|book| {
            if again {
                let text = "The connection was lost; lines between here and the row before may be missing".to_owned();
                book.mark(MarkerKind::Gap, text, None);
            } else {
                book.clear();
            }
        });
    }

    /// The server sends more once it knows that this much is on screen: a page in the background slows its own stream.
    fn acknowledge_after_paint(self, batch: u64) {
        request_animation_frame(move || {
            set_timeout(move || self.send(&ClientFrame::Ack { batch }), Duration::ZERO);
        });
    }

    fn closed(self) {
        _ = self.socket.try_set_value(None);
        let Some(state) = self.state.try_get_untracked() else { return };
        if matches!(state, StreamState::Idle | StreamState::Ended) {
            return;
        }
        self.state.set(StreamState::Lost);
        // What is here already is not asked for again.
        if self.begun.get_value() {
            self.query.update_value(|query| query.tail_lines = Some(0));
        }
        set_timeout(move || self.open_again(), AGAIN);
    }

    fn open_again(self) {
        if self.state.try_get_untracked() == Some(StreamState::Lost) {
            let socket = Socket::open(PATH, Some(JSON_PROTOCOL), move |event| self.heard(event));
            self.socket.set_value(Some(socket));
        }
    }
}
