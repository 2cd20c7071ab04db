//! `pods/log`: the kubelet's answers, followed line by line.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Duration;

use crate::catalogue::RESOURCES;
use crate::cluster::Cluster;
use crate::faults::Interruptions;
use crate::http::query::Parameters;
use crate::http::resource_path::ResourcePath;
use crate::logs::{ContainerKey, Cursor, Followed, Line, Range};
use crate::status::Status;

/// # Errors
/// 404 for an unknown pod, 400 for a container that is unknown, unnamed among several, or still waiting.
pub(crate) fn answer(
    cluster: &Cluster,
    path: &ResourcePath,
    pod_name: &str,
    parameters: &Parameters,
) -> Result<Response, Status> {
    let row = &RESOURCES[path.resource];
    let namespace = path.namespace.clone().unwrap_or_default();
    let pod = cluster
        .store()
        .get(path.resource, &namespace, pod_name)
        .ok_or_else(|| Status::not_found(row, pod_name))?
        .value();
    let container = container(&pod, pod_name, parameters.text("container"))?;
    let previous = parameters.flag("previous");
    let status = pod["status"]["containerStatuses"]
        .as_array()
        .and_then(|statuses| statuses.iter().find(|status| status["name"] == container));
    check_state(status, pod_name, &container, previous)?;

    let range =
        Range { previous, tail: number(parameters, "tailLines")?, since: since(cluster, pod_name, parameters)? };
    let key: ContainerKey = (namespace, pod_name.to_owned(), container.clone());
    let (lines, cursor) = cluster.logs().read(&key, &range).ok_or_else(|| no_previous(pod_name, &container))?;
    let mut writer = LineWriter {
        timestamps: parameters.flag("timestamps"),
        left: number(parameters, "limitBytes")?.unwrap_or(usize::MAX),
    };
    let first = writer.write(&lines);
    let follow = parameters.flag("follow") && !previous;
    let headers = [(header::CONTENT_TYPE, "text/plain")];
    if !follow {
        return Ok((headers, first).into_response());
    }
    let since = range.since;
    let state = Follow {
        cluster: cluster.clone(),
        cursor,
        writer,
        since,
        interruptions: cluster.faults().interruptions(),
        first: Some(first).filter(|first| !first.is_empty()),
    };
    let body = Body::from_stream(stream::unfold(state, |mut state| async { Some((state.next().await?, state)) }));
    Ok((headers, body).into_response())
}

fn number(parameters: &Parameters, name: &str) -> Result<Option<usize>, Status> {
    Ok(parameters.number(name)?.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
}

/// The start of the range: `sinceTime` loses its fraction on the way through the API server.
fn since(cluster: &Cluster, pod_name: &str, parameters: &Parameters) -> Result<Option<Timestamp>, Status> {
    if let Some(seconds) = parameters.number("sinceSeconds")? {
        if parameters.text("sinceTime").is_some() {
            let why = "[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified";
            return Err(Status::invalid("PodLogOptions", pod_name, why));
        }
        return Ok(cluster.now().checked_sub(Duration::from_secs(seconds)).ok());
    }
    let Some(text) = parameters.text("sinceTime") else { return Ok(None) };
    let time: Timestamp =
        text.parse().map_err(|error| Status::bad_request(format!("invalid sinceTime {text:?}: {error}")))?;
    Ok(Timestamp::from_second(time.as_second()).ok())
}

fn container(pod: &Value, pod_name: &str, wanted: Option<&str>) -> Result<String, Status> {
    let names: Vec<&str> = ["initContainers", "containers"]
        .iter()
        .flat_map(|list| pod["spec"][*list].as_array().into_iter().flatten())
        .filter_map(|container| container["name"].as_str())
        .collect();
    match (wanted, names.as_slice()) {
        (Some(name), names) if names.contains(&name) => Ok(name.to_owned()),
        (Some(name), _) => Err(Status::bad_request(format!("container {name} is not valid for pod {pod_name}"))),
        (None, [name]) => Ok((*name).to_owned()),
        (None, names) => Err(Status::bad_request(format!(
            "a container name must be specified for pod {pod_name}, choose one of: [{}]",
            names.join(" ")
        ))),
    }
}

/// Only a container that runs or has run has a log.
fn check_state(status: Option<&Value>, pod: &str, container: &str, previous: bool) -> Result<(), Status> {
    // A pod without statuses is a bare fixture: its log is there as soon as it has lines.
    let Some(status) = status else { return Ok(()) };
    let ended = status["lastState"]["terminated"].is_object();
    if previous {
        return if ended { Ok(()) } else { Err(no_previous(pod, container)) };
    }
    if status["state"]["waiting"].is_object() && !ended {
        let reason = status["state"]["waiting"]["reason"].as_str().unwrap_or("ContainerCreating");
        let state = match reason {
            "ErrImagePull" | "ImagePullBackOff" => "trying and failing to pull image".to_owned(),
            other => format!("waiting to start: {other}"),
        };
        return Err(Status::bad_request(format!("container \"{container}\" in pod \"{pod}\" is {state}")));
    }
    Ok(())
}

fn no_previous(pod: &str, container: &str) -> Status {
    Status::bad_request(format!("previous terminated container \"{container}\" in pod \"{pod}\" not found"))
}

/// Writes lines up to a limit, which cuts the newest bytes.
struct LineWriter {
    timestamps: bool,
    left: usize,
}

impl LineWriter {
    fn write(&mut self, lines: &[Line]) -> Bytes {
        let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.text.len() + 32).sum());
        for line in lines {
            if self.timestamps {
                bytes.extend_from_slice(format!("{:.9} ", line.time).as_bytes());
            }
            bytes.extend_from_slice(&line.text);
            bytes.push(b'\n');
        }
        bytes.truncate(self.left);
        self.left -= bytes.len();
        bytes.into()
    }
}

struct Follow {
    cluster: Cluster,
    cursor: Cursor,
    writer: LineWriter,
    since: Option<Timestamp>,
    interruptions: Interruptions,
    first: Option<Bytes>,
}

impl Follow {
    /// The next chunk; none when the container ended or the limit is reached.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if let Err(interruption) = self.interruptions.until_flowing().await {
                return interruption.outcome();
            }
            if let Some(first) = self.first.take() {
                return Some(Ok(first));
            }
            if self.writer.left == 0 {
                return None;
            }
            self.cursor.changed.mark_unchanged();
            match self.cluster.logs().follow(&mut self.cursor) {
                Followed::Finished => return None,
                Followed::Lines(mut lines) => {
                    lines.retain(|line| self.since.is_none_or(|since| line.time >= since));
                    if !lines.is_empty() {
                        return Some(Ok(self.writer.write(&lines)));
                    }
                }
            }
            tokio::select! {
                // A container that is removed drops its sender; following tells so.
                changed = self.cursor.changed.changed() => if changed.is_err() {
                    return None;
                },
                interruption = self.interruptions.next() => return interruption.outcome(),
            }
        }
    }
}
