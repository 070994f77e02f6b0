//! Mutants of queues: what closing and ending forget, keep, or wait for.

use procession_contract::{Answer, Call, ItemKind, Object, Outcome};

use crate::calls::{put_held, put_item};
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "queue_closed_still_gives",
        about: "After close a put is refused, but a get goes on taking.",
        clauses: &["queue/close-forbids-put-and-get-locally"],
        defect: Defect::in_queues(closed_still_gives),
    },
    Mutant {
        name: "queue_close_forgets_the_buffer",
        about: "An item that is still in the producer's buffer when it closes the queue is lost.",
        clauses: &["queue/close-flushes-buffered-items"],
        defect: Defect { dropped: Some(put_held), ..Defect::in_queues(close_forgets) },
    },
    Mutant {
        name: "queue_second_close_is_an_error",
        about: "Closing a closed queue is refused.",
        clauses: &["queue/close-idempotent"],
        defect: Defect::in_queues(second_close_is_an_error),
    },
    Mutant {
        name: "queue_join_thread_needs_no_close",
        about: "The wait for the buffer is accepted although more may be put.",
        clauses: &["queue/join-thread-requires-close"],
        defect: Defect::in_queues(join_needs_no_close),
    },
    Mutant {
        name: "queue_join_thread_does_not_wait",
        about: "The wait for the buffer returns while an item is in it; it goes out when the process ends.",
        clauses: &["queue/join-thread-waits-for-flush"],
        defect: Defect { dropped: Some(put_held), ..Defect::in_queues(join_does_not_wait) },
    },
    Mutant {
        name: "queue_exit_forgets_the_buffer",
        about: "An item that is still in the producer's buffer when it ends is lost.",
        clauses: &["queue/exit-waits-for-flush", "queue/ten-producers"],
        defect: Defect::in_queues(exit_forgets),
    },
    Mutant {
        name: "queue_cancel_join_thread_changes_nothing",
        about: "A producer of a large item ends only when it has been taken, also if it cancelled the wait.",
        clauses: &["queue/cancel-join-thread-allows-loss"],
        defect: Defect { dropped: Some(waits_for_readers), ..Defect::in_queues(remembers_large_items) },
    },
    Mutant {
        name: "queue_producer_ends_after_its_items_are_taken",
        about: "A producer of a large item ends only when it has been taken.",
        clauses: &["queue/producer-ends-before-its-items-are-taken"],
        defect: Defect { dropped: Some(waits_for_readers), ..Defect::in_queues(cancellable) },
    },
    Mutant {
        name: "queue_forgets_its_feeder_after_fork",
        about: "A process started when the queue was in use takes the feeder for running: its first item stays.",
        clauses: &["queue/usable-after-fork-with-active-feeder"],
        defect: Defect { process: Some(notes_late_start), ..Defect::in_queues(has_no_feeder) },
    },
];

fn closed_still_gives(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Close => {
            memory.flag = true;
            Answer::ok()
        }
        Call::JoinThread if memory.flag => Answer::ok(),
        _ if memory.flag && put_item(call).is_some() => Answer::of(Outcome::Closed),
        _ => inner.call(call),
    }
}

/// A put holds its item back until the next call of the process: the buffer before the transport.
fn buffered(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    put_held(memory, inner);
    match put_item(call) {
        Some(item) if inner.call(&Call::Full).value == 0 && item.kind != ItemKind::Unencodable => {
            memory.held.push_back(item);
            Answer::ok()
        }
        _ => inner.call(call),
    }
}

fn close_forgets(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::Close = call {
        memory.held.clear();
    }
    buffered(memory, call, inner)
}

fn exit_forgets(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    buffered(memory, call, inner)
}

fn join_does_not_wait(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Close => {
            memory.flag = true;
            Answer::ok()
        }
        Call::JoinThread if memory.flag => Answer::ok(),
        _ if memory.flag => Answer::of(Outcome::Closed),
        _ => buffered(memory, call, inner),
    }
}

fn second_close_is_an_error(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Close if memory.flag => Answer::of(Outcome::Closed),
        Call::Close => {
            memory.flag = true;
            inner.call(call)
        }
        _ => inner.call(call),
    }
}

fn join_needs_no_close(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::JoinThread => Answer::ok(),
        _ => inner.call(call),
    }
}

fn remembers_large_items(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    memory.flag |= put_item(call).is_some_and(|item| item.len > 1 << 16);
    inner.call(call)
}

fn cancellable(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = remembers_large_items(memory, call, inner);
    memory.flag &= *call != Call::CancelJoinThread;
    answer
}

fn waits_for_readers(memory: &mut Memory, inner: &mut dyn Object) {
    while memory.flag && inner.call(&Call::Qsize).value > 0 {
        facts::pause();
    }
}

fn notes_late_start(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if *call == Call::Start && facts::is_set("used") {
        facts::set(&format!("late.{}", memory.name));
    }
    inner.call(call)
}

fn has_no_feeder(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if put_item(call).is_none() {
        return inner.call(call);
    }
    if !memory.flag && facts::is_set(&format!("late.{}", facts::worker())) {
        memory.flag = true;
        return Answer::ok();
    }
    facts::set("used");
    inner.call(call)
}
