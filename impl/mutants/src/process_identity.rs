//! Mutants in sentinels, closing, names, flags, relatives and the secret.

use std::os::unix::process::parent_id;
use std::sync::Mutex;

use procession_contract::{Answer, Call, Implementation, Item, Method, Object, Objects, Outcome, Worker};

use crate::wait::without_those;
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "process_sentinel_ends_with_join",
        about: "The sentinel of a process that was joined is never ready.",
        clauses: &["process/sentinel-waitable"],
        defect: Defect { process: Some(notes_join), library: Some(sentinel_ends_with_join), ..Defect::NONE },
    },
    Mutant {
        name: "process_sentinel_before_start",
        about: "A process that was never started has a sentinel, which is no descriptor.",
        clauses: &["process/sentinel-before-start-error"],
        defect: Defect::in_processes(sentinel_before_start),
    },
    Mutant {
        name: "process_close_kills",
        about: "Closing a process that runs kills it.",
        clauses: &["process/close-running-error"],
        defect: Defect::in_processes(close_kills),
    },
    Mutant {
        name: "process_exit_code_after_close",
        about: "A closed process still tells its exit code.",
        clauses: &["process/close-then-operations-error"],
        defect: Defect::in_processes(exit_code_after_close),
    },
    Mutant {
        name: "process_close_only_once",
        about: "Closing a process twice is an error.",
        clauses: &["process/close-idempotent"],
        defect: Defect::in_processes(close_only_once),
    },
    Mutant {
        name: "process_names_are_unique",
        about: "A name that is taken gets a number.",
        clauses: &["process/name-is-only-a-label"],
        defect: Defect { construct: Some(names_are_unique), ..Defect::NONE },
    },
    Mutant {
        name: "process_daemon_flag_not_inherited",
        about: "A process is no daemon unless that is said.",
        clauses: &["process/daemon-flag-inherited"],
        defect: Defect { construct: Some(daemon_flag_not_inherited), ..Defect::NONE },
    },
    Mutant {
        name: "process_daemon_flag_changes_in_vain",
        about: "Changing the daemon flag after the start says nothing.",
        clauses: &["process/daemon-flag-frozen-after-start"],
        defect: Defect::in_processes(daemon_flag_changes_in_vain),
    },
    Mutant {
        name: "process_daemon_starts_in_vain",
        about: "Starting a process in a daemon says nothing.",
        clauses: &["process/daemon-cannot-have-children"],
        defect: Defect::in_processes(daemon_starts_in_vain),
    },
    Mutant {
        name: "process_main_has_another_name",
        about: "The main process is called Main.",
        clauses: &["process/current-process-identity"],
        defect: Defect::in_library(main_has_another_name),
    },
    Mutant {
        name: "process_main_has_a_parent",
        about: "The main process takes the process above it for its creator.",
        clauses: &["process/parent-process-none-in-main"],
        defect: Defect::in_library(main_has_a_parent),
    },
    Mutant {
        name: "process_parent_lives_for_ever",
        about: "A creator is alive, whatever happened to it.",
        clauses: &["process/parent-process-liveness"],
        defect: Defect::in_library(parent_lives_for_ever),
    },
    Mutant {
        name: "process_secret_is_kept",
        about: "The secret of a process cannot be replaced before its start.",
        clauses: &["process/authkey-inherited"],
        defect: Defect::in_processes(secret_is_kept),
    },
    Mutant {
        name: "process_secret_is_drawn_anew",
        about: "A child has a secret of its own, as long as its creator's.",
        clauses: &["process/authkey-inherited"],
        defect: Defect::in_library(secret_is_drawn_anew),
    },
    Mutant {
        name: "process_secret_becomes_another",
        about: "A secret is replaced by another one of the length that was asked for.",
        clauses: &["process/authkey-inherited"],
        defect: Defect::in_processes(secret_becomes_another),
    },
    Mutant {
        name: "process_no_cpu",
        about: "The number of CPUs is unknown, and told as 0.",
        clauses: &["process/cpu-count-positive"],
        defect: Defect::in_library(no_cpu),
    },
];

fn notes_join(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if matches!(call, Call::Join { .. }) && answer.outcome == Outcome::Ok {
        facts::set(&format!("joined.{}", memory.name));
    }
    answer
}

fn sentinel_ends_with_join(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    let is_joined = |name: &str| {
        let worker = name.strip_suffix(".sentinel");
        worker.is_some_and(|worker| facts::is_set(&format!("joined.{worker}")))
    };
    without_those(inner.call(on, call, objects), call, is_joined)
}

fn sentinel_before_start(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    memory.flag |= *call == Call::Start;
    match call {
        Call::Sentinel if !memory.flag => Answer::number(-1),
        call => inner.call(call),
    }
}

fn close_kills(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if *call == Call::Close && answer.outcome == Outcome::StillRunning {
        inner.call(&Call::Kill);
        inner.call(&Call::Join { timeout_ms: None });
        return inner.call(&Call::Close);
    }
    answer
}

fn exit_code_after_close(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Close => {
            let exit_code = inner.call(&Call::Exitcode);
            if exit_code.outcome == Outcome::Ok {
                memory.answers.push_back(exit_code);
            }
            inner.call(call)
        }
        Call::Exitcode => match memory.answers.front() {
            Some(exit_code) => exit_code.clone(),
            None => inner.call(call),
        },
        call => inner.call(call),
    }
}

fn close_only_once(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if *call == Call::Close && answer.outcome == Outcome::Ok {
        if memory.flag {
            return Answer::error(Outcome::Closed, "it is closed already");
        }
        memory.flag = true;
    }
    answer
}

fn names_are_unique(worker: &mut Worker, _: &mut Method, _: &mut Objects) {
    static TAKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let Some(name) = &mut worker.process_name else { return };
    let mut taken = TAKEN.lock().expect("nobody panics with it");
    if taken.contains(name) {
        name.push_str("-2");
    }
    taken.push(name.clone());
}

fn daemon_flag_not_inherited(worker: &mut Worker, _: &mut Method, _: &mut Objects) {
    worker.daemon.get_or_insert(false);
}

fn daemon_flag_changes_in_vain(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::SetDaemon { .. }, Outcome::Misuse) => Answer::ok(),
        _ => answer,
    }
}

fn daemon_starts_in_vain(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Start, Outcome::Ok) => memory.flag = true,
        (Call::Start, Outcome::Misuse) if !memory.flag => return Answer::ok(),
        _ => {}
    }
    answer
}

fn main_has_another_name(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (on, call, answer.text.as_deref()) {
        ("current", Call::Name, Some("MainProcess")) => Answer::text("Main"),
        _ => answer,
    }
}

fn main_has_a_parent(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (on, call, answer.outcome) {
        ("parent", Call::Pid, Outcome::Absent) => Answer::number(parent_id()),
        _ => answer,
    }
}

fn parent_lives_for_ever(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match (on, call) {
        ("parent", Call::IsAlive) => Answer::truth(true),
        _ => inner.call(on, call, objects),
    }
}

fn secret_is_kept(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::SetAuthkey { .. } => Answer::ok(),
        call => inner.call(call),
    }
}

fn secret_is_drawn_anew(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (on, call, facts::worker()) {
        // Only the fingerprint is ever told.
        ("current", Call::Authkey, worker) if worker != "main" => Answer { aux: !answer.aux, ..answer },
        _ => answer,
    }
}

fn secret_becomes_another(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::SetAuthkey { item } => {
            let another = Item { id: item.id + 1, ..*item };
            inner.call(&Call::SetAuthkey { item: another })
        }
        call => inner.call(call),
    }
}

fn no_cpu(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::CpuCount => Answer::number(0),
        call => inner.call(on, call, objects),
    }
}
