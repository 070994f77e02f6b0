//! Mutants in what processes and threads share, and in whether they run side by side.

use std::thread;
use std::time::Duration;

use procession_contract::{Answer, Call, Method, Object, Objects, Outcome, Worker};
use procession_reference::process::Process;

use crate::{Defect, Memory, Mutant, facts, proc};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "isolation_threads_are_processes",
        about: "A thread is a copy of its process.",
        clauses: &[
            "isolation/threads-share-memory",
            "isolation/threads-share-files",
            "isolation/threads-have-their-process-id",
            "isolation/a-childs-threads-share-its-memory",
            "process/child-waits-for-own-threads",
        ],
        defect: Defect { thread: Some(in_a_process), ..Defect::NONE },
    },
    Mutant {
        name: "isolation_processes_are_threads",
        about: "A process that uses globals or descriptors of its own is a thread of its creator.",
        clauses: &[
            "isolation/processes-share-no-memory",
            "isolation/processes-share-no-files",
            "isolation/a-childs-threads-share-its-memory",
            "isolation/a-crash-stays-in-its-process",
            "context/spawn-does-not-leak-descriptors",
        ],
        defect: Defect { construct: Some(as_a_thread), ..Defect::NONE },
    },
    Mutant {
        name: "isolation_one_computes_at_a_time",
        about: "A process is not started while another child of its creator computes.",
        clauses: &["isolation/processes-run-in-parallel"],
        defect: Defect::in_processes(one_computes_at_a_time),
    },
    Mutant {
        name: "isolation_who_waits_holds_the_lock",
        about: "A queue on which somebody waits takes nothing from a process that has computed.",
        clauses: &["isolation/a-waiting-process-holds-up-no-other"],
        defect: Defect {
            queue: Some(who_waits_holds_the_lock),
            construct: Some(notes_who_computes),
            ..Defect::NONE
        },
    },
];

fn in_a_process(body: Box<dyn FnOnce() + Send>) -> Result<(), Answer> {
    Process::forked(body).start().map_err(|error| Answer::error(Outcome::Exhausted, error))
}

fn as_a_thread(worker: &mut Worker, method: &mut Method, _: &mut Objects) {
    let of_its_own = |call: &Call| {
        matches!(
            call,
            Call::GlobalWrite { .. }
                | Call::GlobalRead
                | Call::OpenDescriptor { .. }
                | Call::DescriptorOpen { .. }
        )
    };
    if worker.steps.iter().any(|step| of_its_own(&step.call)) {
        *method = Method::Thread;
    }
}

fn one_computes_at_a_time(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if *call == Call::Start {
        while proc::children(std::process::id().into()).into_iter().any(proc::computes) {
            thread::sleep(Duration::from_millis(1));
        }
    }
    inner.call(call)
}

fn notes_who_computes(worker: &mut Worker, _: &mut Method, _: &mut Objects) {
    if worker.steps.iter().any(|step| matches!(step.call, Call::Burn { .. })) {
        facts::set("somebody-computes");
    }
}

fn who_waits_holds_the_lock(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let held = format!("held.{}", memory.name);
    match call {
        Call::Get { block: true, timeout_ms: None } => {
            facts::set(&held);
            let answer = inner.call(call);
            facts::clear(&held);
            answer
        }
        Call::Put { .. } if facts::is_set("somebody-computes") && facts::is_set(&held) => loop {
            thread::park();
        },
        call => inner.call(call),
    }
}
