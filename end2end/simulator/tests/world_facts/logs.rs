//! The logs of containers as the kubelet answers them.

use futures::{AsyncBufReadExt as _, TryStreamExt as _};
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kube::api::LogParams;

use crate::target::{Target, refused, soon};

/// The time of a line that was asked for with timestamps.
fn time(line: &str) -> Timestamp {
    line.split_once(' ').unwrap().0.parse().unwrap()
}

/// Lines with their times, by parameters as they go over the wire: clients round `sinceTime` themselves.
async fn lines(target: &Target, pod: &str, parameters: &str) -> Vec<String> {
    let path = format!("/api/v1/namespaces/{}/pods/{pod}/log?timestamps=true&{parameters}", target.app);
    let request = Request::get(path).body(Vec::new()).unwrap();
    let text = target.client.request_text(request).await.unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The last nanosecond of a time's second.
fn late_in_the_second(time: Timestamp) -> String {
    format!("{:.9}", Timestamp::new(time.as_second(), 999_999_999).unwrap())
}

pub(crate) async fn lines_begin_with_a_time_in_nanoseconds(target: Target) {
    let pod = target.pod().await;
    let lines = lines(&target, &pod, "tailLines=3").await;
    assert_eq!(lines.len(), 3);
    let times: Vec<Timestamp> = lines.iter().map(|line| time(line)).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(lines.iter().all(|line| line.split_once(' ').unwrap().0.ends_with('Z')), "UTC: {lines:?}");
}

pub(crate) async fn tail_lines_and_since_time_both_narrow(target: Target) {
    let pod = target.pod().await;
    let last = lines(&target, &pod, "tailLines=4").await;
    let since = Timestamp::from_second(time(&last[0]).as_second()).unwrap();
    assert_eq!(lines(&target, &pod, &format!("tailLines=2&sinceTime={since}")).await.len(), 2);
    let all = lines(&target, &pod, &format!("tailLines=1000000&sinceTime={since}")).await;
    assert!(all.len() >= 4 && all.iter().all(|line| time(line) >= since), "{since}: {all:?}");
    let future = Timestamp::now() + SignedDuration::from_hours(1);
    assert!(lines(&target, &pod, &format!("sinceTime={future:.0}")).await.is_empty());
    assert!(lines(&target, &pod, "tailLines=0").await.is_empty());
}

pub(crate) async fn since_time_counts_whole_seconds_and_includes_them(target: Target) {
    let pod = target.pod().await;
    let line = lines(&target, &pod, "tailLines=3").await.remove(0);
    let since = late_in_the_second(time(&line));
    assert!(lines(&target, &pod, &format!("sinceTime={since}")).await.contains(&line), "{line} is not since {since}");
}

pub(crate) async fn a_limit_cuts_bytes_not_lines(target: Target) {
    let pod = target.pod().await;
    let params = LogParams { limit_bytes: Some(5), tail_lines: Some(2), ..LogParams::default() };
    assert_eq!(target.pods().logs(&pod, &params).await.unwrap().len(), 5);
}

pub(crate) async fn a_followed_log_brings_new_lines(target: Target) {
    let pod = target.pod().await;
    let params = LogParams { follow: true, timestamps: true, tail_lines: Some(1), ..LogParams::default() };
    let mut followed = target.pods().log_stream(&pod, &params).await.unwrap().lines();
    let first = soon("the last line", followed.try_next()).await.unwrap().unwrap();
    target.speak(&pod);
    let next = soon("the next line", followed.try_next()).await.unwrap().unwrap();
    assert!(time(&next) > time(&first), "{first}\n{next}");
}

pub(crate) async fn what_has_no_log_is_refused(target: Target) {
    let (api, pod) = (target.pods(), target.pod().await);
    let bad_request = (400, "BadRequest".to_owned());
    let of = |container: &str| LogParams { container: Some(container.to_owned()), ..LogParams::default() };
    assert_eq!(refused(api.logs(&pod, &of("absent")).await), bad_request);
    assert_eq!(refused(api.logs("absent", &LogParams::default()).await), (404, "NotFound".to_owned()));
    let previous = LogParams { previous: true, ..LogParams::default() };
    assert_eq!(refused(api.logs(&pod, &previous).await), bad_request, "it never restarted");
    let both = "sinceSeconds=3&sinceTime=2026-01-01T00:00:00Z";
    let path = format!("/api/v1/namespaces/{}/pods/{pod}/log?{both}", target.app);
    let answer = target.client.request_text(Request::get(path).body(Vec::new()).unwrap()).await;
    assert_eq!(refused(answer), (422, "Invalid".to_owned()));
}
