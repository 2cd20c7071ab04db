//! Helm's releases: payloads, with a cap on what they inflate to, and the manifests in them.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::helm::{
    INFLATED_LIMIT, Release, adopt, decode, decode_secret, newest_history, release_name, split_manifest,
    storage_namespace,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{document, outcome, size};

/// As Helm stores it: JSON, compressed, as base64.
fn stored(json: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(json).expect("memory takes what is written");
    STANDARD.encode(gzip.finish().expect("memory takes what is written")).into_bytes()
}

fn example() -> Value {
    json!({
        "name": "podinfo", "namespace": "shop", "version": 3, "apply_method": "ssa",
        "info": {"status": "deployed", "description": "Upgrade complete", "first_deployed": "2026-01-02T03:04:05Z",
            "last_deployed": "2026-01-02T03:04:05.1+02:00"},
        "chart": {"metadata": {"name": "podinfo", "version": "6.5.4", "appVersion": "6.5.4"}},
        "manifest": "---\n# Source: podinfo/templates/a.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: podinfo\n",
        "hooks": [{"name": "test"}],
    })
}

pub(super) fn payload_seeds() -> Vec<Vec<u8>> {
    let json = example().to_string().into_bytes();
    let once = stored(&json);
    let long = stored(&vec![b' '; 1 << 20]);
    let twice = STANDARD.encode(&once).into_bytes();
    let gzip = STANDARD.decode(&once).expect("it was encoded above");
    vec![json, once, twice, gzip, long, b"H4sI".to_vec(), Vec::new()]
}

/// As it comes out of the Secret, whatever it is.
pub(super) fn payload(input: &[u8]) -> u64 {
    match decode(input) {
        Ok(release) => {
            assert!(release.manifest.len() as u64 <= INFLATED_LIMIT);
            outcome((release.manifest.is_empty(), release.hooks))
        }
        Err(error) => outcome(std::mem::discriminant(&error)),
    }
}

pub(super) fn release_seeds() -> Vec<Vec<u8>> {
    let releases = crate::corpus::flux_objects().into_iter().filter(|json| json["kind"] == "HelmRelease");
    releases.chain([example()]).map(|json| json.to_string().into_bytes()).collect()
}

/// A release whose JSON is the input, and a HelmRelease that is the input: where Helm keeps it is computed from it.
pub(super) fn release(input: &[u8]) -> u64 {
    let Some(json) = document(input) else { return 0 };
    let name = release_name(&json);
    let given = newest_history(&json).and_then(|entry| entry["name"].as_str()).or(json["spec"]["releaseName"].as_str());
    assert!(given.is_some() || name.len() <= 53, "{name}");
    let namespace = storage_namespace(&json);
    let secret = json!({"data": {"release": STANDARD.encode(stored(input))}});
    match decode_secret(&secret) {
        Ok(release) => {
            let objects = objects(&release);
            outcome((release.version, size(objects.len()), name.is_empty(), namespace.is_empty()))
        }
        Err(error) => outcome(std::mem::discriminant(&error)),
    }
}

fn objects(release: &Release) -> Vec<Value> {
    let (mut objects, _) = split_manifest(&release.manifest);
    adopt(&mut objects, release, |object| match object["kind"].as_str() {
        Some("Namespace") => Some(false),
        Some("Custom") => None,
        _ => Some(true),
    });
    objects
}

/// Documents are objects or problems; every object can be adopted.
pub(super) fn manifest(input: &[u8]) -> u64 {
    let manifest = String::from_utf8_lossy(input).into_owned();
    let (found, problems) = split_manifest(&manifest);
    let json = json!({"name": "r", "namespace": "shop", "manifest": manifest}).to_string();
    let release = decode(&stored(json.as_bytes())).expect("a release of text");
    assert_eq!(release.manifest, manifest);
    let adopted = objects(&release);
    assert_eq!(adopted.len(), found.len());
    for object in adopted.iter().filter(|object| object["kind"] == "Service" && object["metadata"].is_object()) {
        assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm", "{object}");
    }
    outcome((size(found.len()), size(problems.len())))
}
