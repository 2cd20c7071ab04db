//! Container logs of many clusters, live and aggregated.
//!
//! Owns the way of a line from the API server to a viewer: [`reader`] follows a container through cuts and restarts and
//! fills the ring of its [`hub`]; a [`session`] reads from the hubs of its containers, merges and batches;
//! [`aggregate`] asks once instead. Every buffer is bounded in bytes, and what does not fit is counted and told. Lines
//! are redacted before they are kept. Never writes to a cluster, never keeps a line on a disk.

mod aggregate;
mod budget;
mod container;
mod hub;
mod lines;
mod reader;
mod redact;
mod ring;
mod scope;
mod select;
mod session;
mod upstream;

pub(crate) use aggregate::aggregate;
pub use hub::Hubs;
pub(crate) use select::{FindCluster, SelectError, Selection, select};
pub use session::LogSession;
