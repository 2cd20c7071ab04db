//! A failed request: what failed, what is missing, what to do.

use domain::error::{ApiError, ErrorCode};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{Erase, Glyph, Icon};
use crate::Failure;
use crate::address::Query;

fn title(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Invalid | ErrorCode::InvalidCursor => "The address cannot be read",
        ErrorCode::Unauthenticated => "Not signed in",
        ErrorCode::Forbidden => "Not allowed",
        ErrorCode::NotFound => "Not found",
        ErrorCode::MethodNotAllowed | ErrorCode::Unsupported => "The request cannot be understood",
        ErrorCode::TimedOut => "The request took too long",
        ErrorCode::TooLarge => "Too large",
        ErrorCode::Conflict => "Changed meanwhile",
        ErrorCode::Refused => "Refused",
        ErrorCode::TooMany => "Too many attempts",
        ErrorCode::Cluster => "The cluster answered with an error",
        ErrorCode::Unreachable => "Not reachable",
        ErrorCode::Internal => "The server failed",
    }
}

/// The one line of an error, for places without room.
pub(crate) fn error_text(failure: &Failure) -> String {
    failure.0.message.clone()
}

/// The error in place of what was asked for. `whole`: in place of the page, so that its title heads the page.
#[component]
pub(crate) fn ErrorPanel(failure: Failure, whole: bool) -> impl IntoView {
    let ApiError { code, message, request_id, .. } = failure.0;
    let location = use_location();
    let here = location.pathname.get_untracked() + &query_of(&location.search.get_untracked());
    let (label, href) = match code {
        ErrorCode::Unauthenticated => ("Sign in", Query::default().with("next", &here).behind("/login")),
        ErrorCode::NotFound | ErrorCode::Forbidden => ("Go to the fleet", "/".to_owned()),
        _ => ("Try again", here),
    };
    let title = title(code);
    view! {
        <div class="problem problem-failed" role="alert">
            <Icon glyph=Glyph::OctagonX/>
            <div class="problem-text">
                {if whole { view! { <h1>{title}</h1> }.erase() } else { view! { <h2>{title}</h2> }.erase() }}
                <p>{message}</p>
                {(!request_id.is_empty()).then(|| view! { <p class="faint">"Request " {request_id}</p> })}
            </div>
            <span class="problem-actions">
                // A new document: whatever the page held is read again.
                <a class="button" href=href rel="external">{label}</a>
            </span>
        </div>
    }
}

fn query_of(search: &str) -> String {
    if search.is_empty() { String::new() } else { format!("?{}", search.trim_start_matches('?')) }
}
