//! HTTP: pages, REST, sockets and assets over [`fleet::services::Services`].
//!
//! Transport only: a handler parses, calls one service and converts. Every route stands in a table with what it asks of
//! the caller ([`routes`]); errors become responses in one place ([`error`]).

pub mod admin;
pub mod arrival;
pub mod assets;
pub mod error;
pub mod extract;
pub mod listener;
pub mod metrics;
pub mod page;
pub mod proxy;
pub mod request_log;
pub mod rest;
pub mod router;
pub mod routes;
pub mod security;
pub mod sign_in;
pub mod socket;
pub mod state;
pub mod tls;
