//! What `/proc` shows of processes, for defects that look past the reference.

use std::fs;

/// The state of a process and its parent's pid, if there is such a process.
fn stat(pid: i64) -> Option<(char, i64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // They stand after the name, which is in parentheses and may hold any letter.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether a process is there and has not ended.
pub(crate) fn runs(pid: i64) -> bool {
    stat(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// Whether a process is stopped by a signal.
pub(crate) fn is_stopped(pid: i64) -> bool {
    stat(pid).is_some_and(|(state, _)| state == 'T')
}

/// Whether a process computes, or would if it had a CPU.
pub(crate) fn computes(pid: i64) -> bool {
    stat(pid).is_some_and(|(state, _)| state == 'R')
}

/// The children of a process that have not ended.
pub(crate) fn children(parent: i64) -> Vec<i64> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|(state, of)| of == parent && state != 'Z')).collect()
}
