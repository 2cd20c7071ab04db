//! `/api/v1/watch`: subscriptions to windows, the fleet and single objects.
//!
//! A subscription answers with a snapshot and then with changes, numbered without holes per subscription. A client that
//! sees a hole, or that reconnects to another `epoch`, subscribes again; there is nothing else to repair.

use serde::{Deserialize, Serialize};

use crate::cluster::{ClusterDetail, ClusterView};
use crate::error::ApiError;
use crate::health::StatusCounts;
use crate::list::{ListQuery, ListWindow};
use crate::object::{ClusterId, ObjectRef};
use crate::resource::{FleetView, ObjectView, ResourceRow};

/// What a subscription follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "topic")]
pub enum Topic {
    Fleet,
    Clusters,
    Cluster { cluster: ClusterId },
    List { query: ListQuery },
    Object { object: ObjectRef },
}

impl Topic {
    /// The names of all topics: the table that the permission matrix is checked against.
    pub const NAMES: [&'static str; 5] = ["fleet", "clusters", "cluster", "list", "object"];

    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fleet => "fleet",
            Self::Clusters => "clusters",
            Self::Cluster { .. } => "cluster",
            Self::List { .. } => "list",
            Self::Object { .. } => "object",
        }
    }
}

/// From the client. `id` is the client's own number for the subscription.
#[expect(clippy::large_enum_variant, reason = "one is held at a time, and nearly every one is the large one")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ClientMessage {
    /// A second `subscribe` with the same id replaces the first: how a window scrolls.
    Subscribe {
        id: u32,
        #[serde(flatten)]
        topic: Topic,
    },
    Unsubscribe {
        id: u32,
    },
}

/// From the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ServerMessage {
    /// First message of a connection.
    Hello { build: String, epoch: u64 },
    /// The present state; starts the numbering anew at `seq`.
    Snapshot {
        id: u32,
        seq: u64,
        #[serde(flatten)]
        snapshot: Snapshot,
    },
    /// A list changed: rows to put in place (by object), and the new order where it differs.
    Delta {
        id: u32,
        seq: u64,
        #[serde(flatten)]
        delta: ListDelta,
    },
    /// The subscription ended; the reason is in the error.
    Failed { id: u32, error: ApiError },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "topic", content = "data")]
pub enum Snapshot {
    Fleet(Box<FleetView>),
    Clusters(Vec<ClusterView>),
    Cluster(Box<ClusterDetail>),
    List(ListWindow),
    Object(Box<ObjectView>),
}

/// The difference between two windows of the same query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListDelta {
    /// Rows that are new in the window or differ.
    pub rows: Vec<ResourceRow>,
    /// All objects of the window in order; `None` while the order is the same.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order: Option<Vec<ObjectRef>>,
    pub total: usize,
    pub counts: StatusCounts,
}

impl ListDelta {
    /// What changed from `old` to `new`; `None` if nothing that a viewer sees.
    #[must_use]
    pub fn between(old: &ListWindow, new: &ListWindow) -> Option<Self> {
        let rows: Vec<ResourceRow> = new.rows.iter().filter(|row| !old.rows.contains(row)).cloned().collect();
        let same_order = old.rows.len() == new.rows.len()
            && old.rows.iter().zip(&new.rows).all(|(old, new)| old.object == new.object);
        if rows.is_empty() && same_order && old.total == new.total && old.counts == new.counts {
            return None;
        }
        let order = (!same_order).then(|| new.rows.iter().map(|row| row.object.clone()).collect());
        Some(Self { rows, order, total: new.total, counts: new.counts.clone() })
    }

    /// The window after the change.
    pub fn apply(self, window: &mut ListWindow) {
        for row in self.rows {
            match window.rows.iter_mut().find(|own| own.object == row.object) {
                Some(own) => *own = row,
                None => window.rows.push(row),
            }
        }
        if let Some(order) = self.order {
            window.rows.retain(|row| order.contains(&row.object));
            window.rows.sort_by_key(|row| order.iter().position(|object| *object == row.object));
        }
        window.total = self.total;
        window.counts = self.counts;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::health::{Health, Status};

    fn row(name: u8, version: u8) -> ResourceRow {
        ResourceRow {
            object: ObjectRef {
                cluster: "c".into(),
                group: String::new(),
                kind: "K".to_owned(),
                namespace: None,
                name: name.to_string(),
            },
            cluster_name: "c".to_owned(),
            status: Status::Ready,
            health: Health::Ready,
            suspended: false,
            reason: String::new(),
            message: version.to_string(),
            revision: None,
            attempted: None,
            source: None,
            last_activity: None,
            fresh: true,
        }
    }

    fn windows() -> impl Strategy<Value = ListWindow> {
        prop::collection::btree_map(0u8..12, 0u8..3, 0..8).prop_flat_map(|rows| {
            let rows: Vec<_> = rows.into_iter().map(|(name, version)| row(name, version)).collect();
            Just(rows).prop_shuffle().prop_map(|rows| ListWindow { total: rows.len(), rows, ..ListWindow::default() })
        })
    }

    proptest! {
        #[test]
        fn a_delta_leads_from_one_window_to_the_next(old in windows(), new in windows()) {
            let mut window = old.clone();
            if let Some(delta) = ListDelta::between(&old, &new) {
                delta.apply(&mut window);
            }
            prop_assert_eq!(window.rows, new.rows);
            prop_assert_eq!(window.total, new.total);
        }
    }

    #[test]
    fn messages_are_flat_json_with_a_type() {
        let message = ClientMessage::Subscribe { id: 3, topic: Topic::Fleet };
        let json = serde_json::to_value(&message).expect("plain data");
        assert_eq!(json, serde_json::json!({"type": "subscribe", "id": 3, "topic": "fleet"}));
        assert_eq!(serde_json::from_value::<ClientMessage>(json).expect("round trip"), message);
    }
}
