//! Short texts with a grammar: inventory ids, revisions, quantities, durations, times, names.

use domain::condition::timestamp_millis;
use domain::inventory::InventoryEntry;
use domain::object::ClusterId;
use domain::quantity::{duration, quantity as amount_of, same_duration, same_quantity};
use domain::revision::Revision;

use super::{outcome, size};
use crate::corpus::texts;

pub(super) fn inventory_id_seeds() -> Vec<Vec<u8>> {
    let ids = [
        "shop_web_apps_Deployment",
        "default_podinfo__Service",
        "_podinfo__Namespace",
        "_system__web__reader_rbac.authorization.k8s.io_ClusterRole",
        "___",
        "a_b_c",
    ];
    texts(&ids).collect()
}

/// What is read is written as it was, unless its name holds what only names of RBAC may hold.
pub(super) fn inventory_id(input: &[u8]) -> u64 {
    let id = String::from_utf8_lossy(input);
    let Ok(entry) = InventoryEntry::parse(&id, "v1") else { return 0 };
    assert!(!entry.name.is_empty() && !entry.kind.is_empty());
    if !entry.name.contains(':') {
        assert_eq!(entry.to_string(), id);
    }
    outcome((entry.namespace.is_some(), entry.group.is_empty(), entry.name.contains(':')))
}

pub(super) fn revision_seeds() -> Vec<Vec<u8>> {
    let revisions = [
        "main@sha1:9dd0b5f1c0ffee00112233445566778899aabbcc",
        "refs/heads/main@sha1:9dd0b5f1",
        "1.2.3+0cc9a8446c95",
        "latest@sha256:0123456789abcdef",
        "sha256:01",
        "main/9dd0b5f1c0ffee00112233445566778899aabbcc",
        "a@b@sha512:00",
    ];
    texts(&revisions).collect()
}

/// Every text is a revision, and prints as it was written.
pub(super) fn revision(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let revision = Revision::parse(&text);
    assert_eq!(revision.to_string(), text);
    assert!(revision.short().len() <= text.len() + 1);
    outcome((revision.name.is_some(), revision.digest.is_some(), revision.is_legacy, revision.commit().is_some()))
}

pub(super) fn quantity_seeds() -> Vec<Vec<u8>> {
    let quantities = ["500m", "1Gi", "1e3", "-0.5", "1h30m", "1.5h", "500ms", "10E", "1e-9", "100000000000000000000Ki"];
    texts(&quantities).collect()
}

/// An amount equals itself, and its negative is its negative.
pub(super) fn quantity(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let negative = format!("-{text}");
    let is_signed = text.starts_with(['-', '+']);
    let (amount, time) = (amount_of(&text), duration(&text));
    if !is_signed {
        assert_eq!(amount_of(&negative), amount.map(|amount| -amount));
        assert_eq!(duration(&negative), time.map(|time| -time));
    }
    assert_eq!(same_quantity(&text, &negative), same_quantity(&negative, &text));
    assert_eq!(same_duration(&text, &negative), same_duration(&negative, &text));
    outcome((amount.map(|amount| size(amount.unsigned_abs() as usize)), time.is_some()))
}

pub(super) fn time_seeds() -> Vec<Vec<u8>> {
    let times =
        ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456789+02:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:60Z"];
    texts(&times).collect()
}

/// A time that is read is one that can be shown again.
pub(super) fn time(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let millis = timestamp_millis(&text);
    if let Some(millis) = millis {
        jiff::Timestamp::from_millisecond(millis).expect("what came from a time is a time");
    }
    outcome(millis.map(|millis| millis.signum()))
}

pub(super) fn cluster_name_seeds() -> Vec<Vec<u8>> {
    texts(&["Prod EU (west)", "--a__b--", "äöü", "a/../b", "prod\u{202e}ue"]).collect()
}

/// An identifier can stand in a path, a host name and a file name.
pub(super) fn cluster_name(input: &[u8]) -> u64 {
    let slug = ClusterId::slug(&String::from_utf8_lossy(input));
    let text = slug.as_str();
    assert!(
        text.len() <= 63 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    );
    assert!(!text.starts_with('-') && !text.ends_with('-') && !text.contains("--"), "{text}");
    assert_eq!(ClusterId::slug(text), slug);
    outcome(size(text.len()))
}
