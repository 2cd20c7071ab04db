//! Conditions of a status: set and removed as Flux's controllers do.

use serde_json::{Value, json};

/// Sets a condition; the transition time moves only when its status does.
pub(crate) fn set(object: &mut Value, kind: &str, status: &str, reason: &str, message: &str, time: &str) {
    let generation = object["metadata"]["generation"].clone();
    let conditions = &mut object["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(conditions) = conditions.as_array_mut() else { return };
    let mut condition = json!({
        "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": time,
    });
    if !generation.is_null() {
        condition["observedGeneration"] = generation;
    }
    match conditions.iter_mut().find(|condition| condition["type"] == kind) {
        Some(existing) => {
            if existing["status"] == status {
                condition["lastTransitionTime"] = existing["lastTransitionTime"].clone();
            }
            *existing = condition;
        }
        None => conditions.push(condition),
    }
}

/// Removes conditions that only exist while they are true.
pub(crate) fn remove(object: &mut Value, kinds: &[&str]) {
    if let Some(conditions) = object["status"]["conditions"].as_array_mut() {
        conditions.retain(|condition| !kinds.iter().any(|kind| condition["type"] == *kind));
    }
}

/// Whether a condition is true.
pub(crate) fn is_true(object: &Value, kind: &str) -> bool {
    object["status"]["conditions"]
        .as_array()
        .is_some_and(|conditions| conditions.iter().any(|one| one["type"] == kind && one["status"] == "True"))
}
