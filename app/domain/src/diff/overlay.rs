//! An estimate of an apply, for where the API server may not be asked: live with desired laid over it.
//!
//! Knows keyed lists and nothing else: no defaults, no admission, no removal of what an earlier apply had set. Whoever
//! shows it says that it is an estimate.

use serde_json::Value;

use crate::diff::align::paired_keys;

/// `live` with every value that `desired` names. Lists whose items have keys are merged by key, other lists replaced.
#[must_use]
pub fn overlay(live: &Value, desired: &Value) -> Value {
    at("", live, desired)
}

fn at(field: &str, live: &Value, desired: &Value) -> Value {
    match (live, desired) {
        (Value::Object(live), Value::Object(desired)) => {
            let mut merged = live.clone();
            for (name, value) in desired {
                let value = live.get(name).map_or_else(|| value.clone(), |own| at(name, own, value));
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Array(live), Value::Array(desired)) => {
            let Some((wanted, present)) = paired_keys(field, desired, live) else {
                return Value::Array(desired.clone());
            };
            let mut merged = live.clone();
            for (key, value) in wanted.iter().zip(desired) {
                match present.iter().position(|own| own == key) {
                    Some(place) => merged[place] = at("", &live[place], value),
                    None => merged.push(value.clone()),
                }
            }
            Value::Array(merged)
        }
        _ => desired.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_desired_names_is_laid_over_and_the_rest_stays() {
        let live = json!({"spec": {"replicas": 9, "strategy": "x", "containers": [
            {"name": "sidecar"}, {"name": "web", "image": "w:2", "tty": false}], "args": ["a", "b"]}});
        let desired = json!({"spec": {"replicas": 4, "containers": [{"name": "web", "image": "w:1"}, {"name": "new"}], "args": ["a"]}});
        assert_eq!(
            overlay(&live, &desired),
            json!({"spec": {"replicas": 4, "strategy": "x", "containers": [
                {"name": "sidecar"}, {"name": "web", "image": "w:1", "tty": false}, {"name": "new"}], "args": ["a"]}})
        );
    }

    #[test]
    fn an_object_laid_over_itself_is_itself() {
        let object = json!({"spec": {"ports": [{"port": 80, "protocol": "TCP"}, {"port": 81}], "list": [1, 2]}});
        assert_eq!(overlay(&object, &object), object);
    }
}
