//! `check`: is this deployment sane. Takes the flags of `serve`, looks at everything that they name, and changes nothing.
//!
//! Each finding has an outcome and a text that says the way on. Only a failed one makes the exit code 1: a missing
//! permission or a cluster that is down is a warning, because the server starts and serves without it.

mod clusters;
mod network;
mod store;

use clap::Args;
use serde::Serialize;

use super::serve::ServeOptions;

#[derive(Clone, Debug, Args)]
pub struct CheckOptions {
    #[command(flatten)]
    pub serve: ServeOptions,
    /// Answer in JSON.
    #[arg(long, env = "FLUX_ORCHESTRATOR_JSON")]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    /// Works, with something missing that the detail names.
    Warning,
    Failed,
    /// Not tried, because something before it failed.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `database`, `key`, `tls`, `listen`, `sign-in`, or `cluster NAME`.
    pub subject: String,
    pub outcome: Outcome,
    /// What was found; if not passed, what to do.
    pub detail: String,
}

impl Finding {
    fn new(subject: impl Into<String>, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { subject: subject.into(), outcome, detail: detail.into() }
    }
}

/// All findings, in the order of looking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub ok: bool,
    pub findings: Vec<Finding>,
}

impl Report {
    fn of(findings: Vec<Finding>) -> Self {
        Self { ok: findings.iter().all(|finding| finding.outcome != Outcome::Failed), findings }
    }

    /// A line a finding, its further lines indented.
    fn text(&self) -> String {
        let line = |finding: &Finding| {
            let word = match finding.outcome {
                Outcome::Passed => "ok     ",
                Outcome::Warning => "warning",
                Outcome::Failed => "failed ",
                Outcome::Skipped => "skipped",
            };
            format!("{word}  {}: {}\n", finding.subject, finding.detail.replace('\n', "\n         "))
        };
        self.findings.iter().map(line).collect()
    }
}

impl CheckOptions {
    /// Looks at everything and prints what was found.
    ///
    /// # Errors
    /// When something failed.
    #[expect(clippy::print_stdout, reason = "what was found is the answer of this command")]
    pub async fn run(&self) -> anyhow::Result<()> {
        let report = self.report().await;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            print!("{}", report.text());
        }
        anyhow::ensure!(report.ok, "this deployment is not sane");
        Ok(())
    }

    async fn report(&self) -> Report {
        let mut findings = store::look(&self.serve.store).await;
        let usable = findings.iter().all(|finding| finding.outcome == Outcome::Passed);
        findings.extend(network::look(&self.serve));
        findings.extend(clusters::look(&self.serve, usable).await);
        Report::of(findings)
    }
}

/// The error and its causes in one line.
fn sentence(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failure_makes_a_deployment_unsound() {
        let report = |outcome| Report::of(vec![Finding::new("listen", outcome, "text")]);
        assert!([Outcome::Passed, Outcome::Warning, Outcome::Skipped].into_iter().all(|outcome| report(outcome).ok));
        assert!(!report(Outcome::Failed).ok);
    }

    #[test]
    fn further_lines_of_a_finding_stand_beneath_its_first() {
        let report = Report::of(vec![Finding::new("cluster prod", Outcome::Warning, "one\ntwo")]);
        assert_eq!(report.text(), "warning  cluster prod: one\n         two\n");
    }
}
