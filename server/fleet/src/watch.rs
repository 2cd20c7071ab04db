//! What the clusters say, as it changes: discovery, one generic driver, a synchronous index per cluster, publishing.
//!
//! Invariants: the index only changes through the driver (and once, at start, from the stored last truth); secrets are
//! never watched; a row that leaves the index is masked; a change is published only if somebody could see a difference.
//! Nothing here writes to a cluster.

pub mod discovery;
pub(crate) mod driver;
pub mod events;
pub mod facts;
pub(crate) mod fetch;
pub mod index;
mod kept;
pub mod kinds;
pub mod object;
pub(crate) mod owner;
pub(crate) mod persist;
pub mod publisher;
pub mod row;
pub(crate) mod targets;

pub use index::Index;
pub use kinds::{Kinds, ServedKind};
pub use publisher::{Change, Publisher};
