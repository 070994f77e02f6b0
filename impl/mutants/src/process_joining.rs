//! Mutants in joining: how long it waits, for whom, and what it knows afterwards.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use procession_contract::{Answer, Call, Implementation, Object, Objects, Outcome};

use crate::descriptors::wait_once;
use crate::{Defect, Memory, Mutant};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "process_join_loses_patience",
        about: "A join without a time limit returns after a fifth of a second.",
        clauses: &["process/join-blocks-until-end"],
        defect: Defect::in_processes(loses_patience),
    },
    Mutant {
        name: "process_join_waits_too_long",
        about: "A join waits for twenty times its time limit.",
        clauses: &["process/join-timeout-elapses", "process/kill-sends-sigkill"],
        defect: Defect::in_processes(waits_too_long),
    },
    Mutant {
        name: "process_join_negative_is_forever",
        about: "A join with a negative time limit waits for ever.",
        clauses: &["process/join-nonpositive-timeout-polls"],
        defect: Defect::in_processes(negative_is_forever),
    },
    Mutant {
        name: "process_join_only_once",
        about: "A process that was joined cannot be joined again.",
        clauses: &["process/join-repeatable"],
        defect: Defect::in_processes(only_once),
    },
    Mutant {
        name: "process_join_before_start_ignored",
        about: "Joining a process that was never started says nothing.",
        clauses: &["process/join-before-start-error"],
        defect: Defect::in_processes(before_start_ignored),
    },
    Mutant {
        name: "process_joined_by_anybody",
        about: "Joining or asking about another process's child says that it has ended.",
        clauses: &["process/join-self-or-foreign-error"],
        defect: Defect::in_processes(joined_by_anybody),
    },
    Mutant {
        name: "process_join_ends_at_a_signal",
        about: "A handled signal ends a join.",
        clauses: &["process/join-survives-signals"],
        defect: Defect::in_processes(ends_at_a_signal),
    },
    Mutant {
        name: "process_exit_code_goes_to_who_collects",
        about: "Exit codes are lost once another thread has collected children.",
        clauses: &["process/join-knows-the-exit-code"],
        defect: Defect { process: Some(lost_exit_code), library: Some(collects), ..Defect::NONE },
    },
    Mutant {
        name: "process_alive_without_exit_status",
        about: "A process whose exit status somebody else collected is alive for ever.",
        clauses: &["process/end-is-known-whoever-collects-it"],
        defect: Defect::in_processes(alive_without_status),
    },
];

fn loses_patience(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Join { timeout_ms: None } => match inner.call(&Call::Join { timeout_ms: Some(50) }) {
            Answer { outcome: Outcome::Timeout, .. } => Answer::ok(),
            answer => answer,
        },
        call => inner.call(call),
    }
}

fn waits_too_long(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Join { timeout_ms: Some(ms @ 1..) } => inner.call(&Call::Join { timeout_ms: Some(ms * 20) }),
        call => inner.call(call),
    }
}

fn negative_is_forever(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Join { timeout_ms: Some(..0) } => inner.call(&Call::Join { timeout_ms: None }),
        call => inner.call(call),
    }
}

fn only_once(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if matches!(call, Call::Join { .. }) && answer.outcome == Outcome::Ok {
        if memory.flag {
            return Answer::error(Outcome::Misuse, "it was joined before");
        }
        memory.flag = true;
    }
    answer
}

fn before_start_ignored(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Join { .. }, Outcome::Misuse) => Answer::ok(),
        _ => answer,
    }
}

fn joined_by_anybody(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Join { .. }, Outcome::NotOwner) => Answer::ok(),
        (Call::IsAlive, Outcome::NotOwner) => Answer::truth(false),
        _ => answer,
    }
}

fn ends_at_a_signal(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::Join { timeout_ms: None } = call {
        let sentinel = inner.call(&Call::Sentinel);
        if sentinel.outcome == Outcome::Ok && wait_once(&[sentinel.value as i32], None).is_err() {
            return Answer::ok();
        }
    }
    inner.call(call)
}

/// The thread that starts the processes.
static STARTER: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Whether another thread has collected children.
static COLLECTED: AtomicBool = AtomicBool::new(false);

fn starter() -> Option<ThreadId> {
    *STARTER.lock().expect("nobody panics with it")
}

fn lost_exit_code(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if *call == Call::Start {
        *STARTER.lock().expect("nobody panics with it") = Some(thread::current().id());
    }
    let answer = inner.call(call);
    match call {
        Call::Exitcode if COLLECTED.load(Ordering::SeqCst) => Answer::of(Outcome::Absent),
        _ => answer,
    }
}

fn collects(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    if *call == Call::ActiveChildren && starter().is_some_and(|starter| starter != thread::current().id()) {
        COLLECTED.store(true, Ordering::SeqCst);
    }
    inner.call(on, call, objects)
}

/// Whether the system collects the children of this process by itself.
fn system_collects() -> bool {
    const SIGCHLD: u32 = 17;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 << (SIGCHLD - 1) != 0)
}

fn alive_without_status(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    memory.flag |= *call == Call::Start && answer.outcome == Outcome::Ok;
    match (call, answer.outcome) {
        (Call::IsAlive, Outcome::Ok) if memory.flag && system_collects() => Answer::truth(true),
        _ => answer,
    }
}
