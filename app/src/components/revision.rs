//! Revisions: short on screen, whole on hover.

use domain::resource::ResourceRow;
use leptos::prelude::*;

/// `main@sha1:a41f09c…` as `main@a41f09c`, a bare digest by its first digits, a version as it is.
pub(crate) fn short_revision(revision: &str) -> String {
    const DIGITS: usize = 7;
    let (name, digest) = revision.rsplit_once('@').map_or((None, revision), |(name, digest)| (Some(name), digest));
    let digest = match digest.split_once(':') {
        Some((_, hex)) => hex.get(..DIGITS).unwrap_or(hex),
        None => return revision.to_owned(),
    };
    name.map_or_else(|| digest.to_owned(), |name| format!("{name}@{digest}"))
}

/// Applied revision, and the attempted one where it differs.
#[component]
pub(crate) fn Revision(row: ResourceRow) -> impl IntoView {
    let applied = row.revision.as_deref().map(short_revision);
    let attempted = row.attempted.as_deref().map(short_revision);
    view! {
        <span class="revision" title=row.revision.clone()>{applied.unwrap_or_else(|| "–".to_owned())}</span>
        {attempted.map(|attempted| view! {
            " "
            <span class="revision-other" title=row.attempted.clone()>"≠ " {attempted}</span>
        })}
    }
}

#[cfg(test)]
mod tests {
    use super::short_revision;

    #[test]
    fn revisions_are_short_and_still_say_where_they_are_from() {
        assert_eq!(short_revision("main@sha1:a41f09c2b1"), "main@a41f09c");
        assert_eq!(short_revision("sha256:0123456789abcdef"), "0123456");
        assert_eq!(short_revision("1.15.0"), "1.15.0");
        assert_eq!(short_revision("1.15.0@sha256:0123456789"), "1.15.0@0123456");
    }
}
