//! A scrape of an engine on simulated clusters: whose series it holds, how many, and for whom.

#[path = "support/fleet.rs"]
#[expect(dead_code, reason = "other suites need the rest of it")]
mod support;

use std::collections::BTreeSet;

use domain::access::{Grant, Role};
use domain::catalogue::KINDS;
use domain::error::ErrorCode;
use fleet::access::{Caller, Visitor};
use fleet::metrics::{Format, Selection};
use simulator::ClusterSpec;

use support::{Fleet, admin, git_repository, kustomization};

async fn scrape(fleet: &Fleet, format: Format, selection: Selection) -> String {
    fleet.services.metrics(&admin(), format, selection).await.expect("allowed").collect()
}

/// Sample lines whose name begins so.
fn samples<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(prefix)).collect()
}

async fn two_objects() -> Fleet {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    for object in [kustomization("shop", "False"), git_repository("fleet")] {
        fleet.simulated("prod").apply(object);
    }
    fleet.register("prod").await;
    fleet.until("both are listed", |fleet| fleet.names().len() == 2).await;
    fleet
}

#[tokio::test]
async fn each_object_has_its_series_while_it_is_there() {
    let fleet = two_objects().await;
    let text = scrape(&fleet, Format::Text, Selection::ALL).await;
    let shop = text.lines().find(|line| line.starts_with("flux_resource_info") && line.contains("Kustomization"));
    let shop = shop.expect("the series of the Kustomization");
    let (labels, value) = shop.rsplit_once(' ').expect("a value");
    assert_eq!(value, "1");
    let first = r#"flux_resource_info{cluster="prod",kind="Kustomization",name="shop",exported_namespace="apps",uid=""#;
    assert!(labels.starts_with(first), "{labels}");
    let rest = r#"",ready="False",reason="Any",suspended="False",source_kind="GitRepository",source_namespace="apps",source_name="fleet",path="./apps"}"#;
    assert!(labels.ends_with(rest), "{labels}");
    let of = r#"cluster="prod",kind="Kustomization",name="shop",namespace="apps""#;
    assert!(text.contains(&format!("gotk_reconcile_condition{{{of},type=\"Ready\",status=\"False\"}} 1\n")), "{text}");
    assert!(text.contains(&format!("gotk_suspend_status{{{of}}} 0\n")), "{text}");
    assert_eq!(samples(&text, "flux_resource_info").len(), 2);

    assert!(fleet.simulated("prod").delete("Kustomization", "apps", "shop"));
    fleet.until("it is gone", |fleet| fleet.names().len() == 1).await;
    let text = scrape(&fleet, Format::Text, Selection::ALL).await;
    assert!(!text.contains("name=\"shop\""), "{text}");
    assert_eq!(samples(&text, "gotk_reconcile_condition").len(), 4);
}

#[tokio::test]
async fn both_formats_hold_the_same_series_and_a_family_stands_together() {
    let fleet = two_objects().await;
    let text = scrape(&fleet, Format::Text, Selection::ALL).await;
    let open_metrics = scrape(&fleet, Format::OpenMetrics, Selection::ALL).await;
    assert!(open_metrics.ends_with("# EOF\n") && !text.contains("# EOF"));
    for prefix in ["flux_resource_info", "gotk_", "flux_orchestrator_objects", "flux_orchestrator_cluster_status"] {
        assert!(!samples(&text, prefix).is_empty(), "{prefix}");
        // The registry's own families are in no fixed order.
        let set = |text| samples(text, prefix).into_iter().collect::<BTreeSet<_>>();
        assert_eq!(set(&text), set(&open_metrics));
    }
    let types: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert_eq!(types.iter().collect::<BTreeSet<_>>().len(), types.len(), "{types:?}");
}

#[tokio::test]
async fn a_scraper_that_wants_less_gets_less() {
    let fleet = two_objects().await;
    let only = |word: &'static str| Selection::of_words([word]).expect("a group");
    let flux = scrape(&fleet, Format::Text, only("flux")).await;
    assert!(
        flux.lines().all(|line| line
            .trim_start_matches("# HELP ")
            .trim_start_matches("# TYPE ")
            .starts_with("flux_resource_info")),
        "{flux}"
    );
    let server = scrape(&fleet, Format::Text, only("server")).await;
    assert!(!server.contains("\nflux_resource_info") && !server.contains("\ngotk_"));
    assert!(server.contains("\nflux_orchestrator_build_info{"));
    let gotk = scrape(&fleet, Format::OpenMetrics, only("gotk")).await;
    assert!(gotk.starts_with("# HELP gotk_reconcile_condition ") && gotk.ends_with("# EOF\n"));
}

/// Series about the engine that one more cluster may bring.
const SERIES_OF_A_CLUSTER: usize = 20;

#[tokio::test]
async fn the_number_of_series_follows_from_clusters_kinds_and_objects() {
    let mut specs = vec![ClusterSpec::empty("prod")];
    specs.push(ClusterSpec::generated("large", 600));
    let fleet = Fleet::start(specs).await;
    fleet.register("prod").await;
    let own = |text: &str| samples(text, "flux_orchestrator_").len() + samples(text, "process_").len();
    let watched = |text: &str| samples(text, "flux_orchestrator_watch_").len();
    let before = scrape(&fleet, Format::Text, Selection::ALL).await;

    fleet.register("large").await;
    let large = || fleet.clusters().into_iter().find(|cluster| cluster.id.as_str() == "large");
    fleet.until("everything is listed", |_| large().is_some_and(|large| large.counts.total() == 600)).await;
    let after = scrape(&fleet, Format::Text, Selection::ALL).await;
    // Counters of kinds grow with the kinds that were seen, by any engine of this process.
    assert!(own(&after) - watched(&after) <= own(&before) - watched(&before) + SERIES_OF_A_CLUSTER);
    // Three events, five reasons, six causes; Deployments, Pods and Events beside the catalogue.
    assert!(watched(&after) <= (KINDS.len() + 4) * 14);
    let of_objects = samples(&after, "flux_resource_info").len();
    assert_eq!(of_objects, 600);
    assert!(samples(&after, "gotk_").len() <= 5 * of_objects);

    fleet.services.delete_cluster(&admin(), &"large".into()).await.expect("registered");
    let gone = scrape(&fleet, Format::Text, Selection::ALL).await;
    assert!(!gone.contains("cluster=\"large\""), "a cluster that is gone leaves no series");
}

#[tokio::test]
async fn only_who_sees_everything_may_scrape() {
    let fleet = Fleet::start(vec![ClusterSpec::empty("prod")]).await;
    let with = |grant: Grant| Caller { grants: vec![grant], ..admin() };
    let everywhere = with(Grant::everywhere(Role::Viewer));
    assert!(fleet.services.metrics(&everywhere, Format::Text, Selection::ALL).await.is_ok());
    let one_cluster = Grant { clusters: Some(vec!["prod".into()]), ..Grant::everywhere(Role::Admin) };
    let one_namespace = Grant { namespaces: Some(vec!["apps".to_owned()]), ..Grant::everywhere(Role::Admin) };
    for grant in [one_cluster, one_namespace] {
        let refused = fleet.services.metrics(&with(grant), Format::Text, Selection::ALL).await;
        assert_eq!(refused.expect_err("not everything").code, ErrorCode::Forbidden);
    }
}

#[tokio::test]
async fn what_happens_is_counted() {
    let fleet = two_objects().await;
    // Counters are of the process: other tests of this file raise them too.
    let text = scrape(&fleet, Format::Text, Selection::ALL).await;
    for counted in [
        r#"flux_orchestrator_watch_events_total{kind="Kustomization",event="listed"}"#,
        r#"flux_orchestrator_watch_lists_total{kind="GitRepository",reason="start"}"#,
        r#"flux_orchestrator_cluster_status{cluster="prod",status="unreachable"} 0"#,
        r#"flux_orchestrator_objects{cluster="prod",status="failed"} 1"#,
        r#"flux_orchestrator_cluster_last_event_timestamp_seconds{cluster="prod"} "#,
        "flux_orchestrator_notices_published_total ",
        "flux_orchestrator_store_queue_rows ",
        "flux_orchestrator_store_size_bytes ",
        "flux_orchestrator_log_streams 0",
        r#"flux_orchestrator_build_info{version=""#,
    ] {
        assert!(!samples(&text, counted).is_empty(), "{counted} is not in {text}");
    }
    let object = support::reference("shop");
    fleet.services.diff(&admin(), &object).await.expect("it is there");
    let wrong = fleet.services.sign_in("nobody", "wrong", &Visitor { remote: None, user_agent: String::new() }).await;
    assert_eq!(wrong.expect_err("nobody").code, ErrorCode::Unauthenticated);
    let text = scrape(&fleet, Format::Text, Selection::ALL).await;
    for counted in
        [r#"flux_orchestrator_sign_ins_total{outcome="wrong"}"#, "flux_orchestrator_diff_duration_seconds_count"]
    {
        let value = samples(&text, counted).first().and_then(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
        assert!(value.is_some_and(|value| value >= 1), "{counted} is {value:?}");
    }
}
