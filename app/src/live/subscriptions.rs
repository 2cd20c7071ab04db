//! Who follows what, and what each server message means for them. Pure: messages in, messages and updates out.

use std::collections::BTreeMap;

use domain::protocol::watch::{ClientMessage, ServerMessage, Topic};

use super::{LiveUpdate, Sink};

/// Subscriptions by their number on the socket, each with those who follow it.
#[derive(Default)]
pub(super) struct Subscriptions {
    by_id: BTreeMap<u32, Subscription>,
    next_id: u32,
    next_handle: u32,
}

struct Subscription {
    topic: Topic,
    /// Number of the last message; `None` until the snapshot came, and until then deltas mean nothing.
    seq: Option<u64>,
    followers: Vec<(u32, Sink)>,
}

/// What follows from a message: updates to hand out, and perhaps something to say.
#[derive(Default)]
pub(super) struct Received {
    pub(super) updates: Vec<(Sink, LiveUpdate)>,
    pub(super) reply: Option<ClientMessage>,
}

impl Subscriptions {
    /// A new follower. The message (re)starts the subscription, so that the newcomer gets a snapshot.
    pub(super) fn add(&mut self, topic: Topic, sink: Sink) -> (u32, ClientMessage) {
        let handle = self.next_handle;
        self.next_handle += 1;
        let known = self.by_id.iter().find(|(_, own)| own.topic == topic).map(|(id, _)| *id);
        let id = known.unwrap_or_else(|| {
            self.next_id += 1;
            let subscription = Subscription { topic: topic.clone(), seq: None, followers: Vec::new() };
            self.by_id.insert(self.next_id, subscription);
            self.next_id
        });
        if let Some(own) = self.by_id.get_mut(&id) {
            own.seq = None;
            own.followers.push((handle, sink));
        }
        (handle, ClientMessage::Subscribe { id, topic })
    }

    /// The follower goes; the last one ends the subscription.
    pub(super) fn remove(&mut self, handle: u32) -> Option<ClientMessage> {
        let is_own = |own: &Subscription| own.followers.iter().any(|(known, _)| *known == handle);
        let id = self.by_id.iter().find(|(_, own)| is_own(own)).map(|(id, _)| *id)?;
        let own = self.by_id.get_mut(&id)?;
        own.followers.retain(|(known, _)| *known != handle);
        if !own.followers.is_empty() {
            return None;
        }
        self.by_id.remove(&id);
        Some(ClientMessage::Unsubscribe { id })
    }

    /// Everything anew, for a new connection.
    pub(super) fn all(&mut self) -> Vec<ClientMessage> {
        let subscribe = |(id, own): (&u32, &mut Subscription)| {
            own.seq = None;
            ClientMessage::Subscribe { id: *id, topic: own.topic.clone() }
        };
        self.by_id.iter_mut().map(subscribe).collect()
    }

    /// Applies a message. A hole in the numbers asks for a new snapshot instead of guessing.
    pub(super) fn receive(&mut self, message: ServerMessage) -> Received {
        match message {
            ServerMessage::Hello { .. } | ServerMessage::Failed { .. } => Received::default(),
            ServerMessage::Snapshot { id, seq, snapshot } => {
                let Some(own) = self.by_id.get_mut(&id) else { return Received::default() };
                own.seq = Some(seq);
                own.hand_out(&LiveUpdate::Snapshot(snapshot))
            }
            ServerMessage::Delta { id, seq, delta } => {
                let Some(own) = self.by_id.get_mut(&id) else { return Received::default() };
                match own.seq {
                    // The answer to a fresh subscription is on its way.
                    None => Received::default(),
                    Some(last) if last + 1 == seq => {
                        own.seq = Some(seq);
                        own.hand_out(&LiveUpdate::Delta(delta))
                    }
                    Some(_) => {
                        own.seq = None;
                        let reply = Some(ClientMessage::Subscribe { id, topic: own.topic.clone() });
                        Received { updates: Vec::new(), reply }
                    }
                }
            }
        }
    }
}

impl Subscription {
    fn hand_out(&self, update: &LiveUpdate) -> Received {
        let updates = self.followers.iter().map(|(_, sink)| (sink.clone(), update.clone())).collect();
        Received { updates, reply: None }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::protocol::watch::{ListDelta, Snapshot};

    use super::*;

    fn sink() -> Sink {
        Arc::new(|_| ())
    }

    fn snapshot(id: u32, seq: u64) -> ServerMessage {
        ServerMessage::Snapshot { id, seq, snapshot: Snapshot::Clusters(Vec::new()) }
    }

    fn delta(id: u32, seq: u64) -> ServerMessage {
        ServerMessage::Delta { id, seq, delta: ListDelta::default() }
    }

    #[test]
    fn the_same_topic_is_subscribed_once_and_ends_with_its_last_follower() {
        let mut subscriptions = Subscriptions::default();
        let (first, _) = subscriptions.add(Topic::Fleet, sink());
        let (second, message) = subscriptions.add(Topic::Fleet, sink());
        assert_eq!(message, ClientMessage::Subscribe { id: 1, topic: Topic::Fleet });
        assert_eq!(subscriptions.receive(snapshot(1, 4)).updates.len(), 2);
        assert_eq!(subscriptions.remove(first), None);
        assert_eq!(subscriptions.remove(second), Some(ClientMessage::Unsubscribe { id: 1 }));
        assert_eq!(subscriptions.remove(second), None);
    }

    #[test]
    fn a_hole_in_the_numbers_asks_for_a_snapshot_and_waits_for_it() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add(Topic::Clusters, sink());
        assert_eq!(subscriptions.receive(delta(1, 1)).updates.len(), 0, "before the snapshot");
        subscriptions.receive(snapshot(1, 7));
        assert_eq!(subscriptions.receive(delta(1, 8)).updates.len(), 1);
        let after_hole = subscriptions.receive(delta(1, 10));
        assert_eq!(after_hole.reply, Some(ClientMessage::Subscribe { id: 1, topic: Topic::Clusters }));
        assert_eq!(after_hole.updates.len(), 0);
        assert_eq!(subscriptions.receive(delta(1, 11)).updates.len(), 0, "until the new snapshot");
        subscriptions.receive(snapshot(1, 20));
        assert_eq!(subscriptions.receive(delta(1, 21)).updates.len(), 1);
    }

    #[test]
    fn a_new_connection_gets_everything_that_is_followed() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add(Topic::Fleet, sink());
        subscriptions.add(Topic::Clusters, sink());
        subscriptions.receive(snapshot(1, 3));
        let expected = [
            ClientMessage::Subscribe { id: 1, topic: Topic::Fleet },
            ClientMessage::Subscribe { id: 2, topic: Topic::Clusters },
        ];
        assert_eq!(subscriptions.all(), expected);
        assert_eq!(subscriptions.receive(delta(1, 4)).updates.len(), 0, "the old numbering is over");
    }
}
