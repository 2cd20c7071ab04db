//! What API servers and the lines to them do wrong, on simulated clusters: one is broken, another is watched meanwhile.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::clusters::{Changed, World, cluster};
use super::observation::{Measurement, Observation, Promise, eventually};
use super::stage::{RESYNC_SECONDS, Setting, Stage};
use super::{Place, Scenario};

/// A loss that the connection itself tells.
const LOST_AT_ONCE: Promise = promise(5, 20);
/// A loss that only a question tells, which the next resync asks: a tenth later for spreading, then its time limit.
const LOST_AT_RESYNC: Promise = promise(RESYNC_SECONDS * 11 / 10 + 8, 20);
/// Faults that hide nothing.
const NOTHING_LOST: Promise = promise(5, 5);
/// Rights are looked at when a list is asked for: at the next resync.
const RIGHTS: Promise = promise(RESYNC_SECONDS * 11 / 10 + 4, RESYNC_SECONDS * 11 / 10 + 4);

const fn promise(said: u64, recovered: u64) -> Promise {
    Promise {
        said_within: Duration::from_secs(said),
        recovered_within: Duration::from_secs(recovered),
        growth_mib: 150,
    }
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "reset",
        fault: "an API server resets every connection",
        place: Place::Simulator,
        quick: true,
        promise: LOST_AT_ONCE,
        run: |setting, promise| lost(setting, promise, &json!({"kind": "reset"})),
    },
    Scenario {
        name: "down",
        fault: "an API server is gone: connections are refused",
        place: Place::Simulator,
        quick: false,
        promise: LOST_AT_ONCE,
        run: |setting, promise| lost(setting, promise, &json!({"kind": "down"})),
    },
    Scenario {
        name: "blackhole",
        fault: "an API server falls silent in the middle of its watches",
        place: Place::Simulator,
        quick: false,
        promise: LOST_AT_RESYNC,
        run: |setting, promise| lost(setting, promise, &json!({"kind": "blackhole"})),
    },
    Scenario {
        name: "throttle",
        fault: "the line to a cluster carries 100 bytes a second",
        place: Place::Simulator,
        quick: false,
        promise: promise(RESYNC_SECONDS * 11 / 10 + 30, 30),
        run: |setting, promise| lost(setting, promise, &json!({"kind": "throttle", "bytes_per_second": 100})),
    },
    Scenario {
        name: "errors",
        fault: "an API server answers three of ten requests with 500",
        place: Place::Simulator,
        quick: false,
        promise: promise(20, 20),
        run: |setting, promise| still_true(setting, promise, &json!({"kind": "server_error"}), &json!({"percent": 30})),
    },
    Scenario {
        name: "gone",
        fault: "410 storm: every watch is told that its version is too old",
        place: Place::Simulator,
        quick: false,
        promise: NOTHING_LOST,
        run: |setting, promise| still_true(setting, promise, &json!({"kind": "gone"}), &json!({})),
    },
    Scenario {
        name: "forbidden",
        fault: "the right to read one kind is taken away and given back",
        place: Place::Simulator,
        quick: false,
        promise: RIGHTS,
        run: forbidden,
    },
    Scenario {
        name: "clock-ahead",
        fault: "the clock of an API server is 10 min ahead",
        place: Place::Simulator,
        quick: false,
        promise: NOTHING_LOST,
        run: |setting, promise| clock(setting, promise, 10),
    },
    Scenario {
        name: "clock-behind",
        fault: "the clock of an API server is 10 min behind",
        place: Place::Simulator,
        quick: false,
        promise: NOTHING_LOST,
        run: |setting, promise| clock(setting, promise, -10),
    },
    Scenario {
        name: "large-objects",
        fault: "32 Kustomizations grow to 1 MiB each, and are listed so",
        place: Place::Simulator,
        quick: false,
        promise: promise(20, 20),
        run: large_objects,
    },
];

const WORLD: World = World { clusters: 3, objects: 200, large: 0 };

/// The fault loses the whole cluster: that is said, its rows stay, and the truth comes back by itself.
fn lost(setting: &Setting<'_>, promise: &Promise, fault: &Value) -> Result<Observation> {
    let stage = Stage::start(setting, WORLD)?;
    lost_on(&stage, promise, fault)
}

fn lost_on(stage: &Stage, promise: &Promise, fault: &Value) -> Result<Observation> {
    let (broken, healthy) = (cluster(1), cluster(2));
    let before = stage.server.rows(&broken)?;
    let mut run = Measurement::begin(promise, &stage.server, Some(&healthy))?;
    let fault = stage.clusters.begin(&broken, fault, &json!({}))?;
    run.said(|| stage.server.lost(&broken))?;
    let during = stage.server.rows(&broken)?;
    ensure!(during == before, "the lost cluster shows {during} objects of {before}");
    drop(fault);
    run.over();
    let changed = stage.clusters.change(&broken)?;
    run.recovered(|| Ok(stage.server.is_connected(&broken)? && stage.server.shows(&changed)?))?;
    let after = stage.server.rows(&broken)?;
    ensure!(after == before, "the cluster came back with {after} objects of {before}");
    run.finish(&stage.server, format!("{during} of {before} objects, as the last truth"))
}

/// The fault hides nothing: changes during it are shown, before and after a resync under it, and so is one after it.
fn still_true(setting: &Setting<'_>, promise: &Promise, fault: &Value, reach: &Value) -> Result<Observation> {
    let stage = Stage::start(setting, WORLD)?;
    let (broken, healthy) = (cluster(1), cluster(2));
    let before = stage.server.rows(&broken)?;
    let mut run = Measurement::begin(promise, &stage.server, Some(&healthy))?;
    let began_at = now_millis();
    let fault = stage.clusters.begin(&broken, fault, reach)?;
    let first = stage.clusters.change(&broken)?;
    run.said(|| Ok(stage.server.shows(&first)?.then(|| "the truth: changes made meanwhile".to_owned())))?;
    outlast_a_resync(&stage, &broken, began_at)?;
    let second = stage.clusters.change(&broken)?;
    eventually("a change after a resync is shown", promise.said_within, || {
        Ok(stage.server.shows(&second)?.then_some(()))
    })?;
    let rows = stage.server.rows(&broken)?;
    ensure!(rows == before, "the cluster shows {rows} objects of {before}");
    drop(fault);
    run.over();
    let after = stage.clusters.change(&broken)?;
    run.recovered(|| Ok(stage.server.is_connected(&broken)? && stage.server.shows(&after)?))?;
    run.finish(&stage.server, format!("{rows} of {before} objects, watched on"))
}

fn forbidden(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    const KIND: &str = "HelmRelease";
    let stage = Stage::start(setting, WORLD)?;
    let (broken, healthy) = (cluster(1), cluster(2));
    let before = stage.server.rows(&broken)?;
    let refused = |server: &super::server::Server| -> Result<Option<String>> {
        let problems = &server.cluster(&broken)?["problems"];
        let found = problems.as_array().into_iter().flatten().filter_map(|problem| problem["message"].as_str());
        Ok(found.filter(|message| message.contains(KIND)).map(str::to_owned).next())
    };
    ensure!(refused(&stage.server)?.is_none(), "there is a problem with {KIND} before anything happened");
    let mut run = Measurement::begin(promise, &stage.server, Some(&healthy))?;
    let fault = stage.clusters.begin(&broken, &json!({"kind": "forbidden"}), &json!({"paths": "*/helmreleases"}))?;
    let words = run.said(|| refused(&stage.server))?;
    stage.server.page_says(&format!("/clusters/{broken}"), &words)?;
    let during = stage.server.rows(&broken)?;
    ensure!(stage.server.is_connected(&broken)?, "one kind that is refused took the cluster with it");
    drop(fault);
    run.over();
    run.recovered(|| Ok(refused(&stage.server)?.is_none() && stage.server.is_connected(&broken)?))?;
    let after = stage.server.rows(&broken)?;
    ensure!(after == before, "the right came back, and {after} objects of {before}");
    run.finish(&stage.server, format!("{during} of {before} objects, the other kinds watched on"))
}

/// A clock that is off shows in the cluster's own times and nowhere else.
fn clock(setting: &Setting<'_>, promise: &Promise, minutes: i64) -> Result<Observation> {
    /// What may pass between the write of a change and our look at it.
    const TOLERANCE_MS: i64 = 60_000;
    let stage = Stage::start(setting, WORLD)?;
    let (broken, healthy) = (cluster(1), cluster(2));
    let before = stage.server.rows(&broken)?;
    let skew = minutes * 60_000;
    let off_by = |changed: &Changed| -> Result<i64> {
        let activity = stage.server.http().json(&changed.path)?["row"]["last_activity"].as_i64();
        Ok(activity.context("a row that changed has its time")? - now_millis())
    };
    let mut run = Measurement::begin(promise, &stage.server, Some(&healthy))?;
    let fault = stage.clusters.begin(&broken, &json!({"kind": "clock_skew", "millis": skew}), &json!({}))?;
    let changed = stage.clusters.change(&broken)?;
    run.said(|| {
        let shown = stage.server.shows(&changed)?;
        Ok(shown.then(|| "the truth at once, with the times that the cluster gives".to_owned()))
    })?;
    let shift = off_by(&changed)?;
    // Of an object's times the newest is shown: a clock that is behind leaves the one from before.
    let expected = skew.max(0);
    ensure!((shift - expected).abs() < TOLERANCE_MS, "the change is dated {shift} ms from now, not {expected}");
    let seen = stage.server.cluster(&broken)?["last_seen"].as_i64().context("a connected cluster was seen")?;
    ensure!((now_millis() - seen).abs() < TOLERANCE_MS, "our own time of the last sight is off as well");
    drop(fault);
    run.over();
    let changed = stage.clusters.change(&broken)?;
    run.recovered(|| Ok(stage.server.shows(&changed)? && off_by(&changed)?.abs() < TOLERANCE_MS))?;
    let rows = stage.server.rows(&broken)?;
    ensure!(rows == before, "the cluster shows {rows} objects of {before}");
    run.finish(&stage.server, format!("{rows} of {before} objects; our own times are right"))
}

fn now_millis() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// Waits until the cluster was listed again, more than a resync's time after this moment.
fn outlast_a_resync(stage: &Stage, cluster: &str, since: i64) -> Result<i64> {
    let after = since + i64::try_from(RESYNC_SECONDS).context("seconds are few")? * 1_000;
    eventually("a resync is through", Duration::from_secs(4 * RESYNC_SECONDS), || {
        Ok(stage.server.cluster(cluster)?["last_seen"].as_i64().filter(|seen| *seen > after))
    })
}

/// Inventories grow to a mebibyte, come by the watch and by a list, and shrink again; each is suspended while it is
/// large, so that its row tells which of the two is shown.
fn large_objects(setting: &Setting<'_>, promise: &Promise) -> Result<Observation> {
    const OBJECTS: usize = 32;
    let stage = Stage::start(setting, WORLD)?;
    let (server, broken) = (&stage.server, cluster(1));
    let before = server.rows(&broken)?;
    let list = format!("/api/v1/resources?cluster={broken}&kind=Kustomization&limit=500");
    let rows = server.http().json(&list)?;
    let names: Vec<(String, String)> = rows["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|row| row["suspended"] == false)
        .filter_map(|row| Some((row["object"]["namespace"].as_str()?.into(), row["object"]["name"].as_str()?.into())))
        .take(OBJECTS)
        .collect();
    ensure!(names.len() == OBJECTS, "the cluster has {} Kustomizations of {OBJECTS}", names.len());
    let suspended = || -> Result<usize> {
        let rows = server.http().json(&list)?;
        let named = |row: &&Value| {
            names
                .iter()
                .any(|(ns, name)| row["object"]["namespace"] == ns.as_str() && row["object"]["name"] == name.as_str())
        };
        let rows = rows["items"].as_array().into_iter().flatten().filter(named);
        Ok(rows.filter(|row| row["suspended"] == true).count())
    };
    let api = stage.clusters.api(&broken)?;
    let patch = |suspend: bool, inventory: &Value| -> Result<()> {
        for (namespace, name) in &names {
            let path = format!("/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{namespace}/kustomizations/{name}");
            for (path, body) in [
                (format!("{path}/status"), json!({"status": {"inventory": inventory}})),
                (path, json!({"spec": {"suspend": suspend}})),
            ] {
                let merge = "application/merge-patch+json";
                api.send(ureq::http::Method::PATCH, &path, merge, &body.to_string())?.good()?;
            }
        }
        Ok(())
    };
    let mut run = Measurement::begin(promise, server, Some(&cluster(2)))?;
    let began_at = now_millis();
    patch(true, &inventory_of_a_mebibyte())?;
    run.said(|| Ok((suspended()? == OBJECTS).then(|| "the truth: all of them, as large as they are".to_owned())))?;
    outlast_a_resync(&stage, &broken, began_at)?;
    ensure!(suspended()? == OBJECTS, "a list did not show what the watch had shown");
    patch(false, &Value::Null)?;
    run.over();
    run.recovered(|| Ok(suspended()? == 0 && server.is_connected(&broken)?))?;
    let after = server.rows(&broken)?;
    ensure!(after == before, "the cluster shows {after} objects of {before}");
    run.finish(server, format!("{after} of {before} objects, watched on"))
}

/// As kustomize-controller writes it.
fn inventory_of_a_mebibyte() -> Value {
    const BYTES: usize = 1 << 20;
    let entry =
        |number: usize| json!({"id": format!("some-namespace_some-object-{number:08}_apps_Deployment"), "v": "v1"});
    let entries: Vec<Value> = (0..BYTES / entry(0).to_string().len()).map(entry).collect();
    json!({"entries": entries})
}
