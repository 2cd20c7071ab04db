//! What the kernel says about a running process: memory, processor time, open files, bytes written.

use anyhow::{Context as _, Result};

/// Ticks a second in `/proc/PID/stat`; the kernel's interface has had this value on every platform for decades.
const TICKS: f64 = 100.0;

fn read(process: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{process}/{file}");
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

/// Resident memory in KiB.
pub(super) fn resident(process: u32) -> Result<f64> {
    labelled(&read(process, "status")?, "VmRSS:").context("/proc says nothing about resident memory")
}

/// Bytes that reached, or will reach, the disk.
pub(super) fn written(process: u32) -> Result<f64> {
    labelled(&read(process, "io")?, "write_bytes:").context("/proc says nothing about written bytes")
}

/// Processor time used so far, in seconds.
pub(super) fn processor_time(process: u32) -> Result<f64> {
    ticks(&read(process, "stat")?).map(|ticks| ticks / TICKS).context("/proc says nothing about processor time")
}

/// Open files, sockets among them.
pub(super) fn open_files(process: u32) -> Result<usize> {
    let folder = format!("/proc/{process}/fd");
    Ok(std::fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?.count())
}

/// `VmRSS:     45678 kB`
fn labelled(text: &str, label: &str) -> Option<f64> {
    let value = text.lines().find_map(|line| line.strip_prefix(label))?.trim();
    value.strip_suffix(" kB").unwrap_or(value).trim().parse().ok()
}

/// User and system time: the 14th and 15th field, after a name that may hold anything.
fn ticks(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_the_kernel_s_tables() {
        assert_eq!(labelled("Name:\tx\nVmPeak:\t  90 kB\nVmRSS:\t   45678 kB\n", "VmRSS:"), Some(45_678.0));
        assert_eq!(labelled("wchar: 5\nwrite_bytes: 4096\n", "write_bytes:"), Some(4_096.0));
        assert_eq!(labelled("Name:\tx\n", "VmRSS:"), None);
    }

    #[test]
    fn processor_time_is_found_behind_a_name_with_spaces_and_brackets() {
        assert_eq!(ticks("7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0"), Some(300.0));
    }
}
