//! What the cluster lets us do, asked of its own API server.

use domain::cluster::Permission;
use futures::future::join_all;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Api;
use kube::api::PostParams;

/// A right we can use, the calls that make it up, and what does not work without it.
struct Need {
    name: &'static str,
    /// Verb, group, resource, subresource; all namespaces.
    calls: &'static [(&'static str, &'static str, &'static str, &'static str)],
    without: &'static str,
}

/// In the order of the onboarding steps.
const NEEDS: [Need; 6] = [
    Need {
        name: "read Flux objects",
        calls: &[
            ("list", "kustomize.toolkit.fluxcd.io", "kustomizations", ""),
            ("watch", "kustomize.toolkit.fluxcd.io", "kustomizations", ""),
        ],
        without: "nothing of this cluster is shown",
    },
    Need {
        name: "read managed objects",
        calls: &[("get", "apps", "deployments", ""), ("get", "", "services", "")],
        without: "inventories have no health and diffs have no actual side",
    },
    Need {
        name: "read logs",
        calls: &[("list", "", "pods", ""), ("get", "", "pods", "log")],
        without: "there are no logs",
    },
    Need {
        name: "read Helm releases",
        calls: &[("get", "", "secrets", "")],
        without: "Helm releases have no desired side",
    },
    Need {
        name: "act on Flux objects",
        calls: &[("patch", "kustomize.toolkit.fluxcd.io", "kustomizations", "")],
        without: "nothing can be reconciled, suspended or resumed",
    },
    Need {
        name: "dry-run",
        calls: &[("patch", "apps", "deployments", ""), ("create", "apps", "deployments", "")],
        without: "diffs are estimates",
    },
];

/// Every right, held or not. A review that fails counts as not held.
pub(crate) async fn permissions(client: &kube::Client) -> Vec<Permission> {
    let reviews = NEEDS.iter().map(|need| async move {
        let answers = join_all(need.calls.iter().map(|call| is_allowed(client, *call))).await;
        Permission {
            name: need.name.to_owned(),
            held: answers.into_iter().all(|allowed| allowed),
            without: need.without.to_owned(),
        }
    });
    join_all(reviews).await
}

async fn is_allowed(client: &kube::Client, (verb, group, resource, subresource): (&str, &str, &str, &str)) -> bool {
    let attributes = ResourceAttributes {
        verb: Some(verb.to_owned()),
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource: Some(subresource.to_owned()).filter(|subresource| !subresource.is_empty()),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = Api::all(client.clone()).create(&PostParams::default(), &review).await;
    answer.is_ok_and(|review| review.status.is_some_and(|status| status.allowed))
}
