//! The Kubernetes API over HTTP: paths, discovery, objects, lists, watches, logs and reviews.
//!
//! Translates between requests and the cluster; the rules of objects live outside. Every error is a `metav1.Status`.

pub(crate) mod discovery;
pub(crate) mod interference;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod object;
pub(crate) mod patch;
pub(crate) mod projection;
pub(crate) mod proxy;
pub(crate) mod query;
pub(crate) mod resource_path;
pub(crate) mod review;
pub(crate) mod router;
pub(crate) mod selector;
pub(crate) mod watch;
