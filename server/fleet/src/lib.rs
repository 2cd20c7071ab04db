//! The engine: clusters, watch, desired state, drift, logs, actions, access, audit, store.
//!
//! Everything that touches a cluster or the database is in here. Transports know [`access::Caller`] and the services, and
//! nothing else of it.

pub mod access;
pub(crate) mod actions;
pub mod audit;
pub mod clock;
pub mod clusters;
pub(crate) mod desired;
pub(crate) mod drift;
pub mod engine;
pub mod logs;
pub mod metrics;
pub mod services;
pub mod store;
pub mod watch;
