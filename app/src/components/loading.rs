//! The way from a request to its view: waiting, failed, or there.

use leptos::prelude::*;

use super::{Erase, ErrorPanel};
use crate::{Failure, platform};

/// A page as its resource brings it, its heading included. Keeps the old view while it is read again, puts an error's
/// status on the response.
pub(crate) fn loaded<T, V>(
    resource: Resource<Result<T, Failure>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    loaded_or_failed(resource, view, true)
}

/// The same below a heading that stands already.
pub(crate) fn loaded_part<T, V>(
    resource: Resource<Result<T, Failure>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    loaded_or_failed(resource, view, false)
}

fn loaded_or_failed<T, V>(
    resource: Resource<Result<T, Failure>>,
    view: impl Fn(T) -> V + Clone + Send + Sync + 'static,
    whole: bool,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || {
                let view = view.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(value) => view(value).erase(),
                        Err(failure) => {
                            platform::set_status(failure.0.code.status());
                            view! { <ErrorPanel failure whole/> }.erase()
                        }
                    }
                })
            }}
        </Transition>
    }
}

/// The shape of a list, shown only if it takes a moment.
#[component]
fn Skeleton() -> impl IntoView {
    let rows: Vec<_> = (0..8).map(|_| view! { <div class="skeleton skeleton-row"></div> }).collect();
    view! { <div class="stack" aria-hidden="true">{rows}</div> }
}
