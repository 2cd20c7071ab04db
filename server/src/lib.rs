//! The server as a library: command line, composition root, HTTP. The binary is [`cli`] and a match.
//!
//! Owns what a process owns: flags, listeners, signals, assets, and the translation between HTTP and
//! [`fleet::services::Services`]. It never decides who may do what and never speaks to a cluster; both are behind the services.

// The types of the pages nest deeper than the compiler's default allows for their layout.
#![recursion_limit = "512"]

pub mod cli;
#[cfg(feature = "demo")]
pub mod demo;
pub mod http;
pub mod serve;
