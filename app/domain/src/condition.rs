//! Conditions as Kubernetes prints them, read tolerantly: a malformed entry is left out, the others stand.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of `status.conditions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    pub reason: String,
    pub message: String,
    /// RFC 3339, as the cluster prints it; empty where the cluster does not say.
    pub last_transition_time: String,
    /// Absent or 0 where the controller does not set it (HelmRelease, ImageUpdateAutomation, most built-in kinds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

impl Condition {
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }

    #[must_use]
    pub fn is_false(&self) -> bool {
        self.status == "False"
    }

    /// When it last changed; milliseconds since 1970, UTC.
    #[must_use]
    pub fn since(&self) -> Option<i64> {
        timestamp_millis(&self.last_transition_time)
    }

    /// Whether it speaks about this generation of its object. A condition that does not say is taken at its word.
    #[must_use]
    pub fn is_about(&self, generation: Option<i64>) -> bool {
        match (self.observed_generation.filter(|observed| *observed > 0), generation) {
            (Some(observed), Some(generation)) => observed == generation,
            _ => true,
        }
    }
}

/// Milliseconds since 1970 of an RFC 3339 time with `Z` or an offset.
#[must_use]
pub fn timestamp_millis(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// The conditions of an object, in the order of its status; empty where there are none.
#[must_use]
pub fn conditions(object: &Value) -> Vec<Condition> {
    let Some(entries) = object["status"]["conditions"].as_array() else { return Vec::new() };
    entries.iter().filter_map(read).collect()
}

/// The condition of this type, if the object has it.
#[must_use]
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

fn read(entry: &Value) -> Option<Condition> {
    let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    let type_ = entry["type"].as_str().filter(|type_| !type_.is_empty())?.to_owned();
    Some(Condition {
        type_,
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
        last_transition_time: text("lastTransitionTime"),
        observed_generation: entry["observedGeneration"].as_i64(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_reads_and_prints_as_kubernetes_prints_it() {
        let printed = json!({
            "type": "Ready", "status": "True", "reason": "Succeeded", "message": "ok",
            "lastTransitionTime": "2026-01-02T03:04:05Z", "observedGeneration": 3,
        });
        let read = conditions(&json!({"status": {"conditions": [printed]}}));
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].since(), Some(1_767_323_045_000));
        assert_eq!(serde_json::to_value(&read[0]).unwrap(), printed);
    }

    #[test]
    fn what_is_malformed_is_left_out() {
        let object = json!({"status": {"conditions": [null, 3, {"status": "True"}, {"type": "Ready", "status": 1}]}});
        let read = conditions(&object);
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].status, "");
        assert!(conditions(&json!({"status": {"conditions": "no"}})).is_empty());
        assert!(conditions(&json!(null)).is_empty());
    }

    #[test]
    fn a_condition_of_an_older_generation_is_recognised() {
        let at = |observed_generation| Condition { observed_generation, ..Condition::default() };
        assert!(at(Some(2)).is_about(Some(2)));
        assert!(!at(Some(1)).is_about(Some(2)));
        assert!(at(Some(0)).is_about(Some(2)));
        assert!(at(None).is_about(Some(2)));
    }
}
