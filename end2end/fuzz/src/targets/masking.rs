//! Masking: the canary stands where secrets stand, and must not come out; what has been masked stays as it is.

use domain::diff::mask::{MaskScope, mask_secret_error, mask_text};
use serde_json::{Value, json};

use super::{document, outcome, size};
use crate::corpus::{CANARY, texts};

fn masked(json: &Value) -> Value {
    serde_json::to_value(MaskScope::view(b"key").object(json.clone())).expect("JSON stays JSON")
}

/// Masking keeps the shape of an object, and twice is once.
pub(super) fn object(input: &[u8]) -> u64 {
    let Some(json) = document(input) else { return 0 };
    let once = masked(&json);
    assert_eq!(masked(&once), once);
    let stored = serde_json::to_value(MaskScope::storage(b"key").object(json.clone())).expect("JSON stays JSON");
    outcome((size(leaves(&once)), leaves(&stored) == leaves(&json)))
}

fn leaves(json: &Value) -> usize {
    match json {
        Value::Array(items) => items.iter().map(leaves).sum(),
        Value::Object(fields) => fields.values().map(leaves).sum(),
        _ => 1,
    }
}

/// Every leaf of the input becomes the canary, and the input the secret part of an object.
pub(super) fn secret(input: &[u8]) -> u64 {
    let Some(mut json) = document(input) else { return 0 };
    plant(&mut json);
    let last_applied = json.to_string();
    let hiding_places = [
        json!({"apiVersion": "v1", "kind": "Secret", "data": json}),
        json!({"apiVersion": "v1", "kind": "Secret", "stringData": json, "type": "Opaque"}),
        json!({"kind": "SecretList", "items": [{"kind": "Secret", "data": json}]}),
        json!({"kind": "ResourceSet", "spec": {"resources": [{"kind": "Secret", "stringData": json}]}}),
        json!({"kind": "Provider", "spec": {"address": json}}),
        json!({"kind": "Receiver", "status": {"webhookPath": json}}),
        json!({"kind": "HelmRelease", "spec": {"values": {"adminPassword": strings(&json)}}}),
        json!({"kind": "Any", "metadata": {"annotations":
            {"kubectl.kubernetes.io/last-applied-configuration": last_applied}}}),
    ];
    for object in &hiding_places {
        let text = masked(object).to_string();
        assert!(!text.contains(CANARY), "{object} became {text}");
    }
    outcome(size(leaves(&json)))
}

fn plant(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(plant),
        Value::Object(fields) => fields.values_mut().for_each(plant),
        leaf => *leaf = json!(CANARY),
    }
}

/// The leaves alone: beneath a credential, a field that leads elsewhere (`existingSecretName`) may stay readable.
fn strings(json: &Value) -> Value {
    json!(vec![CANARY; leaves(json).min(16)])
}

pub(super) fn text_seeds() -> Vec<Vec<u8>> {
    let messages = [
        "clone https://bob:pw@git.example/x failed",
        "run --api-token pw --user=bob",
        "{\"password\": \"p w\", \"a\": 1}",
        "Authorization: Bearer abcdefghijkl",
        "got eyJhbGciOiJI.eyJzdWIiOiIx.c2ln",
        "GET /x?access_token=abc&y=1",
        "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
        "path /hook/0123456789abcdef0123",
        "Secret \"db\" is invalid: data.a: Invalid value: \"x\": not base64",
        "secretName: tls, token='a', pwd=b",
    ];
    texts(&messages).collect()
}

/// Twice is once, and what follows a credential's name on a line of its own is gone.
pub(super) fn text(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let once = mask_text(&text);
    assert_eq!(mask_text(&once), once);
    let error = mask_secret_error(&text);
    for hidden in [format!("password={CANARY}"), format!("https://user:{CANARY}@host/"), format!("Bearer {CANARY}")] {
        let message = format!("{text}\n{hidden}");
        assert!(!mask_text(&message).contains(CANARY), "{message}");
    }
    outcome((once == text, size(once.len()), size(error.len())))
}
