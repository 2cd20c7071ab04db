//! The audit trail: one wrapper through which every change of a cluster or of this product goes.
//!
//! A row is on the disk before the work begins, and completed when it ends; where the first cannot be written, the work
//! is not done. Texts are masked on their way in. Never decides whether something is allowed: it takes the proof.

use std::error::Error;

use domain::diff::mask::mask_text;

use crate::access::Authorized;
use crate::clock::Clock;
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

/// Writes the trail; clones share it.
#[derive(Clone, Debug)]
pub struct Audit {
    store: AuditStore,
    clock: Clock,
}

impl Audit {
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store: store.audit(), clock }
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
        let entry = self.entry(authorized, action, detail, AuditOutcome::Started);
        let id = self.store.insert(entry).await.map_err(AuditError::NotBegun)?;
        let open = OpenRow { audit: self, id: Some(id), end: (AuditOutcome::Interrupted, String::new()) };
        let result = work.await;
        match &result {
            Ok(_) => open.end(AuditOutcome::Succeeded, String::new()).await,
            Err(error) => open.end(AuditOutcome::Failed, chain(error)).await,
        }
        result.map_err(AuditError::Work)
    }

    /// Notes a read that policy wants on record.
    ///
    /// # Errors
    /// When the row cannot be written; the read should not happen then.
    pub async fn note(&self, authorized: &Authorized, action: &str, detail: &str) -> Result<(), StoreError> {
        let entry = self.entry(authorized, action, detail, AuditOutcome::Noted);
        self.store.insert(entry).await.map(drop)
    }

    fn entry(&self, authorized: &Authorized, action: &str, detail: &str, outcome: AuditOutcome) -> AuditEntry {
        let (caller, target) = (authorized.caller(), authorized.target());
        AuditEntry {
            started_at: self.clock.now(),
            finished_at: None,
            caller: caller.name.clone(),
            remote: caller.remote.map(|remote| remote.to_string()),
            verb: serde_json::to_value(authorized.verb())
                .ok()
                .and_then(|verb| verb.as_str().map(str::to_owned))
                .expect("a verb is written as one word"),
            target: target.to_string(),
            cluster: target.cluster().map(|cluster| cluster.0.clone()),
            namespace: target.namespace().map(str::to_owned),
            action: action.to_owned(),
            detail: mask_text(detail),
            outcome,
            message: String::new(),
        }
    }

    /// The work is over whatever happens here, so that a failure is told to the log and not to the caller.
    async fn finish(&self, id: &str, outcome: AuditOutcome, message: &str) {
        if let Err(error) = self.store.finish(id, self.clock.now(), outcome, message).await {
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
