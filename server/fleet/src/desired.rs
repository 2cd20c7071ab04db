//! What Flux would make of an object if it applied now, from the best source that the cluster offers.
//!
//! * [`release`]: a HelmRelease's objects, from Helm's own release Secret. Exact.
//! * [`baseline`]: a Kustomization's objects, as they were observed when a revision had been applied successfully. Needs no
//!   artifact, no builder and no decryption key.
//!
//! Where neither has the object, the inventory alone says that it should be there. Never asks what an apply would do with
//! it: that is `drift`.

pub(crate) mod baseline;
pub(crate) mod release;

use domain::drift::{Fidelity, Provenance};
use serde_json::Value;

/// The desired side of one object, before any dry-run.
#[derive(Debug)]
pub(crate) struct Desired {
    pub(crate) configuration: Configuration,
    pub(crate) provenance: Provenance,
}

/// What is known of the desired object.
#[derive(Debug)]
pub(crate) enum Configuration {
    /// What the applier sends; may be sent in a dry-run.
    Whole(Value),
    /// The same with secret values as keyed digests: may be compared with an object masked likewise, never sent.
    Digested(Value),
    /// That it should exist.
    Presence,
    /// That it should not.
    Absent,
}

impl Desired {
    /// Known from the inventory only; `note` says why there is no more.
    pub(crate) fn presence(note: &str) -> Self {
        Self { configuration: Configuration::Presence, provenance: provenance(Fidelity::Presence, note) }
    }
}

pub(crate) fn provenance(fidelity: Fidelity, note: &str) -> Provenance {
    Provenance { fidelity, revision: None, since: None, dry_run: false, notes: vec![note.to_owned()] }
}
