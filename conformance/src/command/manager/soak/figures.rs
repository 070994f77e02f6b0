//! What a server's process has at one moment, as `/proc` and the server itself tell it.

use std::fs;
use std::io;

use procession_manager::proxy::Remote;

/// What could leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Objects to which clients have references.
    pub objects: u64,
    /// Open descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: usize,
    /// Resident memory, in KiB.
    pub memory: u64,
}

impl Figures {
    /// Those of the server of this process.
    pub fn of(remote: &Remote, pid: u32) -> io::Result<Figures> {
        let objects = remote.number_of_objects().map_err(io::Error::other)?;
        let count = |what: &str| Ok::<_, io::Error>(fs::read_dir(format!("/proc/{pid}/{what}"))?.count());
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = memory.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        Ok(Figures {
            objects,
            descriptors: count("fd")?,
            threads: count("task")?,
            memory: memory.ok_or_else(|| io::Error::other("no VmRSS in its status"))?,
        })
    }

    /// What there is more than before, in words; nothing where there is no more. Memory is not among it: the
    /// allocator keeps some for the next.
    pub fn more_than(&self, before: &Figures) -> Option<String> {
        let more = [
            ("objects", self.objects, before.objects),
            ("descriptors", self.descriptors as u64, before.descriptors as u64),
            ("threads", self.threads as u64, before.threads as u64),
        ];
        let more = more.iter().filter(|(_, now, before)| now > before);
        let more: Vec<_> = more.map(|(what, now, before)| format!("{now} {what}, {before} before")).collect();
        (!more.is_empty()).then(|| more.join("; "))
    }
}
