//! What tools rely on: pages, filters, tags of answers, exports, and refusals that name what is wrong.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use serde_json::{Value, json};

use crate::site::{Answer, Site, with_json};

const LIST: &str = "/api/v1/resources";

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().expect("items")
}

async fn get_if_changed(site: &Site, path: &str, tag: &str) -> Answer {
    site.send(Request::get(path).header(IF_NONE_MATCH, tag).body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn pages_one_after_the_other_are_the_whole_list() {
    let site = Site::demo().await;
    let whole = site.get(&format!("{LIST}?limit=500")).await.json();
    assert_eq!((&whole["next_cursor"], &whole["problems"]), (&Value::Null, &json!([])));
    for order in ["", "&sort=name", "&sort=activity&descending=true", "&sort=kind"] {
        let whole = site.get(&format!("{LIST}?limit=500{order}")).await.json();
        let mut walked = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = site.get(&format!("{LIST}?limit=4{order}{cursor}")).await.json();
            assert!(items(&page).len() <= 4);
            assert_eq!((&page["total"], &page["counts"]), (&whole["total"], &whole["counts"]));
            walked.extend_from_slice(items(&page));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(walked, items(&whole), "{order}");
    }
}

#[tokio::test]
async fn a_cursor_continues_its_own_list_and_no_other() {
    let site = Site::demo().await;
    let page = site.get(&format!("{LIST}?limit=2&kind=HelmRelease")).await.json();
    let cursor = page["next_cursor"].as_str().expect("there are more");
    let next = site.get(&format!("{LIST}?limit=2&kind=helmreleases&cursor={cursor}")).await;
    assert_eq!(next.status, 200, "{next:?}");
    let half = &cursor[..cursor.len() / 2];
    for query in [
        format!("cursor={cursor}"),
        format!("kind=HelmRelease&sort=name&cursor={cursor}"),
        format!("kind=HelmRelease&cursor={half}"),
        format!("kind=HelmRelease&cursor=A{}", &cursor[1..]),
        "cursor=%00".to_owned(),
        "cursor=🙂".to_owned(),
    ] {
        let refused = site.get(&format!("{LIST}?{}", query.replace('🙂', "%F0%9F%99%82"))).await;
        assert_eq!((refused.status, refused.error().0.as_str()), (400, "invalid_cursor"), "{query}");
        assert_eq!(refused.json()["details"]["field"], "cursor");
    }
}

#[tokio::test]
async fn filters_are_repeated_or_listed_and_mean_the_same() {
    let site = Site::demo().await;
    let total =
        async |query: &str| site.get(&format!("{LIST}?{query}")).await.json()["total"].as_u64().expect("a number");
    let both = total("kind=HelmRelease,Kustomization").await;
    assert!(both > 0);
    assert_eq!(total("kind=hr&kind=kustomizations").await, both);
    assert_eq!(total("kind=*&kind=!HelmRelease&kind=!Kustomization").await + both, total("").await);
    assert_eq!(total("suspended=true").await + total("suspended=false").await, total("").await);
    assert_eq!(total("status=suspended&q=billing").await, 1);
    assert_eq!(total("cluster=!staging").await, 0);
    let counts = site.get("/api/v1/resources/counts?kind=HelmRelease").await.json();
    let expected = json!({"cluster": "staging", "kind": "HelmRelease", "counts": counts["counts"]});
    assert_eq!((items(&counts), &counts["total"]), (&[expected][..], &json!(6)));
}

#[tokio::test]
async fn whoever_has_an_answer_already_is_not_sent_it_again() {
    let site = Site::demo().await;
    let object = "/api/v1/clusters/staging/resources/HelmRelease/podinfo/podinfo";
    for path in [format!("{LIST}?limit=5"), format!("{object}/manifest"), "/api/v1/openapi.json".to_owned()] {
        let first = site.get(&path).await;
        let tag = first.header(ETAG).to_owned();
        assert!(tag.starts_with('"') && tag.len() > 20, "{first:?}");
        assert_eq!(first.header(CACHE_CONTROL), "private, no-cache");
        assert!(first.header(VARY).contains("accept"), "{first:?}");
        let known = get_if_changed(&site, &path, &format!("\"other\", W/{tag}")).await;
        assert_eq!((known.status, known.text.as_str(), known.header(ETAG)), (304, "", tag.as_str()), "{path}");
        let other = get_if_changed(&site, &path, "\"other\"").await;
        assert_eq!((other.status, &other.text), (200, &first.text));
    }
    let json = site.get(&format!("{object}/manifest")).await;
    let yaml = site.get_as(&format!("{object}/manifest"), "application/yaml").await;
    assert_ne!(json.header(ETAG), yaml.header(ETAG));
    let other_page = site.get(&format!("{LIST}?limit=4")).await;
    assert_ne!(other_page.header(ETAG), site.get(&format!("{LIST}?limit=5")).await.header(ETAG));
    assert_eq!(site.get("/api/v1/clusters/nowhere").await.header(ETAG), "");
}

#[tokio::test]
async fn an_export_holds_the_whole_list_in_every_format() {
    let site = Site::demo().await;
    let page = site.get(&format!("{LIST}?kind=HelmRelease&sort=name")).await.json();
    let export = async |format: &str| site.get(&format!("{LIST}/export?kind=HelmRelease&sort=name{format}")).await;

    let json = export("").await;
    assert_eq!(json.header(CONTENT_DISPOSITION), "attachment; filename=\"flux-resources.json\"");
    assert_eq!((&json.json()["items"], &json.json()["total"]), (&page["items"], &json!(6)));

    let lines = export("&format=ndjson").await;
    assert_eq!(lines.header(CONTENT_TYPE), "application/x-ndjson");
    let lines: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(&lines[..6], items(&page));
    assert_eq!(lines[6], json!({"problems": [], "total": 6}));

    let csv = export("&format=csv").await;
    assert_eq!(csv.header(CONTENT_TYPE), "text/csv; charset=utf-8; header=present");
    let names: Vec<&str> = csv.text.lines().skip(1).filter_map(|line| line.split(',').nth(6)).collect();
    let expected: Vec<&str> = items(&page).iter().filter_map(|row| row["object"]["name"].as_str()).collect();
    assert_eq!(names, expected);

    for (query, field) in [("format=xlsx", "format"), ("limit=5", "limit"), ("status=fixed", "status")] {
        let refused = site.get(&format!("{LIST}/export?{query}")).await;
        assert_eq!((refused.status, &refused.json()["details"]["field"]), (400, &json!(field)), "{query}");
    }
}

#[tokio::test]
async fn what_pages_show_of_an_object_is_also_there_in_parts() {
    let site = Site::demo().await;
    let object = "/api/v1/clusters/staging/resources/Kustomization/flux-system/apps";
    let view = site.get(object).await.json();
    let inventory = site.get(&format!("{object}/inventory")).await.json();
    assert_eq!(inventory["items"], view["inventory"]);
    let events = site.get(&format!("{object}/events")).await.json();
    assert_eq!((&events["items"], &events["problems"]), (&view["events"], &json!([])));
    let gone = site.get("/api/v1/clusters/staging/resources/Kustomization/flux-system/gone/events").await;
    assert_eq!((gone.status, gone.error().0.as_str()), (404, "not_found"));
    let steps = site.get("/api/v1/onboarding").await.json();
    let words: Vec<&Value> = items(&steps).iter().map(|step| &step["step"]).collect();
    assert_eq!(words, ["read", "act", "dry-run"]);
}

#[tokio::test]
async fn whatever_a_query_holds_its_refusal_names_the_parameter() {
    let site = Site::demo().await;
    let many_terms = format!("status={}", "ready,".repeat(10_000));
    let many_pairs = "status=ready&".repeat(4_000);
    let long = format!("namespace={}", "a".repeat(10_000));
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=501", "limit"),
        ("limit=99999999999999999999999999", "limit"),
        ("limit=5&limit=6", "limit"),
        ("limit=%D9%A3", "limit"),
        ("offset=-1", "offset"),
        ("offset=18446744073709551616", "offset"),
        ("sort=size", "sort"),
        ("descending=perhaps", "descending"),
        ("status=ready,fixed", "status"),
        ("status=%00", "status"),
        ("kind=Deployment", "kind"),
        ("namespace=a%2Fb", "namespace"),
        ("namespace=%F0%9F%99%82", "namespace"),
        ("cluster=!", "cluster"),
        ("cluster=a%00b", "cluster"),
        ("suspended=maybe", "suspended"),
        ("q=%07", "q"),
        ("statsu=failed", "statsu"),
        ("%00=1", "\0"),
        (many_terms.as_str(), "status"),
        (many_pairs.as_str(), "status"),
        (long.as_str(), "namespace"),
    ] {
        let refused = site.get(&format!("{LIST}?{query}")).await;
        assert_eq!((refused.status, refused.error().0.as_str()), (400, "invalid"), "{query:.80}");
        assert_eq!(refused.json()["details"]["field"], field, "{query:.80}");
        assert!(refused.text.len() < 2_000, "the refusal does not repeat it all: {query:.80}");
    }
    for understood in ["", "&&&", "q=%FF", "cluster=%F0%9F%99%82", "q=%27%3B--", "status=,,ready,,", "cluster=**"] {
        let answer = site.get(&format!("{LIST}?{understood}")).await;
        assert_eq!(answer.status, 200, "{understood}: {answer:?}");
    }
    let beside = site.get("/api/v1/clusters/staging/resources?cluster=other").await;
    assert_eq!((beside.status, &beside.json()["details"]["field"]), (400, &json!("cluster")));
}

#[tokio::test]
async fn no_name_of_a_path_reaches_another_path_of_a_cluster() {
    let site = Site::demo().await;
    let asked = || site.simulated("staging").requests().into_iter().find(|request| request.path.contains("configmap"));
    for (object, field) in [
        ("ConfigMap/podinfo/..%2F..%2Fsecrets%2Fdb", "name"),
        ("ConfigMap/podinfo/%2E%2E", "name"),
        ("ConfigMap/podinfo/a%00b", "name"),
        ("ConfigMap/podinfo/a%3Fwatch=true", "name"),
        ("ConfigMap/podinfo/%E2%80%AE", "name"),
        ("ConfigMap/pod%2Finfo/a", "namespace"),
        ("ConfigMap/..%2F../a", "namespace"),
        ("ConfigMap/Podinfo/a", "namespace"),
    ] {
        for part in ["", "/manifest", "/diff", "/inventory", "/events"] {
            let refused = site.get(&format!("/api/v1/clusters/staging/resources/{object}{part}")).await;
            assert_eq!((refused.status, refused.error().0.as_str()), (400, "invalid"), "{object}{part}");
            assert_eq!(refused.json()["details"]["field"], field, "{object}{part}");
        }
    }
    assert!(asked().is_none(), "the cluster was not asked: {:?}", asked());
    let long = "a".repeat(300);
    let refused = site.get(&format!("/api/v1/clusters/staging/resources/Pod/podinfo/{long}")).await;
    assert_eq!(refused.status, 400);
    for path in ["clusters/%00", "clusters/..%2F..", "clusters/%F0%9F%99%82", "clusters/x%2Fy/resources"] {
        let answer = site.get(&format!("/api/v1/{path}")).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (404, "not_found"), "{path}");
    }
    let not_utf8 = site.get("/api/v1/clusters/%FF").await;
    assert_eq!((not_utf8.status, not_utf8.error().0.as_str()), (400, "invalid"));
}

#[tokio::test]
async fn a_body_that_cannot_be_meant_names_its_field() {
    let site = Site::demo().await;
    for (path, body) in [
        (
            "/api/v1/resources/reconcile",
            json!({"cluster_id": "staging", "kind": "Pod", "namespace": "a/b", "name": "x"}),
        ),
        ("/api/v1/resources/suspend", json!({"cluster_id": "staging", "kind": "hr", "namespace": "a", "name": "../x"})),
        ("/api/v1/resources/resume", json!({"cluster_id": 7})),
        ("/api/v1/logs/aggregated", json!({"tail_lines": -1})),
        ("/api/v1/logs/aggregated", json!({"label_selector": "a in (", "tail_lines": 1})),
        ("/api/v1/clusters", json!({"name": "x"})),
    ] {
        let refused = site.send(with_json(axum::http::Method::POST, path, body.to_string())).await;
        assert_eq!((refused.status, refused.error().0.as_str()), (400, "invalid"), "{path} {body}");
    }
}
