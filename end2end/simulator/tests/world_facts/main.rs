//! World facts: what the product relies on in a cluster, checked on the simulator and on real Kubernetes and Flux.
//!
//! Every fact holds in every world, so that what the simulator claims is what the testbed proves. The simulator is
//! always there; the testbed joins in when [`target::TESTBED`] names the administrator's kubeconfig of its cluster a. A
//! fact writes only objects of its own and removes them; it never depends on another fact.

#![expect(clippy::unwrap_used, reason = "a fixture that fails is a failed test")]

mod access;
mod discovery;
mod flux;
mod logs;
mod reading;
mod target;
mod writing;

use std::future::Future;

use crate::target::Target;

/// Checks a fact in one world after the other; a failure names the world.
async fn in_every_world<F>(fact: impl Fn(Target) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    for target in Target::all().await {
        let world = target.world;
        if let Err(failure) = tokio::spawn(fact(target)).await {
            panic!("not a fact of the {world}: {failure}");
        }
    }
}

/// One test a fact.
macro_rules! facts {
    ($($topic:ident::{$($fact:ident),* $(,)?})*) => {$($(
        #[tokio::test]
        async fn $fact() {
            in_every_world($topic::$fact).await;
        }
    )*)*};
}

facts! {
    discovery::{
        flux_kinds_are_served_in_their_preferred_version,
        plain_and_aggregated_discovery_agree_on_flux,
    }
    reading::{
        pages_cover_every_object_once_at_one_version,
        a_continue_token_that_is_none_is_refused,
        selectors_narrow_pods_by_label_and_field,
        a_selector_that_is_not_known_is_refused,
        a_list_of_metadata_is_labelled_and_has_no_data,
        a_missing_object_and_a_missing_kind_are_told_apart,
        a_watch_continues_a_list,
        an_object_that_leaves_the_selection_is_deleted_from_the_watch,
        a_bookmark_takes_a_silent_watch_past_changes_elsewhere,
    }
    writing::{
        a_patch_that_changes_nothing_makes_no_new_version,
        only_a_new_specification_counts_the_generation_up,
        a_stale_or_second_write_is_a_conflict,
        a_dry_run_answers_the_merged_object_and_stores_nothing,
        a_field_of_another_manager_is_a_conflict_until_forced,
        a_field_that_its_last_manager_drops_is_removed,
    }
    access::{
        a_user_without_rights_is_refused_with_the_missing_right,
        a_dry_run_needs_the_right_to_write,
        an_access_review_tells_what_may_be_done,
        a_token_that_is_not_known_is_unauthorized,
    }
    flux::{
        a_requested_reconcile_is_noted_when_it_is_done,
        a_suspended_object_notes_the_request_and_does_nothing,
        what_an_inventory_names_is_there_and_labelled,
        a_helm_release_is_read_from_its_secret,
        events_name_their_object_and_their_controller,
    }
    logs::{
        lines_begin_with_a_time_in_nanoseconds,
        tail_lines_and_since_time_both_narrow,
        since_time_counts_whole_seconds_and_includes_them,
        a_limit_cuts_bytes_not_lines,
        a_followed_log_brings_new_lines,
        what_has_no_log_is_refused,
    }
}
