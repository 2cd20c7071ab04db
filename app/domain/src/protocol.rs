//! Messages of the sockets: [`watch`] for lists and objects that change, [`logs`] for log lines.
//!
//! JSON, one message a frame, each with a `type`. Documented for outsiders in `docs/api.md`.

pub mod logs;
pub mod watch;
