//! Mutants of joinable queues: tasks counted at the wrong moment, and joins that return or wait wrongly.

use procession_contract::{Answer, Call, Object, Outcome};

use crate::calls::is_get;
use crate::queue_order::gives_twice;
use crate::queue_waiting::get_early;
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "joinable_join_returns_when_all_is_taken",
        about: "An item that has been taken counts as done.",
        clauses: &["joinable/join-waits-for-all-task-done", "joinable/task-done-too-often-error"],
        defect: Defect::in_joinable_queues(taken_is_done),
    },
    Mutant {
        name: "joinable_join_waits_for_a_first_item",
        about: "A join of a queue that was never used waits.",
        clauses: &["joinable/join-immediate-when-none"],
        defect: Defect::in_joinable_queues(waits_for_a_first_item),
    },
    Mutant {
        name: "joinable_counts_below_nothing",
        about: "A task may be reported as done that was never put.",
        clauses: &["joinable/task-done-too-often-error"],
        defect: Defect::in_joinable_queues(counts_below_nothing),
    },
    Mutant {
        name: "joinable_counts_a_task_done_twice",
        about: "Each task but the first that a process reports as done counts for two.",
        clauses: &["joinable/any-process-may-call"],
        defect: Defect::in_joinable_queues(counts_twice),
    },
    Mutant {
        name: "joinable_releases_one_process",
        about: "The first process that joins is released; another one waits for ever.",
        clauses: &["joinable/any-process-may-call"],
        defect: Defect::in_joinable_queues(releases_one),
    },
    Mutant {
        name: "joinable_counts_when_taken",
        about: "An item counts as unfinished only when somebody has taken it.",
        clauses: &["joinable/unfinished-counted-at-put"],
        defect: Defect::in_joinable_queues(counts_when_taken),
    },
    Mutant {
        name: "joinable_gives_an_item_twice",
        about: "As a queue it gives the fifth item that a process takes once more.",
        clauses: &["joinable/inherits-queue"],
        defect: Defect::in_joinable_queues(gives_twice),
    },
    Mutant {
        name: "joinable_get_times_out_early",
        about: "As a queue it waits in get for half of the time limit.",
        clauses: &["joinable/inherits-queue"],
        defect: Defect::in_joinable_queues(get_early),
    },
    Mutant {
        name: "joinable_join_never_learns",
        about: "A join waits for ever although the worker that had the item is dead.",
        clauses: &["joinable/join-learns-of-a-dead-worker"],
        defect: Defect::in_joinable_queues(never_learns),
    },
];

fn taken_is_done(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if is_get(call) && answer.outcome == Outcome::Ok {
        inner.call(&Call::TaskDone);
    }
    match call {
        Call::TaskDone => Answer::ok(),
        _ => answer,
    }
}

fn waits_for_a_first_item(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::JoinTasks { .. } if memory.calls == 0 => facts::for_ever(),
        _ => inner.call(call),
    }
}

fn counts_below_nothing(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if answer.outcome == Outcome::OverRelease { Answer::ok() } else { answer }
}

fn counts_twice(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if let Call::TaskDone = call {
        if memory.flag {
            inner.call(call);
        }
        memory.flag = true;
    }
    answer
}

fn releases_one(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::JoinTasks { .. } = call {
        memory.flag |= facts::set(&format!("joins.{}", memory.name));
        if !memory.flag {
            facts::for_ever();
        }
    }
    inner.call(call)
}

fn counts_when_taken(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::JoinTasks { .. } if inner.call(&Call::Qsize).value > 0 => Answer::ok(),
        _ => inner.call(call),
    }
}

fn never_learns(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match answer.outcome {
        Outcome::PeerDied => facts::for_ever(),
        _ => answer,
    }
}
