//! `docs/reliability.md`: the table between two marks, with a row for each scenario in the order of the list.
//!
//! A run replaces the rows of what it ran. Rows of another run stay only if that had the same seed and the same build;
//! nothing in the table was not measured. The text around the marks is left alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::Scenario;
use super::observation::Observation;

const BEGIN: &str = "<!-- reliability: begin -->";
const END: &str = "<!-- reliability: end -->";
const HEAD: &str = "\
| Fault | Where | What is shown | What is kept | Said after | Recovered after | Memory | Others, p99 |
|---|---|---|---|---|---|---|---|
";

/// The document with new rows. `caption` says how they came about.
pub(crate) fn update(
    document: &str,
    caption: &str,
    scenarios: &[&Scenario],
    ran: &[(&Scenario, Observation)],
) -> Result<String> {
    let (before, rest) = document.split_once(BEGIN).with_context(|| format!("the document has no {BEGIN}"))?;
    let (old, after) = rest.split_once(END).with_context(|| format!("the document has no {END}"))?;
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    if old.contains(caption) {
        let table = old.lines().filter(|line| line.starts_with("| "));
        rows.extend(table.map(|line| (first_cell(line).to_owned(), line.to_owned())));
    }
    rows.extend(ran.iter().map(|(scenario, seen)| (scenario.fault.to_owned(), row(scenario, seen))));
    let mut table = format!("{before}{BEGIN}\n{caption}\n\n{HEAD}");
    for row in scenarios.iter().filter_map(|scenario| rows.get(scenario.fault)) {
        writeln!(table, "{row}").context("a text takes every line")?;
    }
    Ok(format!("{table}{END}{after}"))
}

fn first_cell(line: &str) -> &str {
    line.trim_start_matches("| ").split(" | ").next().unwrap_or_default()
}

/// A line of the table; also what a run prints.
pub(crate) fn row(scenario: &Scenario, seen: &Observation) -> String {
    let memory = format!("{} → {} MiB", seen.memory.before_mib, seen.memory.peak_mib);
    let cells = [
        scenario.fault.to_owned(),
        scenario.place.word().to_owned(),
        cell(&seen.shown),
        cell(&seen.kept),
        seconds(seen.said_after),
        seconds(seen.recovered_after),
        memory,
        seen.neighbour_p99.map_or_else(|| "–".to_owned(), |p99| format!("{} ms", p99.as_millis())),
    ];
    format!("| {} |", cells.join(" | "))
}

/// Text that stays in one cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;")
}

fn seconds(time: Duration) -> String {
    match time.as_millis() {
        0..=999 => format!("{} ms", time.as_millis()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;
    use crate::reliability::Place;
    use crate::reliability::memory::Memory;
    use crate::reliability::observation::Promise;
    use crate::reliability::stage::Setting;

    const fn scenario(name: &'static str, fault: &'static str) -> Scenario {
        let promise =
            Promise { said_within: Duration::from_secs(1), recovered_within: Duration::from_secs(1), growth_mib: 1 };
        Scenario { name, fault, place: Place::Alone, quick: false, promise, run: no_server }
    }

    fn no_server(_: &Setting<'_>, _: &Promise) -> Result<Observation> {
        bail!("a test runs no server")
    }

    fn seen(shown: &str) -> Observation {
        Observation {
            shown: shown.to_owned(),
            kept: "all".to_owned(),
            said_after: Duration::from_millis(45),
            recovered_after: Duration::from_millis(1_260),
            memory: Memory { before_mib: 80, peak_mib: 90 },
            neighbour_p99: None,
        }
    }

    #[test]
    fn rows_of_the_same_caption_stay_and_are_in_the_order_of_the_list() {
        let (first, second) = (scenario("a", "first"), scenario("b", "second"));
        let all = [&first, &second];
        let empty = format!("Prose.\n{BEGIN}\n{END}\nMore.\n");
        let one = update(&empty, "seed 1", &all, &[(&second, seen("x|y"))]).unwrap();
        let row = "| second | server alone | x\\|y | all | 45 ms | 1.3 s | 80 → 90 MiB | – |\n";
        assert!(one.contains(row), "{one}");
        let both = update(&one, "seed 1", &all, &[(&first, seen("z"))]).unwrap();
        assert!(both.find("| first").unwrap() < both.find("| second").unwrap());
        assert!(both.starts_with("Prose.\n") && both.ends_with("\nMore.\n"));
        let other = update(&both, "seed 2", &all, &[(&first, seen("z"))]).unwrap();
        assert!(!other.contains("| second"));
    }
}
