//! Time to the first byte of pages that the index feeds, on the simulated clusters.

use std::time::Instant;

use anyhow::{Context as _, Result};

use super::{Figure, p95};
use crate::build;
use crate::packages::Packages;
use crate::repository::Repository;
use crate::server_process::ServerProcess;
use crate::wasm::Effort;

const REQUESTS: usize = 200;
const WARM_UP: usize = 10;

pub(super) fn run(repository: &Repository, packages: &Packages) -> Result<Vec<Figure>> {
    build::site(repository, packages, Effort::Small)?;
    let executable = build::server(repository, true, false)?;
    let server = ServerProcess::start(&executable, &["demo", "--tick-ms", "0"], None)?;
    let bare = first_byte(&server, "/livez")?;
    let figure = |name, path| -> Result<Figure> {
        Ok(Figure::new(name, first_byte(&server, path)?, "ms", 100.0).against("/livez", bare))
    };
    Ok(vec![figure("ttfb/fleet", "/")?, figure("ttfb/resources", "/resources")?])
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
    Ok(p95(times))
}
