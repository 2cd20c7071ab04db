//! Helm's release storage: a release as a Secret, encoded as Helm encodes it.
//!
//! JSON, gzipped, as base64 text, which the Secret encodes as base64 once more.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// One revision of a release.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) version: u64,
    /// `deployed`, `superseded`, `failed`.
    pub(crate) status: String,
    pub(crate) description: String,
    pub(crate) chart: String,
    pub(crate) chart_version: String,
    pub(crate) app_version: String,
    /// RFC 3339.
    pub(crate) first_deployed: String,
    pub(crate) last_deployed: String,
    /// Chart defaults and the user's values.
    pub(crate) defaults: Value,
    pub(crate) values: Value,
    /// The rendered objects.
    pub(crate) objects: Vec<Value>,
}

impl Release {
    /// The name of the Secret.
    pub(crate) fn secret_name(&self) -> String {
        format!("sh.helm.release.v1.{}.v{}", self.name, self.version)
    }

    /// The objects as Helm writes a manifest: documents with the template that they come from.
    pub(crate) fn manifest(&self) -> String {
        self.objects
            .iter()
            .map(|object| {
                let template = object["kind"].as_str().unwrap_or_default().to_lowercase();
                // Every object of the world is a JSON value, which YAML can always express.
                let yaml = serde_saphyr::to_string(object).unwrap_or_else(|_| object.to_string());
                format!("---\n# Source: {}/templates/{template}.yaml\n{}\n", self.chart, yaml.trim_end())
            })
            .collect()
    }

    /// The Secret of this revision.
    pub(crate) fn secret(&self) -> Value {
        let release = json!({
            "name": self.name, "namespace": self.namespace, "version": self.version,
            "info": {"first_deployed": self.first_deployed, "last_deployed": self.last_deployed, "deleted": "",
                "description": self.description, "status": self.status},
            "chart": {"metadata": {"name": self.chart, "version": self.chart_version, "appVersion": self.app_version,
                "apiVersion": "v2", "type": "application"}, "lock": null, "templates": [], "values": self.defaults,
                "schema": null, "files": []},
            "config": self.values, "manifest": self.manifest(), "hooks": [], "apply_method": "ssa",
        });
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": {"name": self.secret_name(), "namespace": self.namespace, "labels": {
                "name": self.name, "owner": "helm", "status": self.status, "version": self.version.to_string()}},
            "data": {"release": STANDARD.encode(encode(&release))},
        })
    }
}

/// base64(gzip(JSON)), as Helm stores it.
fn encode(release: &Value) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(release.to_string().as_bytes()).expect("writing to memory does not fail");
    STANDARD.encode(encoder.finish().expect("writing to memory does not fail"))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use flate2::read::GzDecoder;
    use serde_json::{Value, json};

    use super::Release;

    #[test]
    fn a_secret_decodes_as_helm_decodes_it() {
        let release = Release {
            name: "podinfo".to_owned(),
            namespace: "podinfo".to_owned(),
            version: 3,
            status: "deployed".to_owned(),
            description: "Upgrade complete".to_owned(),
            chart: "podinfo".to_owned(),
            chart_version: "6.7.1".to_owned(),
            app_version: "6.7.1".to_owned(),
            first_deployed: "2026-01-02T03:04:05Z".to_owned(),
            last_deployed: "2026-01-02T03:04:05Z".to_owned(),
            defaults: json!({}),
            values: json!({"replicaCount": 2}),
            objects: vec![json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "podinfo"}})],
        };
        let secret = release.secret();
        assert_eq!(secret["metadata"]["name"], "sh.helm.release.v1.podinfo.v3");
        let outer = STANDARD.decode(secret["data"]["release"].as_str().unwrap()).unwrap();
        let gzip = STANDARD.decode(outer).unwrap();
        assert_eq!(gzip[..3], [0x1f, 0x8b, 0x08]);
        let mut text = String::new();
        GzDecoder::new(gzip.as_slice()).read_to_string(&mut text).unwrap();
        let decoded: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(decoded["config"]["replicaCount"], 2);
        let manifest = decoded["manifest"].as_str().unwrap();
        assert!(manifest.starts_with("---\n# Source: podinfo/templates/service.yaml\n"), "{manifest}");
        assert_eq!(serde_saphyr::from_str::<Value>(manifest).unwrap(), release.objects[0]);
    }
}
