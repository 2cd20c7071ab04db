//! The words of flux-orchestrator: plain data and pure functions, for the server and the browser alike.
//!
//! Owns what things mean: objects, health, desired against actual, log lines, permissions, messages of the sockets.
//! Never does I/O, reads no clock, knows neither the interface framework nor a Kubernetes client; whatever decides
//! something in this product decides it here, where a test needs data in and a value out.

pub mod access;
pub mod action;
pub mod catalogue;
pub mod cluster;
pub mod condition;
pub mod diff;
pub mod drift;
pub mod error;
pub mod event;
pub mod health;
#[cfg(feature = "native")]
pub mod helm;
pub mod inventory;
pub mod list;
pub mod log;
#[cfg(feature = "native")]
pub mod metrics;
pub mod object;
pub mod problem;
pub mod protocol;
pub mod quantity;
pub mod resource;
pub mod revision;
pub mod workload;
