//! A client of `/api/v1/watch`: one that reads everything at once, or one that never reads.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use socket2::{Domain, Socket, Type};
use tungstenite::{Message, WebSocket};

/// An open socket that is subscribed to a list.
pub(crate) struct WatchSocket(WebSocket<TcpStream>);

impl WatchSocket {
    /// Connects and subscribes to the whole list of all clusters; reads nothing but the handshake.
    pub(crate) fn open(server: SocketAddr) -> Result<Self> {
        Self::subscribe(server, TcpStream::connect(server).context("cannot connect to the server")?)
    }

    /// The same with so little room for what is not read that the server notices soon.
    pub(crate) fn open_narrow(server: SocketAddr) -> Result<Self> {
        const ROOM: usize = 4096;
        let connect = || {
            let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
            socket.set_recv_buffer_size(ROOM)?;
            socket.connect(&server.into())?;
            Ok::<_, std::io::Error>(socket)
        };
        Self::subscribe(server, connect().context("cannot connect to the server")?.into())
    }

    fn subscribe(server: SocketAddr, stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true).context("cannot set up a connection")?;
        let (mut socket, _) = tungstenite::client(format!("ws://{server}/api/v1/watch"), stream)
            .map_err(|error| anyhow::anyhow!("the socket was not opened: {error}"))?;
        let subscribe = json!({"type": "subscribe", "id": 1, "topic": "list", "query": {"limit": 500}});
        socket.send(Message::text(subscribe.to_string())).context("cannot subscribe")?;
        Ok(Self(socket))
    }

    /// The text of the next message of the server, at most `patience` away.
    fn next(&mut self, patience: Duration) -> Result<String> {
        self.0.get_ref().set_read_timeout(Some(patience)).context("cannot set a time limit")?;
        loop {
            match self.0.read().context("the socket gave no message in time")? {
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Close(frame) => bail!("the server closed the socket: {frame:?}"),
                _ => {}
            }
        }
    }
}

/// Messages that a reader remembers.
const RECENT: usize = 256;

/// Somebody who reads every message as it comes.
pub(crate) struct Reader {
    recent: Arc<Mutex<VecDeque<String>>>,
    reading: JoinHandle<Result<()>>,
}

impl Reader {
    /// Reads until the socket closes, or gives nothing for `patience`.
    pub(crate) fn start(mut socket: WatchSocket, patience: Duration) -> Self {
        let recent = Arc::new(Mutex::new(VecDeque::new()));
        let shared = Arc::clone(&recent);
        let reading = std::thread::spawn(move || {
            loop {
                let message = socket.next(patience)?;
                let mut recent = shared.lock().unwrap_or_else(PoisonError::into_inner);
                recent.push_back(message);
                if recent.len() > RECENT {
                    recent.pop_front();
                }
            }
        });
        Self { recent, reading }
    }

    /// Whether one of the last messages holds the text. An error once the socket is at its end.
    pub(crate) fn has_seen(&self, text: &str) -> Result<bool> {
        if self.reading.is_finished() {
            bail!("a socket that is read was cut off, or fell silent");
        }
        Ok(self.recent.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|message| message.contains(text)))
    }
}
