//! The audit trail: one wrapper through which every change of a cluster or of this product goes.
//!
//! A row is on the disk before the work begins, and completed when it ends; where the first cannot be written, the work
//! is not done. Texts are masked on their way in. Never decides whether something is allowed: it takes the proof, or the
//! refusal. Which reads are on record is said in one place, [`AuditPolicy`].

use std::error::Error;

use domain::access::Verb;
use domain::diff::mask::mask_text;

use crate::access::{Authorized, Caller, Denied, Target};
use crate::clock::Clock;
use crate::metrics::counters::COUNTERS;
use crate::store::{AuditEntry, AuditOutcome, AuditStore, Store, StoreError};

/// Why audited work has no result.
#[derive(Debug, thiserror::Error)]
pub enum AuditError<E: Error + 'static> {
    /// Nothing was done.
    #[error("cannot write the audit trail, so nothing was done")]
    NotBegun(#[source] StoreError),
    /// The work itself failed; the trail says so.
    #[error(transparent)]
    Work(E),
}

/// Which reads are noted. Changes, sign-ins and refused changes always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPolicy {
    /// Container logs.
    pub logs: bool,
    /// Diffs and manifests of Secrets, although their values are masked.
    pub secrets: bool,
    /// All other diffs: a row each time that somebody opens one.
    pub diffs: bool,
}

impl Default for AuditPolicy {
    fn default() -> Self {
        Self { logs: true, secrets: true, diffs: false }
    }
}

impl AuditPolicy {
    fn names(self, verb: Verb, target: &Target) -> bool {
        let secret = matches!(target, Target::Object(object) if object.group.is_empty() && object.kind == "Secret");
        match verb {
            Verb::Logs => self.logs,
            Verb::View | Verb::Diff if secret => self.secrets,
            Verb::Diff => self.diffs,
            _ => false,
        }
    }
}

/// Writes the trail; clones share it.
#[derive(Clone, Debug)]
pub struct Audit {
    store: AuditStore,
    clock: Clock,
    policy: AuditPolicy,
}

impl Audit {
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store: store.audit(), clock, policy: AuditPolicy::default() }
    }

    #[must_use]
    pub fn with_policy(self, policy: AuditPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Does `work` between a start row and its completion. `action` is the verb of a person (`suspend`), `detail` what
    /// the target alone does not say. If the future is dropped in the middle, the row ends as interrupted.
    ///
    /// # Errors
    /// [`AuditError::NotBegun`] if the start row cannot be written; else whatever the work says.
    pub async fn run<T, E: Error + 'static>(
        &self,
        authorized: &Authorized,
        action: &str,
        detail: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, AuditError<E>> {
        let entry = self.entry(authorized, action, detail);
        let id = self.store.insert(entry).await.map_err(|error| {
            COUNTERS.audit_failure("begin");
            AuditError::NotBegun(error)
        })?;
        let open = OpenRow { audit: self, id: Some(id), end: (AuditOutcome::Interrupted, String::new()) };
        let result = work.await;
        match &result {
            Ok(_) => open.end(AuditOutcome::Succeeded, String::new()).await,
            Err(error) => open.end(AuditOutcome::Failed, chain(error)).await,
        }
        result.map_err(AuditError::Work)
    }

    /// Notes a read, if policy wants it on record.
    ///
    /// # Errors
    /// When the row cannot be written; the read should not happen then.
    pub async fn note(&self, authorized: &Authorized, action: &str, detail: &str) -> Result<(), StoreError> {
        if !self.policy.names(authorized.verb(), authorized.target()) {
            return Ok(());
        }
        let entry = AuditEntry { outcome: AuditOutcome::Noted, ..self.entry(authorized, action, detail) };
        self.store.insert(entry).await.map(drop).inspect_err(|_| COUNTERS.audit_failure("note"))
    }

    /// Notes an attempt to change something that the caller may not. Nothing was done, so that a failure to write it
    /// down is told to the log and not to the caller.
    pub async fn refused(&self, caller: &Caller, denied: &Denied) {
        let entry = self.entry_of(caller, denied.verb, &denied.target);
        let entry = AuditEntry {
            action: denied.verb.word().replace('_', " "),
            finished_at: Some(entry.started_at),
            outcome: AuditOutcome::Refused,
            message: denied.to_string(),
            ..entry
        };
        if let Err(error) = self.store.insert(entry).await {
            COUNTERS.audit_failure("note");
            let error: &dyn Error = &error;
            tracing::error!(error, verb = denied.verb.word(), "a refusal could not be written to the audit trail");
        }
    }

    fn entry(&self, authorized: &Authorized, action: &str, detail: &str) -> AuditEntry {
        AuditEntry {
            action: action.to_owned(),
            detail: mask_text(detail),
            ..self.entry_of(authorized.caller(), authorized.verb(), authorized.target())
        }
    }

    fn entry_of(&self, caller: &Caller, verb: Verb, target: &Target) -> AuditEntry {
        AuditEntry {
            started_at: self.clock.now(),
            finished_at: None,
            caller: caller.name.clone(),
            token: caller.token().map(str::to_owned),
            remote: caller.remote.map(|remote| remote.to_string()),
            request_id: caller.request_id.clone(),
            verb: verb.word().to_owned(),
            target: target.to_string(),
            cluster: target.cluster().map(|cluster| cluster.0.clone()),
            namespace: target.namespace().map(str::to_owned),
            action: String::new(),
            detail: String::new(),
            outcome: AuditOutcome::Started,
            message: String::new(),
        }
    }

    /// The work is over whatever happens here, so that a failure is told to the log and not to the caller.
    async fn finish(&self, id: &str, outcome: AuditOutcome, message: &str) {
        if let Err(error) = self.store.finish(id, self.clock.now(), outcome, message).await {
            COUNTERS.audit_failure("complete");
            let error: &dyn Error = &error;
            tracing::error!(error, id, outcome = outcome.word(), "an audit row could not be completed");
        }
    }
}

/// A row that waits for its end, and gets one even if the request goes away.
struct OpenRow<'a> {
    audit: &'a Audit,
    /// `None` once the end is written.
    id: Option<String>,
    end: (AuditOutcome, String),
}

impl OpenRow<'_> {
    async fn end(mut self, outcome: AuditOutcome, message: String) {
        // Set first: dropped while writing, the row still gets this end.
        self.end = (outcome, message);
        if let Some(id) = &self.id {
            self.audit.finish(id, self.end.0, &self.end.1).await;
        }
        self.id = None;
    }
}

impl Drop for OpenRow<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let audit = self.audit.clone();
        let (outcome, message) = (self.end.0, std::mem::take(&mut self.end.1));
        runtime.spawn(async move { audit.finish(&id, outcome, &message).await });
    }
}

/// The error and its causes in one masked line.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    mask_text(&text)
}
