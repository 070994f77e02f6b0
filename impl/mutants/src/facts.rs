//! What all processes of a run know of one another: how a defect remembers what another process did.
//!
//! A fact is an empty file of the run's directory, so it needs no memory in common, outlives the process
//! that made it, and vanishes with the run. A run in which no process is started has no need of files.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a wait looks again: seldom enough to look like sleep.
const STEP: Duration = Duration::from_millis(10);

static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();

static LOCAL: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

static WORKER: OnceLock<String> = OnceLock::new();

/// From now on facts are kept in this directory.
pub(crate) fn keep_in(directory: &str) {
    let _ = DIRECTORY.set(directory.into());
}

/// This process is the one of this worker.
pub(crate) fn this_is(worker: &str) {
    let _ = WORKER.set(worker.to_owned());
}

/// The worker whose process this is.
pub fn worker() -> &'static str {
    WORKER.get().map_or("main", String::as_str)
}

fn file(fact: &str) -> Option<PathBuf> {
    DIRECTORY.get().map(|directory| directory.join(format!("mutant.{fact}")))
}

fn local<T>(with: impl FnOnce(&mut BTreeSet<String>) -> T) -> T {
    with(&mut LOCAL.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Makes it so; says whether it was not so before. Of several that try, one is told so.
pub fn set(fact: &str) -> bool {
    match file(fact) {
        Some(path) => File::create_new(path).is_ok(),
        None => local(|facts| facts.insert(fact.to_owned())),
    }
}

/// Whether it is so.
pub fn is_set(fact: &str) -> bool {
    match file(fact) {
        Some(path) => path.exists(),
        None => local(|facts| facts.contains(fact)),
    }
}

/// What follows this beginning in the facts that are so.
pub fn beginning_with(beginning: &str) -> Vec<String> {
    let rest = |fact: &str| fact.strip_prefix(beginning).map(str::to_owned);
    let Some(directory) = DIRECTORY.get() else {
        return local(|facts| facts.iter().filter_map(|fact| rest(fact)).collect());
    };
    let names = fs::read_dir(directory).into_iter().flatten().flatten();
    names.filter_map(|entry| rest(entry.file_name().to_str()?.strip_prefix("mutant.")?)).collect()
}

/// Makes it not so; says whether it was so before. Of several that try, one is told so.
pub fn clear(fact: &str) -> bool {
    match file(fact) {
        Some(path) => fs::remove_file(path).is_ok(),
        None => local(|facts| facts.remove(fact)),
    }
}

/// Waits until it is not so, then makes it so: a lock that nobody takes from an owner who died. Gives up
/// when the time is over, if there is one; says whether it has it.
pub fn lock(fact: &str, timeout_ms: Option<i64>) -> bool {
    let began = Instant::now();
    while !set(fact) {
        if timeout_ms.is_some_and(|ms| began.elapsed() >= Duration::from_millis(ms.max(0) as u64)) {
            return false;
        }
        thread::sleep(STEP);
    }
    true
}

/// Lets a little time pass, in a wait that looks again and again.
pub fn pause() {
    thread::sleep(STEP);
}

/// Waits until this holds.
pub fn wait_until(so: impl Fn() -> bool) {
    while !so() {
        thread::sleep(STEP);
    }
}

/// Waits for ever.
pub fn for_ever() -> ! {
    loop {
        thread::park();
    }
}

/// How often this has been called for this fact before, in all processes together.
pub fn count(fact: &str) -> u64 {
    (0..).find(|number| set(&format!("{fact}.{number}"))).unwrap_or(u64::MAX)
}
