//! Resident memory of a process, with its peak since a moment that we choose, as Linux keeps it under `/proc`.

use anyhow::{Context as _, Result};

/// Resident memory before a fault, and the most of it from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) before_mib: u64,
    pub(crate) peak_mib: u64,
}

impl Memory {
    /// What is resident now; the kernel's peak is counted anew from here on.
    pub(crate) fn before(process: u32) -> Result<u64> {
        /// `clear_refs`: set the peak to what is resident.
        const RESET_PEAK: &str = "5";
        let file = format!("/proc/{process}/clear_refs");
        std::fs::write(&file, RESET_PEAK).with_context(|| format!("cannot write {file}"))?;
        read(process, "VmRSS:")
    }

    /// The most that was resident since [`Memory::before`], or since the process began.
    pub(crate) fn peak(process: u32) -> Result<u64> {
        read(process, "VmHWM:")
    }

    pub(crate) fn growth_mib(self) -> u64 {
        self.peak_mib.saturating_sub(self.before_mib)
    }
}

fn read(process: u32, row: &str) -> Result<u64> {
    let file = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    mebibytes(&status, row).with_context(|| format!("{file} has no {row}"))
}

/// `VmRSS:     45678 kB`, rounded up.
fn mebibytes(status: &str, row: &str) -> Option<u64> {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix(row))?.trim().strip_suffix(" kB")?;
    Some(kibibytes.trim().parse::<u64>().ok()?.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_whole_mebibytes() {
        let status = "Name:\tx\nVmHWM:\t    2049 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(mebibytes(status, "VmRSS:"), Some(1));
        assert_eq!(mebibytes(status, "VmHWM:"), Some(3));
        assert_eq!(mebibytes(status, "VmSwap:"), None);
    }
}
