//! Every cluster that the server would watch, and what each missing permission disables.

use domain::cluster::StepOutcome;
use fleet::clock::Clock;
use fleet::clusters::inspection::{ClusterInspection, ClusterSources, inspect_clusters};
use fleet::store::Store;

use super::{Finding, Outcome, sentence};
use crate::cli::serve::ServeOptions;

/// `store_is_usable`: the registered clusters can be read without changing the schema or making a key.
pub(super) async fn look(options: &ServeOptions, store_is_usable: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let store = if store_is_usable {
        match Store::open(options.store.config(Clock::system(), options.retention.retention())).await {
            Ok(store) => Some(store),
            Err(error) => {
                findings.push(Finding::new("clusters", Outcome::Failed, sentence(&error)));
                None
            }
        }
    } else {
        let detail = "registered clusters were not tried, because the database is not ready";
        findings.push(Finding::new("clusters", Outcome::Skipped, detail));
        None
    };
    let sources = ClusterSources {
        kubeconfigs: options.kubeconfig.clone(),
        in_cluster: options.in_cluster,
        allow_loopback_clusters: options.allow_loopback_clusters,
    };
    match inspect_clusters(store.as_ref(), &sources).await {
        Ok(inspections) if inspections.is_empty() && findings.is_empty() => {
            findings.push(Finding::new("clusters", Outcome::Passed, "none are registered"));
        }
        Ok(inspections) => findings.extend(inspections.iter().map(finding)),
        Err(error) => findings.push(Finding::new("clusters", Outcome::Failed, sentence(&error))),
    }
    if let Some(store) = store
        && let Err(error) = store.close().await
    {
        findings.push(Finding::new("database", Outcome::Failed, sentence(&error)));
    }
    findings
}

/// A cluster that does not work is a warning: the server serves the others.
fn finding(inspection: &ClusterInspection) -> Finding {
    let subject = format!("cluster {}", inspection.name);
    let failed = inspection.steps.iter().find(|step| step.outcome == StepOutcome::Failed);
    if let Some(step) = failed {
        return Finding::new(subject, Outcome::Warning, format!("not {}: {}", step.name, step.detail));
    }
    let told = inspection.steps.iter().filter(|step| step.name != "permissions" && !step.detail.is_empty());
    let mut lines = vec![told.map(|step| step.detail.as_str()).collect::<Vec<_>>().join(", ")];
    let missing = inspection.permissions.iter().filter(|permission| !permission.held);
    lines.extend(missing.map(|permission| format!("may not {}: {}", permission.name, permission.without)));
    let sound = inspection.steps.iter().all(|step| step.outcome == StepOutcome::Passed);
    Finding::new(subject, if sound { Outcome::Passed } else { Outcome::Warning }, lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use domain::cluster::{ClusterOrigin, Permission, ProbeStep};

    use super::*;

    fn step(name: &str, outcome: StepOutcome, detail: &str) -> ProbeStep {
        ProbeStep { name: name.to_owned(), outcome, detail: detail.to_owned() }
    }

    fn inspection(steps: Vec<ProbeStep>, held: bool) -> ClusterInspection {
        let permission = Permission { name: "dry-run".to_owned(), held, without: "diffs are estimates".to_owned() };
        let permissions = vec![permission];
        ClusterInspection { name: "prod".to_owned(), origin: ClusterOrigin::Registered, steps, permissions }
    }

    #[test]
    fn a_missing_permission_is_a_warning_that_says_what_it_disables() {
        let steps = vec![
            step("reachable", StepOutcome::Passed, "Kubernetes v1.33.1"),
            step("permissions", StepOutcome::Warning, "missing: dry-run"),
        ];
        let found = finding(&inspection(steps, false));
        assert_eq!(found.outcome, Outcome::Warning);
        assert_eq!(found.detail, "Kubernetes v1.33.1\nmay not dry-run: diffs are estimates");
    }

    #[test]
    fn a_cluster_that_does_not_answer_is_a_warning_with_the_step_that_failed() {
        let steps = vec![step("reachable", StepOutcome::Failed, "connection refused")];
        let found = finding(&inspection(steps, true));
        assert_eq!((found.outcome, found.detail.as_str()), (Outcome::Warning, "not reachable: connection refused"));
    }
}
