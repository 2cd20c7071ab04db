//! The last step before anything leaves: both sides stripped, aligned, masked with the same tokens, and printed.

use domain::diff::canonical::Document;
use domain::diff::change::{Change, Context};
use domain::diff::mask::{MaskScope, Masked};
use domain::diff::normalise;
use domain::diff::owner::owners;
use domain::diff::path::Path;
use domain::diff::verdict::Applier;
use serde_json::Value;

/// The two sides as the viewer may see them.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) desired: Document,
    pub(super) actual: Document,
    pub(super) changes: Vec<Change>,
}

/// What is known beside the two objects.
#[derive(Clone, Copy, Default)]
pub(super) struct Knowledge<'a> {
    pub(super) applier: Option<Applier>,
    pub(super) ignored: &'a [Path],
    pub(super) taken_over: &'a [Path],
}

/// Renders what is there of the two sides; a missing side is an empty text. The key is the store's: digests of a baseline
/// and live values meet under the same token.
pub(super) fn render(
    desired: Option<&Value>,
    live: Option<&Value>,
    mask_key: &[u8],
    knowledge: Knowledge<'_>,
) -> Rendered {
    // One scope for both sides: equal values get equal tokens.
    let mut scope = MaskScope::view(mask_key);
    let mut masked = |object: &Value| {
        let mut object = object.clone();
        normalise::strip(&mut object);
        scope.object(object)
    };
    let (desired, mut actual) = (desired.map(&mut masked), live.map(&mut masked));
    let mut changes = Vec::new();
    if let (Some(desired), Some(actual)) = (&desired, &mut actual) {
        let moved = actual.align_to(desired);
        let owners = live.map(owners).unwrap_or_default();
        let context = Context {
            owners: &owners,
            manager: knowledge.applier.map_or("", Applier::manager),
            // The desired side is the predicted object: what it lacks is taken away, whoever wrote it.
            sent: None,
            ignored: knowledge.ignored,
            moved: &moved,
            taken_over: knowledge.taken_over,
        };
        changes = desired.changes_from(actual, &context);
    }
    let document = |side: Option<&Masked<Value>>| side.map(Masked::document).unwrap_or_default();
    Rendered { desired: document(desired.as_ref()), actual: document(actual.as_ref()), changes }
}
