//! This process as the operating system sees it, under the names that every Prometheus client library uses.
//!
//! Read from `/proc` when somebody asks, which costs a few system calls. Where there is no `/proc`, or a part of it
//! cannot be read, those metrics are left out.

use std::fs;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

/// Ticks a second in `/proc`: part of the kernel's interface to programs, 100 on every architecture that we build for.
const TICKS: f64 = 100.0;

/// The process, now.
pub(super) fn registry() -> Registry {
    let mut registry = Registry::with_prefix("process");
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    if let Some(stat) = Stat::parse(&read("/proc/self/stat")) {
        let cpu = ConstCounter::new(stat.cpu_ticks / TICKS);
        registry.register("cpu_seconds", "Total user and system CPU time spent in seconds", cpu);
        if let Some(boot) = boot_time(&read("/proc/stat")) {
            let help = "Start time of the process since unix epoch in seconds";
            registry.register("start_time_seconds", help, gauge(boot + stat.start_ticks / TICKS));
        }
    }
    let status = read("/proc/self/status");
    for (field, factor, name, help) in [
        ("VmRSS:", 1024, "resident_memory_bytes", "Resident memory size in bytes"),
        ("VmSize:", 1024, "virtual_memory_bytes", "Virtual memory size in bytes"),
        ("Threads:", 1, "threads", "Number of OS threads in the process"),
    ] {
        if let Some(value) = field_of(&status, field) {
            registry.register(name, help, ConstGauge::new(value * factor));
        }
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder that is being read.
        let open = i64::try_from(files.count()).unwrap_or(i64::MAX).saturating_sub(1);
        registry.register("open_fds", "Number of open file descriptors", ConstGauge::new(open));
    }
    if let Some(most) = field_of(&read("/proc/self/limits"), "Max open files") {
        registry.register("max_fds", "Maximum number of open file descriptors", ConstGauge::new(most));
    }
    registry
}

fn gauge(value: f64) -> Gauge<f64, AtomicU64> {
    let gauge = Gauge::default();
    gauge.set(value);
    gauge
}

/// What `/proc/self/stat` says in ticks.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_ticks: f64,
    /// Since the machine booted.
    start_ticks: f64,
}

impl Stat {
    fn parse(stat: &str) -> Option<Self> {
        // The second field is the program's name in brackets, which may hold spaces and brackets.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        // Numbers as in proc(5): user 14, system 15, start 22; the first here is field 3.
        let number = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
        Some(Self { cpu_ticks: number(14)? + number(15)?, start_ticks: number(22)? })
    }
}

/// Seconds since 1970.
fn boot_time(stat: &str) -> Option<f64> {
    field_of(stat, "btime").and_then(|seconds| u32::try_from(seconds).ok()).map(f64::from)
}

/// The first number after a line's first words.
fn field_of(text: &str, field: &str) -> Option<i64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 900 0 3 0 250 50 0 0 20 0 9 0 12345 1000 200";
        assert_eq!(Stat::parse(stat), Some(Stat { cpu_ticks: 300.0, start_ticks: 12_345.0 }));
        assert_eq!(Stat::parse("42 (a) S 1"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn fields_are_read_as_the_kernel_writes_them() {
        assert_eq!(field_of("Name:\tx\nVmRSS:\t   61440 kB\nThreads:\t9\n", "VmRSS:"), Some(61_440));
        assert_eq!(
            field_of("Max open files            1024                 524288               files\n", "Max open files"),
            Some(1024)
        );
        assert_eq!(
            field_of("Max open files            unlimited            unlimited            files\n", "Max open files"),
            None
        );
        assert_eq!(boot_time("cpu  1 2 3\nbtime 1700000000\n"), Some(1_700_000_000.0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_measured() {
        let text = super::super::Format::Text.encode(&registry());
        for name in ["cpu_seconds_total", "start_time_seconds", "resident_memory_bytes", "open_fds", "threads"] {
            assert!(text.contains(&format!("\nprocess_{name} ")), "{name} is not in {text}");
        }
    }
}
