//! An object as the index keeps it: as text, since a parsed object takes five to ten times the memory and few are looked
//! at. To parse one takes some ten microseconds.

use std::sync::Arc;

use serde_json::Value;

/// The JSON of an object.
#[derive(Debug)]
pub(super) struct Kept {
    version: Box<str>,
    text: Box<str>,
}

/// The version that the API server gave an object; empty where it has none.
pub(super) fn resource_version(json: &Value) -> &str {
    json["metadata"]["resourceVersion"].as_str().unwrap_or_default()
}

impl Kept {
    pub(super) fn new(json: &Value) -> Self {
        Self { version: resource_version(json).into(), text: json.to_string().into() }
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The object; parsed anew each time.
    pub(super) fn value(&self) -> Arc<Value> {
        Arc::new(serde_json::from_str(&self.text).expect("this is what a JSON value was written as"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_comes_back_as_it_was() {
        let object =
            json!({"metadata": {"resourceVersion": "7"}, "spec": {"text": "ä\"\n", "number": 1.5, "list": []}});
        let kept = Kept::new(&object);
        assert_eq!((kept.version(), &*kept.value()), ("7", &object));
        assert_eq!(Kept::new(&json!({})).version(), "");
    }
}
