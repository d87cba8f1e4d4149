//! What a process uses, as /proc counts it.

use std::fs;
use std::time::Duration;

/// The resources that a process has used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// CPU time since its start, in the program and in the kernel.
    pub processor: Duration,
    /// Its resident memory now, in bytes.
    pub resident_bytes: u64,
    /// The peak of its resident memory, in bytes.
    pub peak_bytes: u64,
}

impl Usage {
    /// What /proc says about a process; `None` if it has ended.
    #[must_use]
    pub fn of(process: u32) -> Option<Self> {
        // /proc counts in USER_HZ, a hundredth of a second, whatever the kernel's own tick is.
        const TICK: Duration = Duration::from_millis(10);
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let bytes = |name: &str| {
            let kilobytes = status.lines().find_map(|line| line.strip_prefix(name)?.strip_suffix("kB"))?;
            Some(kilobytes.trim().parse::<u64>().ok()? * 1_024)
        };
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The program's name is in parentheses and may contain anything. Of the fields after it, the 12th and the 13th
        // are the ticks in the program and in the kernel (utime and stime).
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks: Vec<u32> =
            fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
        Some(Self {
            processor: TICK * ticks.iter().sum::<u32>(),
            resident_bytes: bytes("VmRSS:")?,
            peak_bytes: bytes("VmHWM:")?,
        })
    }

    /// Of this process.
    ///
    /// # Panics
    /// Where there is no /proc.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::of(std::process::id()).expect("a /proc that says what this process uses")
    }

    /// Lets the peak of this process count from its resident memory now.
    ///
    /// # Panics
    /// Where the kernel does not allow it.
    pub fn reset_peak() {
        fs::write("/proc/self/clear_refs", "5").expect("a kernel that resets the peak of the resident memory");
    }
}
