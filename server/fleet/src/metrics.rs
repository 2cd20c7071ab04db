//! What the engine measures, and the answer to a scrape.
//!
//! Three sources meet in a [`Scrape`]: [`counters`] that the modules of the engine raise as things happen, the state
//! of the engine read when somebody asks ([`state`], [`process`]), and the series of every Flux object, derived from the
//! index on the way out ([`series`]). Nothing is cached and nothing is kept for objects that are gone. Labels come from
//! constants, from the catalogue of kinds and from the registry of clusters, never from a request.

pub(crate) mod counters;
mod exposition;
mod process;
mod scrape;
mod series;
mod state;

pub use counters::{LabelPair, Open};
pub use exposition::Format;
pub use scrape::{Scrape, Selection, UnknownGroup};

/// The first word of the name of every metric that is about this product itself.
pub const PREFIX: &str = "flux_orchestrator";
