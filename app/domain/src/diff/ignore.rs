//! Ignore rules exactly as Flux reads them: `HelmRelease.spec.driftDetection.ignore`, `Kustomization.spec.ignore`.
//!
//! Two traps of Flux are kept, because the verdict has to predict Flux, and are told as warnings: of several rules
//! without a target only the last works (rules are keyed by their selector, and all of these have none), and pointers
//! are removed one after the other, so an index means what is left by then.

use regex::Regex;
use serde_json::Value;

use crate::diff::align::list_keys;
use crate::diff::path::{Path, Segment};
use crate::diff::verdict::Applier;
use crate::log::selector::Selector;

/// The compiled rules of one applier.
#[derive(Clone, Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<Rule>,
    /// What is wrong with the rules, one sentence each.
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug)]
struct Rule {
    /// Position in the spec, from 0.
    number: usize,
    pointers: Vec<String>,
    target: Target,
}

#[derive(Clone, Debug, Default)]
struct Target {
    patterns: Vec<(Part, Regex)>,
    labels: Option<Selector>,
    annotations: Option<Selector>,
    /// A pattern or selector could not be read: nothing matches.
    is_broken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Group,
    Version,
    Kind,
    Name,
    Namespace,
}

const PARTS: [(&str, Part); 5] = [
    ("group", Part::Group),
    ("version", Part::Version),
    ("kind", Part::Kind),
    ("name", Part::Name),
    ("namespace", Part::Namespace),
];

/// A pointer that hits an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Position of the rule in the spec, from 0.
    pub rule: usize,
    /// The JSON pointer, as written.
    pub pointer: String,
}

impl IgnoreRules {
    /// The rules of an applier object.
    #[must_use]
    pub fn of(applier: Applier, object: &Value) -> Self {
        let rules = match applier {
            Applier::Kustomization => &object["spec"]["ignore"],
            Applier::HelmRelease => &object["spec"]["driftDetection"]["ignore"],
        };
        Self::compile(applier, rules)
    }

    /// Compiles a list of `{paths, target}`.
    #[must_use]
    pub fn compile(applier: Applier, rules: &Value) -> Self {
        let mut compiled = Self::default();
        let mut untargeted: Vec<usize> = Vec::new();
        for (number, rule) in rules.as_array().into_iter().flatten().enumerate() {
            let pointers: Vec<String> =
                rule["paths"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            compiled.check_pointers(applier, number, &pointers);
            let target = &rule["target"];
            if target.is_null() {
                untargeted.push(number);
            }
            let target = compiled.compile_target(number, target);
            compiled.rules.push(Rule { number, pointers, target });
        }
        if let Some((last, dead)) = untargeted.split_last()
            && !dead.is_empty()
        {
            compiled.rules.retain(|rule| !dead.contains(&rule.number));
            let names: Vec<String> = dead.iter().map(|number| (number + 1).to_string()).collect();
            compiled.warnings.push(format!(
                "Of rules without a target Flux honours only the last, rule {}; without effect: {}",
                last + 1,
                names.join(", ")
            ));
        }
        compiled
    }

    fn check_pointers(&mut self, applier: Applier, number: usize, pointers: &[String]) {
        let number = number + 1;
        for pointer in pointers {
            if pointer.is_empty() && applier == Applier::Kustomization {
                self.warnings
                    .push(format!("Rule {number}: the empty path does not exclude an object of a Kustomization"));
            } else if !pointer.is_empty() && !pointer.starts_with('/') {
                self.warnings.push(format!("Rule {number}: {pointer} has no effect, a path begins with /"));
            } else if pointer.split('/').skip(1).any(|token| token.parse::<i64>().is_ok()) {
                self.warnings
                    .push(format!("Rule {number}: {pointer} names a list item by position, which may hit another one"));
            }
        }
    }

    fn compile_target(&mut self, number: usize, target: &Value) -> Target {
        let mut compiled = Target::default();
        for (field, part) in PARTS {
            let Some(pattern) = target[field].as_str().filter(|pattern| !pattern.is_empty()) else { continue };
            match Regex::new(&format!("^(?:{pattern})$")) {
                Ok(pattern) => compiled.patterns.push((part, pattern)),
                Err(_) => {
                    self.warnings.push(format!("Rule {}: target.{field} is not a regular expression", number + 1));
                    compiled.is_broken = true;
                }
            }
        }
        let mut selector = |field: &str| {
            let text = target[field].as_str().filter(|text| !text.is_empty())?;
            match Selector::parse(text) {
                Ok(selector) => Some(selector),
                Err(error) => {
                    self.warnings.push(format!("Rule {}: target.{field}: {error}", number + 1));
                    compiled.is_broken = true;
                    None
                }
            }
        };
        compiled.labels = selector("labelSelector");
        compiled.annotations = selector("annotationSelector");
        compiled
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The pointers that apply to an object. helm-controller asks with desired, kustomize-controller with the
    /// dry-run's answer.
    #[must_use]
    pub fn hits(&self, object: &Value) -> Vec<Hit> {
        let matching = self.rules.iter().filter(|rule| rule.target.matches(object));
        matching
            .flat_map(|rule| rule.pointers.iter().map(|pointer| Hit { rule: rule.number, pointer: pointer.clone() }))
            .collect()
    }
}

/// For a HelmRelease, the empty pointer takes the whole object out.
#[must_use]
pub fn excludes_object(hits: &[Hit]) -> bool {
    hits.iter().any(|hit| hit.pointer.is_empty())
}

impl Target {
    fn matches(&self, object: &Value) -> bool {
        let api_version = object["apiVersion"].as_str().unwrap_or_default();
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let metadata = &object["metadata"];
        let text = |part: Part| match part {
            Part::Group => group,
            Part::Version => version,
            Part::Kind => object["kind"].as_str().unwrap_or_default(),
            Part::Name => metadata["name"].as_str().unwrap_or_default(),
            Part::Namespace => metadata["namespace"].as_str().unwrap_or_default(),
        };
        let selects = |selector: &Option<Selector>, field: &str| {
            selector.as_ref().is_none_or(|selector| selector.matches_with(|key| metadata[field].get(key)?.as_str()))
        };
        !self.is_broken
            && self.patterns.iter().all(|(part, pattern)| pattern.is_match(text(*part)))
            && selects(&self.labels, "labels")
            && selects(&self.annotations, "annotations")
    }
}

/// Removes what the hits name, one after the other. Returns what was there, as paths of the object before any removal.
pub fn remove(object: &mut Value, hits: &[Hit]) -> Vec<Path> {
    let before = object.clone();
    let mut removed = Vec::new();
    for hit in hits {
        let Some(tokens) = tokens(&hit.pointer) else { continue };
        if let Some(path) = resolve(&before, &tokens) {
            removed.push(path);
        }
        remove_one(object, &tokens);
    }
    removed
}

/// Decoded tokens of a pointer; `None` for the empty and the malformed one, which remove nothing.
fn tokens(pointer: &str) -> Option<Vec<String>> {
    let rest = pointer.strip_prefix('/')?;
    Some(rest.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
}

/// The position that a token names; negative ones count from the end, as in the library that Flux uses.
fn position(token: &str, length: usize) -> Option<usize> {
    let index: i64 = token.parse().ok()?;
    let at = if index < 0 { i64::try_from(length).ok()? + index } else { index };
    usize::try_from(at).ok().filter(|at| *at < length)
}

fn resolve(object: &Value, tokens: &[String]) -> Option<Path> {
    let mut path = Path::default();
    let mut value = object;
    for token in tokens {
        let segment = match value {
            Value::Object(fields) => {
                value = fields.get(token)?;
                Segment::field(token)
            }
            Value::Array(items) => {
                let at = position(token, items.len())?;
                let list = match path.0.last() {
                    Some(Segment::Field(name)) => name.as_str(),
                    _ => "",
                };
                value = &items[at];
                list_keys(list, items).and_then(|keys| Segment::key_of(value, keys)).unwrap_or(Segment::Index(at))
            }
            _ => return None,
        };
        path.0.push(segment);
    }
    Some(path)
}

fn remove_one(object: &mut Value, tokens: &[String]) {
    let Some((last, parents)) = tokens.split_last() else { return };
    let parent = parents.iter().try_fold(object, |value, token| match value {
        Value::Object(fields) => fields.get_mut(token),
        Value::Array(items) => position(token, items.len()).and_then(|at| items.get_mut(at)),
        _ => None,
    });
    match parent {
        Some(Value::Object(fields)) => {
            fields.remove(last);
        }
        Some(Value::Array(items)) => {
            if let Some(at) = position(last, items.len()) {
                items.remove(at);
            }
        }
        _ => {}
    }
}

/// Makes the prediction keep live's value at ignored paths: what Flux does when it applies for another reason.
pub fn adopt(predicted: &mut Value, live: &Value, ignored: &[Path]) {
    for path in ignored {
        let Some((last, parents)) = path.0.split_last() else { continue };
        let parent = parents.iter().try_fold(&mut *predicted, |value, segment| match (value, segment) {
            (Value::Object(fields), Segment::Field(name)) => fields.get_mut(name),
            (Value::Array(items), segment) => segment.position(items).and_then(|at| items.get_mut(at)),
            _ => None,
        });
        match (parent, last, path.get(live)) {
            (Some(Value::Object(fields)), Segment::Field(name), Some(value)) => {
                fields.insert(name.clone(), value.clone());
            }
            (Some(Value::Object(fields)), Segment::Field(name), None) => {
                fields.remove(name);
            }
            (Some(Value::Array(items)), segment, Some(value)) => match segment.position(items) {
                Some(at) => items[at] = value.clone(),
                None => items.push(value.clone()),
            },
            (Some(Value::Array(items)), segment, None) => {
                if let Some(at) = segment.position(items) {
                    items.remove(at);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HELM: Applier = Applier::HelmRelease;

    fn pointers(rules: &Value, object: &Value) -> Vec<String> {
        IgnoreRules::compile(HELM, rules).hits(object).into_iter().map(|hit| hit.pointer).collect()
    }

    fn removed(paths: &[&str], mut object: Value) -> Value {
        let hits: Vec<Hit> = paths.iter().map(|pointer| Hit { rule: 0, pointer: (*pointer).to_owned() }).collect();
        remove(&mut object, &hits);
        object
    }

    #[test]
    fn targets_are_anchored_regular_expressions() {
        let deployment =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}});
        let rule = |target: Value| json!([{"paths": ["/spec/replicas"], "target": target}]);
        for target in [
            json!({"kind": "Deployment"}),
            json!({"kind": "Deploy.*"}),
            json!({"kind": "StatefulSet|Deployment"}),
            json!({"group": "apps", "version": "v1", "name": "w.b", "namespace": "shop"}),
            json!({"labelSelector": "env notin (staging)"}),
            json!({}),
        ] {
            assert_eq!(pointers(&rule(target.clone()), &deployment).len(), 1, "{target}");
        }
        for target in
            [json!({"kind": "Deploy"}), json!({"kind": "Deployment", "name": "("}), json!({"annotationSelector": "x"})]
        {
            assert!(pointers(&rule(target.clone()), &deployment).is_empty(), "{target}");
        }
    }

    #[test]
    fn of_rules_without_a_target_only_the_last_works() {
        let rules = json!([
            {"paths": ["/a"]}, {"paths": ["/b"], "target": {"kind": "X"}}, {"paths": ["/c"]}, {"paths": ["/d"]},
        ]);
        assert_eq!(pointers(&rules, &json!({"kind": "X"})), ["/b", "/d"]);
        let warnings = IgnoreRules::compile(HELM, &rules).warnings;
        assert_eq!(warnings, ["Of rules without a target Flux honours only the last, rule 4; without effect: 1, 3"]);
        assert!(IgnoreRules::compile(HELM, &json!([{"paths": ["/a"]}])).warnings.is_empty());
    }

    #[test]
    fn pointers_are_json_pointers_removed_in_order() {
        let annotated = json!({"metadata": {"annotations": {"a.b/c": "1", "a~1": "2", "d": "3"}}});
        let expected = json!({"metadata": {"annotations": {"d": "3"}}});
        assert_eq!(removed(&["/metadata/annotations/a.b~1c", "/metadata/annotations/a~01"], annotated), expected);
        assert_eq!(removed(&["/a/0", "/a/1"], json!({"a": ["x", "y", "z"]})), json!({"a": ["y"]}));
        assert_eq!(removed(&["/a/-1"], json!({"a": ["x", "y"]})), json!({"a": ["x"]}));
        let untouched = json!({"a": {"b": 1}});
        assert_eq!(removed(&["/a/c", "a/b", "", "/a/b/c", "/x/y"], untouched.clone()), untouched);
    }

    #[test]
    fn removed_paths_name_list_items_by_key() {
        let mut object = json!({"spec": {"containers": [{"name": "app", "image": "i"}]}});
        let hits = [Hit { rule: 0, pointer: "/spec/containers/0/image".to_owned() }];
        let paths: Vec<String> = remove(&mut object, &hits).iter().map(ToString::to_string).collect();
        assert_eq!(paths, ["spec.containers[name=app].image"]);
    }

    #[test]
    fn doubtful_pointers_are_told() {
        let rules = json!([{"paths": ["spec", "", "/a/0"], "target": {"kind": "("}}]);
        assert_eq!(IgnoreRules::compile(Applier::Kustomization, &rules).warnings.len(), 4);
        let hits = IgnoreRules::compile(HELM, &json!([{"paths": [""]}])).hits(&json!({}));
        assert!(excludes_object(&hits));
    }

    #[test]
    fn rules_are_found_where_the_applier_keeps_them() {
        let rules = json!([{"paths": ["/a"]}]);
        let release = json!({"spec": {"driftDetection": {"ignore": rules}}});
        assert!(!IgnoreRules::of(HELM, &release).is_empty());
        let kustomization = json!({"spec": {"ignore": rules}});
        assert!(!IgnoreRules::of(Applier::Kustomization, &kustomization).is_empty());
        assert!(IgnoreRules::of(HELM, &kustomization).is_empty());
    }

    #[test]
    fn adopting_keeps_lives_value_or_its_absence() {
        let live = json!({"spec": {"replicas": 5}});
        let mut predicted = json!({"spec": {"replicas": 2, "paused": true}});
        adopt(&mut predicted, &live, &[Path::of_fields(&["spec", "replicas"]), Path::of_fields(&["spec", "paused"])]);
        assert_eq!(predicted, live);
    }
}
