//! The whole server in process: REST, sign-in, pages and sockets over an engine with clusters of the simulator.

// The types of the pages nest deeper than the compiler's default allows for their layout.
#![recursion_limit = "512"]

mod access;
mod api;
mod clusters;
mod docs_examples;
mod edge;
mod hogs;
mod hostile;
mod logs;
mod metrics;
mod openapi;
mod pages;
mod resources;
mod sign_in;
mod site;
mod sockets;
