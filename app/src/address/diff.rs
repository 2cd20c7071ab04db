//! `…/diff`: which object is open and how it is shown. View options never need another request.

use leptos_router::params::ParamsMap;

use super::ObjectAddress;

/// Unchanged lines around a change.
pub(crate) const DEFAULT_CONTEXT: usize = 3;
/// More context than this is the whole text.
const MAX_CONTEXT: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffView {
    /// Desired on the left, actual on the right.
    Split,
    Unified,
    /// One line a path.
    Changes,
}

impl DiffView {
    pub(crate) const ALL: [Self; 3] = [Self::Split, Self::Unified, Self::Changes];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Split => "split",
            Self::Unified => "unified",
            Self::Changes => "changes",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Split => "Split",
            Self::Unified => "Unified",
            Self::Changes => "Changes",
        }
    }
}

/// A diff page with everything that its link keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiffAddress {
    pub object: ObjectAddress,
    /// `None`: the one that the screen has room for.
    pub view: Option<DiffView>,
    pub context: usize,
    /// The managed object that is open, in its short form; `None`: the first that differs.
    pub open: Option<String>,
    /// Every row, also without scripts.
    pub full: bool,
}

impl DiffAddress {
    pub(crate) fn read(params: &ParamsMap, query: &ParamsMap) -> Self {
        let word = query.get("view").unwrap_or_default();
        Self {
            object: ObjectAddress::read(params, query),
            view: DiffView::ALL.into_iter().find(|view| view.word() == word),
            context: query
                .get("context")
                .and_then(|value| value.parse().ok())
                .unwrap_or(DEFAULT_CONTEXT)
                .min(MAX_CONTEXT),
            open: query.get("object").filter(|open| !open.is_empty()),
            full: query.get("full").is_some(),
        }
    }

    pub(crate) fn with_view(&self, view: DiffView) -> Self {
        Self { view: Some(view), ..self.clone() }
    }

    pub(crate) fn with_open(&self, open: String) -> Self {
        Self { open: Some(open), full: false, ..self.clone() }
    }

    pub(crate) fn url(&self) -> String {
        self.object
            .query()
            .with("view", self.view.map_or("", DiffView::word))
            .with_number("context", self.context, DEFAULT_CONTEXT)
            .with("object", self.open.as_deref().unwrap_or_default())
            .with_flag("full", self.full)
            .behind(&format!("{}/diff", self.object.path()))
    }
}
