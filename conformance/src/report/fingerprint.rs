//! The machine on which a report was made: enough to tell two reports apart.

use std::fs;

use serde::{Deserialize, Serialize};

/// A machine, as far as it matters to processes that talk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Kernel name and release.
    pub kernel: String,
    /// The processor's name.
    pub processor: String,
    /// How many processors this process may use.
    pub processors: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// The load average of the last minute when the run began.
    pub load: String,
    /// The suite's version.
    pub suite: String,
}

impl Fingerprint {
    /// Takes the fingerprint of this machine; what cannot be read is left empty.
    pub fn take() -> Fingerprint {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            text.lines()
                .find(|line| line.starts_with(name))
                .and_then(|line| line.split_once(':'))
                .map(|(_, v)| v.trim().to_string())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        Fingerprint {
            kernel: format!(
                "{} {}",
                read("/proc/sys/kernel/ostype").trim(),
                read("/proc/sys/kernel/osrelease").trim()
            ),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: memory.unwrap_or(0) / 1024,
            load: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_string(),
            suite: env!("CARGO_PKG_VERSION").to_string(),
        }
    }

    /// The fingerprint in one line.
    pub fn line(&self) -> String {
        format!(
            "{}, {} x {}, {} MiB, load {}, procession {}",
            self.kernel, self.processors, self.processor, self.memory_mib, self.load, self.suite
        )
    }
}
