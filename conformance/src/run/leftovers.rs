//! What a run leaves behind: names of shared memory, and files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where names of shared memory and of semaphores appear.
pub(super) const SHARED_MEMORY: &str = "/dev/shm";

/// The names that exist at one time.
#[derive(Debug)]
pub(super) struct Names {
    temporary: PathBuf,
    own_shared_memory: Option<PathBuf>,
    shared: BTreeSet<PathBuf>,
    files: BTreeSet<PathBuf>,
}

impl Names {
    /// Looks at shared memory (`own` is where it is seen if it is the session's alone), and at the
    /// directory in which the session's processes make their temporary files.
    pub(super) fn look(temporary: &Path, own: Option<PathBuf>) -> Names {
        let shared = names(own.as_deref().unwrap_or(Path::new(SHARED_MEMORY)));
        Names { temporary: temporary.into(), own_shared_memory: own, shared, files: names(temporary) }
    }

    /// What exists now and did not exist then, in words; `run` is the run's directory, in which the
    /// suite made the files in `own`.
    ///
    /// Where the session has no shared memory of its own, the names are those of the whole machine: a
    /// new one is then counted only if no process outside the run (`ours` says who is inside) has it
    /// mapped, which may lay at its door what a process made that has ended in the meantime.
    pub(super) fn new_since(&self, run: &Path, own: &[String], ours: impl Fn(i32) -> bool) -> Vec<String> {
        let mut left = Vec::new();
        let place = self.own_shared_memory.as_deref().unwrap_or(Path::new(SHARED_MEMORY));
        let mut shared: Vec<PathBuf> = names(place).difference(&self.shared).cloned().collect();
        if !shared.is_empty() && self.own_shared_memory.is_none() {
            let foreign = mapped_by(|pid| !ours(pid));
            shared.retain(|name| !foreign.iter().any(|maps| holds_name(maps, name)));
            // What somebody else made and removed in the meantime is not there any more.
            shared.retain(|name| name.exists());
        }
        for name in shared {
            left.push(format!("shared memory {SHARED_MEMORY}/{}", relative(&name, place)));
        }
        for name in names(&self.temporary).difference(&self.files) {
            left.push(format!("temporary file {}", relative(name, &self.temporary)));
        }
        for name in names(run) {
            let name = relative(&name, run);
            if !own.contains(&name) {
                left.push(format!("file {name} in the run's directory"));
            }
        }
        left
    }
}

fn relative(name: &Path, directory: &Path) -> String {
    name.strip_prefix(directory).unwrap_or(name).display().to_string()
}

fn names(directory: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return BTreeSet::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// The memory maps of every process for which `wanted` says so and that may be looked at.
fn mapped_by(wanted: impl Fn(i32) -> bool) -> Vec<String> {
    let pids =
        names(Path::new("/proc")).into_iter().filter_map(|path| path.file_name()?.to_str()?.parse().ok());
    pids.filter(|pid| wanted(*pid))
        .filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/maps")).ok())
        .filter(|maps| maps.contains(SHARED_MEMORY))
        .collect()
}

fn holds_name(maps: &str, name: &Path) -> bool {
    name.to_str().is_some_and(|name| maps.lines().any(|line| line.ends_with(name)))
}
