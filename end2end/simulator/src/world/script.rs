//! What happens on a day: commits, chart upgrades, edits by hand, pods that are evicted, regular runs, and lines in
//! logs.
//!
//! One call is one tick. Each happening has a rhythm of its own in ticks, shifted by the cluster, so that something
//! happens often and everything happens now and then.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::world::conditions;
use crate::world::director::{Director, Edit, Subject, Task};
use crate::world::lines;
use crate::world::workloads;

/// The repository that most of the cluster comes from.
const PLATFORM: &str = "platform";
/// Where a workload names the image of its container.
pub(crate) const IMAGE: &str = "/spec/template/spec/containers/0/image";
const CHART_VERSION: &str = "/spec/chart/spec/version";

impl Director {
    /// One tick of the script.
    pub(crate) fn tick(&mut self, cluster: &Cluster) {
        self.ticks += 1;
        let tick = self.ticks;
        self.chatter(cluster);
        if tick % 14 == 3 {
            self.regular_run(cluster);
        }
        if tick % 40 == 11 {
            self.commit(cluster);
        }
        if tick % 53 == 30 {
            self.new_chart();
        }
        if tick % 29 == 17 {
            self.edit_by_hand(cluster);
        }
        if tick % 23 == 8 {
            self.evict(cluster);
        }
        if tick % 9 == 5 {
            self.look_at_sources(cluster);
        }
    }

    /// Lines of running containers.
    fn chatter(&mut self, cluster: &Cluster) {
        for pod in cluster.list("Pod", None) {
            let running = pod["status"]["containerStatuses"][0]["state"]["running"].is_object();
            if !running || !self.random.once_in(3) {
                continue;
            }
            let Some(owner) = workloads::controller_of_pod(&pod) else { continue };
            let style = self.style(&owner.namespace, &owner.name);
            let now = self.now(cluster);
            let lines = lines::ordinary(style, &mut self.random, now);
            self.write_lines(cluster, &pod, &lines);
        }
    }

    /// The interval of a Kustomization or HelmRelease is over.
    fn regular_run(&mut self, cluster: &Cluster) {
        let mut appliers: Vec<Value> = cluster.list("Kustomization", None);
        appliers.extend(cluster.list("HelmRelease", None));
        appliers.retain(|object| object["spec"]["suspend"] != true);
        if appliers.is_empty() {
            return;
        }
        let turn = (self.ticks / 14) as usize % appliers.len();
        self.schedule(Task::Begin(Subject::of(&appliers[turn])), 1);
    }

    fn look_at_sources(&mut self, cluster: &Cluster) {
        let mut sources = cluster.list("GitRepository", None);
        sources.extend(cluster.list("OCIRepository", None));
        sources.retain(|object| object["spec"]["suspend"] != true);
        if let Some(source) = self.random.pick(&sources) {
            let subject = Subject::of(source);
            self.schedule(Task::Begin(subject), 1);
        }
    }

    /// Somebody pushes a commit that moves an image of a workload one patch further.
    fn commit(&mut self, cluster: &Cluster) {
        let mut places: Vec<(Subject, usize)> = Vec::new();
        for (subject, objects) in &self.tree {
            let movable = subject.kind == "Kustomization"
                && subject.name != "flux-system"
                && subject.get(cluster).is_some_and(|object| conditions::is_true(&object, "Ready"));
            let workloads = objects.iter().enumerate().filter(|(_, object)| object["kind"] == "Deployment");
            places.extend(workloads.filter(|_| movable).map(|(index, _)| (subject.clone(), index)));
        }
        let Some((applier, object)) = self.random.pick(&places).cloned() else { return };
        let repository = applier.get(cluster).map(|object| object["spec"]["sourceRef"]["name"].clone());
        let repository = repository.as_ref().and_then(Value::as_str).unwrap_or(PLATFORM);
        let edits = self.next_image(&applier, object).into_iter().collect();
        self.push_commit(repository, edits);
    }

    fn push_commit(&mut self, repository: &str, edits: Vec<Edit>) {
        let head = format!("main@sha1:{}", self.random.hex(40));
        self.push(Subject::new("GitRepository", "flux-system", repository), head, edits);
    }

    fn next_image(&self, applier: &Subject, object: usize) -> Option<Edit> {
        let image = self.tree.get(applier)?.get(object)?.pointer(IMAGE)?.as_str()?;
        Some(Edit { applier: applier.clone(), object, field: IMAGE, value: json!(next_tag(image)) })
    }

    /// A chart is released, and Git follows.
    fn new_chart(&mut self) {
        let releases: Vec<Subject> = self
            .plan
            .releases
            .iter()
            .map(|planned| Subject::new("HelmRelease", planned.namespace, planned.name))
            .filter(|subject| self.stalled.as_ref() != Some(subject))
            .collect();
        let Some(release) = self.random.pick(&releases).cloned() else { return };
        let count = self.tree.get(&release).map_or(0, Vec::len);
        let mut edits: Vec<Edit> = (0..count).filter_map(|object| self.next_image(&release, object)).collect();
        let oci = Subject::new("OCIRepository", &release.namespace, &release.name);
        if let Some(head) = self.heads.get(&oci) {
            let version = next_tag(head.split('@').next().unwrap_or_default());
            let digest = self.random.hex(64);
            self.push(oci, format!("{version}@sha256:{digest}"), edits);
            self.schedule(Task::Begin(release), 4);
            return;
        }
        for (applier, objects) in &self.tree {
            for (index, object) in objects.iter().enumerate().filter(|(_, object)| Subject::of(object) == release) {
                let version = object.pointer(CHART_VERSION).and_then(Value::as_str).unwrap_or_default();
                let value = json!(next_tag(version));
                edits.push(Edit { applier: applier.clone(), object: index, field: CHART_VERSION, value });
            }
        }
        self.push_commit(PLATFORM, edits);
    }

    /// Somebody changes a Deployment by hand.
    fn edit_by_hand(&mut self, cluster: &Cluster) {
        let mut deployments = cluster.list("Deployment", None);
        deployments.retain(|object| {
            let untouched = !object["metadata"]["managedFields"].to_string().contains("kubectl-");
            untouched && object["metadata"]["namespace"] != "flux-system"
        });
        let Some(object) = self.random.pick(&deployments).cloned() else { return };
        let container = object["spec"]["template"]["spec"]["containers"][0].clone();
        let (manager, patch) = match self.random.below(3) {
            0 => ("kubectl-scale", json!({"spec": {"replicas": object["spec"]["replicas"].as_u64().unwrap_or(1) + 2}})),
            1 => {
                let mut container = container;
                if let Some(env) = container["env"].as_array_mut() {
                    env.push(json!({"name": "DEBUG", "value": "true"}));
                }
                ("kubectl-set", json!({"spec": {"template": {"spec": {"containers": [container]}}}}))
            }
            _ => {
                let mut container = container;
                container["resources"]["limits"]["memory"] = json!("1Gi");
                (
                    "kubectl-edit",
                    json!({"metadata": {"annotations": {"ops.acme.dev/note": "more memory until Monday"}},
                    "spec": {"template": {"spec": {"containers": [container]}}}}),
                )
            }
        };
        let writer = self.writer(cluster, manager);
        workloads::edit(cluster, &Subject::of(&object), writer, &patch);
    }

    /// A pod is evicted, and its workload replaces it.
    fn evict(&mut self, cluster: &Cluster) {
        let mut pods = cluster.list("Pod", None);
        pods.retain(|pod| pod["metadata"]["namespace"] != "flux-system" && pod["status"]["phase"] == "Running");
        if let Some(pod) = self.random.pick(&pods).cloned() {
            let pod = Subject::of(&pod);
            self.event(cluster, &pod, "kubelet", "Killing", "Stopping container", false);
            cluster.delete("Pod", &pod.namespace, &pod.name);
        }
    }
}

/// `shop:1.4.2` becomes `shop:1.4.3`; what does not end in a number stays.
fn next_tag(image: &str) -> String {
    match image.rsplit_once('.') {
        Some((front, last)) => match last.parse::<u64>() {
            Ok(number) => format!("{front}.{}", number + 1),
            Err(_) => image.to_owned(),
        },
        None => image.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::next_tag;

    #[test]
    fn a_tag_moves_one_patch() {
        assert_eq!(next_tag("registry.acme.dev/shop:1.4.9"), "registry.acme.dev/shop:1.4.10");
        assert_eq!(next_tag("shop:latest"), "shop:latest");
    }
}
