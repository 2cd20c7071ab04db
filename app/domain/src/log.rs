//! Log lines: what a line of a container says, and how lines of many containers become one ordered stream.
//!
//! Owns the timestamp prefix, the level, the Flux controllers' fields, label selectors, the order of lines and the
//! decision how a cut stream goes on. Never reads a stream, never looks at a clock: times are handed in.

pub mod ansi;
pub mod flux;
pub mod level;
pub mod line;
pub mod merge;
pub mod resume;
pub mod selector;
