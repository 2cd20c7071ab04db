//! Subscriptions of the watch socket: a snapshot, then what changes, numbered without holes.
//!
//! A subscription reads the index again after a notice, at most every 50 ms and never more than a tenth of the time, so
//! that one busy cluster cannot make the server compute without end. It only ever sees what its caller may see.

use std::time::Duration;

use domain::error::{ApiError, ErrorCode};
use domain::protocol::watch::{ListDelta, ServerMessage, Snapshot, Topic};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep};

use super::Services;
use crate::access::Caller;
use crate::metrics::Open;
use crate::metrics::counters::COUNTERS;
use crate::watch::Change;

/// Changes within this time make one message.
const GATHER: Duration = Duration::from_millis(50);
/// Reading the index may take one part of this many of a subscription's time.
const SHARE: u32 = 10;

struct Subscription {
    services: Services,
    caller: Caller,
    id: u32,
    topic: Topic,
    changes: Receiver<Change>,
    seq: u64,
    /// What the client has. `None` after the end.
    sent: Option<Snapshot>,
    first: bool,
    /// What the last reading took.
    cost: Duration,
    _open: Open,
}

impl Services {
    /// The first message of a connection.
    #[must_use]
    pub fn hello(&self) -> ServerMessage {
        ServerMessage::Hello { build: self.engine.build.clone(), epoch: self.engine.epoch }
    }

    /// Follow a topic: a snapshot at once, then deltas of lists and new snapshots of everything else. Ends with
    /// `Failed` when the object of the topic is gone.
    ///
    /// # Errors
    /// As reading the topic: forbidden, not found.
    pub async fn subscribe(
        &self,
        caller: &Caller,
        id: u32,
        topic: Topic,
    ) -> Result<BoxStream<'static, ServerMessage>, ApiError> {
        // Before the first reading, so that nothing falls between the two.
        let changes = self.engine.publisher.subscribe();
        let started = Instant::now();
        let snapshot = self.read_topic(caller, &topic).await?;
        let subscription = Subscription {
            services: self.clone(),
            caller: caller.clone(),
            id,
            topic,
            changes,
            seq: 0,
            sent: Some(snapshot),
            first: true,
            cost: started.elapsed(),
            _open: Open::new(&COUNTERS.subscriptions),
        };
        let messages = stream::unfold(subscription, |mut subscription| async move {
            let message = subscription.next().await?;
            Some((message, subscription))
        });
        Ok(messages.boxed())
    }

    async fn read_topic(&self, caller: &Caller, topic: &Topic) -> Result<Snapshot, ApiError> {
        Ok(match topic {
            Topic::Fleet => Snapshot::Fleet(Box::new(self.fleet(caller)?)),
            Topic::Clusters => Snapshot::Clusters(self.list_clusters(caller)?.items),
            Topic::Cluster { cluster } => Snapshot::Cluster(Box::new(self.cluster(caller, cluster)?)),
            Topic::List { query } => Snapshot::List(self.list_resources(caller, query)?),
            Topic::Object { object } => Snapshot::Object(Box::new(self.object(caller, object).await?)),
        })
    }
}

impl Subscription {
    async fn next(&mut self) -> Option<ServerMessage> {
        if self.first {
            self.first = false;
            return self.sent.clone().map(|snapshot| ServerMessage::Snapshot { id: self.id, seq: self.seq, snapshot });
        }
        loop {
            let sent = self.sent.as_ref()?;
            if !changed(&mut self.changes, &self.topic, GATHER.max(self.cost * SHARE)).await {
                return None;
            }
            let started = Instant::now();
            let read = self.services.read_topic(&self.caller, &self.topic).await;
            self.cost = started.elapsed();
            let now = match read {
                Ok(now) => now,
                Err(error) if error.code == ErrorCode::Unreachable => continue,
                Err(error) => {
                    self.sent = None;
                    return Some(ServerMessage::Failed { id: self.id, error });
                }
            };
            let (id, seq) = (self.id, self.seq + 1);
            let message = match (sent, &now) {
                (Snapshot::List(old), Snapshot::List(new)) => {
                    ListDelta::between(old, new).map(|delta| ServerMessage::Delta { id, seq, delta })
                }
                (old, new) => (old != new).then(|| ServerMessage::Snapshot { id, seq, snapshot: new.clone() }),
            };
            if let Some(message) = message {
                self.sent = Some(now);
                self.seq = seq;
                return Some(message);
            }
        }
    }
}

/// Wait for a change that the topic could show, and then a little for more. `false` when the engine has stopped.
async fn changed(changes: &mut Receiver<Change>, topic: &Topic, gather: Duration) -> bool {
    loop {
        match changes.recv().await {
            Ok(change) if concerns(topic, &change) => break,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => {
                COUNTERS.subscription_rereads.inc();
                break;
            }
            Err(RecvError::Closed) => return false,
        }
    }
    sleep(gather).await;
    // Whatever came in the meantime is in what is read next.
    loop {
        match changes.try_recv() {
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return true,
        }
    }
}

fn concerns(topic: &Topic, change: &Change) -> bool {
    match topic {
        Topic::Fleet | Topic::Clusters | Topic::List { .. } => !matches!(change, Change::Detail(_)),
        Topic::Cluster { cluster } => !matches!(change, Change::Detail(_)) && change.cluster() == cluster,
        Topic::Object { object } => change.concerns(object),
    }
}
