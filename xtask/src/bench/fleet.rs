//! A fleet of 50 clusters with 1,000 Flux objects each, and a tenth of it beside: does cost grow with what is there, or
//! faster?

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::metrics::Scrape;
use super::setting::{Executables, Setting, Site};
use super::subscription::{Arrivals, Subscription};
use super::{Figure, change, percentile, process, windows};

const SMALL: usize = 5;
const LARGE: usize = 50;
const OBJECTS: usize = 1_000;
const CHANGES_PER_SECOND: u32 = 50;
/// How long changes come at that rate.
const LOAD: Duration = Duration::from_secs(30);
/// How long a quiet server is looked at.
const QUIET: Duration = Duration::from_secs(20);
/// Time for the last changes to arrive.
const DRAIN: Duration = Duration::from_secs(3);

pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Figure>> {
    let executables = setting.executables()?;
    let bare = resident_without_clusters(&executables)?;
    let small = measure(&executables, SMALL, bare)?;
    let large = measure(&executables, LARGE, bare)?;
    let beside = |figure: Figure| {
        let other = small.iter().find(|other| other.name.rsplit('/').next() == figure.name.rsplit('/').next());
        match other.map(|other| other.value) {
            Some(value) => figure.against("with 5 clusters", value),
            None => figure,
        }
    };
    Ok(large.into_iter().map(beside).collect())
}

/// KiB that a server takes before it has a cluster.
fn resident_without_clusters(executables: &Executables) -> Result<f64> {
    let (server, _store) = executables.serve(&[])?;
    ureq::get(server.address("/")).call().context("the page failed")?;
    std::thread::sleep(Duration::from_secs(3));
    process::resident(server.id())
}

fn measure(executables: &Executables, clusters: usize, bare: f64) -> Result<Vec<Figure>> {
    let site = Site::start(executables, clusters, OBJECTS)?;
    let id = site.server.id();
    let name = |figure: &str| format!("fleet-{clusters}/{figure}");
    let spent = process::processor_time(id)?;
    let mut figures = vec![
        Figure::new(name("ready"), site.ready_in.as_secs_f64(), "s", 30.0),
        Figure::observed(name("ready-cpu"), spent, "s"),
    ];
    wait_until_quiet(id)?;

    let size = site.simulator.json("/size")?;
    let (objects, bytes) = (count(&size, "objects")?, count(&size, "bytes")?);
    let shown = windows::total(&site.server)?;
    if (shown - objects).abs() > f64::EPSILON {
        bail!("the clusters have {objects} objects, the server shows {shown}");
    }
    let resident = process::resident(id)?;
    let per_object = (resident - bare) / objects - bytes / objects / 1024.0;
    figures.push(Figure::observed(name("rss"), resident / 1024.0, "MiB"));
    figures.push(Figure::new(name("memory-per-object"), per_object, "KiB", 2.0));

    let mut subscription = Subscription::open(&site.server)?;
    figures.extend(quiet(&site, &mut subscription, &name)?);
    figures.push(Figure::observed(name("open-files"), process::open_files(id)? as f64, ""));
    figures.extend(windows::figures(&site.server, &name)?);
    figures.extend(load(&site, &mut subscription, &name)?);
    Ok(figures)
}

fn count(value: &Value, field: &str) -> Result<f64> {
    value[field].as_f64().with_context(|| format!("the simulator does not say {field}"))
}

/// Waits until what the start left to do, the store's first rows above all, is done.
fn wait_until_quiet(id: u32) -> Result<()> {
    const LOOK: Duration = Duration::from_secs(2);
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let before = process::processor_time(id)?;
        std::thread::sleep(LOOK);
        if process::processor_time(id)? - before < 0.05 * LOOK.as_secs_f64() {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("the server is still busy two minutes after its clusters were ready");
        }
    }
}

/// Nothing changes, and somebody looks.
fn quiet(site: &Site, subscription: &mut Subscription, name: &dyn Fn(&str) -> String) -> Result<Vec<Figure>> {
    site.simulator.forget_requests()?;
    let before = process::processor_time(site.server.id())?;
    let start = Instant::now();
    subscription.read_until(start + QUIET)?;
    let share = (process::processor_time(site.server.id())? - before) / start.elapsed().as_secs_f64();
    let asked = site.simulator.json("/requests")?;
    let asked = asked.as_array().context("requests are a list")?;
    let requests: u64 = asked.iter().filter_map(|request| request["count"].as_u64()).sum();
    Ok(vec![
        Figure::new(name("idle-cpu"), share * 100.0, "%", 2.0),
        Figure::new(name("idle-requests"), requests as f64, "", 0.0),
    ])
}

/// Changes come all the time.
fn load(site: &Site, subscription: &mut Subscription, name: &dyn Fn(&str) -> String) -> Result<Vec<Figure>> {
    let id = site.server.id();
    let before = Scrape::read(&site.server)?;
    let (spent, written) = (process::processor_time(id)?, process::written(id)?);
    let start = Instant::now();
    site.simulator.set_rate(CHANGES_PER_SECOND)?;
    subscription.read_until(start + LOAD)?;
    site.simulator.set_rate(0)?;
    let seen = subscription.read_until(Instant::now() + DRAIN)?;
    let changes = site.simulator.json("/changes?after=0")?;
    let changes = changes.as_array().context("changes are a list")?;
    let arrivals = Arrivals::of(changes, seen);
    let spent = process::processor_time(id)? - spent;
    let per_change = |value: f64| value / changes.len().max(1) as f64;
    let objects = arrivals.millis.len() + arrivals.lost;
    let written = per_change(process::written(id)? - written) / 1024.0;
    let after = Scrape::read(&site.server)?;
    Ok(vec![
        Figure::new(name("change-p50"), percentile(&arrivals.millis, 50), "ms", change::BUDGET),
        Figure::new(name("change-p99"), percentile(&arrivals.millis, 99), "ms", change::BUDGET),
        Figure::new(name("changes-lost"), arrivals.lost as f64, "", 0.0),
        Figure::observed(name("cpu-per-change"), per_change(spent * 1000.0), "ms"),
        // Events are no objects; an object that changes twice before it is written is written once.
        Figure::new(name("rows-per-change"), (after.rows - before.rows) / objects.max(1) as f64, "", 1.0),
        Figure::observed(name("transactions-per-change"), per_change(after.transactions - before.transactions), ""),
        Figure::observed(name("written-per-change"), written, "KiB"),
        Figure::observed(name("scrape"), after.millis, "ms"),
    ])
}
