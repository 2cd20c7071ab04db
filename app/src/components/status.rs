//! Status as glyph and word, everywhere the same.

use domain::condition::Condition;
use domain::health::Status;
use leptos::prelude::*;

use super::{Glyph, Icon};

pub(crate) fn glyph(status: Status) -> Glyph {
    match status {
        Status::Ready => Glyph::CircleCheck,
        Status::Progressing => Glyph::Loader,
        Status::Waiting => Glyph::Clock,
        Status::Failed => Glyph::OctagonX,
        Status::Stalled => Glyph::Triangle,
        Status::Suspended => Glyph::CirclePause,
        Status::Drifted => Glyph::Drifted,
        Status::Terminating => Glyph::Trash,
        Status::Unknown => Glyph::CircleDashed,
    }
}

/// The word of a status in class names. Terminating has the colours of waiting: neither good nor bad, and not for long.
pub(crate) fn status_class(status: Status) -> &'static str {
    match status {
        Status::Terminating => Status::Waiting.word(),
        other => other.word(),
    }
}

/// Glyph and word; `label` in place of the word where there is more to say.
#[component]
pub(crate) fn StatusBadge(status: Status, #[prop(optional, into)] label: Option<String>) -> impl IntoView {
    view! {
        <span class=format!("status status-{}", status_class(status))>
            <Icon glyph=glyph(status)/>
            {label.unwrap_or_else(|| status.to_string())}
        </span>
    }
}

/// The glyph alone, with its word for screen readers.
#[component]
pub(crate) fn StatusGlyph(status: Status) -> impl IntoView {
    view! {
        <span class=format!("status status-{} status-glyph", status_class(status)) title=status.to_string()>
            <Icon glyph=glyph(status)/>
            <span class="visually-hidden">{status.to_string()}</span>
        </span>
    }
}

/// How a condition reads: most are good when true, a few are good when false.
pub(crate) fn condition_status(condition: &Condition) -> Status {
    match condition.type_.as_str() {
        "Reconciling" if condition.is_true() => Status::Progressing,
        "Stalled" if condition.is_true() => Status::Stalled,
        "FetchFailed" | "BuildFailed" | "StorageOperationFailed" | "IncludeUnavailable" if condition.is_true() => {
            Status::Failed
        }
        "Reconciling" | "Stalled" | "FetchFailed" | "BuildFailed" | "StorageOperationFailed" | "IncludeUnavailable" => {
            Status::Ready
        }
        _ if condition.is_true() => Status::Ready,
        _ if condition.is_false() && condition.reason == "DependencyNotReady" => Status::Waiting,
        _ if condition.is_false() => Status::Failed,
        _ => Status::Progressing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(type_: &str, status: &str) -> Status {
        condition_status(&Condition { type_: type_.to_owned(), status: status.to_owned(), ..Condition::default() })
    }

    #[test]
    fn conditions_that_name_a_fault_are_good_when_false() {
        assert_eq!(read("Ready", "True"), Status::Ready);
        assert_eq!(read("Ready", "False"), Status::Failed);
        assert_eq!(read("Ready", "Unknown"), Status::Progressing);
        assert_eq!(read("Stalled", "True"), Status::Stalled);
        assert_eq!(read("Stalled", "False"), Status::Ready);
        assert_eq!(read("FetchFailed", "True"), Status::Failed);
    }
}
