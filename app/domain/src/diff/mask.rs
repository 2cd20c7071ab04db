//! Masking: what is secret leaves the process as a token, or not at all.
//!
//! Tokens say whether two values are equal and nothing else: no length, no hash. Within one [`MaskScope`] equal values
//! have equal tokens on every side, so a changed secret still shows as changed. What cannot be read is masked whole.
//! [`Masked`] marks what has been through here; it can be shown and stored, and there is no way back to something that
//! could be applied.

mod text;

use std::collections::HashMap;
use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;

use crate::diff::canonical::{Document, document};
use crate::diff::change::{Change, Context, TOKEN, changes};

use self::text::{holds_secret_manifest, is_credential, is_credential_flag, is_reference};
pub use self::text::{mask_secret_error, mask_text};

/// Something in which every secret is a token. Only [`MaskScope`] makes it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Masked<T>(T);

impl<T> fmt::Debug for Masked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masked(…)")
    }
}

impl Masked<Value> {
    /// Canonical YAML with the path of every line.
    #[must_use]
    pub fn document(&self) -> Document {
        document(&self.0)
    }

    /// The differences to the masked actual object, both aligned.
    #[must_use]
    pub fn changes_from(&self, actual: &Self, context: &Context<'_>) -> Vec<Change> {
        changes(&self.0, &actual.0, context)
    }

    /// Brings its keyed lists into the order of `desired`'s. Returns the lists whose order differed.
    pub fn align_to(&mut self, desired: &Self) -> Vec<crate::diff::path::Path> {
        crate::diff::align::align(&desired.0, &mut self.0)
    }
}

impl fmt::Display for Masked<String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

type Digest = [u8; 32];

/// Where tokens are equal for equal values: one view, one snapshot, or (by its key) the whole store.
pub struct MaskScope {
    mac: Hmac<Sha256>,
    /// Numbers of the values seen; `None` writes digests, for the store.
    numbers: Option<HashMap<Digest, usize>>,
}

/// Begins a token of the store: `***:` and the keyed digest as 64 hexadecimal digits.
const STORED: &str = "***:";

impl MaskScope {
    /// For what leaves the process: tokens `***(1)`, `***(2)`, numbered as they appear. The key is the store's, so that
    /// stored tokens and live values meet under the same number.
    #[must_use]
    pub fn view(key: &[u8]) -> Self {
        Self { mac: Self::mac(key), numbers: Some(HashMap::new()) }
    }

    /// For the store: keyed digests, so that equality survives a restart. Never show them.
    #[must_use]
    pub fn storage(key: &[u8]) -> Self {
        Self { mac: Self::mac(key), numbers: None }
    }

    fn mac(key: &[u8]) -> Hmac<Sha256> {
        Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
    }

    /// The token of a value. A token of the store keeps its identity.
    pub fn token(&mut self, value: &str) -> String {
        let digest = stored_digest(value).unwrap_or_else(|| {
            let mut mac = self.mac.clone();
            mac.update(value.as_bytes());
            mac.finalize().into_bytes().into()
        });
        match &mut self.numbers {
            Some(numbers) => {
                let next = numbers.len() + 1;
                format!("{TOKEN}({})", numbers.entry(digest).or_insert(next))
            }
            None => {
                let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{STORED}{digits}")
            }
        }
    }

    /// Masks an object of any kind.
    #[must_use]
    pub fn object(&mut self, mut object: Value) -> Masked<Value> {
        self.mask_object(&mut object);
        Masked(object)
    }

    /// Masks an error, an event or a condition message.
    #[must_use]
    pub fn text(&mut self, text: &str) -> Masked<String> {
        Masked(mask_text(text))
    }

    fn mask_object(&mut self, object: &mut Value) {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let rules = Rules::of(&kind);
        let Some(fields) = object.as_object_mut() else {
            self.mask_strings(object, Rules::OTHER);
            return;
        };
        for (field, value) in fields.iter_mut() {
            match (kind.as_str(), field.as_str()) {
                ("Secret", "data" | "stringData") => self.mask_all(value),
                // Encrypted or not, nothing else in a Secret is for reading either.
                ("Secret", "metadata") => self.mask_metadata(value, true),
                (_, "metadata") => self.mask_metadata(value, false),
                ("Provider", "spec") => {
                    self.mask_field(value, "address");
                    self.mask_strings(value, rules);
                }
                ("Receiver", "status") => {
                    self.mask_field(value, "webhookPath");
                    self.mask_strings(value, rules);
                }
                ("HelmRelease", "spec") => {
                    self.mask_within(value, "values");
                    self.mask_strings(value, rules);
                }
                ("Kustomization", "spec") => {
                    if let Some(build) = value.get_mut("postBuild") {
                        self.mask_within(build, "substitute");
                    }
                    self.mask_strings(value, rules);
                }
                (_, "items") if kind.ends_with("List") => {
                    for item in value.as_array_mut().into_iter().flatten() {
                        self.mask_object(item);
                    }
                }
                _ => self.mask_strings(value, rules),
            }
        }
    }

    fn mask_metadata(&mut self, metadata: &mut Value, is_secret: bool) {
        const WHOLE: [&str; 2] =
            ["kubectl.kubernetes.io/last-applied-configuration", "openshift.io/token-secret.value"];
        let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut);
        for (name, value) in annotations.into_iter().flatten() {
            if WHOLE.contains(&name.as_str()) {
                self.mask_all(value);
            }
        }
        if !is_secret {
            self.mask_strings(metadata, Rules::OTHER);
        }
    }

    /// Every leaf becomes a token; what is no map becomes one token.
    fn mask_all(&mut self, value: &mut Value) {
        match value {
            Value::Object(fields) => fields.values_mut().for_each(|value| self.mask_leaf(value)),
            _ => self.mask_leaf(value),
        }
    }

    /// One value, whatever it is, becomes one token. `null` and the empty string hide nothing.
    fn mask_leaf(&mut self, value: &mut Value) {
        let token = match &*value {
            Value::Null => return,
            Value::String(text) if text.is_empty() => return,
            // Printed tokens go through unchanged, so that masking twice is masking once.
            Value::String(text) if is_view_token(text) => return,
            Value::String(text) => self.token(text),
            other => self.token(&other.to_string()),
        };
        *value = Value::from(token);
    }

    fn mask_field(&mut self, value: &mut Value, field: &str) {
        if let Some(value) = value.get_mut(field) {
            self.mask_leaf(value);
        }
    }

    /// Values that people write by hand: what a credential's name stands over is secret at any depth.
    fn mask_within(&mut self, value: &mut Value, field: &str) {
        match value.get_mut(field) {
            Some(values @ (Value::Object(_) | Value::Array(_))) => self.mask_values(values, false),
            Some(other) => self.mask_leaf(other),
            None => {}
        }
    }

    fn mask_values(&mut self, value: &mut Value, is_secret: bool) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let inside = (is_secret && !is_reference(name)) || is_credential(name);
                    self.mask_values(value, inside);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_values(item, is_secret)),
            Value::Bool(_) | Value::Null => {}
            leaf if is_secret => self.mask_leaf(leaf),
            _ => {}
        }
    }

    /// Strings elsewhere: credentials by name, in URLs and in arguments, and whole Secrets inside other objects.
    fn mask_strings(&mut self, value: &mut Value, rules: Rules) {
        match value {
            // A manifest in a string: a patch, a template, a file. Nobody here takes it apart.
            Value::String(text) if holds_secret_manifest(text) => self.mask_leaf(value),
            Value::String(text) => {
                let masked = mask_text(text);
                if masked != *text {
                    *text = masked;
                }
            }
            Value::Array(items) => {
                let mut follows_flag = false;
                for item in items {
                    let is_flag = item.as_str().is_some_and(is_credential_flag);
                    if follows_flag && item.is_string() && !is_flag {
                        self.mask_leaf(item);
                    } else {
                        self.mask_strings(item, rules);
                    }
                    follows_flag = is_flag;
                }
            }
            Value::Object(fields) => {
                if fields.get("kind").is_some_and(|kind| kind == "Secret")
                    && (fields.contains_key("data") || fields.contains_key("stringData"))
                {
                    return self.mask_object(value);
                }
                let names_credential = fields.get("name").and_then(Value::as_str).is_some_and(is_credential);
                for (name, value) in fields {
                    let by_name = rules.names && is_credential(name) && value.is_string();
                    let by_sibling = rules.names && names_credential && name == "value" && value.is_string();
                    if by_name || by_sibling {
                        self.mask_leaf(value);
                    } else {
                        self.mask_strings(value, rules);
                    }
                }
            }
            _ => {}
        }
    }
}

/// How the strings of a kind are treated.
#[derive(Clone, Copy)]
struct Rules {
    /// Mask what stands under the name of a credential.
    names: bool,
}

impl Rules {
    const OTHER: Self = Self { names: true };

    fn of(kind: &str) -> Self {
        // ConfigMaps are for reading; a definition's properties are types, not values.
        Self { names: !matches!(kind, "ConfigMap" | "CustomResourceDefinition") }
    }
}

fn stored_digest(value: &str) -> Option<Digest> {
    let digits = value.strip_prefix(STORED)?;
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(digest)
}

/// Whether anything in the object is a digest of the store instead of its value.
#[must_use]
pub fn holds_digests(object: &Value) -> bool {
    match object {
        Value::String(text) => text.contains(STORED),
        Value::Array(items) => items.iter().any(holds_digests),
        Value::Object(fields) => fields.values().any(holds_digests),
        _ => false,
    }
}

fn is_view_token(text: &str) -> bool {
    let number = text.strip_prefix("***(").and_then(|rest| rest.strip_suffix(')'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const CANARY: &str = "canary-5f3c9a";

    fn masked(object: Value) -> Value {
        MaskScope::view(b"key").object(object).0
    }

    #[test]
    fn no_canary_survives_anywhere_it_could_hide() {
        let secret = json!({"kind": "Secret", "data": {"a": CANARY}, "stringData": {"b": CANARY}});
        for object in [
            secret.clone(),
            json!({"kind": "Secret", "data": CANARY}),
            json!({"kind": "Secret", "data": [CANARY]}),
            json!({"kind": "Secret", "data": {"a": {"b": [CANARY]}}}),
            json!({"kind": "Secret", "stringData": {"a": {"b": CANARY}}}),
            json!({"kind": "SecretList", "items": [secret]}),
            json!({"kind": "List", "items": [{"kind": "Secret", "data": {"a": CANARY}}]}),
            json!({"kind": "ResourceSet", "spec": {"resources": [secret]}}),
            json!({"kind": "ConfigMap", "metadata": {"annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": format!("not json {CANARY}"),
                "openshift.io/token-secret.value": CANARY,
            }}}),
            json!({"kind": "Provider", "spec": {"address": format!("https://hooks/{CANARY}")}}),
            json!({"kind": "Receiver", "status": {"webhookPath": format!("/hook/{CANARY}")}}),
            json!({"kind": "HelmRelease", "spec": {"values": {
                "adminPassword": CANARY, "auth": {"secrets": {"any": [CANARY]}},
                "db": {"url": format!("postgres://u:{CANARY}@h/d")},
                "env": [{"name": "API_TOKEN", "value": CANARY}], "args": [format!("--token={CANARY}")],
            }}}),
            json!({"kind": "Kustomization", "spec": {"postBuild": {"substitute": {"db_password": CANARY}}}}),
            json!({"kind": "Deployment", "spec": {
                "env": [{"name": "DB_PASSWORD", "value": CANARY}], "args": [format!("--password={CANARY}")],
            }}),
            json!({"kind": "Deployment", "spec": {"args": ["--db-password", CANARY]}}),
            json!({"kind": "Kustomization", "spec": {"patches": [
                {"patch": format!("apiVersion: v1\nkind: Secret\ndata:\n  a: {CANARY}\n")},
            ]}}),
            json!({"kind": "ConfigMap", "data": {
                "a": format!(r#"{{"kind": "Secret", "data": {{"a": "{CANARY}"}}}}"#),
            }}),
            json!({"kind": "GitRepository", "spec": {"url": format!("https://user:{CANARY}@git/x")}}),
            json!({"kind": "Custom", "spec": {"apiKey": CANARY}}),
            json!([{"kind": "x", "password": CANARY}]),
        ] {
            let text = masked(object.clone()).to_string();
            assert!(!text.contains(CANARY), "{object} printed as {text}");
        }
    }

    #[test]
    fn what_is_no_secret_stays_readable() {
        let object = json!({
            "kind": "Deployment", "metadata": {"name": "token-service", "annotations": {"a": "b"}},
            "spec": {"secretName": "x", "imagePullSecrets": [{"name": "regcred"}], "tokenExpirationSeconds": 3600,
                "automountServiceAccountToken": false,
                "volumes": [{"secret": {"secretName": "tls", "defaultMode": 420}}],
                "env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}],
                "image": "registry/x:1@sha256:0", "url": "https://git/x"},
        });
        assert_eq!(masked(object.clone()), object);
        let map = json!({"kind": "ConfigMap", "data": {"token_length": "12", "note": "plain"}});
        assert_eq!(masked(map.clone()), map);
        let values = json!({"replicas": 2, "auth": {"existingSecretName": "db", "enabled": true}});
        let release = json!({"kind": "HelmRelease", "spec": {"values": values}});
        assert_eq!(masked(release.clone()), release);
    }

    #[test]
    fn equal_values_have_equal_tokens_on_every_side() {
        let mut scope = MaskScope::view(b"key");
        let desired = scope.object(json!({"kind": "Secret", "data": {"a": "x", "b": "y", "e": ""}}));
        let actual = scope.object(json!({"kind": "Secret", "data": {"a": "x", "b": "z", "n": null}}));
        assert_eq!(desired.0["data"], json!({"a": "***(1)", "b": "***(2)", "e": ""}));
        assert_eq!(actual.0["data"], json!({"a": "***(1)", "b": "***(3)", "n": null}));
    }

    #[test]
    fn stored_tokens_meet_live_values_under_the_same_key_only() {
        let stored = MaskScope::storage(b"key").token("x");
        assert!(!stored.contains('x') && stored.len() == STORED.len() + 64);
        assert_eq!(MaskScope::storage(b"key").token(&stored), stored);
        let mut view = MaskScope::view(b"key");
        assert_eq!(view.token("x"), view.token(&stored));
        let mut other = MaskScope::view(b"other");
        assert_ne!(other.token("x"), other.token(&stored));
    }

    #[test]
    fn a_masked_value_does_not_print_itself_when_debugged() {
        let value = MaskScope::view(b"key").object(json!({"kind": "Secret", "data": {"a": CANARY}}));
        assert_eq!(format!("{value:?}"), "Masked(…)");
        assert_eq!(serde_json::to_value(&value).unwrap()["data"]["a"], "***(1)");
    }

    proptest! {
        #[test]
        fn masking_is_symmetric_and_keeps_equality(a in ".{1,8}", b in ".{1,8}") {
            prop_assume!(stored_digest(&a).is_none() && !is_view_token(&a) && !is_view_token(&b));
            let mut scope = MaskScope::view(b"key");
            prop_assert_eq!(scope.token(&a) == scope.token(&b), a == b);
        }
    }
}
