//! The request for the logs of one container, and what refuses it.
//!
//! Written as a plain HTTP request: `sinceTime` is then the whole second that was decided, where the client library
//! would round it to the nearest one and skip lines. `tailLines` and `sinceTime` never stand together, because the
//! kubelet applies the tail first and would lose lines. Nothing is retried here.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::io::AsyncBufRead;
use jiff::Timestamp;
use k8s_openapi::api::core::v1;
use kube::Api;
use tokio::time::timeout;
use url::form_urlencoded;

use super::container::{Container, Pod, Run};
use crate::clusters::ConnectionError;
use crate::clusters::failure::Failure;

/// How long the answer to a request may take to begin.
pub(crate) const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// The bytes of a log as they come.
pub(crate) type LogBytes = Pin<Box<dyn AsyncBufRead + Send>>;

/// Makes a client for each call, so that new credentials of a cluster are used as soon as they are there.
pub(crate) type Connect = Arc<dyn Fn() -> Result<kube::Client, ConnectionError> + Send + Sync>;

/// Where to begin reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The last so many lines of the file.
    Tail(u32),
    /// Inclusive; a whole second.
    Since(Timestamp),
    /// All that the file has.
    Beginning,
}

/// One log request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogRequest {
    pub(crate) start: Start,
    pub(crate) follow: bool,
    /// Of the run before the present one.
    pub(crate) previous: bool,
}

/// Why there are no bytes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("the cluster forbids it: {message}")]
    Forbidden { message: String },
    #[error("the container has not started: {message}")]
    NotStarted { message: String },
    #[error("the pod is gone")]
    Gone,
    #[error("the cluster answered {code}: {message}")]
    Refused { code: u16, message: String },
    #[error("there is no connection to the cluster")]
    NotConnected(#[from] ConnectionError),
    #[error("the cluster cannot be reached: {message}")]
    Unreachable { message: String },
    #[error("the cluster did not answer within {} s", OPEN_TIMEOUT.as_secs())]
    Timeout,
}

/// Where the lines of one container come from.
pub(crate) trait Upstream: Send + Sync + 'static {
    fn open(&self, request: LogRequest) -> BoxFuture<'_, Result<LogBytes, UpstreamError>>;

    /// What the container is doing, as the API server knows it now.
    fn look(&self) -> BoxFuture<'_, Result<Run, UpstreamError>>;
}

/// The container on its cluster.
pub(crate) struct ClusterUpstream {
    pub(crate) container: Container,
    /// For log requests: a client that does not retry.
    pub(crate) logs: Connect,
    pub(crate) objects: Connect,
}

impl Upstream for ClusterUpstream {
    fn open(&self, request: LogRequest) -> BoxFuture<'_, Result<LogBytes, UpstreamError>> {
        Box::pin(async move { open((self.logs)()?, &self.container, request).await })
    }

    fn look(&self) -> BoxFuture<'_, Result<Run, UpstreamError>> {
        Box::pin(async move {
            let pods: Api<v1::Pod> = Api::namespaced((self.objects)()?, &self.container.namespace);
            let pod = timeout(OPEN_TIMEOUT, pods.get(&self.container.pod_name)).await;
            let pod = Pod::of(&pod.map_err(|_| UpstreamError::Timeout)?.map_err(|error| classify(&error))?);
            if pod.uid != self.container.key.pod {
                return Err(UpstreamError::Gone);
            }
            pod.run_of(&self.container.key.container).cloned().ok_or(UpstreamError::Gone)
        })
    }
}

/// Sends the request and waits for the answer to begin.
pub(crate) async fn open(
    client: kube::Client,
    container: &Container,
    request: LogRequest,
) -> Result<LogBytes, UpstreamError> {
    let http = http::Request::get(path(container, request))
        .body(Vec::new())
        .map_err(|error| classify(&kube::Error::HttpError(error)))?;
    let bytes = timeout(OPEN_TIMEOUT, client.request_stream(http)).await.map_err(|_| UpstreamError::Timeout)?;
    Ok(Box::pin(bytes.map_err(|error| classify(&error))?))
}

fn path(container: &Container, request: LogRequest) -> String {
    let Container { key, namespace, pod_name } = container;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("container", &key.container).append_pair("timestamps", "true");
    if request.follow {
        query.append_pair("follow", "true");
    }
    if request.previous {
        query.append_pair("previous", "true");
    }
    match request.start {
        Start::Tail(lines) => query.append_pair("tailLines", &lines.to_string()),
        // An RFC 3339 time without a fraction: the API server drops one anyway.
        Start::Since(second) => query.append_pair("sinceTime", &format!("{second:.0}")),
        Start::Beginning => &mut query,
    };
    format!("/api/v1/namespaces/{namespace}/pods/{pod_name}/log?{}", query.finish())
}

/// What the API server means with an error.
pub(crate) fn classify(error: &kube::Error) -> UpstreamError {
    match Failure::of(error) {
        Failure::Unreachable(message) => UpstreamError::Unreachable { message },
        Failure::Unauthorized(message) => UpstreamError::Refused { code: 401, message },
        Failure::Forbidden(message) => UpstreamError::Forbidden { message },
        Failure::NotFound(_) => UpstreamError::Gone,
        Failure::Conflict(message) => UpstreamError::Refused { code: 409, message },
        Failure::Refused { code: 400, message } if is_not_started(&message) => UpstreamError::NotStarted { message },
        Failure::Refused { code, message } => UpstreamError::Refused { code, message },
    }
}

/// The kubelet's words for a container without a log yet: there is no reason code for it.
fn is_not_started(message: &str) -> bool {
    ["waiting to start", "ContainerCreating", "PodInitializing", "is not available", "not yet assigned"]
        .iter()
        .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::super::container::ContainerKey;
    use super::*;

    fn path_of(start: Start, follow: bool, previous: bool) -> String {
        let key = ContainerKey { cluster: "prod".into(), pod: "u1".to_owned(), container: "manager".to_owned() };
        let container = Container { key, namespace: "flux-system".to_owned(), pod_name: "kc-0".to_owned() };
        path(&container, LogRequest { start, follow, previous })
    }

    #[test]
    fn a_first_request_asks_for_the_tail() {
        assert_eq!(
            path_of(Start::Tail(100), true, false),
            "/api/v1/namespaces/flux-system/pods/kc-0/log?container=manager&timestamps=true&follow=true&tailLines=100"
        );
    }

    #[test]
    fn a_resumed_request_asks_for_a_whole_second_and_for_no_tail() {
        let second = Timestamp::from_second(1_768_473_045).unwrap();
        assert_eq!(
            path_of(Start::Since(second), true, false),
            "/api/v1/namespaces/flux-system/pods/kc-0/log?container=manager&timestamps=true&follow=true\
             &sinceTime=2026-01-15T10%3A30%3A45Z"
        );
    }

    #[test]
    fn the_last_words_of_a_crash_come_from_the_run_before() {
        assert!(path_of(Start::Beginning, false, true).ends_with("container=manager&timestamps=true&previous=true"));
    }
}
