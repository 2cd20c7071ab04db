//! Desired against actual.

pub mod text;
