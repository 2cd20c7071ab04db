//! Tries a kubeconfig out before it is saved: a list of steps, each passed or with what to do.

use std::time::Duration;

use domain::cluster::{Permission, ProbeStep, StepOutcome};
use tokio::time::timeout;

use super::address::AddressPolicy;
use super::connection;
use super::failure::Failure;
use super::kubeconfig::{AcceptedKubeconfig, KubeconfigError, Supplier, accept};
use super::{flux, permissions};
use crate::watch::discovery::discover;
use crate::watch::targets::targets;

const PARSED: &str = "parsed";
const ACCEPTED: &str = "accepted";
const REACHABLE: &str = "reachable";
const FLUX: &str = "Flux";
const PERMISSIONS: &str = "permissions";
const NAMES: [&str; 5] = [PARSED, ACCEPTED, REACHABLE, FLUX, PERMISSIONS];

const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// How far a kubeconfig came.
#[derive(Debug)]
pub struct Probe {
    /// All five, in order; those not tried are skipped.
    pub steps: Vec<ProbeStep>,
    /// `None` if the kubeconfig itself was refused.
    pub(crate) accepted: Option<AcceptedKubeconfig>,
    /// `None` if the cluster did not answer all questions.
    pub(crate) findings: Option<Findings>,
}

/// What a cluster said of itself while it was tried out.
#[derive(Clone, Debug)]
pub(crate) struct Findings {
    pub(crate) kubernetes_version: String,
    pub(crate) flux_version: Option<String>,
    pub(crate) permissions: Vec<Permission>,
}

impl Probe {
    /// The kubeconfig may be used and the cluster answers to it.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.outcome, StepOutcome::Passed | StepOutcome::Warning))
    }

    fn record(&mut self, name: &str, outcome: StepOutcome, detail: impl Into<String>) {
        self.steps.push(ProbeStep { name: name.to_owned(), outcome, detail: detail.into() });
    }

    fn fail(mut self, name: &str, detail: impl Into<String>) -> Self {
        self.record(name, StepOutcome::Failed, detail);
        for skipped in NAMES.iter().skip_while(|known| **known != name).skip(1) {
            self.record(skipped, StepOutcome::Skipped, "");
        }
        self
    }
}

/// Parse, accept, connect, look for Flux, ask for permissions.
pub async fn probe(text: &str, context: Option<&str>, supplier: Supplier, policy: &AddressPolicy) -> Probe {
    let mut probe = Probe { steps: Vec::new(), accepted: None, findings: None };
    let accepted = match accept(text, context, supplier) {
        Ok(accepted) => accepted,
        Err(error @ (KubeconfigError::Refused { .. } | KubeconfigError::Plaintext)) => {
            probe.record(PARSED, StepOutcome::Passed, "");
            return probe.fail(ACCEPTED, error.to_string());
        }
        Err(error) => return probe.fail(PARSED, error.to_string()),
    };
    probe.record(PARSED, StepOutcome::Passed, format!("context {}", accepted.context));
    if let Err(error) = policy.check_url(&accepted.server) {
        return probe.fail(ACCEPTED, error.to_string());
    }
    probe.record(ACCEPTED, StepOutcome::Passed, accepted.server.to_string());
    let connected = connection::connect(&accepted, policy).await;
    probe.accepted = Some(accepted);
    match connected {
        Ok(client) => ask(probe, &client).await,
        Err(error) => probe.fail(REACHABLE, Failure::of_connection(&error).message()),
    }
}

/// The same for a client that stands already: nothing of a kubeconfig is left to try.
pub(crate) async fn ask_cluster(client: &kube::Client) -> Probe {
    ask(Probe { steps: Vec::new(), accepted: None, findings: None }, client).await
}

async fn ask(mut probe: Probe, client: &kube::Client) -> Probe {
    let kubernetes_version = match timeout(STEP_TIMEOUT, client.apiserver_version()).await {
        Ok(Ok(version)) => version.git_version,
        Ok(Err(error)) => {
            let detail = match Failure::of(&error) {
                Failure::Unauthorized(_) => "the cluster does not accept these credentials".to_owned(),
                failure => failure.message().to_owned(),
            };
            return probe.fail(REACHABLE, detail);
        }
        Err(_) => return probe.fail(REACHABLE, "no answer in time"),
    };
    probe.record(REACHABLE, StepOutcome::Passed, format!("Kubernetes {kubernetes_version}"));
    let kinds = match timeout(STEP_TIMEOUT, discover(client)).await {
        Ok(Ok((kinds, _))) => kinds,
        Ok(Err(error)) => return probe.fail(FLUX, Failure::of(&error).message()),
        Err(_) => return probe.fail(FLUX, "the list of kinds did not come in time"),
    };
    let found = flux::find(client, &kinds).await;
    let served = targets(&kinds, &found.namespace)
        .iter()
        .filter(|target| domain::catalogue::by_group_kind(&target.kind.group, &target.kind.kind).is_some())
        .count();
    match (served, &found.version) {
        (0, _) => probe.record(
            FLUX,
            StepOutcome::Warning,
            "no Flux kinds are served; install Flux, and they appear here by themselves",
        ),
        (served, Some(version)) => {
            probe.record(FLUX, StepOutcome::Passed, format!("{version}, {served} kinds in {}", found.namespace));
        }
        (served, None) => probe.record(FLUX, StepOutcome::Passed, format!("{served} kinds")),
    }
    let permissions = permissions::permissions(client).await;
    let missing: Vec<String> = permissions
        .iter()
        .filter(|permission| !permission.held)
        .map(|permission| format!("{}: {}", permission.name, permission.without))
        .collect();
    match missing.as_slice() {
        [] => probe.record(PERMISSIONS, StepOutcome::Passed, "all held"),
        missing => probe.record(PERMISSIONS, StepOutcome::Warning, format!("missing: {}", missing.join("; "))),
    }
    probe.findings = Some(Findings { kubernetes_version, flux_version: found.version, permissions });
    probe
}
