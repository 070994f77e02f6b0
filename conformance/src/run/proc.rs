//! Processes and threads as `/proc` shows them: who descends from whom, who sleeps, who has run.
//!
//! Everything here is a snapshot that may be out of date when it is looked at; what must not be
//! mistaken (whom to kill) is a [`ProcessId`], which includes the start time, or a pidfd.

use std::fs;

use serde::{Deserialize, Serialize};

/// A process, also when its pid has been used again: the pid and the start time in clock ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessId {
    /// The pid.
    pub pid: i32,
    /// When it started, in clock ticks after boot.
    pub start: u64,
}

/// A process with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Which one.
    pub id: ProcessId,
    /// Its parent's pid.
    pub parent: i32,
    /// The kernel's name for it (`comm`).
    pub name: String,
    /// The state of its first thread: one letter, as in `/proc/PID/stat`.
    pub state: char,
    /// How many threads it has, of which the first stays to the end.
    #[serde(skip)]
    pub threads: u32,
}

impl Process {
    /// Whether it has not ended; a zombie has, when its last thread has ended. Each thread that is killed at the
    /// process's end must be given a CPU to die on, and until then nobody is told of the end.
    pub fn lives(&self) -> bool {
        !matches!(self.state, 'Z' | 'X') || self.threads > 1
    }
}

/// The process with this pid.
pub(super) fn process(pid: i32) -> Option<Process> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// A thread's state.
pub(super) fn thread_state(pid: i32, tid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")).ok()?;
    parse_stat(&stat).map(|thread| thread.state)
}

/// What the kernel's scheduler counts of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// How long it was on a CPU.
    pub(super) ran_ns: u64,
    /// How long it was ready to run and waited for a CPU. Grows when a wait is over.
    pub(super) waited_ns: u64,
    /// How often it was put on a CPU.
    pub(super) turns: u64,
}

/// What the scheduler counts of a thread, where the kernel tells.
pub(super) fn schedule(pid: i32, tid: i32) -> Option<Schedule> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{tid}/schedstat")).ok()?;
    let mut numbers = text.split_ascii_whitespace().map_while(|word| word.parse().ok());
    Some(Schedule { ran_ns: numbers.next()?, waited_ns: numbers.next()?, turns: numbers.next()? })
}

/// Whether a thread is in a call that does nothing but sleep for a time.
pub(super) fn in_nanosleep(pid: i32, tid: i32) -> bool {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/task/{tid}/syscall")) else {
        return false;
    };
    let number: Option<i64> = text.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
    matches!(number, Some(number) if number == libc::SYS_clock_nanosleep || is_nanosleep(number))
}

// Newer architectures have clock_nanosleep alone.
fn is_nanosleep(number: i64) -> bool {
    cfg!(target_arch = "x86_64") && number == 35
}

/// The threads of a process.
pub(super) fn threads(pid: i32) -> Vec<i32> {
    numbers(&format!("/proc/{pid}/task"))
}

/// The thread of a process that calls itself `tid`: in a pid namespace of its own that is another number
/// than here.
pub(super) fn thread_that_says(pid: i32, tid: i32) -> Option<i32> {
    threads(pid).into_iter().find(|thread| own_number(pid, *thread) == Some(tid))
}

/// What a thread's number is in its own pid namespace.
fn own_number(pid: i32, tid: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).ok()?;
    match status.lines().find_map(|line| line.strip_prefix("NSpid:")) {
        Some(numbers) => numbers.split_ascii_whitespace().last()?.parse().ok(),
        // This kernel has no pid namespaces.
        None => Some(tid),
    }
}

/// The numbers of a process's open descriptors, in no order.
pub(super) fn descriptors(pid: i32) -> Vec<i32> {
    numbers(&format!("/proc/{pid}/fd"))
}

/// How many bytes of address space a process uses.
pub(super) fn address_space(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    size.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

fn numbers(directory: &str) -> Vec<i32> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Every process below `root`, zombies too, without `root` itself.
///
/// A process that is started or adopted while the tree is walked may be missed: who needs to be sure
/// repeats the walk until nothing new is found.
pub(super) fn descendants(root: i32) -> Vec<Process> {
    let mut found = Vec::new();
    let mut unvisited = vec![root];
    while let Some(parent) = unvisited.pop() {
        for pid in children(parent) {
            if found.iter().any(|process: &Process| process.id.pid == pid) {
                continue;
            }
            if let Some(process) = process(pid) {
                found.push(process);
                unvisited.push(pid);
            }
        }
    }
    found
}

fn children(pid: i32) -> Vec<i32> {
    let mut children = Vec::new();
    for tid in threads(pid) {
        match fs::read_to_string(format!("/proc/{pid}/task/{tid}/children")) {
            Ok(text) => {
                children.extend(text.split_ascii_whitespace().filter_map(|word| word.parse::<i32>().ok()))
            }
            // The thread has ended, or this kernel was built without CONFIG_PROC_CHILDREN.
            Err(_) if thread_state(pid, tid).is_some() => return children_by_parent(pid),
            Err(_) => {}
        }
    }
    children
}

fn children_by_parent(parent: i32) -> Vec<i32> {
    let all = numbers("/proc").into_iter().filter_map(process);
    all.filter(|process| process.parent == parent).map(|process| process.id.pid).collect()
}

/// Whether `pid` descends from `ancestor`; absent if it has vanished.
pub(super) fn descends(pid: i32, ancestor: i32) -> Option<bool> {
    process(pid)?;
    // An ancestor in the middle may end while the chain is followed; its children are then adopted
    // by the warden, and a second look finds a chain again.
    for _ in 0..16 {
        let mut at = pid;
        loop {
            if at == ancestor {
                return Some(true);
            }
            if at <= 1 {
                return Some(false);
            }
            match process(at) {
                Some(process) => at = process.parent,
                None if at == pid => return None,
                None => break,
            }
        }
    }
    Some(false)
}

/// The processes from `pid` up to, and without, `ancestor`.
pub(super) fn lineage(pid: i32, ancestor: i32) -> Vec<ProcessId> {
    let mut line = Vec::new();
    let mut at = pid;
    while at > 1
        && at != ancestor
        && let Some(process) = process(at)
    {
        line.push(process.id);
        at = process.parent;
    }
    line
}

fn parse_stat(stat: &str) -> Option<Process> {
    // The name stands in parentheses and may hold parentheses and spaces itself.
    let (open, close) = (stat.find('(')?, stat.rfind(')')?);
    let pid = stat[..open].trim().parse().ok()?;
    let name = stat.get(open + 1..close)?.to_string();
    let mut fields = stat.get(close + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let threads = fields.nth(15)?.parse().ok()?;
    let start = fields.nth(1)?.parse().ok()?;
    Some(Process { id: ProcessId { pid, start }, parent, name, state, threads })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_what_delimits_it() {
        let stat = "12 (a) R (b) S 7 12 12 0 -1 4194304 131 0 1 0 1 2 3 4 20 0 1 0 163933 2990080 409";
        let process = parse_stat(stat).expect("this is what the kernel writes");
        assert_eq!(process.id, ProcessId { pid: 12, start: 163_933 });
        assert_eq!((process.parent, process.name.as_str(), process.state), (7, "a) R (b", 'S'));
    }

    #[test]
    fn a_process_lives_until_its_last_thread_has_ended() {
        let stat = |state, threads| {
            format!(
                "12 (python) {state} 7 12 12 0 -1 4194304 131 0 1 0 1 2 3 4 20 0 {threads} 0 163933 0 0 409"
            )
        };
        let lives = |state, threads| parse_stat(&stat(state, threads)).expect("as the kernel writes").lives();
        assert!(lives('S', 1) && lives('Z', 2) && lives('Z', 3));
        assert!(!lives('Z', 1) && !lives('X', 0) && !lives('Z', 0));
    }

    #[test]
    fn the_scheduler_counts_what_this_thread_runs() {
        let own = || {
            let (pid, tid) = (std::process::id() as i32, nix::unistd::gettid().as_raw());
            schedule(pid, tid).expect("this kernel tells")
        };
        let before = own();
        // The count goes on at a tick of the kernel's, or when the thread leaves its CPU.
        while own().ran_ns == before.ran_ns {
            std::thread::yield_now();
        }
        assert!(own().turns >= before.turns && own().waited_ns >= before.waited_ns);
    }

    #[test]
    fn this_process_is_seen_to_run_and_to_descend_from_its_parent() {
        let own = std::process::id() as i32;
        let process = process(own).expect("it is there");
        assert!(process.lives());
        assert!(threads(own).contains(&own));
        assert_eq!(thread_that_says(own, own), Some(own));
        assert_eq!(thread_that_says(own, 0), None);
        assert_eq!(descends(own, process.parent), Some(true));
        assert_eq!(descends(process.parent, own), Some(false));
    }
}
