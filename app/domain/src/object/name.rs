//! What can be a name on a cluster: refused here, it never becomes part of a request's path.
//!
//! Source: `k8s.io/apimachinery`, `IsValidPathSegmentName` and the DNS rules; kinds that are stricter say so
//! themselves.

use serde_json::json;

use super::ObjectRef;
use crate::error::{ApiError, ErrorCode};

/// Longest name of any object: a DNS subdomain.
const NAME_LENGTH: usize = 253;
/// Longest namespace or kind: a DNS label.
const NAMESPACE_LENGTH: usize = 63;

/// A name that no object has. `field` is `kind`, `group`, `namespace` or `name`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {field} on a cluster is written {text:?}")]
pub struct NameError {
    pub field: &'static str,
    pub text: String,
}

impl From<NameError> for ApiError {
    /// 400 with the field in `details.field`.
    fn from(error: NameError) -> Self {
        let NameError { field, text } = error;
        Self::new(ErrorCode::Invalid, format!("No {field} on a cluster is written {text:?}."))
            .with_details(json!({"field": field}))
    }
}

impl ObjectRef {
    /// The kind may be a plural, in any case.
    ///
    /// # Errors
    /// If its kind, group, namespace or name cannot be one.
    pub fn check(&self) -> Result<(), NameError> {
        let wrong = |field, text: &str| Err(NameError { field, text: text.chars().take(80).collect() });
        if !is_domain(&self.kind, NAMESPACE_LENGTH) {
            return wrong("kind", &self.kind);
        }
        if !self.group.is_empty() && !is_domain(&self.group, NAME_LENGTH) {
            return wrong("group", &self.group);
        }
        if let Some(namespace) = self.namespace.as_deref().filter(|namespace| !is_namespace(namespace)) {
            return wrong("namespace", namespace);
        }
        if is_name(&self.name) { Ok(()) } else { wrong("name", &self.name) }
    }
}

/// Letters, digits, dashes and dots.
fn is_domain(text: &str, length: usize) -> bool {
    let known = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '.';
    (1..=length).contains(&text.len()) && text.chars().all(known)
}

fn is_namespace(text: &str) -> bool {
    let label = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    (1..=NAMESPACE_LENGTH).contains(&text.len()) && text.chars().all(label) && !text.starts_with('-')
}

/// One segment of a path; names of roles may hold colons and capitals.
fn is_name(text: &str) -> bool {
    (1..=NAME_LENGTH).contains(&text.len())
        && text != "."
        && text != ".."
        && text.chars().all(|character| character.is_ascii_graphic() && !"/%?#\\\"<>^`{|}".contains(character))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(namespace: Option<&str>, name: &str) -> Result<(), &'static str> {
        let object = ObjectRef {
            cluster: "prod".into(),
            group: String::new(),
            kind: "Role".to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        object.check().map_err(|error| error.field)
    }

    #[test]
    fn names_of_kubernetes_pass_and_parts_of_paths_do_not() {
        assert_eq!(check(Some("flux-system"), "apps.v1"), Ok(()));
        assert_eq!(check(None, "system:web:Reader"), Ok(()));
        for name in ["", ".", "..", "a/b", "../secrets/x", "a%2Fb", "a?b", "a#b", "a b", "a\0", "ä", "a\u{202e}b"] {
            assert_eq!(check(Some("apps"), name), Err("name"), "{name:?}");
        }
        for namespace in ["", "-", "a/b", "Apps", "a.b", "ä", "a\0", &"a".repeat(64)] {
            assert_eq!(check(Some(namespace), "shop"), Err("namespace"), "{namespace:?}");
        }
    }

    #[test]
    fn a_kind_is_a_word_and_a_group_is_a_domain() {
        let of = |kind: &str, group: &str| {
            let (kind, group) = (kind.to_owned(), group.to_owned());
            let object = ObjectRef { cluster: "prod".into(), group, kind, namespace: None, name: "shop".to_owned() };
            object.check().map_err(|error| error.field)
        };
        assert_eq!(of("kustomizations", "kustomize.toolkit.fluxcd.io"), Ok(()));
        assert_eq!(of("Pod", ""), Ok(()));
        assert_eq!((of("", ""), of("a/b", ""), of(&"k".repeat(64), "")), (Err("kind"), Err("kind"), Err("kind")));
        assert_eq!((of("Pod", "a/b"), of("Pod", "a\0")), (Err("group"), Err("group")));
    }

    proptest! {
        #[test]
        fn what_passes_is_one_segment_of_a_path(name in any::<String>(), namespace in any::<String>()) {
            if check(Some(&namespace), &name).is_ok() {
                prop_assert!(!name.contains(['/', '\\', '%', '?', '#']) && name != "..");
                prop_assert!(!namespace.contains(['/', '.', '%']));
            }
        }
    }
}
