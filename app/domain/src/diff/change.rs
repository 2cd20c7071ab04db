//! The list of differences: path, both values, what kind of difference it is, and who wrote what is there.
//!
//! The class is a second axis beside the verdict and never changes it: for a custom resource Flux rewrites `12` to
//! `12000m` for ever, and the truthful answer is "Flux will write this; the value is equivalent".
//! Give it masked, aligned objects: masking keeps equality, so the list is the same and cannot leak.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diff::align::{paired_keys, places};
use crate::diff::owner::{Blame, Owner, blame};
use crate::diff::path::{Path, Segment};
use crate::quantity::{same_duration, same_quantity};

/// What kind of difference it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The values mean different things.
    Value,
    /// Spelt differently, the same amount: `1000m` and `1`.
    Equivalent,
    /// The same items in another order.
    OrderOnly,
    /// Strings that differ in white space alone.
    Whitespace,
    /// Desired is silent and nobody owns it: a default of the API.
    Defaulted,
    /// Desired is silent and another manager wrote it.
    Injected,
    /// An ignore rule of the applier names it.
    Ignored,
    /// The values differ and are secret.
    Masked,
    /// The values are equal; Flux would only take the ownership over.
    OwnershipOnly,
}

impl Class {
    pub const ALL: [Self; 9] = [
        Self::Value,
        Self::Equivalent,
        Self::OrderOnly,
        Self::Whitespace,
        Self::Defaulted,
        Self::Injected,
        Self::Ignored,
        Self::Masked,
        Self::OwnershipOnly,
    ];

    /// Shown without being asked for.
    #[must_use]
    pub fn is_shown_by_default(self) -> bool {
        matches!(self, Self::Value | Self::OrderOnly | Self::Whitespace | Self::Masked)
    }

    /// For chips and filters.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Value => "Value",
            Self::Equivalent => "Equivalent",
            Self::OrderOnly => "Order only",
            Self::Whitespace => "White space",
            Self::Defaulted => "Defaulted",
            Self::Injected => "Injected",
            Self::Ignored => "Ignored",
            Self::Masked => "Masked",
            Self::OwnershipOnly => "Ownership only",
        }
    }
}

/// One difference, from actual to desired. An absent side is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub path: Path,
    pub desired: Option<Value>,
    pub actual: Option<Value>,
    pub class: Class,
    /// Who wrote the actual value; `None` = nobody owns it.
    pub blame: Option<Blame>,
}

/// What a difference is judged by, beside its two values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Managers of the live object.
    pub owners: &'a [Owner],
    /// The field manager of the applier.
    pub manager: &'a str,
    /// Desired as the applier sends it, before any completion; names what Flux asks for. `None`: do not tell
    /// defaults and injected fields apart from values.
    pub sent: Option<&'a Value>,
    /// Paths that ignore rules removed from the comparison.
    pub ignored: &'a [Path],
    /// Keyed lists whose order differed, from [`crate::diff::align::align`].
    pub moved: &'a [Path],
    /// Paths that change hands without changing value.
    pub taken_over: &'a [Path],
}

/// The differences between two masked, aligned sides, in the order of their paths.
#[must_use]
pub fn changes(desired: &Value, actual: &Value, context: &Context<'_>) -> Vec<Change> {
    let mut list = Vec::new();
    compare(&mut Path::default(), Some(desired), Some(actual), &mut |path, desired, actual| {
        list.push(Change {
            class: classify(path, desired, actual, context),
            blame: blame(context.owners, path),
            path: path.clone(),
            desired: desired.cloned(),
            actual: actual.cloned(),
        });
    });
    for path in context.moved {
        let (desired, actual) = (path.get(desired).cloned(), path.get(actual).cloned());
        let class = Class::OrderOnly;
        list.push(Change { class, blame: blame(context.owners, path), path: path.clone(), desired, actual });
    }
    for path in context.taken_over {
        let (desired, actual) = (path.get(desired), path.get(actual));
        if desired.is_some() && desired == actual {
            let (desired, actual) = (desired.cloned(), actual.cloned());
            let class = Class::OwnershipOnly;
            list.push(Change { class, blame: blame(context.owners, path), path: path.clone(), desired, actual });
        }
    }
    list.sort_by(|a, b| a.path.cmp(&b.path));
    list
}

type Visit<'v> = dyn FnMut(&Path, Option<&Value>, Option<&Value>) + 'v;

fn compare(path: &mut Path, desired: Option<&Value>, actual: Option<&Value>, visit: &mut Visit<'_>) {
    match (desired, actual) {
        (Some(desired), Some(actual)) if desired == actual => {}
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            for field in left.keys().chain(right.keys().filter(|field| !left.contains_key(*field))) {
                path.0.push(Segment::field(field));
                compare(path, left.get(field), right.get(field), visit);
                path.0.pop();
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => compare_lists(path, left, right, visit),
        (None, None) => {}
        (desired, actual) => visit(path, desired, actual),
    }
}

fn compare_lists(path: &mut Path, left: &[Value], right: &[Value], visit: &mut Visit<'_>) {
    let name = match path.0.last() {
        Some(Segment::Field(name)) => name.clone(),
        _ => String::new(),
    };
    if let Some((left_keys, right_keys)) = paired_keys(&name, left, right) {
        let (left_places, right_places) = (places(&left_keys), places(&right_keys));
        for (key, value) in left_keys.iter().zip(left) {
            let counterpart = right_places.get(key).and_then(|at| right.get(*at));
            path.0.push(key.clone());
            compare(path, Some(value), counterpart, visit);
            path.0.pop();
        }
        for (key, value) in right_keys.iter().zip(right).filter(|(key, _)| !left_places.contains_key(key)) {
            path.0.push(key.clone());
            compare(path, None, Some(value), visit);
            path.0.pop();
        }
    } else if left.len() == right.len() && !is_permutation(left, right) {
        for (index, (left, right)) in left.iter().zip(right).enumerate() {
            path.0.push(Segment::Index(index));
            compare(path, Some(left), Some(right), visit);
            path.0.pop();
        }
    } else {
        visit(path, Some(&Value::from(left)), Some(&Value::from(right)));
    }
}

fn is_permutation(left: &[Value], right: &[Value]) -> bool {
    let sorted = |items: &[Value]| {
        let mut texts: Vec<String> = items.iter().map(Value::to_string).collect();
        texts.sort_unstable();
        texts
    };
    left.len() == right.len() && sorted(left) == sorted(right)
}

fn classify(path: &Path, desired: Option<&Value>, actual: Option<&Value>, context: &Context<'_>) -> Class {
    if context.ignored.iter().any(|ignored| path.starts_with(ignored)) {
        return Class::Ignored;
    }
    match (desired, actual) {
        (Some(desired), Some(actual)) => classify_pair(desired, actual),
        (None, Some(_)) if context.sent.is_some_and(|sent| path.get(sent).is_none()) => silent(path, context),
        (Some(value), None) | (None, Some(value)) if is_empty(value) => Class::Equivalent,
        _ => Class::Value,
    }
}

/// Only actual has it and desired does not name it.
fn silent(path: &Path, context: &Context<'_>) -> Class {
    let owns = |owner: &&Owner| owner.fields.covers(path) || owner.fields.reaches(path);
    let mut owned = false;
    for owner in context.owners.iter().filter(owns) {
        // What the applier itself once wrote and now leaves out is a removal, not somebody else's addition.
        if owner.blame.manager == context.manager {
            return Class::Value;
        }
        owned = true;
    }
    if owned { Class::Injected } else { Class::Defaulted }
}

fn classify_pair(desired: &Value, actual: &Value) -> Class {
    match (desired, actual) {
        (Value::String(left), Value::String(right)) => {
            if is_token(left) || is_token(right) {
                Class::Masked
            } else if left.split_whitespace().eq(right.split_whitespace()) {
                Class::Whitespace
            } else if same_quantity(left, right) || same_duration(left, right) {
                Class::Equivalent
            } else {
                Class::Value
            }
        }
        (Value::Array(left), Value::Array(right)) if is_permutation(left, right) => Class::OrderOnly,
        (Value::Number(left), Value::Number(right))
            if left.as_f64() == right.as_f64() && left.is_f64() != right.is_f64() =>
        {
            Class::Equivalent
        }
        // Int-or-string.
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number))
            if number.to_string() == *text || same_quantity(&number.to_string(), text) =>
        {
            Class::Equivalent
        }
        (left, right) if is_empty(left) && is_empty(right) => Class::Equivalent,
        _ => Class::Value,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// How every mask begins; see `diff::mask`.
pub const TOKEN: &str = "***";

fn is_token(text: &str) -> bool {
    text.contains(TOKEN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diff::owner::owners;

    fn classes(desired: &Value, actual: &Value) -> Vec<(String, Class)> {
        let list = changes(desired, actual, &Context::default());
        list.into_iter().map(|change| (change.path.to_string(), change.class)).collect()
    }

    fn class(desired: Value, actual: Value) -> Class {
        classes(&json!({"x": desired}), &json!({"x": actual}))[0].1
    }

    #[test]
    fn each_difference_has_its_class() {
        assert_eq!(class(json!(2), json!(5)), Class::Value);
        assert_eq!(class(json!("12000m"), json!("12")), Class::Equivalent);
        assert_eq!(class(json!("60m"), json!("1h0m0s")), Class::Equivalent);
        assert_eq!(class(json!(80), json!("80")), Class::Equivalent);
        assert_eq!(class(json!(1), json!(1.0)), Class::Equivalent);
        assert_eq!(class(json!("1.10"), json!("1.1")), Class::Value);
        assert_eq!(class(json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64)), Class::Value);
        assert_eq!(class(json!("a\n"), json!("a")), Class::Whitespace);
        assert_eq!(class(json!("a\r\nb"), json!("a\nb")), Class::Whitespace);
        assert_eq!(class(json!(["a", "b"]), json!(["b", "a"])), Class::OrderOnly);
        assert_eq!(class(json!("***(1)"), json!("***(2)")), Class::Masked);
        assert_eq!(class(json!({}), json!(null)), Class::Equivalent);
    }

    #[test]
    fn items_are_paired_by_key_and_missing_subtrees_are_one_change() {
        let desired = json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]});
        let actual =
            json!({"env": [{"name": "B", "value": "3"}, {"name": "A", "value": "1"}, {"name": "C", "value": "4"}]});
        assert_eq!(
            classes(&desired, &actual),
            [("env[name=B].value".to_owned(), Class::Value), ("env[name=C]".to_owned(), Class::Value)]
        );
    }

    #[test]
    fn defaults_injected_fields_and_removals_are_told_apart() {
        let live = json!({"metadata": {"managedFields": [
            {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": {"f:spec": {"f:mine": {}}}},
            {"manager": "istio", "operation": "Update", "fieldsV1": {"f:spec": {"f:theirs": {}}}},
        ]}});
        let owners = owners(&live);
        let desired = json!({"spec": {}});
        let actual = json!({"spec": {"mine": 1, "theirs": 2, "nobodys": 3, "skip": 4}});
        let ignored = [Path::of_fields(&["spec", "skip"])];
        let context = Context {
            owners: &owners,
            manager: "kustomize-controller",
            sent: Some(&desired),
            ignored: &ignored,
            ..Context::default()
        };
        let found: Vec<_> = changes(&desired, &actual, &context)
            .into_iter()
            .map(|change| (change.path.to_string(), change.class, change.blame.map(|blame| blame.manager)))
            .collect();
        assert_eq!(
            found,
            [
                ("spec.mine".to_owned(), Class::Value, Some("kustomize-controller".to_owned())),
                ("spec.nobodys".to_owned(), Class::Defaulted, None),
                ("spec.skip".to_owned(), Class::Ignored, None),
                ("spec.theirs".to_owned(), Class::Injected, Some("istio".to_owned())),
            ]
        );
    }

    #[test]
    fn what_only_changes_hands_is_listed_as_such() {
        let both = json!({"spec": {"replicas": 2}});
        let taken = [Path::of_fields(&["spec", "replicas"]), Path::of_fields(&["spec", "gone"])];
        let list = changes(&both, &both, &Context { taken_over: &taken, ..Context::default() });
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].class, Class::OwnershipOnly);
    }

    #[test]
    fn equal_objects_have_no_changes() {
        let object = json!({"a": [1, {"b": null}]});
        assert!(changes(&object, &object, &Context::default()).is_empty());
    }
}
