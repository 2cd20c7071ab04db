//! What a line of a Flux controller is about: object, run, revision. Flux writes one JSON object a line.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Fields of a controller's line; all optional, because lines of start-up and panics have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FluxLine {
    pub message: String,
    pub error: Option<String>,
    /// Kind of the reconciled object.
    pub kind: Option<String>,
    pub namespace: Option<String>,
    pub name: Option<String>,
    /// The same for all lines of one run.
    pub reconcile_id: Option<String>,
    pub revision: Option<String>,
}

/// Reads a line; `None` if it is no JSON object with a message.
#[must_use]
pub fn parse(message: &str) -> Option<FluxLine> {
    if !message.starts_with('{') {
        return None;
    }
    let object: Map<String, Value> = serde_json::from_str(message).ok()?;
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(FluxLine {
        message: text("msg")?,
        error: text("error"),
        kind: text("controllerKind").or_else(|| text("reconciler kind")),
        namespace: text("namespace"),
        name: text("name"),
        reconcile_id: text("reconcileID"),
        revision: text("revision"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_line_names_its_object_and_run() {
        let line = parse(
            r#"{"level":"info","msg":"server-side apply completed","controllerKind":"Kustomization","name":"apps","namespace":"flux-system","reconcileID":"6f0c","revision":"main@sha1:a41f"}"#,
        )
        .expect("a JSON object with msg");
        assert_eq!(line.message, "server-side apply completed");
        assert_eq!((line.kind.as_deref(), line.name.as_deref()), (Some("Kustomization"), Some("apps")));
        assert_eq!(line.reconcile_id.as_deref(), Some("6f0c"));
        assert_eq!(parse("panic: runtime error"), None);
        assert_eq!(parse("{\"no\":\"message\"}"), None);
    }
}
