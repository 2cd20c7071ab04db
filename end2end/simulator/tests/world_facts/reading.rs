//! Gets, lists and watches, and how they are refused.

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::ApiResource;
use kube::{Api, ResourceExt as _};
use serde_json::json;

use crate::target::{SCRATCH_LABEL, Target, own, refusal, refused, soon};

/// The version of an object as a number, which Kubernetes promises since 1.35.
fn version(object: &ConfigMap) -> u64 {
    object.resource_version().unwrap().parse().unwrap()
}

pub(crate) async fn pages_cover_every_object_once_at_one_version(target: Target) {
    let api = target.config_maps();
    let names: Vec<String> = (0..5).map(|index| own(&format!("page-{index}"))).collect();
    for name in &names {
        target.config_map(name, json!({})).await;
    }
    let wanted = format!("{SCRATCH_LABEL} in ({})", names.join(","));
    let mut page = ListParams::default().labels(&wanted).limit(2);
    let (mut sizes, mut found, mut versions) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let list = api.list(&page).await.unwrap();
        sizes.push(list.items.len());
        found.extend(list.items.iter().map(|item| item.name_any()));
        versions.push(list.metadata.resource_version.unwrap());
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => break,
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(found, names);
    versions.dedup();
    assert_eq!(versions.len(), 1, "{versions:?}");
    for name in &names {
        api.delete(name, &DeleteParams::default()).await.unwrap();
    }
}

pub(crate) async fn a_continue_token_that_is_none_is_refused(target: Target) {
    let page = ListParams::default().limit(2).continue_token("garbage");
    assert_eq!(refused(target.config_maps().list(&page).await), (400, "BadRequest".to_owned()));
}

pub(crate) async fn selectors_narrow_pods_by_label_and_field(target: Target) {
    let (api, pod, app) = (target.pods(), target.pod().await, target.app);
    let named = format!("metadata.name={pod}");
    let count = async |labels: &str, fields: &str| {
        api.list(&ListParams::default().labels(labels).fields(fields)).await.unwrap().items.len()
    };
    assert_eq!(count(&format!("app={app}"), &named).await, 1);
    assert_eq!(count(&format!("app in (else,{app}),app"), &named).await, 1);
    assert_eq!(count(&format!("app!={app}"), &named).await, 0);
    assert_eq!(count(&format!("app notin ({app})"), &named).await, 0);
    assert_eq!(count("!app", &named).await, 0);
    assert_eq!(count("", &format!("{named},status.phase=Running")).await, 1);
    assert_eq!(count("", &format!("{named},status.phase!=Running")).await, 0);
    let node = api.get(&pod).await.unwrap().spec.unwrap().node_name.unwrap();
    assert_eq!(count("", &format!("{named},spec.nodeName={node}")).await, 1);
}

pub(crate) async fn a_selector_that_is_not_known_is_refused(target: Target) {
    let bad_request = (400, "BadRequest".to_owned());
    let by_field = ListParams::default().fields("spec.replicas=1");
    assert_eq!(refused(target.pods().list(&by_field).await), bad_request);
    assert_eq!(refused(target.kustomizations().list(&by_field).await), bad_request);
    let by_label = ListParams::default().labels("app is web");
    assert_eq!(refused(target.pods().list(&by_label).await), bad_request);
}

pub(crate) async fn a_list_of_metadata_is_labelled_and_has_no_data(target: Target) {
    let name = own("metadata");
    target.config_map(&name, json!({"a": "1"})).await;
    let selected = ListParams::default().labels(&format!("{SCRATCH_LABEL}={name}"));
    let list = serde_json::to_value(target.config_maps().list_metadata(&selected).await.unwrap()).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["metadata"]["labels"][SCRATCH_LABEL], name);
    assert!(list["items"][0]["data"].is_null());
    target.config_maps().delete(&name, &DeleteParams::default()).await.unwrap();
}

pub(crate) async fn a_missing_object_and_a_missing_kind_are_told_apart(target: Target) {
    let absent = refusal(target.kustomizations().get("world-facts-absent").await);
    assert_eq!((absent.code, absent.reason.as_str()), (404, "NotFound"));
    assert_eq!(absent.message, r#"kustomizations.kustomize.toolkit.fluxcd.io "world-facts-absent" not found"#);
    let details = absent.details.unwrap();
    let named = (details.name.as_str(), details.group.as_str(), details.kind.as_str());
    assert_eq!(named, ("world-facts-absent", "kustomize.toolkit.fluxcd.io", "kustomizations"));

    let kind = GroupVersionKind::gvk("kustomize.toolkit.fluxcd.io", "v9", "Kustomization");
    let resource = ApiResource::from_gvk_with_plural(&kind, "kustomizations");
    let api: Api<DynamicObject> = Api::all_with(target.client.clone(), &resource);
    // No Status document: the path is not routed at all, and a client sees plain text.
    let unserved = refusal(api.list(&ListParams::default()).await);
    assert_eq!(unserved.code, 404);
    assert!(unserved.details.is_none_or(|details| details.name.is_empty()));
}

pub(crate) async fn a_watch_continues_a_list(target: Target) {
    let (api, name) = (target.config_maps(), own("watch"));
    let selector = format!("{SCRATCH_LABEL}={name}");
    let list = api.list(&ListParams::default().labels(&selector)).await.unwrap();
    assert!(list.items.is_empty());
    let params = WatchParams::default().labels(&selector);
    let mut watch = api.watch(&params, &list.metadata.resource_version.unwrap()).await.unwrap().boxed();

    // What happened between the list and the watch is not lost either.
    let created = target.config_map(&name, json!({"a": "1"})).await;
    let patch = Patch::Merge(json!({"data": {"a": "2"}}));
    let changed = api.patch(&name, &PatchParams::default(), &patch).await.unwrap();
    api.delete(&name, &DeleteParams::default()).await.unwrap();
    let WatchEvent::Added(seen) = soon("ADDED", watch.try_next()).await.unwrap().unwrap() else { panic!("not ADDED") };
    assert_eq!(version(&seen), version(&created));
    let WatchEvent::Modified(seen) = soon("MODIFIED", watch.try_next()).await.unwrap().unwrap() else {
        panic!("not MODIFIED")
    };
    assert_eq!(version(&seen), version(&changed));
    let WatchEvent::Deleted(last) = soon("DELETED", watch.try_next()).await.unwrap().unwrap() else {
        panic!("not DELETED")
    };
    assert_eq!(last.data.as_ref().unwrap()["a"], "2", "the last state comes along");
    assert!(version(&last) > version(&changed), "with the version of its end");
}

pub(crate) async fn an_object_that_leaves_the_selection_is_deleted_from_the_watch(target: Target) {
    let (api, name) = (target.config_maps(), own("leaves"));
    let created = target.config_map(&name, json!({})).await;
    let params = WatchParams::default().labels(&format!("{SCRATCH_LABEL}={name}"));
    let mut watch = api.watch(&params, &created.resource_version().unwrap()).await.unwrap().boxed();
    let patch = Patch::Merge(json!({"metadata": {"labels": {SCRATCH_LABEL: null}}}));
    api.patch(&name, &PatchParams::default(), &patch).await.unwrap();
    let event = soon("DELETED", watch.try_next()).await.unwrap().unwrap();
    assert!(matches!(event, WatchEvent::Deleted(_)), "{event:?}");
    api.delete(&name, &DeleteParams::default()).await.unwrap();
}

pub(crate) async fn a_bookmark_takes_a_silent_watch_past_changes_elsewhere(target: Target) {
    let (api, name, elsewhere) = (target.config_maps(), own("bookmark"), own("bookmark-elsewhere"));
    let created = target.config_map(&name, json!({})).await;
    // The testbed sends one shortly before the end, and none when there is nothing newer to tell.
    let params = WatchParams::default().labels(&format!("{SCRATCH_LABEL}={name}")).timeout(4);
    let watch = api.watch(&params, &created.resource_version().unwrap()).await.unwrap();
    let newer = target.config_map(&elsewhere, json!({})).await;
    let events: Vec<WatchEvent<ConfigMap>> = soon("the end", watch.try_collect()).await.unwrap();
    let Some(WatchEvent::Bookmark(last)) = events.last() else { panic!("{events:?}") };
    assert!(last.metadata.resource_version.parse::<u64>().unwrap() >= version(&newer));
    for name in [name, elsewhere] {
        api.delete(&name, &DeleteParams::default()).await.unwrap();
    }
}
