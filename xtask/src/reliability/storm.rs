//! Everything at once: two clusters change while faults drawn by the seed come and go, and afterwards agree with what
//! is shown, object by object.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::clusters::{World, cluster};
use super::http::Http;
use super::observation::{Measurement, Observation, Promise, eventually};
use super::server::Server;
use super::stage::{Setting, Stage};
use super::{Place, Scenario};

pub(super) const SCENARIOS: &[Scenario] = &[Scenario {
    name: "storm",
    fault: "40 s of faults of every kind, drawn by the seed, on two clusters that change 20 times a second",
    place: Place::Simulator,
    quick: false,
    promise: Promise {
        said_within: Duration::from_secs(30),
        recovered_within: Duration::from_secs(30),
        growth_mib: 150,
    },
    run: storm,
}];

const WORLD: World = World { clusters: 3, objects: 300, large: 0 };
const LENGTH: Duration = Duration::from_secs(40);
const CHANGES_A_SECOND: u32 = 20;
/// Kinds that change in a simulated cluster, and where its API lists them.
const KINDS: [(&str, &str); 2] = [
    ("Kustomization", "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"),
    ("HelmRelease", "/apis/helm.toolkit.fluxcd.io/v2/helmreleases"),
];

fn storm(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    let stage = Stage::start(setting, WORLD)?;
    let (server, clusters) = (&stage.server, &stage.clusters);
    let (broken, healthy) = ([cluster(1), cluster(3)], cluster(2));
    let apis = broken.iter().map(|cluster| clusters.api(cluster)).collect::<Result<Vec<_>>>()?;
    let agreed = || -> Result<Option<usize>> {
        let mut objects = 0;
        for (cluster, api) in broken.iter().zip(&apis) {
            let (told, shown) = (told(api)?, shown(server, cluster)?);
            let different = told.iter().filter(|(object, message)| shown.get(*object) != Some(*message)).count();
            ensure!(different == 0, "{different} objects of {cluster} are shown otherwise than they are");
            ensure!(told.len() == shown.len(), "{cluster} has {} objects, shown are {}", told.len(), shown.len());
            objects += told.len();
        }
        Ok(Some(objects))
    };
    eventually("all is shown before anything breaks", Duration::from_secs(20), agreed)?;
    let mut run = Measurement::begin(promise, server, Some(&healthy))?;
    let begun = Instant::now();
    clusters.set_rate(CHANGES_A_SECOND)?;
    let faults = clusters.begin_all(drawn(setting.seed, &broken))?;
    run.said(|| {
        for cluster in &broken {
            if let Some(words) = troubles(server, cluster)? {
                return Ok(Some(words));
            }
        }
        Ok(None)
    })?;
    // The storm takes its time; nothing is waited for here.
    std::thread::sleep(LENGTH.saturating_sub(begun.elapsed()));
    clusters.set_rate(0)?;
    drop(faults);
    run.over();
    run.recovered(|| {
        let well = broken.iter().map(|cluster| server.is_connected(cluster)).collect::<Result<Vec<_>>>()?;
        Ok(well.iter().all(|well| *well) && agreed()?.is_some())
    })?;
    let objects = agreed()?.context("it agreed a moment ago")?;
    run.finish(server, format!("all {objects} appliers are shown as they are in the end"))
}

/// What is wrong with the cluster, in the product's words.
fn troubles(server: &Server, cluster: &str) -> Result<Option<String>> {
    let shown = server.cluster(cluster)?;
    let status = &shown["status"];
    if let Some(reason) = status["reason"].as_str() {
        return Ok(Some(format!("{}: {reason}", status["state"].as_str().unwrap_or_default())));
    }
    let mut problems = shown["problems"].as_array().into_iter().flatten();
    Ok(problems.find_map(|problem| problem["message"].as_str()).map(str::to_owned))
}

/// Object and message of its condition, as the cluster itself tells.
fn told(api: &Http) -> Result<BTreeMap<String, String>> {
    let mut objects = BTreeMap::new();
    for (kind, path) in KINDS {
        for item in api.json(path)?["items"].as_array().into_iter().flatten() {
            let mut conditions = item["status"]["conditions"].as_array().into_iter().flatten();
            let ready = conditions.find(|condition| condition["type"] == "Ready");
            let message = ready.and_then(|ready| ready["message"].as_str()).unwrap_or_default();
            objects.insert(name(kind, &item["metadata"]), message.to_owned());
        }
    }
    Ok(objects)
}

/// The same as the server shows it.
fn shown(server: &Server, cluster: &str) -> Result<BTreeMap<String, String>> {
    let mut objects = BTreeMap::new();
    for (kind, _) in KINDS {
        let list = server.http().json(&format!("/api/v1/resources?cluster={cluster}&kind={kind}&limit=500"))?;
        for row in list["items"].as_array().into_iter().flatten() {
            objects.insert(name(kind, &row["object"]), row["message"].as_str().unwrap_or_default().to_owned());
        }
    }
    Ok(objects)
}

fn name(kind: &str, named: &Value) -> String {
    let part = |part: &str| named[part].as_str().unwrap_or_default().to_owned();
    format!("{kind} {}/{}", part("namespace"), part("name"))
}

/// Steps for the simulator: on each cluster one fault after the other, of one to four seconds, with a breath between.
fn drawn(seed: u64, clusters: &[String]) -> Vec<Value> {
    let faults = [
        json!({"kind": "down"}),
        json!({"kind": "reset"}),
        json!({"kind": "blackhole"}),
        json!({"kind": "throttle", "bytes_per_second": 2_000}),
        json!({"kind": "slow", "millis": 500}),
        json!({"kind": "too_many_requests", "retry_after_seconds": 1}),
        json!({"kind": "server_error"}),
        json!({"kind": "forbidden"}),
        json!({"kind": "gone"}),
        json!({"kind": "expired_continue"}),
        json!({"kind": "torn_json"}),
        json!({"kind": "repeated"}),
    ];
    let mut steps = Vec::new();
    for cluster in clusters {
        let mut at = 0;
        for number in 0_u32.. {
            let digest = Sha256::digest(format!("{seed}/{cluster}/{number}"));
            let draw = |place: usize, below: u64| u64::from(digest[place]) % below;
            let for_ms = 1_000 + draw(0, 4) * 1_000;
            if u128::from(at + for_ms) > LENGTH.as_millis() {
                break;
            }
            let fault = faults.get(draw(1, faults.len() as u64) as usize).unwrap_or(&faults[0]);
            let percent = if draw(2, 2) == 0 { 100 } else { 50 };
            steps.push(json!({
                "at_ms": at, "cluster": cluster, "fault": fault, "for_ms": for_ms, "percent": percent,
            }));
            at += for_ms + 500;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_replays_its_storm_and_the_storm_ends_in_time() {
        let clusters = [cluster(1), cluster(3)];
        let steps = drawn(1, &clusters);
        assert_eq!(steps, drawn(1, &clusters));
        assert_ne!(steps, drawn(2, &clusters));
        assert!(steps.len() > 10);
        let end = |step: &Value| step["at_ms"].as_u64().unwrap() + step["for_ms"].as_u64().unwrap();
        assert!(steps.iter().all(|step| u128::from(end(step)) <= LENGTH.as_millis()));
    }
}
