//! Windows of the whole list by REST: any order, any filter, any place in it.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Figure, percentile};
use crate::server_process::ServerProcess;

const REQUESTS: usize = 7;
const BUDGET: f64 = 50.0;

const SORTS: [&str; 6] = ["status", "name", "namespace", "kind", "cluster", "activity"];
const FILTERS: [&str; 6] =
    ["", "&kind=Kustomization", "&status=failed,stalled", "&cluster=edge-00*", "&namespace=!tenant-00*", "&q=upgrade"];

/// Rows of the whole list.
pub(super) fn total(server: &ServerProcess) -> Result<f64> {
    let window: Value =
        serde_json::from_str(&read(&ureq::Agent::new_with_defaults(), server, "limit=1")?).context("no JSON")?;
    window["total"].as_f64().context("a list has a total")
}

/// Each window is asked for a few times; its figure is the median, since a page is opened once and not in a row.
pub(super) fn figures(server: &ServerProcess, name: &dyn Fn(&str) -> String) -> Result<Vec<Figure>> {
    let agent = ureq::Agent::new_with_defaults();
    let all = total(server)? as usize;
    let mut medians = Vec::new();
    for sort in SORTS {
        for filter in FILTERS {
            for offset in [0, all / 2, all.saturating_sub(100)] {
                medians.push(median(&agent, server, &format!("sort={sort}&offset={offset}&limit=100{filter}"))?);
            }
        }
    }
    let palette = median(&agent, server, "q=svc-2&limit=20&sort=name")?;
    Ok(vec![
        Figure::new(name("window-p50"), percentile(&medians, 50), "ms", BUDGET),
        Figure::new(name("window-slowest"), percentile(&medians, 100), "ms", BUDGET),
        Figure::new(name("palette"), palette, "ms", BUDGET),
    ])
}

fn median(agent: &ureq::Agent, server: &ServerProcess, query: &str) -> Result<f64> {
    let mut millis = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let start = Instant::now();
        read(agent, server, query)?;
        millis.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(percentile(&millis, 50))
}

/// The answer as it came; to make sense of it is the client's own time.
fn read(agent: &ureq::Agent, server: &ServerProcess, query: &str) -> Result<String> {
    let address = server.address(&format!("/api/v1/resources?{query}"));
    let mut answer = agent.get(&address).call().with_context(|| format!("{address} failed"))?;
    answer.body_mut().read_to_string().with_context(|| format!("{address} broke off"))
}
