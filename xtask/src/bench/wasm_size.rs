//! What the browser downloads before the page lives, and the worker, both after brotli.

use anyhow::Result;

use super::Figure;
use super::setting::Setting;
use crate::assets::{APP_BUDGET, WORKER_BUDGET, kilobytes};
use crate::build;
use crate::wasm::Effort;

pub(super) fn run(setting: &Setting<'_>) -> Result<Vec<Figure>> {
    let site = build::site(setting.repository, setting.packages, Effort::Small)?;
    let figure = |name, file, budget| -> Result<Figure> {
        let value = kilobytes(site.size(file, Some("br"))?);
        Ok(Figure::new(name, value, "KB", kilobytes(budget))
            .against("not compressed", kilobytes(site.size(file, None)?)))
    };
    Ok(vec![
        figure("wasm-size/app", "app.wasm", APP_BUDGET)?,
        figure("wasm-size/worker", "worker.wasm", WORKER_BUDGET)?,
    ])
}
