//! `cargo xtask bench`: figures that have a budget, one JSON object a line.
//!
//! A value is compared with a baseline of the same run on the same machine where there is one, because absolute times say
//! little about another machine. The server is built as it is shipped, with the simulator for those that need clusters.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Serialize;

use self::setting::Setting;
use crate::packages::Packages;
use crate::repository::Repository;

mod change;
mod fleet;
mod memory;
mod metrics;
mod pages;
mod process;
mod setting;
mod start;
mod subscription;
mod wasm_size;
mod windows;

/// One measured figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figure {
    /// Which bench, and which of its figures.
    pub(crate) name: String,
    /// In `unit`; lower is better.
    pub(crate) value: f64,
    /// `KB`, `MiB`, `ms`, `%`; empty for a number of things.
    pub(crate) unit: &'static str,
    /// What the value is compared with.
    pub(crate) baseline: Option<&'static str>,
    /// The baseline in the same unit.
    pub(crate) baseline_value: Option<f64>,
    /// Value by baseline.
    pub(crate) ratio: Option<f64>,
    /// The largest value that is accepted; none for what is only worth knowing.
    pub(crate) budget: Option<f64>,
    /// Whether the value is within the budget.
    pub(crate) ok: bool,
}

impl Figure {
    /// A figure with a budget and without a baseline.
    fn new(name: impl Into<String>, value: f64, unit: &'static str, budget: f64) -> Self {
        Self { budget: Some(budget), ok: value <= budget, ..Self::observed(name, value, unit) }
    }

    /// A figure that explains others.
    fn observed(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        let (name, value) = (name.into(), rounded(value));
        Self { name, value, unit, baseline: None, baseline_value: None, ratio: None, budget: None, ok: true }
    }

    /// The same figure beside what it is compared with.
    fn against(mut self, baseline: &'static str, value: f64) -> Self {
        self.baseline = Some(baseline);
        self.baseline_value = Some(rounded(value));
        self.ratio = (value > 0.0).then(|| rounded(self.value / value));
        self
    }
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

type Bench = fn(&Setting<'_>) -> Result<Vec<Figure>>;

const BENCHES: &[(&str, Bench)] = &[
    ("wasm-size", wasm_size::run),
    ("start", start::run),
    ("idle-rss", memory::run),
    ("ttfb", pages::run),
    ("change-to-browser", change::run),
    ("fleet", fleet::run),
];

/// Runs one bench or all; true when every figure is within its budget. With a folder of `executables`, those are measured
/// and nothing is built.
pub(crate) fn run(
    repository: &Repository,
    packages: &Packages,
    name: Option<&str>,
    json: bool,
    executables: Option<PathBuf>,
) -> Result<bool> {
    let setting = Setting { repository, packages, executables };
    let chosen: Vec<&(&str, Bench)> =
        BENCHES.iter().filter(|(bench, _)| name.is_none_or(|name| name == *bench)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        bail!("there is no bench of that name; there are {}", names.join(", "));
    }
    let mut all_ok = true;
    for (_, bench) in chosen {
        for figure in bench(&setting)? {
            all_ok &= figure.ok;
            println!("{}", if json { serde_json::to_string(&figure)? } else { line(&figure) });
        }
    }
    Ok(all_ok)
}

fn line(figure: &Figure) -> String {
    let Figure { name, value, unit, .. } = figure;
    let mark = match (figure.budget, figure.ok) {
        (None, _) => "    ",
        (_, true) => "ok  ",
        (_, false) => "OVER",
    };
    let budget = figure.budget.map(|budget| format!(" of {budget} {unit}")).unwrap_or_default();
    let compared = match (figure.baseline, figure.baseline_value) {
        (Some(baseline), Some(value)) => format!("  ({baseline} {value} {unit})"),
        _ => String::new(),
    };
    format!("{mark} {name:<26} {value:>10} {unit:<4}{budget}{compared}")
}

/// The smallest value that so many of a hundred do not exceed.
fn percentile(values: &[f64], hundredth: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * hundredth).div_ceil(100);
    values.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_one_json_object_with_all_its_keys() {
        let figure = Figure::new("start", 812.345, "ms", 1000.0).against("--version", 4.0);
        let json = r#"{"name":"start","value":812.35,"unit":"ms","baseline":"--version","baseline_value":4.0,"ratio":203.09,"budget":1000.0,"ok":true}"#;
        assert_eq!(serde_json::to_string(&figure).unwrap(), json);
        assert!(serde_json::to_string(&Figure::new("x", 1.0, "ms", 0.5)).unwrap().ends_with(r#""ok":false}"#));
        assert!(Figure::observed("x", 1.0, "ms").ok);
    }

    #[test]
    fn the_percentile_is_a_measured_value() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!([50, 95, 99, 100].map(|hundredth| percentile(&values, hundredth)), [100.0, 190.0, 198.0, 200.0]);
        assert_eq!(percentile(&[7.0], 95), 7.0);
    }
}
