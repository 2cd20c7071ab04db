//! The controllers of Deployments, StatefulSets and DaemonSets, the scheduler and the kubelets, reduced to what is
//! seen: replica sets, pods that come and go, containers that crash, and statuses.
//!
//! One call moves a workload one step; it is called again until nothing is left to do.

use serde_json::{Value, json};

use crate::cluster::{self, Cluster};
use crate::ownership::Writer;
use crate::world::artifact;
use crate::world::conditions;
use crate::world::director::{Director, Subject, Task};
use crate::world::lines;
use crate::writes::Change;

const CONTROLLER: &str = "kube-controller-manager";
const KUBELET: &str = "kubelet";
/// Replica sets of older templates that are kept.
const OLD_REPLICA_SETS: usize = 3;
/// Nodes of a cluster of the world.
pub(crate) const NODES: usize = 3;

/// The workload that a pod belongs to, by its owner reference.
pub(crate) fn controller_of_pod(pod: &Value) -> Option<Subject> {
    let owner = &pod["metadata"]["ownerReferences"][0];
    let namespace = pod["metadata"]["namespace"].as_str()?;
    let (kind, name) = (owner["kind"].as_str()?, owner["name"].as_str()?);
    match kind {
        "ReplicaSet" => Some(Subject::new("Deployment", namespace, name.rsplit_once('-')?.0)),
        _ => Some(Subject::new(kind, namespace, name)),
    }
}

fn is_ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"][0]["ready"] == true
}

impl Director {
    /// Moves a workload one step towards its specification; whether there is more to do.
    pub(crate) fn converge(&mut self, cluster: &Cluster, subject: &Subject) -> bool {
        let Some(workload) = subject.get(cluster) else { return self.remove_orphans(cluster, subject) };
        let template = &workload["spec"]["template"];
        let hash = &artifact::sha256(template.to_string().as_bytes())[..10];
        let wanted = match subject.kind.as_str() {
            "DaemonSet" => NODES,
            _ => workload["spec"]["replicas"].as_u64().unwrap_or(1) as usize,
        };
        let owner = if subject.kind == "Deployment" {
            self.replica_set(cluster, &workload, hash, wanted)
        } else {
            workload.clone()
        };
        let (current, old): (Vec<Value>, Vec<Value>) = self
            .pods(cluster, subject)
            .into_iter()
            .partition(|pod| pod["metadata"]["labels"]["pod-template-hash"] == hash);
        let mut busy = false;
        let ready = current.iter().filter(|pod| is_ready(pod)).count();
        let mut healthy = ready + old.iter().filter(|pod| is_ready(pod)).count();
        for pod in current.iter().filter(|pod| pod["status"]["phase"] == "Pending") {
            healthy += usize::from(self.start(cluster, subject, pod, healthy));
            busy = true;
        }
        // As a rolling update with a quarter of surge and of unavailability; only Deployments have pods to spare.
        let (surge, missing) =
            if subject.kind == "Deployment" { (wanted.div_ceil(4), wanted / 4) } else { (0, wanted.min(1)) };
        let most = wanted + surge;
        let room = most.saturating_sub(current.len() + old.len());
        for index in current.len()..wanted.min(current.len() + room.min(2)) {
            self.create_pod(cluster, subject, &workload, &owner, hash, index);
            busy = true;
        }
        let mut surplus: Vec<&Value> = current.iter().skip(wanted).collect();
        let (serving, broken): (Vec<&Value>, Vec<&Value>) = old.iter().partition(|pod| is_ready(pod));
        surplus.extend(broken);
        if ready + serving.len() > wanted - missing || ready >= wanted {
            surplus.extend(serving.first());
        }
        for pod in &surplus {
            let pod = Subject::of(pod);
            cluster.delete("Pod", &pod.namespace, &pod.name);
            busy = true;
        }
        self.write_status(cluster, subject, wanted);
        busy
    }

    /// Removes the pods and replica sets of a workload that is gone.
    fn remove_orphans(&mut self, cluster: &Cluster, subject: &Subject) -> bool {
        for pod in self.pods(cluster, subject) {
            cluster.delete("Pod", &subject.namespace, &Subject::of(&pod).name);
        }
        for set in cluster.list_named("ReplicaSet", Some(&subject.namespace), &subject.name) {
            if set["metadata"]["ownerReferences"][0]["name"] == subject.name {
                cluster.delete("ReplicaSet", &subject.namespace, &Subject::of(&set).name);
            }
        }
        false
    }

    pub(crate) fn pods(&self, cluster: &Cluster, subject: &Subject) -> Vec<Value> {
        let mut pods = cluster.list_named("Pod", Some(&subject.namespace), &subject.name);
        pods.retain(|pod| controller_of_pod(pod).as_ref() == Some(subject));
        pods
    }

    /// The replica set of a template; the others are scaled to nothing.
    fn replica_set(&mut self, cluster: &Cluster, workload: &Value, hash: &str, wanted: usize) -> Value {
        let subject = Subject::of(workload);
        let name = format!("{}-{hash}", subject.name);
        let known = cluster.get("ReplicaSet", &subject.namespace, &name);
        if let Some(set) = known
            && set["spec"]["replicas"] == json!(wanted)
        {
            return set;
        }
        if self.clock.is_none() {
            let message = format!("Scaled up replica set {name} to {wanted}");
            self.event(cluster, &subject, "deployment-controller", "ScalingReplicaSet", &message, false);
        }
        self.retire_replica_sets(cluster, &subject, &name);
        let set = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": name, "namespace": subject.namespace,
                "labels": with_hash(&workload["spec"]["template"]["metadata"]["labels"], hash),
                "ownerReferences": [owner_reference(workload)]},
            "spec": {"replicas": wanted, "selector": workload["spec"]["selector"],
                "template": workload["spec"]["template"]},
        });
        self.put(cluster, set, CONTROLLER).unwrap_or_default()
    }

    /// Scales the replica sets of older templates to nothing and keeps the newest of them.
    fn retire_replica_sets(&self, cluster: &Cluster, subject: &Subject, current: &str) {
        let mut old: Vec<Value> = cluster.list_named("ReplicaSet", Some(&subject.namespace), &subject.name);
        old.retain(|set| {
            set["metadata"]["ownerReferences"][0]["name"] == subject.name && set["metadata"]["name"] != current
        });
        old.sort_by_key(|set| std::cmp::Reverse(set["metadata"]["creationTimestamp"].as_str().map(str::to_owned)));
        for (index, set) in old.iter().enumerate() {
            let set = Subject::of(set);
            if index >= OLD_REPLICA_SETS {
                cluster.delete("ReplicaSet", &set.namespace, &set.name);
                continue;
            }
            cluster.edit("ReplicaSet", &set.namespace, &set.name, CONTROLLER, &json!({"spec": {"replicas": 0}}));
            self.update_status(cluster, &set, CONTROLLER, |object| {
                object["status"] = json!({"replicas": 0, "observedGeneration": object["metadata"]["generation"]});
            });
        }
    }

    fn create_pod(
        &mut self,
        cluster: &Cluster,
        subject: &Subject,
        workload: &Value,
        owner: &Value,
        hash: &str,
        index: usize,
    ) {
        let name = match subject.kind.as_str() {
            "StatefulSet" => {
                let taken: Vec<Value> = self.pods(cluster, subject);
                let free = (0..).map(|number| format!("{}-{number}", subject.name));
                let mut free = free.filter(|name| !taken.iter().any(|pod| pod["metadata"]["name"] == json!(name)));
                free.next().unwrap_or_default()
            }
            "DaemonSet" => format!("{}-{}", subject.name, self.random.suffix(5)),
            _ => format!("{}-{hash}-{}", subject.name, self.random.suffix(5)),
        };
        let template = &workload["spec"]["template"];
        let mut spec = template["spec"].clone();
        spec["nodeName"] = json!(format!("node-{}", (self.random.below(NODES) + index) % NODES + 1));
        let container = &template["spec"]["containers"][0];
        let status = json!({
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": self.time(cluster)}],
            "containerStatuses": [{"name": container["name"], "image": container["image"], "ready": false,
                "started": false, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}],
        });
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": subject.namespace,
                "labels": with_hash(&template["metadata"]["labels"], hash),
                "ownerReferences": [owner_reference(owner)]},
            "spec": spec,
        });
        if let Err(status) = self.put(cluster, pod, CONTROLLER) {
            tracing::warn!(?status, "the world cannot create a pod");
            return;
        }
        let pod = Subject::new("Pod", &subject.namespace, &name);
        self.update_status(cluster, &pod, KUBELET, |object| object["status"] = status);
        if self.clock.is_none() {
            let node = spec["nodeName"].as_str().unwrap_or_default();
            let message = format!("Successfully assigned {}/{name} to {node}", subject.namespace);
            self.event(cluster, &pod, "default-scheduler", "Scheduled", &message, false);
        }
    }

    /// Starts the container of a pending pod; of a crashing workload, only so many stay well. Whether this one does.
    fn start(&mut self, cluster: &Cluster, subject: &Subject, pod: &Value, healthy: usize) -> bool {
        let crashes = self.crash_of(subject).is_some_and(|crash| healthy >= crash.healthy);
        let address = format!("10.244.{}.{}", self.random.below(3) + 1, self.random.below(250) + 2);
        self.set_container(cluster, &Subject::of(pod), !crashes, |status, time| {
            status["phase"] = json!("Running");
            status["podIP"] = json!(address);
            status["startTime"] = json!(time);
            status["containerStatuses"][0]["state"] = json!({"running": {"startedAt": time}});
            status["containerStatuses"][0]["started"] = json!(true);
        });
        let now = self.now(cluster);
        let line = lines::start(self.style(&subject.namespace, &subject.name), &subject.name, now);
        self.write_lines(cluster, pod, &[line]);
        if crashes {
            self.schedule(Task::Crash(Subject::of(pod)), 4);
        }
        !crashes
    }

    /// The next step of a container that crashes: it ends with last words, or starts again.
    pub(crate) fn crash(&mut self, cluster: &Cluster, pod: &Subject) {
        let Some(object) = pod.get(cluster) else { return };
        let Some(owner) = controller_of_pod(&object) else { return };
        let Some(crash) = self.crash_of(&owner).cloned() else {
            // The cause has gone: the next start holds.
            self.restart(cluster, pod, true);
            self.schedule(Task::Converge(owner), 1);
            return;
        };
        if object["status"]["containerStatuses"][0]["state"]["waiting"].is_object() {
            self.restart(cluster, pod, false);
            self.schedule(Task::Crash(pod.clone()), 4);
            return;
        }
        let now = self.now(cluster);
        let style = self.style(&owner.namespace, &owner.name);
        self.write_lines(cluster, &object, &lines::crash(style, crash.reason, now));
        let code = if crash.reason == "OOMKilled" { 137 } else { 1 };
        self.set_container(cluster, pod, false, |status, time| {
            let container = &mut status["containerStatuses"][0];
            let started = container["state"]["running"]["startedAt"].clone();
            container["lastState"] = json!({"terminated": {"exitCode": code, "reason": crash.reason,
                "startedAt": started, "finishedAt": time}});
            container["state"] = json!({"waiting": {"reason": "CrashLoopBackOff",
                "message": "back-off 5m0s restarting failed container"}});
            container["started"] = json!(false);
        });
        if self.clock.is_none() {
            self.event(cluster, pod, KUBELET, "BackOff", "Back-off restarting failed container", true);
        }
        self.write_status(cluster, &owner, 0);
        self.schedule(Task::Crash(pod.clone()), 40);
    }

    fn restart(&mut self, cluster: &Cluster, pod: &Subject, ready: bool) {
        self.set_container(cluster, pod, ready, |status, time| {
            let container = &mut status["containerStatuses"][0];
            container["restartCount"] = json!(container["restartCount"].as_u64().unwrap_or(0) + 1);
            container["state"] = json!({"running": {"startedAt": time}});
            container["started"] = json!(true);
        });
    }

    /// Changes the status of a pod's container, as its kubelet.
    fn set_container(&self, cluster: &Cluster, pod: &Subject, ready: bool, change: impl FnOnce(&mut Value, &str)) {
        let time = self.time(cluster);
        self.update_status(cluster, pod, KUBELET, |object| {
            change(&mut object["status"], &time);
            object["status"]["containerStatuses"][0]["ready"] = json!(ready);
            let truth = if ready { "True" } else { "False" };
            for kind in ["Initialized", "ContainersReady", "Ready"] {
                let truth = if kind == "Initialized" { "True" } else { truth };
                let reason = if truth == "True" { "" } else { "ContainersNotReady" };
                conditions::set(object, kind, truth, reason, "", &time);
            }
        });
    }

    /// Writes lines of a pod's container.
    pub(crate) fn write_lines(&self, cluster: &Cluster, object: &Value, lines: &[String]) {
        let pod = Subject::of(object);
        let container = object["spec"]["containers"][0]["name"].as_str().unwrap_or_default();
        let now = self.now(cluster);
        for line in lines {
            cluster.append_log_at(&pod.namespace, &pod.name, container, now, line);
        }
    }

    /// The status of a workload from its pods. `wanted` is read from the specification when 0.
    fn write_status(&self, cluster: &Cluster, subject: &Subject, wanted: usize) {
        let Some(workload) = subject.get(cluster) else { return };
        let wanted = match (wanted, workload["spec"]["replicas"].as_u64()) {
            (0, Some(replicas)) => replicas as usize,
            (wanted, _) => wanted,
        };
        let pods = self.pods(cluster, subject);
        let (count, ready) = (pods.len(), pods.iter().filter(|pod| is_ready(pod)).count());
        let time = self.time(cluster);
        self.update_status(cluster, subject, CONTROLLER, |object| {
            let generation = object["metadata"]["generation"].clone();
            let status = if subject.kind == "DaemonSet" {
                json!({"observedGeneration": generation, "desiredNumberScheduled": wanted,
                    "currentNumberScheduled": count, "numberReady": ready, "numberAvailable": ready,
                    "updatedNumberScheduled": count, "numberMisscheduled": 0})
            } else {
                json!({"observedGeneration": generation, "replicas": count, "readyReplicas": ready,
                    "availableReplicas": ready, "updatedReplicas": count.min(wanted),
                    "unavailableReplicas": if ready < wanted { json!(wanted - ready) } else { Value::Null }})
            };
            json_patch::merge(&mut object["status"], &status);
            if subject.kind == "Deployment" {
                let (truth, reason, message) = if ready * 4 >= wanted * 3 {
                    ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
                } else {
                    ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
                };
                conditions::set(object, "Available", truth, reason, message, &time);
            }
        });
        if subject.kind == "Deployment" {
            self.write_replica_set_status(cluster, &pods);
        }
    }

    fn write_replica_set_status(&self, cluster: &Cluster, pods: &[Value]) {
        let Some(pod) = pods.first() else { return };
        let owner = &pod["metadata"]["ownerReferences"][0]["name"];
        let of_set: Vec<&Value> =
            pods.iter().filter(|pod| pod["metadata"]["ownerReferences"][0]["name"] == *owner).collect();
        let ready = of_set.iter().filter(|pod| is_ready(pod)).count();
        let set = Subject::new("ReplicaSet", &Subject::of(pod).namespace, owner.as_str().unwrap_or_default());
        self.update_status(cluster, &set, CONTROLLER, |object| {
            let status = json!({"replicas": of_set.len(), "readyReplicas": ready, "availableReplicas": ready,
                "observedGeneration": object["metadata"]["generation"]});
            json_patch::merge(&mut object["status"], &status);
        });
    }

    fn time(&self, cluster: &Cluster) -> String {
        cluster::seconds(self.now(cluster))
    }
}

fn with_hash(labels: &Value, hash: &str) -> Value {
    let mut labels = labels.clone();
    labels["pod-template-hash"] = json!(hash);
    labels
}

fn owner_reference(owner: &Value) -> Value {
    json!({"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true})
}

/// Changes an object's specification as a person at a terminal.
pub(crate) fn edit(cluster: &Cluster, subject: &Subject, writer: Writer, patch: &Value) {
    let change = Change::MergePatch(patch.clone());
    if let Err(status) = cluster.change(&subject.kind, &subject.namespace, &subject.name, writer, change) {
        tracing::warn!(?subject, ?status, "the world cannot edit an object");
    }
}
