//! Who may do what, and how a cluster says no.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use crate::target::{Target, refusal, refused};

pub(crate) async fn a_user_without_rights_is_refused_with_the_missing_right(target: Target) {
    let everywhere: Api<Pod> = Api::all(target.nobody.clone());
    let status = refusal(everywhere.list(&ListParams::default()).await);
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
    assert!(status.message.starts_with("pods is forbidden: User \""), "{}", status.message);
    let missing = r#" cannot list resource "pods" in API group "" at the cluster scope"#;
    assert!(status.message.ends_with(missing), "{}", status.message);
    assert_eq!(status.details.unwrap().kind, "pods");

    let one: Api<Pod> = Api::namespaced(target.nobody.clone(), "default");
    let status = refusal(one.logs("some", &Default::default()).await);
    assert_eq!(status.code, 403);
    let missing = r#" cannot get resource "pods/log" in API group "" in the namespace "default""#;
    assert!(status.message.ends_with(missing), "{}", status.message);
}

pub(crate) async fn a_dry_run_needs_the_right_to_write(target: Target) {
    let api: Api<ConfigMap> = Api::namespaced(target.nobody.clone(), "default");
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "some"}});
    let answer = api.patch("some", &PatchParams::apply("one").dry_run(), &Patch::Apply(object)).await;
    assert_eq!(refused(answer), (403, "Forbidden".to_owned()));
}

pub(crate) async fn an_access_review_tells_what_may_be_done(target: Target) {
    assert!(may_patch_kustomizations(&target.client).await);
    assert!(!may_patch_kustomizations(&target.nobody).await);
}

async fn may_patch_kustomizations(client: &Client) -> bool {
    let attributes = ResourceAttributes {
        group: Some("kustomize.toolkit.fluxcd.io".to_owned()),
        resource: Some("kustomizations".to_owned()),
        verb: Some("patch".to_owned()),
        namespace: Some("flux-system".to_owned()),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() },
        ..SelfSubjectAccessReview::default()
    };
    let api: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    api.create(&PostParams::default(), &review).await.unwrap().status.unwrap().allowed
}

pub(crate) async fn a_token_that_is_not_known_is_unauthorized(target: Target) {
    let api: Api<Pod> = Api::all(target.stranger.clone());
    assert_eq!(refused(api.list(&ListParams::default()).await), (401, "Unauthorized".to_owned()));
}
