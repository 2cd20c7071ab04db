//! The first objects of a cluster: definitions, namespaces and nodes, then a finished past of the demo world or objects
//! for scale.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::catalogue::RESOURCES;
use crate::cluster::Cluster;
use crate::spec::ObjectsSpec;
use crate::world::director::{Director, Subject};
use crate::world::workloads::{self, NODES};
use crate::world::{demo, generated, lines, manifests, script};

/// Fills a new cluster by its spec, and forgets how that came about.
pub(crate) fn fill(cluster: &Cluster) {
    for name in ["default", "kube-system", "kube-public"] {
        cluster.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name,
            "labels": {"kubernetes.io/metadata.name": name}}, "status": {"phase": "Active"}}));
    }
    if let Some(flux_version) = cluster.spec().flux_version.as_deref() {
        for row in RESOURCES.iter().filter(|row| row.flux) {
            cluster.apply(manifests::definition(row, flux_version));
        }
    }
    match cluster.spec().objects {
        ObjectsSpec::Empty => {}
        ObjectsSpec::Generated { count, large } => generated::fill(cluster, count, large),
        ObjectsSpec::Demo => demo_world(cluster),
    }
    cluster.compact();
    if let Some(mut director) = cluster.take_director() {
        director.cursor = cluster.store().revision();
        cluster.set_director(director);
    }
}

/// Lives through the past of the demo world: everything installed weeks ago, the last runs minutes ago.
fn demo_world(cluster: &Cluster) {
    let spec = cluster.spec();
    let plan = demo::plan(&spec.name, spec.flux_version.as_deref().unwrap_or("2.9.4"));
    let mut director = Director::new(spec.seed, &spec.name, plan);
    let now = cluster.now();
    let ago = |minutes: i64| now.checked_sub(minutes.minutes()).unwrap_or(now);
    let age = director.random.below(20_000) as i64 + 30_000;
    director.clock = Some(ago(age));
    for index in 1..=NODES {
        cluster.apply(node(index));
    }
    let subjects: Vec<Subject> = director
        .plan
        .kustomizations
        .iter()
        .map(|planned| Subject::new("Kustomization", "flux-system", planned.name))
        .collect();
    for subject in &subjects {
        director.apply_tree(cluster, subject, &Value::Null);
    }
    director.clock = Some(ago(age / 3));
    sources(&mut director, cluster);
    director.clock = Some(ago(34));
    for (name, _) in director.plan.unreachable.clone() {
        director.finish_source(cluster, &Subject::new("GitRepository", "flux-system", name));
    }
    releases(&mut director, cluster, &ago);
    settle_workloads(&mut director, cluster, &ago);
    for (index, subject) in subjects.iter().enumerate() {
        director.clock = Some(ago(2 + (subjects.len() - index) as i64));
        director.finish_kustomization(cluster, subject);
    }
    director.clock = Some(ago(187));
    let edits = director.plan.edits.clone();
    for (kind, namespace, name, manager, patch) in &edits {
        let subject = Subject::new(kind, namespace, name);
        workloads::edit(cluster, &subject, director.writer(cluster, manager), patch);
        while director.converge(cluster, &subject) {}
    }
    backlog(&mut director, cluster, now);
    director.clock = None;
    cluster.set_director(director);
}

fn node(index: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("node-{index}")},
        "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady",
            "message": "kubelet is posting ready status", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "nodeInfo": {"kubeletVersion": "v1.36.3", "osImage": "Debian GNU/Linux 13", "architecture": "amd64"},
            "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"}}})
}

fn sources(director: &mut Director, cluster: &Cluster) {
    for row in RESOURCES.iter().filter(|row| row.flux && row.has_status()) {
        if matches!(row.kind, "Kustomization" | "HelmRelease" | "HelmChart") {
            continue;
        }
        for object in cluster.list(row.kind, None) {
            director.finish_source(cluster, &Subject::of(&object));
        }
    }
}

/// Every release with two revisions behind it, which ran older images.
fn releases(director: &mut Director, cluster: &Cluster, ago: &dyn Fn(i64) -> Timestamp) {
    for planned in director.plan.releases.clone() {
        let subject = Subject::new("HelmRelease", planned.namespace, planned.name);
        let stalled = director.stalled.as_ref() == Some(&subject);
        for (days, steps) in [(12, 2), (5, 1), (1, 0)] {
            let Some(object) = subject.get(cluster) else { break };
            let last = steps == 0;
            director.clock = Some(if stalled && last { ago(31) } else { ago(days * 1_440) });
            let older = |version: &str| (0..steps).fold(version.to_owned(), |version, _| previous(&version));
            let mut objects = planned.objects.clone();
            for image in objects.iter_mut().filter_map(|object| object.pointer_mut(script::IMAGE)) {
                if let Some((name, tag)) = image.as_str().and_then(|image| image.rsplit_once(':')) {
                    *image = json!(format!("{name}:{}", older(tag)));
                }
            }
            director.tree.insert(subject.clone(), objects);
            director.roll_out(cluster, &subject, &object, &older(planned.version), !(stalled && last));
        }
    }
}

/// The patch or minor version before; what is no version stays.
fn previous(version: &str) -> String {
    let (prefix, rest) = version.strip_prefix('v').map_or(("", version), |rest| ("v", rest));
    let numbers: Vec<u64> = rest.split('.').filter_map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [major, minor, patch] if *patch > 0 => format!("{prefix}{major}.{minor}.{}", patch - 1),
        [major, minor, _] => format!("{prefix}{major}.{}.2", minor.saturating_sub(1)),
        _ => version.to_owned(),
    }
}

fn settle_workloads(director: &mut Director, cluster: &Cluster, ago: &dyn Fn(i64) -> Timestamp) {
    for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
        for object in cluster.list(kind, None) {
            let subject = Subject::of(&object);
            let crashing = director.crash_of(&subject).is_some();
            let age = director.random.below(2_000) as i64 + 40;
            director.clock = Some(ago(if crashing { 33 } else { age }));
            while director.converge(cluster, &subject) {}
            if !crashing {
                continue;
            }
            for (round, pod) in director.pods(cluster, &subject).iter().enumerate() {
                if pod["status"]["containerStatuses"][0]["ready"] == true {
                    continue;
                }
                // Down, up and down again, so that the previous run has a log too.
                for minutes in [24, 20, 9] {
                    director.clock = Some(ago(minutes - round as i64));
                    director.crash(cluster, &Subject::of(pod));
                }
            }
        }
    }
}

/// Log lines of the last minutes for every container that runs.
fn backlog(director: &mut Director, cluster: &Cluster, now: Timestamp) {
    for pod in cluster.list("Pod", None) {
        let Some(owner) = workloads::controller_of_pod(&pod) else { continue };
        if pod["status"]["containerStatuses"][0]["state"]["running"].is_null() {
            continue;
        }
        let style = director.style(&owner.namespace, &owner.name);
        let (mut seconds, end) = (900 + director.random.below(60) as i64, 3);
        while seconds > end {
            let time = now.checked_sub(seconds.seconds()).unwrap_or(now);
            director.clock =
                Some(time.checked_add((director.random.below(1_000) as i64).milliseconds()).unwrap_or(time));
            let now = director.now(cluster);
            let lines = lines::ordinary(style, &mut director.random, now);
            director.write_lines(cluster, &pod, &lines);
            seconds -= 5 + director.random.below(40) as i64;
        }
    }
}
