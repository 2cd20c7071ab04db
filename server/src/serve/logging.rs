//! Where log lines go and how they look: standard error, as text or as one JSON object a line.
//!
//! What is logged while a request is handled carries its id, a panic too. `RUST_LOG` chooses what is logged.

use std::panic::PanicHookInfo;

use domain::diff::mask::mask_text;
use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;

/// A second start (tests, demo) keeps the first.
pub fn start(format: LogFormat) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,kube=warn,sqlx=warn,hyper=warn"));
    let logging = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => logging.try_init(),
        LogFormat::Json => logging.json().flatten_event(true).with_span_list(false).try_init(),
    };
    match started {
        Ok(()) => log_panics(),
        Err(error) => tracing::debug!(%error, "logging had been started before"),
    }
}

/// From now on a panic is a line of the log instead of text between the lines.
pub fn log_panics() {
    std::panic::set_hook(Box::new(log_panic));
}

/// Runs where it happens, so within the span of the request.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let text = panic.payload_as_str().map(mask_text).unwrap_or_default();
    tracing::error!(location, panic = text, "panic");
}
