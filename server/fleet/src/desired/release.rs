//! The objects of a HelmRelease, from the Secret in which Helm keeps what it installed.
//!
//! This is what helm-controller itself compares with, so it is exact: values, post-renderers and owner labels are in it.
//! Hooks are not part of it, and neither are the chart's custom resource definitions.

use std::collections::BTreeMap;

use domain::drift::{Fidelity, Provenance};
use domain::helm;
use domain::object::{ClusterId, GroupKind, ObjectRef};
use domain::problem::{Problem, ProblemKind};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use serde_json::Value;
use thiserror::Error;
use tokio::time::timeout;

use super::{Configuration, Desired, provenance};
use crate::clusters::connection::CALL_TIMEOUT;
use crate::clusters::failure::Failure;
use crate::watch::kinds::Kinds;

/// Why there is no release to compare with. Texts are fit for a screen.
#[derive(Debug, Error)]
pub(crate) enum ReleaseError {
    #[error("Helm has installed nothing yet")]
    NoHistory,
    #[error("the release is on another cluster (spec.kubeConfig)")]
    Elsewhere,
    #[error("the release Secret {namespace}/{name} cannot be read")]
    Read { namespace: String, name: String, failure: Failure },
    #[error("the release Secret {namespace}/{name} cannot be decoded")]
    Decode {
        namespace: String,
        name: String,
        #[source]
        source: helm::HelmError,
    },
}

impl ReleaseError {
    pub(crate) fn problem(&self, owner: &ObjectRef) -> Problem {
        let problem = match self {
            Self::Read { failure, .. } => failure.problem(&capital(&self.to_string())),
            Self::Decode { source, .. } => {
                Problem::new(ProblemKind::Invalid, format!("{}: {source}", capital(&self.to_string())))
            }
            Self::NoHistory | Self::Elsewhere => Problem::new(ProblemKind::NotFound, capital(&self.to_string())),
        };
        problem.on_object(owner)
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A release as Helm keeps it, by object.
#[derive(Debug)]
pub(crate) struct Release {
    objects: BTreeMap<ObjectRef, Value>,
    provenance: Provenance,
    pub(crate) problems: Vec<Problem>,
}

impl Release {
    /// Reads the newest release that the HelmRelease names in its history.
    pub(crate) async fn read(
        client: &kube::Client,
        kinds: &Kinds,
        cluster: &ClusterId,
        owner: &Value,
    ) -> Result<Self, ReleaseError> {
        if owner["spec"]["kubeConfig"].is_object() {
            return Err(ReleaseError::Elsewhere);
        }
        let (namespace, name) = secret_of(owner).ok_or(ReleaseError::NoHistory)?;
        let read = |failure| ReleaseError::Read { namespace: namespace.clone(), name: name.clone(), failure };
        let secrets: Api<Secret> = Api::namespaced(client.clone(), &namespace);
        let secret = timeout(CALL_TIMEOUT, secrets.get(&name)).await.map_err(|_| read(Failure::timed_out()))?;
        let secret = secret.map_err(|error| read(Failure::of(&error)))?;
        let payload = secret.data.unwrap_or_default().remove("release").unwrap_or_default().0;
        let release = helm::decode(&payload).map_err(|source| ReleaseError::Decode {
            namespace: namespace.clone(),
            name: name.clone(),
            source,
        })?;
        Ok(Self::of(&release, kinds, cluster, &ObjectRef::of(cluster, owner)))
    }

    fn of(release: &helm::Release, kinds: &Kinds, cluster: &ClusterId, owner: &ObjectRef) -> Self {
        let is_namespaced = |object: &Value| kinds.find(&GroupKind::of(object)).map(|kind| kind.namespaced);
        let (mut objects, problems) = helm::split_manifest(&release.manifest);
        helm::adopt(&mut objects, release, is_namespaced);
        let invalid = |message: String| Problem::new(ProblemKind::Invalid, message).on_object(owner);
        let revision = format!("{} {}, release {}", release.chart_name, release.chart_version, release.version);
        Self {
            objects: objects.into_iter().map(|object| (ObjectRef::of(cluster, &object), object)).collect(),
            provenance: Provenance {
                revision: Some(revision),
                ..provenance(Fidelity::Exact, "Desired is the manifest in Helm's release Secret.")
            },
            problems: problems.into_iter().map(invalid).collect(),
        }
    }

    pub(crate) fn objects(&self) -> impl Iterator<Item = &ObjectRef> {
        self.objects.keys()
    }

    /// What the release says of an object; one that it does not have is no longer desired.
    pub(crate) fn desired(&self, object: &ObjectRef) -> Desired {
        let configuration =
            self.objects.get(object).map_or(Configuration::Absent, |json| Configuration::Whole(json.clone()));
        Desired { configuration, provenance: self.provenance.clone() }
    }
}

/// Namespace and name of the Secret of the newest entry in the history.
fn secret_of(owner: &Value) -> Option<(String, String)> {
    let newest = helm::newest_history(owner)?;
    let name = helm::storage_name(newest["name"].as_str()?, newest["version"].as_i64()?);
    Some((helm::storage_namespace(owner), name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_entry_of_the_history_names_the_secret() {
        let owner = json!({
            "metadata": {"name": "demo", "namespace": "flux-system"},
            "status": {"storageNamespace": "demo", "history": [{"name": "demo", "version": 2}, {"name": "demo", "version": 10}]},
        });
        assert_eq!(secret_of(&owner), Some(("demo".to_owned(), "sh.helm.release.v1.demo.v10".to_owned())));
        assert_eq!(secret_of(&json!({"status": {}})), None);
    }
}
