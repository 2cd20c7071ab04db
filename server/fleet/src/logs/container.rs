//! Pods and containers as log reading needs them: who they are and whether there is something to read.
//!
//! A pod is trimmed to this on arrival; the rest of the object is never kept. Identity is the pod's uid, so that a pod
//! that is deleted and made again under the same name is another source.

use domain::object::ClusterId;
use k8s_openapi::api::core::v1;

/// One container of one pod that lives once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ContainerKey {
    pub(crate) cluster: ClusterId,
    /// uid of the pod.
    pub(crate) pod: String,
    pub(crate) container: String,
}

/// How to ask for the logs of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) key: ContainerKey,
    pub(crate) namespace: String,
    pub(crate) pod_name: String,
}

/// A pod without what logs do not need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) uid: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) containers: Vec<PodContainer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodContainer {
    pub(crate) name: String,
    pub(crate) run: Run,
}

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) phase: RunPhase,
    /// How often it was started again. A log file belongs to one start.
    pub(crate) restarts: i32,
    /// The kubelet has a log to give: of this run, or of the last one while the next waits to start.
    pub(crate) readable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunPhase {
    /// Not started, or between two starts; with the kubelet's reason.
    Waiting(String),
    Running,
    /// Terminated, and will not be started again.
    Finished,
}

impl Pod {
    pub(crate) fn of(pod: &v1::Pod) -> Self {
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        let name = pod.metadata.name.clone().unwrap_or_default();
        // A model API server may leave the uid out; the name is then the best identity there is.
        let uid = pod.metadata.uid.clone().unwrap_or_else(|| format!("{namespace}/{name}"));
        Self { uid, namespace, name, containers: containers(pod) }
    }

    pub(crate) fn container(&self, cluster: &ClusterId, name: &str) -> Container {
        Container {
            key: ContainerKey { cluster: cluster.clone(), pod: self.uid.clone(), container: name.to_owned() },
            namespace: self.namespace.clone(),
            pod_name: self.name.clone(),
        }
    }

    pub(crate) fn run_of(&self, container: &str) -> Option<&Run> {
        self.containers.iter().find(|own| own.name == container).map(|own| &own.run)
    }
}

/// Main containers first, then init containers, then ephemeral ones.
fn containers(pod: &v1::Pod) -> Vec<PodContainer> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let status = pod.status.as_ref();
    let restarts = Restarts {
        policy: spec.restart_policy.as_deref().unwrap_or("Always"),
        over: matches!(status.and_then(|status| status.phase.as_deref()), Some("Succeeded" | "Failed")),
    };
    let running = status.and_then(|status| status.phase.as_deref()) == Some("Running");
    let main = spec.containers.iter().map(|container| {
        let own = status_of(status.and_then(|status| status.container_statuses.as_deref()), &container.name);
        PodContainer { name: container.name.clone(), run: run(own, restarts, running) }
    });
    let init = spec.init_containers.iter().flatten().map(|container| {
        let own = status_of(status.and_then(|status| status.init_container_statuses.as_deref()), &container.name);
        // An init container that is no sidecar runs until it succeeds.
        let policy = if container.restart_policy.as_deref() == Some("Always") { "Always" } else { "OnFailure" };
        PodContainer { name: container.name.clone(), run: run(own, Restarts { policy, ..restarts }, false) }
    });
    let ephemeral = spec.ephemeral_containers.iter().flatten().map(|container| {
        let own = status_of(status.and_then(|status| status.ephemeral_container_statuses.as_deref()), &container.name);
        PodContainer { name: container.name.clone(), run: run(own, Restarts { policy: "Never", ..restarts }, false) }
    });
    main.chain(init).chain(ephemeral).collect()
}

fn status_of<'a>(statuses: Option<&'a [v1::ContainerStatus]>, name: &str) -> Option<&'a v1::ContainerStatus> {
    statuses?.iter().find(|status| status.name == name)
}

#[derive(Clone, Copy)]
struct Restarts<'a> {
    policy: &'a str,
    /// The pod as a whole has ended.
    over: bool,
}

/// `running` is what to believe where the kubelet has said nothing about the container.
fn run(status: Option<&v1::ContainerStatus>, restarts: Restarts<'_>, running: bool) -> Run {
    let Some(status) = status else {
        let phase = if running { RunPhase::Running } else { RunPhase::Waiting(String::new()) };
        return Run { phase, restarts: 0, readable: running };
    };
    let ran_before = status.last_state.as_ref().is_some_and(|state| state.terminated.is_some());
    let state = status.state.as_ref();
    let (phase, readable) = if state.is_some_and(|state| state.running.is_some()) {
        (RunPhase::Running, true)
    } else if let Some(terminated) = state.and_then(|state| state.terminated.as_ref()) {
        let again = match restarts.policy {
            "Never" => false,
            "OnFailure" => terminated.exit_code != 0,
            _ => true,
        };
        let phase = if again && !restarts.over {
            RunPhase::Waiting(terminated.reason.clone().unwrap_or_else(|| "terminated".to_owned()))
        } else {
            RunPhase::Finished
        };
        (phase, true)
    } else {
        let reason = state.and_then(|state| state.waiting.as_ref()).and_then(|waiting| waiting.reason.clone());
        let phase = if restarts.over { RunPhase::Finished } else { RunPhase::Waiting(reason.unwrap_or_default()) };
        (phase, ran_before)
    };
    Run { phase, restarts: status.restart_count, readable }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(spec: Value, status: Value) -> Pod {
        let metadata = json!({"name": "web", "namespace": "shop", "uid": "u1"});
        Pod::of(&serde_json::from_value(json!({"metadata": metadata, "spec": spec, "status": status})).unwrap())
    }

    fn run_in(status: Value) -> Run {
        pod(json!({"containers": [{"name": "app"}]}), status).containers.remove(0).run
    }

    #[test]
    fn a_crashed_container_that_waits_for_its_next_start_still_has_a_log() {
        let run = run_in(json!({"phase": "Running", "containerStatuses": [{
            "name": "app", "image": "", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}},
        }]}));
        let phase = RunPhase::Waiting("CrashLoopBackOff".to_owned());
        assert_eq!(run, Run { phase, restarts: 3, readable: true });
    }

    #[test]
    fn a_container_that_never_started_has_none() {
        let run = run_in(json!({"phase": "Pending", "containerStatuses": [{
            "name": "app", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "ContainerCreating"}},
        }]}));
        assert!(!run.readable);
        assert!(!run_in(json!({"phase": "Pending"})).readable);
    }

    #[test]
    fn a_pod_whose_kubelet_names_no_containers_is_believed_to_run() {
        assert_eq!(run_in(json!({"phase": "Running"})).phase, RunPhase::Running);
    }

    #[test]
    fn only_what_is_not_started_again_has_finished() {
        let terminated = |code: i32| {
            json!({"name": "job", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                   "state": {"terminated": {"exitCode": code}}})
        };
        for (policy, code, finished) in
            [("Always", 0, false), ("OnFailure", 0, true), ("OnFailure", 1, false), ("Never", 1, true)]
        {
            let spec = json!({"restartPolicy": policy, "containers": [{"name": "job"}]});
            let pod = pod(spec, json!({"phase": "Running", "containerStatuses": [terminated(code)]}));
            let ended = pod.run_of("job").map(|run| run.phase == RunPhase::Finished);
            assert_eq!(ended, Some(finished), "{policy} after {code}");
        }
    }

    #[test]
    fn init_containers_come_after_the_main_ones() {
        let pod = pod(
            json!({"containers": [{"name": "app"}], "initContainers": [{"name": "migrate"}]}),
            json!({"phase": "Running"}),
        );
        let names: Vec<_> = pod.containers.iter().map(|container| container.name.as_str()).collect();
        assert_eq!(names, ["app", "migrate"]);
        assert!(!pod.containers[1].run.readable);
    }
}
