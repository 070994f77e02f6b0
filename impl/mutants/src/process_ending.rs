//! Mutants in how processes end: exit codes, requests to end, what a creator's end does to children.

use std::sync::Mutex;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procession_contract::{
    Answer, Call, ExitStatus, Implementation, Method, Object, Objects, Outcome, SignalAction, Worker,
};

use crate::{Defect, Memory, Mutant, facts, proc};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "process_returned_value_is_exit_code",
        about: "What a body returns becomes the exit code.",
        clauses: &["process/exitcode-zero-on-return"],
        defect: Defect {
            process: Some(returned_value),
            construct: Some(notes_returned_value),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "process_exit_code_of_seven_bits",
        about: "An exit code above 127 is taken for a negative number.",
        clauses: &["process/exitcode-explicit-integer"],
        defect: Defect::in_processes(seven_bits),
    },
    Mutant {
        name: "process_error_is_success",
        about: "A body that ends by an error has the exit code 0.",
        clauses: &[
            "process/exitcode-uncaught-error",
            "process/exitcode-none-and-bool",
            "process/exitcode-nonint-reason",
            "process/many-children",
        ],
        defect: Defect::in_processes(error_is_success),
    },
    Mutant {
        name: "process_core_bit_in_signal",
        about: "The mark of a core dump is left in the number of the signal that ended a process.",
        clauses: &["process/exitcode-negative-signal", "isolation/a-crash-stays-in-its-process"],
        defect: Defect::in_processes(core_bit),
    },
    Mutant {
        name: "process_terminate_kills",
        about: "A request to end cannot be refused, unless a handler takes it.",
        clauses: &[
            "process/terminate-sends-sigterm",
            "process/kill-sends-sigkill",
            "process/many-children",
            "process/terminate-not-recursive",
        ],
        defect: Defect {
            process: Some(terminate_kills),
            construct: Some(notes_who_handles_signals),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "process_kill_asks",
        about: "A kill is only a request to end.",
        clauses: &["process/kill-sends-sigkill", "process/killed-process-harms-no-other"],
        defect: Defect::in_processes(kill_asks),
    },
    Mutant {
        name: "process_signal_after_exit_is_an_error",
        about: "Asking a process to end that has ended is an error.",
        clauses: &["process/terminate-after-exit-noop"],
        defect: Defect::in_processes(signal_after_exit),
    },
    Mutant {
        name: "process_terminate_takes_children",
        about: "A process that ends on request takes its own children with it.",
        clauses: &["process/terminate-not-recursive"],
        defect: Defect {
            process: Some(terminate_takes_children),
            construct: Some(notes_who_handles_signals),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "process_kill_takes_siblings",
        about: "Killing a process kills its siblings.",
        clauses: &["process/killed-process-harms-no-other"],
        defect: Defect::in_processes(kill_takes_siblings),
    },
    Mutant {
        name: "process_daemon_with_channels_is_none",
        about: "A daemonic process that was given objects is not treated as one.",
        clauses: &[
            "process/daemon-terminated-at-creator-exit",
            "process/daemons-die-with-their-creator",
            "process/exit-order",
        ],
        defect: Defect { construct: Some(daemon_with_channels), ..Defect::NONE },
    },
    Mutant {
        name: "process_dropped_is_ended",
        about: "A process that only says who it is ends when its creator lets go of it.",
        clauses: &["process/nondaemon-joined-at-creator-exit"],
        defect: Defect {
            process: Some(notes_start),
            construct: Some(notes_who_does_little),
            dropped: Some(dropped_is_ended),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "process_children_list_is_stale",
        about: "The number of active children, once it is two or more, is remembered for ever.",
        clauses: &["process/active-children-snapshot"],
        defect: Defect::in_library(children_list_is_stale),
    },
    Mutant {
        name: "process_children_list_leaves_zombies",
        about: "Asking for the active children collects none that has ended.",
        clauses: &["process/active-children-reaps"],
        defect: Defect {
            process: Some(notes_started_pid),
            library: Some(children_list_leaves_zombies),
            ..Defect::NONE
        },
    },
];

fn notes_returned_value(worker: &mut Worker, _: &mut Method, _: &mut Objects) {
    for step in &worker.steps {
        if let Call::Exit { status: ExitStatus::Returned(value) } = step.call {
            facts::set(&format!("returns.{}.{}", worker.name, value & 255));
        }
    }
}

fn returned_value(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    let value = || (1..256).find(|value| facts::is_set(&format!("returns.{}.{value}", memory.name)));
    match (call, answer.outcome) {
        (Call::Exitcode, Outcome::Ok) => value().map_or(answer, Answer::number),
        _ => answer,
    }
}

/// Another exit code, where there is one.
fn exit_code(call: &Call, inner: &mut dyn Object, other: impl FnOnce(i64) -> i64) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Exitcode, Outcome::Ok) => Answer::number(other(answer.value)),
        _ => answer,
    }
}

fn seven_bits(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    exit_code(call, inner, |code| if code > 127 { code - 256 } else { code })
}

fn error_is_success(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    exit_code(call, inner, |code| if code == 1 { 0 } else { code })
}

fn core_bit(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    exit_code(call, inner, |code| if code == -11 { -(11 | 0x80) } else { code })
}

fn notes_who_handles_signals(worker: &mut Worker, _: &mut Method, _: &mut Objects) {
    let handles = |call: &Call| matches!(call, Call::OnSignal { action: SignalAction::Count, .. });
    if worker.steps.iter().any(|step| handles(&step.call)) {
        facts::set(&format!("handles.{}", worker.name));
    }
}

/// Whether this call asks a process to end that does not handle the request.
fn unhandled(memory: &Memory, call: &Call) -> bool {
    *call == Call::Terminate && !facts::is_set(&format!("handles.{}", memory.name))
}

fn terminate_kills(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    inner.call(if unhandled(memory, call) { &Call::Kill } else { call })
}

fn kill_asks(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    inner.call(if *call == Call::Kill { &Call::Terminate } else { call })
}

fn signal_after_exit(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if matches!(call, Call::Terminate | Call::Kill) && inner.call(&Call::Exitcode).outcome == Outcome::Ok {
        return Answer::error(Outcome::Other, "no such process");
    }
    inner.call(call)
}

fn end(pid: i64) {
    let _ = kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
}

fn terminate_takes_children(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if !unhandled(memory, call) {
        return inner.call(call);
    }
    let children = proc::children(inner.call(&Call::Pid).value);
    let answer = inner.call(call);
    if !children.is_empty() && inner.call(&Call::Join { timeout_ms: Some(1_000) }).outcome == Outcome::Ok {
        children.into_iter().for_each(end);
    }
    answer
}

fn kill_takes_siblings(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if *call == Call::Kill {
        proc::children(std::process::id().into()).into_iter().for_each(end);
    }
    answer
}

fn daemon_with_channels(worker: &mut Worker, _: &mut Method, gets: &mut Objects) {
    if worker.daemon == Some(true) && !gets.is_empty() {
        worker.daemon = Some(false);
    }
}

fn notes_who_does_little(worker: &mut Worker, _: &mut Method, _: &mut Objects) {
    if !worker.bodiless && worker.steps.iter().all(|step| step.call == Call::Getpid) {
        facts::set(&format!("little.{}", worker.name));
    }
}

fn notes_start(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    memory.flag |= *call == Call::Start;
    inner.call(call)
}

fn dropped_is_ended(memory: &mut Memory, inner: &mut dyn Object) {
    if memory.kind.is_none() && memory.flag && facts::is_set(&format!("little.{}", memory.name)) {
        inner.call(&Call::Terminate);
    }
}

fn children_list_is_stale(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    static REMEMBERED: Mutex<Option<Answer>> = Mutex::new(None);
    if *call != Call::ActiveChildren {
        return inner.call(on, call, objects);
    }
    let answer = inner.call(on, call, objects);
    let mut remembered = REMEMBERED.lock().expect("nobody panics with it");
    if answer.value >= 2 && remembered.is_none() {
        *remembered = Some(answer.clone());
    }
    remembered.clone().unwrap_or(answer)
}

/// The processes that were started, each with its creator.
static STARTED: Mutex<Vec<(u32, i64)>> = Mutex::new(Vec::new());

fn notes_started_pid(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if *call == Call::Start && answer.outcome == Outcome::Ok {
        let pid = inner.call(&Call::Pid).value;
        STARTED.lock().expect("nobody panics with it").push((std::process::id(), pid));
    }
    answer
}

fn children_list_leaves_zombies(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    if *call != Call::ActiveChildren {
        return inner.call(on, call, objects);
    }
    let started = STARTED.lock().expect("nobody panics with it");
    let mine = started.iter().filter(|(creator, pid)| *creator == std::process::id() && proc::runs(*pid));
    Answer::number(mine.count() as i64)
}
