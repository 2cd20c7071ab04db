//! The rows, one table a file. Only the stores beside this module know them.

#![expect(unreachable_pub, reason = "the derives write `pub` items, whose fields and variants have to be as visible")]

pub(super) mod audit;
pub(super) mod baseline;
pub(super) mod cluster;
pub(super) mod cluster_state;
pub(super) mod grant;
pub(super) mod object;
pub(super) mod session;
pub(super) mod setting;
pub(super) mod timeline;
pub(super) mod token;
pub(super) mod user;
