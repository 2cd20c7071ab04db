//! Who looks at the page, for hiding what they may not do. The server decides anyway; this only spares a refusal.

use domain::access::{Scope, Verb, Viewer, decide};
use domain::object::ObjectRef;
use leptos::prelude::*;

use crate::Failure;
use crate::api;

/// The signed-in person of this page.
#[derive(Clone, Copy)]
pub struct CurrentViewer(Resource<Result<Viewer, Failure>>);

/// Reads the viewer once for the whole application. Called by the root only.
pub fn provide_viewer() {
    provide_context(CurrentViewer(Resource::new(|| (), |()| api::current_viewer())));
}

/// The viewer that [`provide_viewer`] reads.
#[must_use]
pub fn use_viewer() -> CurrentViewer {
    expect_context()
}

impl CurrentViewer {
    /// Waits for the answer; `None` where nobody is signed in.
    pub async fn known(self) -> Option<Viewer> {
        self.0.await.ok()
    }
}

/// Whether the viewer may do this to that object.
#[must_use]
pub fn may(viewer: &Viewer, verb: Verb, object: &ObjectRef) -> bool {
    let scope = match &object.namespace {
        Some(namespace) => Scope::Namespace(&object.cluster, namespace),
        None => Scope::Cluster(&object.cluster),
    };
    decide(&viewer.grants, verb, scope)
}
