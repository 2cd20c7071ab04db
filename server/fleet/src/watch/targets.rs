//! What is watched on a cluster: every Flux kind it serves, Flux's own workloads, and events about Flux objects.

use domain::catalogue;
use domain::object::GroupKind;
use kube::core::ApiResource;

use super::kinds::{Kinds, ServedKind};

/// Label of the Deployments of Flux.
pub(crate) const PART_OF_FLUX: &str = "app.kubernetes.io/part-of=flux";

/// Kinds that write most of a cluster's events and are never Flux objects; the cluster filters them out for us.
const NOISY: &str = "involvedObject.kind!=Pod,involvedObject.kind!=ReplicaSet,involvedObject.kind!=Deployment,\
                     involvedObject.kind!=Job,involvedObject.kind!=CronJob,involvedObject.kind!=Node,\
                     involvedObject.kind!=HorizontalPodAutoscaler,involvedObject.kind!=PersistentVolumeClaim";

/// What becomes of what a watch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Objects of the index.
    Objects,
    /// Lines of the event log.
    Events,
}

/// One watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: GroupKind,
    pub(crate) resource: ApiResource,
    /// `None`: the whole cluster.
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Option<&'static str>,
    pub(crate) fields: Option<&'static str>,
    pub(crate) purpose: Purpose,
}

/// All watches for a cluster that serves these kinds and has Flux in this namespace.
pub(crate) fn targets(kinds: &Kinds, flux_namespace: &str) -> Vec<Target> {
    let watchable =
        |kind: &GroupKind| kinds.find(kind).filter(|served| served.allows("list") && served.allows("watch"));
    let of = |served: &ServedKind| Target {
        kind: served.group_kind(),
        resource: served.resource.clone(),
        namespace: None,
        labels: None,
        fields: None,
        purpose: Purpose::Objects,
    };
    let flux = catalogue::KINDS.iter().filter_map(|kind| watchable(&kind.group_kind())).map(&of);
    let in_flux = |group: &str, kind: &str, labels| {
        let served = watchable(&GroupKind::new(group, kind))?;
        Some(Target { namespace: Some(flux_namespace.to_owned()), labels, ..of(served) })
    };
    let events = watchable(&GroupKind::new("", "Event")).map(|served| Target {
        fields: Some(NOISY),
        purpose: Purpose::Events,
        ..of(served)
    });
    flux.chain(in_flux("apps", "Deployment", Some(PART_OF_FLUX)))
        .chain(in_flux("", "Pod", None))
        .chain(events)
        .collect()
}
