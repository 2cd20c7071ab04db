//! Time to the first byte of pages that the index feeds, on the simulated clusters.

use std::time::Instant;

use anyhow::{Context as _, Result};

use super::setting::{Setting, Site};
use super::{Figure, percentile};
use crate::server_process::ServerProcess;

const REQUESTS: usize = 200;
const WARM_UP: usize = 10;
const CLUSTERS: usize = 3;
const OBJECTS: usize = 500;

pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Figure>> {
    // All clusters listed: an empty page is a fast one.
    let site = Site::start(&setting.executables()?, CLUSTERS, OBJECTS)?;
    let server = &site.server;
    let bare = first_byte(server, "/livez")?;
    let figure = |name, path| -> Result<Figure> {
        Ok(Figure::new(name, first_byte(server, path)?, "ms", 100.0).against("/livez", bare))
    };
    let object = "/clusters/edge-001/Kustomization/tenant-001/app-03";
    Ok(vec![figure("ttfb/fleet", "/")?, figure("ttfb/resources", "/resources")?, figure("ttfb/object", object)?])
}

/// The 95th percentile over requests one after the other, in milliseconds.
fn first_byte(server: &ServerProcess, path: &str) -> Result<f64> {
    let agent = ureq::Agent::new_with_defaults();
    let address = server.address(path);
    let mut times = Vec::with_capacity(REQUESTS);
    for request in 0..WARM_UP + REQUESTS {
        let start = Instant::now();
        let mut page = agent.get(&address).call().with_context(|| format!("{address} failed"))?;
        let first = start.elapsed().as_secs_f64() * 1000.0;
        page.body_mut().read_to_string().with_context(|| format!("{address} broke off"))?;
        if request >= WARM_UP {
            times.push(first);
        }
    }
    Ok(percentile(&times, 95))
}
