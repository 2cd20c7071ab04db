//! The latest Kubernetes events about Flux objects of one cluster, bounded.
//!
//! Clusters forget events after an hour; here they stay until newer ones push them out.

use std::collections::{HashMap, VecDeque};

use domain::catalogue;
use domain::event::EventView;
use domain::object::{ClusterId, ObjectRef};
use serde_json::Value;

use domain::diff::mask::mask_text;

/// Events kept per cluster.
const CAPACITY: usize = 2000;
/// Events of one object that a page gets.
const SHOWN: usize = 50;

/// Events by their own name; an event that repeats is written again under the same name.
#[derive(Debug, Default)]
pub struct EventLog {
    events: HashMap<String, EventView>,
    /// Names in the order of their first arrival.
    order: VecDeque<String>,
}

impl EventLog {
    /// Keep the event if it is about a Flux object. The answer is that object if its page now shows something else.
    pub fn record(&mut self, cluster: &ClusterId, event: &Value) -> Option<ObjectRef> {
        let mut view = EventView::read(cluster, event)?;
        catalogue::by_group_kind(&view.object.group, &view.object.kind)?;
        view.message = mask_text(&view.message);
        let object = view.object.clone();
        let metadata = &event["metadata"];
        let name = format!(
            "{}/{}",
            metadata["namespace"].as_str().unwrap_or_default(),
            metadata["name"].as_str().unwrap_or_default()
        );
        match self.events.get_mut(&name) {
            Some(known) if *known == view => return None,
            Some(known) => *known = view,
            None => {
                self.order.push_back(name.clone());
                self.events.insert(name, view);
                if self.order.len() > CAPACITY
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.events.remove(&oldest);
                }
            }
        }
        Some(object)
    }

    /// Newest first.
    #[must_use]
    pub fn of(&self, object: &ObjectRef) -> Vec<EventView> {
        let mut events: Vec<EventView> =
            self.events.values().filter(|event| event.object == *object).cloned().collect();
        events.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.reason.cmp(&b.reason)));
        events.truncate(SHOWN);
        events
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(name: &str, kind: &str, count: u32) -> Value {
        json!({
            "metadata": {"namespace": "apps", "name": name},
            "involvedObject": {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": kind, "namespace": "apps", "name": "shop",
            },
            "type": "Normal", "reason": "Progressing", "message": "applied", "count": count,
            "lastTimestamp": "2026-01-02T03:04:05Z",
        })
    }

    #[test]
    fn only_events_of_flux_objects_are_kept_and_a_repeated_one_replaces_itself() {
        let mut log = EventLog::default();
        let cluster = "prod".into();
        assert_eq!(log.record(&cluster, &event("a", "Pod", 1)), None);
        let object = log.record(&cluster, &event("a", "Kustomization", 1)).expect("a Flux object");
        assert_eq!(log.record(&cluster, &event("a", "Kustomization", 1)), None);
        assert_eq!(log.record(&cluster, &event("a", "Kustomization", 2)).as_ref(), Some(&object));
        let counts: Vec<u32> = log.of(&object).iter().map(|event| event.count).collect();
        assert_eq!(counts, [2]);
    }

    #[test]
    fn the_log_has_an_end() {
        let mut log = EventLog::default();
        for at in 0..CAPACITY + 10 {
            log.record(&"prod".into(), &event(&at.to_string(), "Kustomization", 1));
        }
        assert_eq!(log.events.len(), CAPACITY);
        assert_eq!(log.order.len(), CAPACITY);
    }
}
