//! Mutants in how processes are started, and how they look before and while they run.

use std::sync::atomic::{AtomicI64, Ordering};

use procession_contract::{Answer, Call, Method, Object, Objects, Outcome, Worker};

use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "process_pid_of_another",
        about: "A process object answers a pid that is not its process's.",
        clauses: &["process/run-executes-target-in-new-process"],
        defect: Defect::in_processes(pid_of_another),
    },
    Mutant {
        name: "process_without_target_fails",
        about: "A process without a target ends with exit code 1.",
        clauses: &["process/no-target-exits-zero", "process/join-knows-the-exit-code"],
        defect: Defect {
            process: Some(without_target_fails),
            construct: Some(notes_what_has_no_target),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "process_subclass_loses_its_fields",
        about: "What a subclass keeps in its fields does not reach its overridden body.",
        clauses: &["process/subclass-run-override"],
        defect: Defect { construct: Some(loses_fields), ..Defect::NONE },
    },
    Mutant {
        name: "process_exit_code_before_start",
        about: "A process that was never started has the exit code 0.",
        clauses: &["process/unstarted-state"],
        defect: Defect::in_processes(exit_code_before_start),
    },
    Mutant {
        name: "process_exit_code_while_running",
        about: "A process that runs has the exit code 0 already.",
        clauses: &["process/alive-and-listed-while-running", "process/join-timeout-elapses"],
        defect: Defect::in_processes(exit_code_while_running),
    },
    Mutant {
        name: "process_second_start_ignored",
        about: "A second start says nothing.",
        clauses: &["process/start-at-most-once"],
        defect: Defect::in_processes(second_start_ignored),
    },
    Mutant {
        name: "process_started_by_anybody",
        about: "Starting a process elsewhere than in its constructor says nothing.",
        clauses: &["process/start-only-by-constructor"],
        defect: Defect::in_processes(started_by_anybody),
    },
    Mutant {
        name: "process_child_starts_only_one",
        about: "A process that is a child may itself start one process, and no second one.",
        clauses: &["process/nested-processes-shared-writer"],
        defect: Defect {
            process: Some(child_starts_only_one),
            construct: Some(notes_what_is_nested),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "process_table_of_thirty_two",
        about: "The exit codes of more than 32 children have no place.",
        clauses: &["process/many-children"],
        defect: Defect::in_processes(table_of_thirty_two),
    },
];

/// Above every pid that Linux gives.
const NO_PID: i64 = 1 << 22;

fn pid_of_another(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Pid, Outcome::Ok) => Answer::number(answer.value + NO_PID),
        _ => answer,
    }
}

fn notes_what_has_no_target(worker: &mut Worker, _: &mut Method, _: &mut Objects) {
    if worker.bodiless {
        facts::set(&format!("bodiless.{}", worker.name));
    }
}

fn without_target_fails(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Exitcode, Outcome::Ok) if facts::is_set(&format!("bodiless.{}", memory.name)) => {
            Answer::number(1)
        }
        _ => answer,
    }
}

fn loses_fields(worker: &mut Worker, _: &mut Method, gets: &mut Objects) {
    if worker.subclass {
        gets.clear();
    }
}

fn exit_code_before_start(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    memory.flag |= *call == Call::Start;
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Exitcode, Outcome::Absent) if !memory.flag => Answer::number(0),
        _ => answer,
    }
}

fn exit_code_while_running(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    memory.flag |= *call == Call::Start && answer.outcome == Outcome::Ok;
    match (call, answer.outcome) {
        (Call::Exitcode, Outcome::Absent) if memory.flag => Answer::number(0),
        _ => answer,
    }
}

fn second_start_ignored(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Start, Outcome::Ok) => memory.flag = true,
        (Call::Start, Outcome::Misuse) if memory.flag => return Answer::ok(),
        _ => {}
    }
    answer
}

fn started_by_anybody(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Start, Outcome::NotOwner) => Answer::ok(),
        _ => answer,
    }
}

fn notes_what_is_nested(worker: &mut Worker, _: &mut Method, _: &mut Objects) {
    if worker.parent.as_deref() != Some("main") {
        facts::set(&format!("nested.{}", worker.name));
    }
}

fn child_starts_only_one(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    static STARTED: AtomicI64 = AtomicI64::new(0);
    if *call == Call::Start
        && facts::is_set(&format!("nested.{}", memory.name))
        && STARTED.fetch_add(1, Ordering::SeqCst) > 0
    {
        return Answer::error(Outcome::NotAllowed, "a child may start one process");
    }
    inner.call(call)
}

fn table_of_thirty_two(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    static STARTED: AtomicI64 = AtomicI64::new(0);
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Start, Outcome::Ok) => memory.flag = STARTED.fetch_add(1, Ordering::SeqCst) >= 32,
        (Call::Exitcode, Outcome::Ok) if memory.flag => return Answer::of(Outcome::Absent),
        _ => {}
    }
    answer
}
