//! Mutation fuzzing of everything that reads foreign bytes: manifests, kubeconfigs, releases, log lines, messages.
//!
//! A target is a plain function that may not panic, may not take long, and states what must hold of what it read.
//! [`corpus`] has what its inputs begin with, [`mutation`] how they change, [`run`] drives one target and
//! [`shrink`] makes a finding small. Seeded: the same seed gives the same inputs. Nothing here is part of the server.

pub mod corpus;
pub mod mutation;
pub mod run;
pub mod shrink;
pub mod targets;
