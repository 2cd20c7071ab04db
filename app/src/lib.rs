//! The interface: pages, components and server functions.
//!
//! One crate, compiled twice: with `ssr` into the server, with `hydrate` into the browser's WASM. What differs between
//! the two lives in [`platform`] and in the bodies of [`api`]; everything else is the same code. Pages hold no state that
//! the URL can hold, follow changes over one socket ([`live`]), and decide nothing about rights: they show what the
//! server functions return.
#![expect(unreachable_pub, reason = "the component macro writes public items, whatever the component's own visibility")]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("`ssr` and `hydrate` exclude each other; build per package, never with --workspace or --all-features");
#[cfg(not(any(feature = "ssr", feature = "hydrate")))]
compile_error!("choose a side: `--features ssr` for the server, `--features hydrate` for the browser");

pub mod address;
pub mod api;
mod app;
mod components;
mod failure;
mod frame;
mod live;
mod pages;
mod platform;
mod shell;
mod viewer;

pub use app::App;
pub use failure::Failure;
pub use shell::{PageAssets, shell};
