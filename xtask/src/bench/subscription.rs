//! A list on `/api/v1/watch` as a browser follows it, with the time at which each row arrived.

use std::collections::HashMap;
use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tungstenite::{Error, Message, WebSocket};

use crate::server_process::ServerProcess;

/// See the module.
pub(super) struct Subscription {
    socket: WebSocket<TcpStream>,
    /// When a message of a row was first seen, in nanoseconds since 1970.
    seen: HashMap<String, u64>,
}

impl Subscription {
    /// Follows the rows with the latest activity, as many as a page shows, and waits for the first of them.
    pub(super) fn open(server: &ServerProcess) -> Result<Self> {
        let address = server.address("/api/v1/watch").replacen("http:", "ws:", 1);
        let authority = address.split('/').nth(2).context("an address has an authority")?;
        let stream = TcpStream::connect(authority).context("the server does not listen")?;
        stream.set_nodelay(true).context("the connection is gone")?;
        let (socket, _) = tungstenite::client(&address, stream).context("the server takes no socket")?;
        let mut subscription = Self { socket, seen: HashMap::new() };
        let query = json!({"sort": "activity", "limit": 100});
        let subscribe = json!({"type": "subscribe", "id": 1, "topic": "list", "query": query});
        subscription.socket.send(Message::text(subscribe.to_string())).context("the server does not read")?;
        let snapshot = |message: &Value| message["type"] == "snapshot";
        while !subscription.read(Instant::now() + Duration::from_secs(10))?.is_some_and(|message| snapshot(&message)) {}
        Ok(subscription)
    }

    /// Reads until the row with this message has arrived; its time, or none at the deadline.
    pub(super) fn wait_for(&mut self, message: &str, deadline: Instant) -> Result<Option<u64>> {
        while !self.seen.contains_key(message) && Instant::now() < deadline {
            self.read(deadline)?;
        }
        Ok(self.seen.get(message).copied())
    }

    /// Reads everything until a time, and tells what was seen so far.
    pub(super) fn read_until(&mut self, deadline: Instant) -> Result<&HashMap<String, u64>> {
        while Instant::now() < deadline {
            self.read(deadline)?;
        }
        Ok(&self.seen)
    }

    /// The next message; none at the deadline.
    fn read(&mut self, deadline: Instant) -> Result<Option<Value>> {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.socket.get_ref().set_read_timeout(Some(left)).context("the connection is gone")?;
        let text = match self.socket.read() {
            Ok(Message::Text(text)) => text,
            Ok(Message::Close(_)) => bail!("the server closed the socket"),
            Ok(_) => return Ok(None),
            Err(Error::Io(error)) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Ok(None);
            }
            Err(error) => return Err(error).context("the socket broke"),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let message: Value = serde_json::from_str(&text).context("a message is not JSON")?;
        if message["type"] == "failed" {
            bail!("the subscription failed: {}", message["error"]["message"]);
        }
        // A snapshot carries its rows one level deeper than a delta.
        for row in message["rows"].as_array().or(message["data"]["rows"].as_array()).into_iter().flatten() {
            if let Some(text) = row["message"].as_str().filter(|text| !self.seen.contains_key(*text)) {
                self.seen.insert(text.to_owned(), u64::try_from(now).unwrap_or(u64::MAX));
            }
        }
        Ok(Some(message))
    }
}

/// How long changes took to arrive.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Arrivals {
    /// Milliseconds from the write in the cluster.
    pub(super) millis: Vec<f64>,
    /// Changes that never showed.
    pub(super) lost: usize,
}

impl Arrivals {
    /// Compares what changed, oldest first, with what was seen. A change that a later one of the same object overtook
    /// counts as arrived with that.
    pub(super) fn of(changes: &[Value], seen: &HashMap<String, u64>) -> Self {
        let mut arrivals = Self::default();
        let mut later: HashMap<[&str; 4], u64> = HashMap::new();
        for change in changes.iter().rev().filter(|change| change["happening"] != "event") {
            let text = |field: &str| change[field].as_str().unwrap_or_default();
            let object = ["cluster", "kind", "namespace", "name"].map(text);
            let own = seen.get(text("message")).copied();
            let arrived = own.into_iter().chain(later.get(&object).copied()).min();
            match (arrived, change["committed_at"].as_u64()) {
                (Some(arrived), Some(committed)) => {
                    arrivals.millis.push(arrived.saturating_sub(committed) as f64 / 1e6);
                    later.insert(object, arrived);
                }
                _ => arrivals.lost += 1,
            }
        }
        arrivals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_was_overtaken_arrived_with_the_later_one() {
        let change = |name: &str, message: &str, committed_at: u64| {
            json!({"happening": "revision", "cluster": "c", "kind": "K", "namespace": "n", "name": name,
                "message": message, "committed_at": committed_at})
        };
        let event = json!({"happening": "event", "message": "unseen", "committed_at": 1});
        let changes = [change("a", "first", 0), change("b", "never", 0), event, change("a", "second", 3_000_000)];
        let seen = HashMap::from([("second".to_owned(), 5_000_000)]);
        assert_eq!(Arrivals::of(&changes, &seen), Arrivals { millis: vec![2.0, 5.0], lost: 1 });
    }
}
