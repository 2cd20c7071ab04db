//! Parts that pages are made of. Small, plain data in, no requests; what a part looks like is in its style sheet.

mod actions;
mod bar;
mod code;
mod conditions;
mod copy;
mod empty;
mod erased;
mod error;
mod failed;
mod icon;
mod loading;
mod middle;
mod problems;
mod revision;
mod secret;
mod status;
mod tabs;
mod timestamp;

pub(crate) use actions::{ActionLook, ObjectActions};
pub(crate) use bar::{SegmentedBar, StatusLegend};
pub(crate) use code::CodeView;
pub(crate) use conditions::ConditionList;
pub(crate) use copy::CopyButton;
pub(crate) use empty::Empty;
pub(crate) use erased::Erase;
pub(crate) use error::{ErrorPanel, error_text};
pub(crate) use failed::Failed;
pub(crate) use icon::{Glyph, Icon, provide_icons};
pub(crate) use loading::{loaded, loaded_part};
pub(crate) use middle::Middle;
pub(crate) use problems::Problems;
pub(crate) use revision::{Revision, short_revision};
pub(crate) use secret::Secret;
pub(crate) use status::{StatusBadge, StatusGlyph, condition_status, glyph, status_class};
pub(crate) use tabs::Tab;
pub(crate) use timestamp::{Timestamp, clock_time, provide_now, use_now};
