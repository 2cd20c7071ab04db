//! Kubernetes events, from both API shapes and both ways of naming their source.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::condition::timestamp_millis;
use crate::object::{ClusterId, ObjectRef};

/// One event, as a timeline shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventView {
    /// When it last happened; milliseconds since 1970, UTC. `None` where the event does not say.
    pub time: Option<i64>,
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub type_: String,
    pub reason: String,
    /// As the controller wrote it: mask it before it leaves the process.
    pub message: String,
    /// The controller that reported it.
    pub source: String,
    pub object: ObjectRef,
    /// How often it happened.
    pub count: u32,
    /// Revision that the controller worked on, where it says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<String>,
}

impl EventView {
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.type_ == "Warning"
    }

    /// Reads a `v1` or `events.k8s.io/v1` Event. `None` if it does not name an object.
    #[must_use]
    pub fn read(cluster: &ClusterId, event: &Value) -> Option<Self> {
        let about = if event["regarding"].is_object() { &event["regarding"] } else { &event["involvedObject"] };
        let name = about["name"].as_str().filter(|name| !name.is_empty())?;
        let api_version = about["apiVersion"].as_str().unwrap_or_default();
        let object = ObjectRef {
            cluster: cluster.clone(),
            group: api_version.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
            kind: about["kind"].as_str().unwrap_or_default().to_owned(),
            namespace: about["namespace"].as_str().filter(|namespace| !namespace.is_empty()).map(str::to_owned),
            name: name.to_owned(),
        };
        let count = first(event, &["/series/count", "/count", "/deprecatedCount"], Value::as_u64);
        Some(Self {
            time: TIMES.iter().filter_map(|field| event.pointer(field)?.as_str()).find_map(timestamp_millis),
            type_: text(event, &["/type"]),
            reason: text(event, &["/reason"]),
            message: text(event, &["/note", "/message"]).trim_end().to_owned(),
            source: text(event, &SOURCES),
            object,
            count: count.map_or(1, |count| u32::try_from(count).unwrap_or(u32::MAX)),
            revision: revision(event),
        })
    }
}

/// Newest meaning first: a series says when it last went on, the rest when it last or first happened.
const TIMES: [&str; 7] = [
    "/series/lastObservedTime",
    "/lastTimestamp",
    "/deprecatedLastTimestamp",
    "/eventTime",
    "/firstTimestamp",
    "/deprecatedFirstTimestamp",
    "/metadata/creationTimestamp",
];

const SOURCES: [&str; 4] =
    ["/source/component", "/deprecatedSource/component", "/reportingComponent", "/reportingController"];

fn first<'a, T>(event: &'a Value, pointers: &[&str], read: impl Fn(&'a Value) -> Option<T>) -> Option<T> {
    pointers.iter().find_map(|pointer| event.pointer(pointer).and_then(&read))
}

fn text(event: &Value, pointers: &[&str]) -> String {
    let non_empty = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    first(event, pointers, non_empty).unwrap_or_default()
}

/// `<group>/revision` among the annotations, as Flux controllers write it.
fn revision(event: &Value) -> Option<String> {
    let annotations = event["metadata"]["annotations"].as_object()?;
    let (_, revision) = annotations.iter().find(|(key, _)| key.ends_with(".fluxcd.io/revision"))?;
    revision.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_shapes_of_an_event_read_the_same() {
        let object = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "namespace": "apps", "name": "shop",
        });
        let core = json!({
            "metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/revision": "main@sha1:abc"}},
            "involvedObject": object,
            "type": "Normal", "reason": "Progressing", "message": "Deployment/apps/web configured\n", "count": 3,
            "source": {"component": "kustomize-controller"},
            "firstTimestamp": "2026-01-02T03:00:00Z", "lastTimestamp": "2026-01-02T03:04:05Z",
        });
        let new = json!({
            "metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/revision": "main@sha1:abc"}},
            "regarding": object,
            "type": "Normal", "reason": "Progressing", "note": "Deployment/apps/web configured",
            "series": {"count": 3, "lastObservedTime": "2026-01-02T03:04:05.000000Z"},
            "reportingController": "kustomize-controller", "eventTime": "2026-01-02T03:00:00.000000Z",
        });
        let cluster = ClusterId::from("c");
        let read = EventView::read(&cluster, &core).unwrap();
        assert_eq!(EventView::read(&cluster, &new).unwrap(), read);
        assert_eq!(read.time, Some(1_767_323_045_000));
        assert_eq!(read.revision.as_deref(), Some("main@sha1:abc"));
    }

    #[test]
    fn a_core_event_with_an_empty_source_names_its_reporting_component() {
        let event = json!({
            "involvedObject": {"kind": "Pod", "name": "web"}, "source": {"component": ""},
            "reportingComponent": "kubelet", "lastTimestamp": null, "eventTime": "2026-01-02T03:04:05.123456Z",
        });
        let read = EventView::read(&ClusterId::from("c"), &event).unwrap();
        assert_eq!(read.source, "kubelet");
        assert_eq!(read.time, Some(1_767_323_045_123));
        assert_eq!(read.count, 1);
    }

    #[test]
    fn an_event_about_nothing_is_not_an_event() {
        assert_eq!(EventView::read(&ClusterId::from("c"), &json!({"reason": "x"})), None);
        assert_eq!(EventView::read(&ClusterId::from("c"), &json!(null)), None);
    }
}
