//! What the diff reads of live objects, manifests and appliers: owned fields, ignore rules, predictions, texts.

use domain::diff::align::align;
use domain::diff::change::Context;
use domain::diff::extract::extract;
use domain::diff::fields::FieldSet;
use domain::diff::ignore::{self, IgnoreRules, excludes_object};
use domain::diff::mask::MaskScope;
use domain::diff::normalise::{deduplicate_metrics, prepare, strip};
use domain::diff::overlay::overlay;
use domain::diff::owner::owners;
use domain::diff::path::Path;
use domain::diff::takeover::predict;
use domain::diff::text::{RowKind, diff, fold, lines, unified, words};
use domain::diff::verdict::{
    Applier, Correction, Prediction, decide, decide_undesired, differs, estimate_differs, skip_reason,
};
use domain::diff::view::patch;
use serde_json::{Value, json};

use super::{document, outcome, size};
use crate::corpus::{managed_objects, texts};

const APPLIERS: [Applier; 2] = [Applier::Kustomization, Applier::HelmRelease];

pub(super) fn fields_seeds() -> Vec<Vec<u8>> {
    let objects = managed_objects().into_iter().filter(|json| json["metadata"]["managedFields"].is_array());
    objects.map(|json| json.to_string().into_bytes()).collect()
}

/// The sets of an object's managers are sets, and what is extracted by one is a part of the object.
pub(super) fn managed_fields(input: &[u8]) -> u64 {
    let Some(json) = document(input) else { return 0 };
    let owners = owners(&json);
    let mut all = FieldSet::parse(&json["metadata"]["managedFields"][0]["fieldsV1"]);
    for owner in &owners {
        let own = &owner.fields;
        all.join(own);
        assert_eq!(own.clone().union(own), *own);
        assert!(own.difference(own).is_empty());
        for path in own.paths() {
            assert!(own.contains(&path) && own.covers(&path) && all.contains(&path), "{path}");
            let text = path.to_string();
            let again: Path = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(again.to_string(), text);
        }
        let part = extract(&json, own);
        assert!(part.is_object());
    }
    outcome((owners.len(), size(all.paths().len()), size(all.leaf_paths().len())))
}

pub(super) fn path_seeds() -> Vec<Vec<u8>> {
    let paths = [
        "spec.template.spec.containers[name=web].image",
        "metadata.labels[\"app.kubernetes.io/name\"]",
        "spec.ports[port=80,protocol=TCP].name",
        "metadata.finalizers[=\"x\"]",
        "a[0][1]",
        "a[\"b\\u0041]\"]",
    ];
    texts(&paths).collect()
}

/// Paths stand in permalinks: what is read prints as something that reads the same.
pub(super) fn path(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let Ok(path) = text.parse::<Path>() else { return 0 };
    let printed = path.to_string();
    let again: Path = printed.parse().unwrap_or_else(|error| panic!("{error}: {printed}"));
    assert_eq!(again.to_string(), printed);
    outcome((path.0.len(), printed == text, path.get(&json!({"a": [[1]]})).is_some()))
}

pub(super) fn ignore_seeds() -> Vec<Vec<u8>> {
    let deployment = &managed_objects()[0];
    let rules = json!([
        {"paths": ["/spec/replicas", "/metadata/annotations/a~1b", "/spec/template/spec/containers/0/image"],
            "target": {"kind": "Deploy.*", "name": "web", "labelSelector": "app in (web,api)",
                "annotationSelector": "!x"}},
        {"paths": ["", "spec", "/-", "/spec/template/spec/containers/-1"]},
    ]);
    vec![json!({"rules": rules, "object": deployment}).to_string().into_bytes()]
}

/// What rules remove was there, and taking the ignored parts from the object itself changes nothing.
pub(super) fn ignore_rules(input: &[u8]) -> u64 {
    let Some(json) = document(input) else { return 0 };
    let mut ways = Vec::new();
    for applier in APPLIERS {
        let rules = IgnoreRules::compile(applier, &json["rules"]);
        let hits = rules.hits(&json["object"]);
        let mut rest = json["object"].clone();
        let removed = ignore::remove(&mut rest, &hits);
        for path in &removed {
            assert!(path.get(&json["object"]).is_some(), "{path}");
        }
        let mut own = json["object"].clone();
        ignore::adopt(&mut own, &json["object"], &removed);
        assert_eq!(own, json["object"]);
        ways.push((rules.warnings.len(), hits.len(), removed.len(), excludes_object(&hits)));
    }
    outcome(ways)
}

pub(super) fn pair_seeds() -> Vec<Vec<u8>> {
    let pair = |desired: &Value, live: &Value| {
        json!({"desired": desired, "live": live, "dryRun": live}).to_string().into_bytes()
    };
    let objects = managed_objects();
    let neighbours = objects.windows(2).map(|two| pair(&two[0], &two[1]));
    objects.iter().map(|object| pair(object, object)).chain(neighbours).collect()
}

/// The whole decision, for both appliers; an object does not differ from itself.
pub(super) fn prediction(input: &[u8]) -> u64 {
    let Some(json) = document(input) else { return 0 };
    let (live, dry_run) = (&json["live"], &json["dryRun"]);
    let mut desired = json["desired"].clone();
    let is_prepared = prepare(&mut desired).is_ok();
    let mut ways = vec![(u8::from(is_prepared), 0, 0)];
    for applier in APPLIERS {
        let takeover = predict(applier, live, &desired, dry_run, &["kubectl".to_owned()]);
        let mut predicted = takeover.predicted.clone();
        deduplicate_metrics(&mut predicted);
        assert!(!differs(applier, live, live) && !differs(applier, &predicted, &predicted));
        let prediction = Prediction::Applied {
            live,
            predicted: &predicted,
            ignored: 0,
            ownership_only: takeover.changes_ownership(),
        };
        let correction = Correction::of(applier, live);
        let verdict = decide(applier, &prediction, &correction, false);
        let undesired = decide_undesired(applier, dry_run, live, &correction);
        let skipped = skip_reason(applier, Some(&desired), Some(live)).is_some();
        ways.push((u8::from(skipped), verdict.severity(), undesired.severity()));
    }
    outcome((ways, estimate_differs(&desired, live), overlay(live, &desired).is_object()))
}

/// The list of changes between two masked sides: none between equal ones.
pub(super) fn changes(input: &[u8]) -> u64 {
    let Some(json) = document(input) else { return 0 };
    let (mut left, mut right) = (json["desired"].clone(), json["live"].clone());
    strip(&mut left);
    strip(&mut right);
    let mut same = left.clone();
    assert_eq!(align(&left, &mut same), Vec::new());
    assert_eq!(same, left);
    let mut scope = MaskScope::view(b"key");
    let (desired, mut actual) = (scope.object(left), scope.object(right));
    let moved = actual.align_to(&desired);
    let owners = owners(&json["live"]);
    let context = Context { owners: &owners, manager: "kustomize-controller", moved: &moved, ..Context::default() };
    assert_eq!(desired.changes_from(&desired, &Context::default()).len(), 0);
    let list = desired.changes_from(&actual, &context);
    let mut paths: Vec<String> = list.iter().map(|change| change.path.to_string()).collect();
    let classes: std::collections::BTreeSet<&str> = list.iter().map(|change| change.class.label()).collect();
    paths.dedup();
    outcome((size(paths.len()), classes, moved.len()))
}

pub(super) fn text_seeds() -> Vec<Vec<u8>> {
    let pair = |desired: &str, actual: &str| json!([desired, actual]).to_string().into_bytes();
    vec![
        pair("a: 1\nb: 2\nc: 3\n", "a: 1\nb: 3\nd: 3\n"),
        pair("", "x\n\n\ny"),
        pair("key: value with words\n- x\n- y\n", "key: value with other words\n- y\n- z\n"),
    ]
}

/// The rows have every line of both texts once, in order.
pub(super) fn text_diff(input: &[u8]) -> u64 {
    let Some(json) = document(input) else { return 0 };
    let (desired, actual) = (json[0].as_str().unwrap_or_default(), json[1].as_str().unwrap_or_default());
    let compared = diff(desired, actual, None);
    let (left, right) = (lines(desired), lines(actual));
    let side =
        |of: fn(&domain::diff::text::Row) -> Option<u32>| compared.rows.iter().filter_map(of).collect::<Vec<_>>();
    assert_eq!(side(|row| row.desired), (0..).take(left.len()).collect::<Vec<_>>());
    assert_eq!(side(|row| row.actual), (0..).take(right.len()).collect::<Vec<_>>());
    for row in &compared.rows {
        let (left, right) = (row.desired.map(|at| left[at as usize]), row.actual.map(|at| right[at as usize]));
        assert_eq!(row.kind == RowKind::Same, left == right);
        if let (RowKind::Changed, Some(left), Some(right)) = (row.kind, left, right) {
            let words = words(left, right);
            assert!(words.desired.iter().all(|range| left.get(range.clone()).is_some()));
            assert!(words.actual.iter().all(|range| right.get(range.clone()).is_some()));
        }
    }
    let patch = patch("x", desired, actual, 3);
    assert!(desired != actual || patch.is_empty(), "{patch}");
    let blocks = fold(&compared.rows, 3, &[]);
    outcome((size(blocks.len()), size(unified(&compared.rows).len()), size(compared.added), size(compared.removed)))
}
