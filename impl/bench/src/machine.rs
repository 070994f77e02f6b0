//! On what was measured.

use std::fs;

use serde::Serialize;

/// The machine, as far as figures depend on it.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The CPU's name.
    pub cpu: String,
    /// How many CPUs this process may use.
    pub cpus: usize,
    /// The kernel's release.
    pub kernel: String,
    /// Whether a hypervisor runs it.
    pub virtual_machine: bool,
    /// The load average of the last minute when the bench began.
    pub load: f64,
    /// How much this process is preferred, or put back, by the scheduler.
    pub nice: i32,
}

impl Machine {
    /// This one.
    pub fn this() -> Machine {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = info.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_string())
        };
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let flags = field("flags").unwrap_or_default();
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // Behind the name, which ends with the last parenthesis: state, ppid, …, nice as the 17th.
        let nice = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(16)?.parse().ok());
        Machine {
            cpu: field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_string()),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_string(),
            virtual_machine: flags.split_whitespace().any(|flag| flag == "hypervisor"),
            load: load.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0),
            nice: nice.unwrap_or(0),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.virtual_machine { ", virtual machine" } else { "" };
        let Machine { cpu, cpus, kernel, load, nice, .. } = self;
        write!(f, "{cpu}, {cpus} CPUs{kind}, Linux {kernel}, load {load:.1}, nice {nice}")
    }
}
