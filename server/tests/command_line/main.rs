//! The binary as a person or a platform runs it: commands, their exit codes, signals, logs, and the page that lists flags.

mod child;
mod commands;
mod documentation;
mod signals;
