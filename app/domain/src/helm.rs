//! Helm's release Secrets: the exact manifest that helm-controller compares the cluster with.
//!
//! Decodes, with a cap against compression bombs; splits the manifest, one broken document not harming the others;
//! and adds what Helm adds when it applies. Keeps neither the chart's templates nor the user's values: both may hold
//! secrets and nobody here needs them.

use std::fmt::Write as _;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Most bytes that a release may inflate to.
pub const INFLATED_LIMIT: u64 = 20 * 1024 * 1024;

/// Why a release could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HelmError {
    #[error("the Secret has no data.release")]
    Missing,
    #[error("the release is not valid base64")]
    Base64(#[source] base64::DecodeError),
    #[error("the release cannot be inflated")]
    Inflate(#[source] std::io::Error),
    #[error("the release inflates to more than {INFLATED_LIMIT} bytes")]
    TooLarge,
    #[error("the release is not what Helm writes")]
    Json(#[source] serde_json::Error),
}

/// A release as Helm stored it.
#[derive(Clone, PartialEq)]
pub struct Release {
    pub name: String,
    pub namespace: String,
    /// Helm's revision, counted from 1.
    pub version: i64,
    /// `deployed`, `failed`, `pending-upgrade`, …
    pub status: String,
    /// What Helm says happened.
    pub description: String,
    /// RFC 3339, as Helm writes it.
    pub first_deployed: Option<String>,
    pub last_deployed: Option<String>,
    pub chart_name: String,
    pub chart_version: String,
    pub app_version: Option<String>,
    /// Rendered documents, without hooks and without the chart's `crds/`. May hold secrets.
    pub manifest: String,
    /// `ssa` or `csa`; absent before Helm 4.
    pub apply_method: Option<String>,
    pub hooks: usize,
}

impl std::fmt::Debug for Release {
    /// Without the manifest.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { namespace, name, version, status, .. } = self;
        write!(f, "Release({namespace}/{name} v{version}, {status})")
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct StoredRelease {
    name: String,
    namespace: String,
    version: i64,
    info: StoredInfo,
    chart: StoredChart,
    manifest: String,
    apply_method: Option<String>,
    hooks: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StoredInfo {
    status: String,
    description: String,
    first_deployed: Option<String>,
    last_deployed: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StoredChart {
    metadata: Option<StoredMetadata>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StoredMetadata {
    name: String,
    version: String,
    app_version: Option<String>,
}

/// Decodes the release of a storage Secret as the API prints it.
///
/// # Errors
/// If the Secret holds no release, or one that cannot be read.
pub fn decode_secret(secret: &Value) -> Result<Release, HelmError> {
    let release = secret["data"]["release"].as_str().ok_or(HelmError::Missing)?;
    decode(release.as_bytes())
}

/// Decodes `data.release`: as the API prints it (base64 twice), as the client decoded it (once), or inflated already.
///
/// # Errors
/// If it is not base64, not gzip, too large, or not a release.
pub fn decode(payload: &[u8]) -> Result<Release, HelmError> {
    const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];
    let mut bytes = payload.to_vec();
    // The API encodes once and Helm once.
    for _ in 0..2 {
        if bytes.starts_with(&GZIP) || bytes.starts_with(b"{") {
            break;
        }
        bytes = STANDARD.decode(bytes.trim_ascii()).map_err(HelmError::Base64)?;
    }
    if bytes.starts_with(&GZIP) {
        let mut inflated = Vec::new();
        GzDecoder::new(bytes.as_slice())
            .take(INFLATED_LIMIT + 1)
            .read_to_end(&mut inflated)
            .map_err(HelmError::Inflate)?;
        bytes = inflated;
    }
    if bytes.len() as u64 > INFLATED_LIMIT {
        return Err(HelmError::TooLarge);
    }
    let stored: StoredRelease = serde_json::from_slice(&bytes).map_err(HelmError::Json)?;
    let chart = stored.chart.metadata.unwrap_or_default();
    Ok(Release {
        name: stored.name,
        namespace: stored.namespace,
        version: stored.version,
        status: stored.info.status,
        description: stored.info.description,
        first_deployed: stored.info.first_deployed,
        last_deployed: stored.info.last_deployed,
        chart_name: chart.name,
        chart_version: chart.version,
        app_version: chart.app_version,
        manifest: stored.manifest,
        apply_method: stored.apply_method,
        hooks: stored.hooks.map_or(0, |hooks| hooks.len()),
    })
}

/// Name of the Secret that holds one version of a release.
#[must_use]
pub fn storage_name(release: &str, version: i64) -> String {
    format!("sh.helm.release.v1.{release}.v{version}")
}

/// Longest release name that Helm takes.
const NAME_LIMIT: usize = 53;

/// The release name of a HelmRelease: as its history says, else as helm-controller computes it.
#[must_use]
pub fn release_name(object: &Value) -> String {
    if let Some(name) = newest_history(object).and_then(|entry| entry["name"].as_str()) {
        return name.to_owned();
    }
    let spec = &object["spec"];
    if let Some(name) = spec["releaseName"].as_str().filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    let own = object["metadata"]["name"].as_str().unwrap_or_default();
    let full = match spec["targetNamespace"].as_str().filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => format!("{namespace}-{own}"),
        None => own.to_owned(),
    };
    if full.len() <= NAME_LIMIT {
        return full;
    }
    let mut name = full.get(..40).unwrap_or(&full).to_owned();
    name.push('-');
    for byte in &Sha256::digest(full.as_bytes())[..6] {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Where the storage Secrets of a HelmRelease are, on its target cluster.
#[must_use]
pub fn storage_namespace(object: &Value) -> String {
    let candidates =
        [&object["status"]["storageNamespace"], &object["spec"]["storageNamespace"], &object["metadata"]["namespace"]];
    candidates.into_iter().filter_map(Value::as_str).find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

/// The entry of `status.history` with the highest version.
#[must_use]
pub fn newest_history(object: &Value) -> Option<&Value> {
    object["status"]["history"].as_array()?.iter().max_by_key(|entry| entry["version"].as_i64())
}

/// The documents of a manifest as JSON, and what could not be read. Lists are taken apart.
#[must_use]
pub fn split_manifest(manifest: &str) -> (Vec<Value>, Vec<String>) {
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    for (number, document) in documents(manifest).into_iter().enumerate() {
        match parse_yaml(&document) {
            Ok(Value::Null) => {}
            Ok(object) if object["kind"].is_string() && object["apiVersion"].is_string() => {
                flatten(object, &mut objects)
            }
            Ok(_) => problems.push(format!("document {} of the manifest has no apiVersion and kind", number + 1)),
            Err(error) => problems.push(format!("document {} of the manifest: {error}", number + 1)),
        }
    }
    (objects, problems)
}

fn flatten(mut object: Value, objects: &mut Vec<Value>) {
    let is_list = object["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) && object["items"].is_array();
    match object["items"].take() {
        Value::Array(items) if is_list => objects.extend(items),
        items => {
            if let Some(fields) = object.as_object_mut() {
                if items.is_null() {
                    fields.remove("items")
                } else {
                    fields.insert("items".to_owned(), items)
                };
            }
            objects.push(object);
        }
    }
}

/// Splits at lines that begin with `---`, as Kubernetes' own reader does.
fn documents(manifest: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in manifest.split_inclusive('\n') {
        match line.strip_prefix("---") {
            // What follows the marker on its line belongs to the new document, unless it is a comment.
            Some(rest) => documents.push(if rest.trim_start().starts_with('#') {
                String::new()
            } else {
                rest.trim_start().to_owned()
            }),
            None => documents.last_mut().expect("there is always a first document").push_str(line),
        }
    }
    documents
        .retain(|document| document.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')));
    documents
}

/// The document was not YAML.
#[derive(Debug, thiserror::Error)]
#[error("not valid YAML at line {line}")]
pub struct YamlError {
    /// Counted from 1; 0 where the reader does not say.
    pub line: u64,
}

/// Deepest document: the reader goes as deep on its thread's stack.
const DEPTH: usize = 64;
/// Where a document repeats parts of itself by aliases, each may add its own depth to that of the others: such a
/// document may have few of them and be less deep.
const ALIASES: usize = 8;
const DEPTH_WITH_ALIASES: usize = 24;

/// Reads one document as Flux's reader does: booleans and octal numbers of YAML 1.1 included, integers exact.
/// The error names the place and nothing of the text, which may hold secrets.
///
/// # Errors
/// If it is not YAML, or a key occurs twice.
pub fn parse_yaml(document: &str) -> Result<Value, YamlError> {
    read_yaml(document, 0, DEPTH).or_else(|error| read_yaml(document, ALIASES, DEPTH_WITH_ALIASES).map_err(|_| error))
}

fn read_yaml(document: &str, max_aliases: usize, max_depth: usize) -> Result<Value, YamlError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_aliases: max_aliases, max_depth: max_depth },
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(document, options)
        .map_err(|error| YamlError { line: error.location().map_or(0, |location| location.line()) })
}

/// Adds what Helm adds when it applies: its label, its annotations, and the release's namespace to namespaced kinds.
/// `is_namespaced` answers for an object's kind; `None` where the cluster does not know the kind.
pub fn adopt(objects: &mut [Value], release: &Release, is_namespaced: impl Fn(&Value) -> Option<bool>) {
    for object in objects {
        let namespaced = is_namespaced(object);
        let Some(fields) = object.as_object_mut() else { continue };
        let metadata = ensure_map(fields, "metadata");
        match namespaced {
            Some(true) => {
                let own =
                    metadata.get("namespace").and_then(Value::as_str).is_some_and(|namespace| !namespace.is_empty());
                if !own {
                    metadata.insert("namespace".to_owned(), json!(release.namespace));
                }
            }
            // Charts write one on cluster-scoped objects; the API drops it.
            Some(false) => {
                metadata.remove("namespace");
            }
            None => {}
        }
        ensure_map(metadata, "labels").insert("app.kubernetes.io/managed-by".to_owned(), json!("Helm"));
        let annotations = ensure_map(metadata, "annotations");
        annotations.insert("meta.helm.sh/release-name".to_owned(), json!(release.name));
        annotations.insert("meta.helm.sh/release-namespace".to_owned(), json!(release.namespace));
    }
}

fn ensure_map<'a>(fields: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let value = fields.entry(name).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("an object since the line above")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn stored() -> Value {
        json!({
            "name": "shop", "namespace": "apps", "version": 3, "apply_method": "ssa", "config": {"password": "x"},
            "info": {"status": "deployed", "description": "Upgrade complete", "last_deployed": "2026-01-02T03:04:05Z"},
            "chart": {"metadata": {"name": "shop", "version": "1.2.3", "appVersion": "9"}, "templates": []},
            "manifest": "---\nkind: A\n", "hooks": [{"name": "test"}],
        })
    }

    #[test]
    fn a_document_may_repeat_itself_a_little() {
        let chain = |levels: usize| {
            let repeat = |level: usize| format!("m{level}: &m{level} {{<<: *m{}, k{level}: [*m0]}}\n", level - 1);
            format!("m0: &m0 {{a: 1}}\n{}", (1..levels).map(repeat).collect::<String>())
        };
        assert_eq!(parse_yaml(&chain(3)).unwrap()["m2"], json!({"a": 1, "k1": [{"a": 1}], "k2": [{"a": 1}]}));
        assert!(parse_yaml(&chain(3_000)).is_err());
        let lists: String = (1..3_000).map(|level| format!("l{level}: &l{level} [*l{}]\n", level - 1)).collect();
        assert!(parse_yaml(&format!("l0: &l0 [x]\n{lists}")).is_err());
        assert!(parse_yaml(&format!("{}{}", "[".repeat(60), "]".repeat(60))).is_ok());
    }

    #[test]
    fn a_release_is_read_at_every_stage_of_decoding() {
        let json = stored().to_string().into_bytes();
        let zipped = gzip(&json);
        let once = STANDARD.encode(&zipped).into_bytes();
        let twice = STANDARD.encode(&once).into_bytes();
        let plain = STANDARD.encode(STANDARD.encode(&json)).into_bytes();
        let expected = decode(&json).unwrap();
        for payload in [&zipped, &once, &twice, &plain] {
            assert_eq!(decode(payload).unwrap(), expected);
        }
        assert_eq!((expected.version, expected.hooks, expected.chart_version.as_str()), (3, 1, "1.2.3"));
        assert_eq!(expected.apply_method.as_deref(), Some("ssa"));
        let secret = json!({"data": {"release": String::from_utf8(twice).unwrap()}});
        assert_eq!(decode_secret(&secret).unwrap(), expected);
    }

    #[test]
    fn each_way_of_being_broken_has_its_error() {
        assert!(matches!(decode_secret(&json!({})), Err(HelmError::Missing)));
        assert!(matches!(decode(b"!!"), Err(HelmError::Base64(_))));
        assert!(matches!(decode(&[0x1f, 0x8b, 0x08, 0]), Err(HelmError::Inflate(_))));
        assert!(matches!(decode(b"{"), Err(HelmError::Json(_))));
        assert!(matches!(decode(&gzip(&vec![b' '; 21 * 1024 * 1024])), Err(HelmError::TooLarge)));
    }

    #[test]
    fn documents_are_split_and_a_broken_one_is_told() {
        let manifest = "# head\n---\n# Source: a\napiVersion: v1\nkind: A\n---\n\n--- # c\napiVersion: v1\nkind: B\n\
                        ---\na: [\n---\nfoo: bar\n---\n\
                        apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: C}\n";
        let (objects, problems) = split_manifest(manifest);
        let kinds: Vec<&str> = objects.iter().filter_map(|object| object["kind"].as_str()).collect();
        assert_eq!(kinds, ["A", "B", "C"]);
        assert_eq!(problems.len(), 2);
        assert_eq!(split_manifest("").0.len(), 0);
    }

    #[test]
    fn scalars_are_read_as_flux_reads_them() {
        let read = parse_yaml(
            "a: yes\nb: \"yes\"\nc: 0644\nd: 9007199254740993\ne: 012:30\nf: ~\ng: 2026-01-02\n\
             h: 1e3\ni: off\nj: 0x1F\nk: |\n  x\nl: 100m\n",
        )
        .unwrap();
        let expected = json!({
            "a": true, "b": "yes", "c": 420, "d": 9_007_199_254_740_993_i64, "e": "012:30", "f": null,
            "g": "2026-01-02", "h": 1000.0, "i": false, "j": 31, "k": "x\n", "l": "100m",
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn yaml_errors_name_the_place_and_not_the_text() {
        let error = parse_yaml("a: 1\nsecret: [hunter2\n").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(parse_yaml("a: 1\na: 2\n").is_err());
    }

    #[test]
    fn definitions_as_deep_as_they_come_are_read() {
        let mut document = String::new();
        for level in 0..45 {
            document.push_str(&format!("{}a:\n", " ".repeat(level)));
        }
        document.push_str(&format!("{}b\n", " ".repeat(45)));
        assert!(parse_yaml(&document).is_ok());
    }

    #[test]
    fn helm_leaves_its_marks_on_what_it_applies() {
        let release = decode(stored().to_string().as_bytes()).unwrap();
        let mut objects = [
            json!({"kind": "Deployment", "metadata": {"name": "a", "labels": null}}),
            json!({"kind": "ClusterRole", "metadata": {"name": "b", "namespace": "x"}}),
            json!({"kind": "Service", "metadata": {"name": "c", "namespace": "other"}}),
            json!({"kind": "Unheard", "metadata": {"name": "d"}}),
        ];
        adopt(&mut objects, &release, |object| match object["kind"].as_str() {
            Some("ClusterRole") => Some(false),
            Some("Unheard") => None,
            _ => Some(true),
        });
        let namespaces: Vec<Option<&str>> =
            objects.iter().map(|object| object["metadata"]["namespace"].as_str()).collect();
        assert_eq!(namespaces, [Some("apps"), None, Some("other"), None]);
        assert_eq!(objects[0]["metadata"]["labels"], json!({"app.kubernetes.io/managed-by": "Helm"}));
        assert_eq!(objects[1]["metadata"]["annotations"]["meta.helm.sh/release-name"], "shop");
    }

    #[test]
    fn release_names_are_computed_as_the_controller_does() {
        let named =
            |spec: Value| release_name(&json!({"metadata": {"name": "shop", "namespace": "flux"}, "spec": spec}));
        assert_eq!(named(json!({})), "shop");
        assert_eq!(named(json!({"targetNamespace": "apps"})), "apps-shop");
        assert_eq!(named(json!({"targetNamespace": "apps", "releaseName": "x"})), "x");
        let long = named(json!({"targetNamespace": "a".repeat(60)}));
        assert_eq!((long.len(), &long[..41]), (53, format!("{}-", "a".repeat(40)).as_str()));
        let history = json!([{"name": "old", "version": 1}, {"name": "new", "version": 2}]);
        let with_history = json!({"metadata": {"name": "shop"}, "status": {"history": history}});
        assert_eq!(release_name(&with_history), "new");
        assert_eq!(storage_name("shop", 3), "sh.helm.release.v1.shop.v3");
        assert_eq!(
            storage_namespace(&json!({"metadata": {"namespace": "flux"}, "spec": {"storageNamespace": "s"}})),
            "s"
        );
    }
}
