//! The listener without an engine: slow peers, full houses, certificates, panics.

mod connections;
mod panics;
mod peer;
mod tls;
