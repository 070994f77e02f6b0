//! Mutants of managers: several clients at once, clients that die, and servers that do.

use procession_contract::{
    Answer, Call, Datum, Implementation, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::calls::{is_get, put_item, waits};
use crate::invoking::{asks_server, invoke, method, nothing};
use crate::{Defect, Memory, Mutant, facts, kinds, managed_sync, proc, users};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "list_extend_is_several_appends",
        about: "To extend a managed list is to append to it several times.",
        clauses: &["manager/single-call-atomicity", "containers/list-in-any-program"],
        defect: Defect::in_library(extends_one_by_one),
    },
    Mutant {
        name: "managed_lock_is_lost_with_its_user",
        about: "Nobody gets a managed lock any more that a process used which was killed.",
        clauses: &["manager/dead-client-s-lock-comes-back"],
        defect: Defect {
            dropped: Some(users::leaves),
            ..Defect::in_managed(|memory, call, inner| {
                managed_sync::as_plain(memory, call, inner, is_lock, users::lost_with_its_user)
            })
        },
    },
    Mutant {
        name: "managed_queue_gives_to_the_dead",
        about: "An item is given to a client that was killed while it waited for one.",
        clauses: &["manager/no-item-is-lost-to-a-dead-client"],
        defect: Defect::in_managed(gives_to_the_dead),
    },
    Mutant {
        name: "manager_keeps_what_the_dead_created",
        about: "An object whose only client was killed is never dropped.",
        clauses: &["manager/references-of-dead-clients-are-collected"],
        defect: Defect {
            create: Some(notes_who_created),
            manager: Some(counts_what_the_dead_created),
            dropped: Some(gives_back),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "server_s_death_is_said_in_two_ways",
        about: "The first call after the server's death says that a stream has ended, the others that it is dead.",
        clauses: &["manager/server-s-death-is-said-clearly"],
        defect: Defect { library: Some(first_eof), ..Defect::in_managed(first_eof_of_handle) },
    },
    Mutant {
        name: "broken_connection_is_kept",
        about: "A client whose connection was cut off by the server's side keeps it, and can do nothing more.",
        clauses: &["manager/broken-connection-is-opened-anew"],
        defect: Defect::in_library(keeps_what_broke),
    },
    Mutant {
        name: "manager_counts_what_was_dropped",
        about: "The number of objects that a server holds never goes down.",
        clauses: &["manager/number-of-objects"],
        defect: Defect::in_managers(counts_what_was_dropped),
    },
];

fn extends_one_by_one(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Some(("extend", [Datum::List(elements)])) = method(call).filter(|_| kinds::is_list(on)) else {
        return inner.call(on, call, objects);
    };
    for element in elements {
        let answer = inner.call(on, &invoke("append", [element.clone()]), objects);
        if answer.outcome != Outcome::Ok {
            return answer;
        }
        facts::pause();
    }
    nothing()
}

fn is_lock(kind: &ObjectKind) -> bool {
    matches!(kind, ObjectKind::Lock | ObjectKind::Rlock)
}

fn gives_to_the_dead(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if is_get(call) && waits(call) {
        users::note("getter", memory);
        let answer = inner.call(call);
        users::forget("getter", memory);
        return answer;
    }
    let dead = |pid: &i64| !proc::runs(*pid) && facts::clear(&format!("getter.{}.{pid}", memory.name));
    match put_item(call).is_some() && users::noted("getter", memory).iter().any(dead) {
        true => Answer::ok(),
        false => inner.call(call),
    }
}

fn notes_who_created(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let created = inner.create(spec, method, existing)?;
    if let ObjectKind::Managed { .. } = spec.kind {
        users::note("creator", &Memory { name: spec.name.clone(), ..Memory::default() });
    }
    Ok(created)
}

fn counts_what_the_dead_created(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    let Call::NumberOfObjects = call else { return answer };
    let notes = facts::beginning_with("creator.");
    let pids = notes.iter().filter_map(|note| note.rsplit('.').next()?.parse().ok());
    let kept = pids.filter(|pid| !proc::runs(*pid)).count() as i64;
    Answer { value: answer.value + kept, ..answer }
}

fn gives_back(memory: &mut Memory, _: &mut dyn Object) {
    if matches!(memory.kind, Some(ObjectKind::Managed { .. })) && !memory.is_share {
        users::forget("creator", memory);
    }
}

/// What this process says of the server's death.
fn said_of_death(answer: Answer) -> Answer {
    match answer.outcome == Outcome::PeerDied && facts::set(&format!("told.{}", std::process::id())) {
        true => Answer::of(Outcome::Eof),
        false => answer,
    }
}

fn first_eof(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if asks_server(call) { said_of_death(answer) } else { answer }
}

fn first_eof_of_handle(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    said_of_death(inner.call(call))
}

fn keeps_what_broke(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let broken = format!("broken.{}", std::process::id());
    if asks_server(call) && kinds::is_proxy(on) && facts::is_set(&broken) {
        return Answer::of(Outcome::BrokenPipe);
    }
    let answer = inner.call(on, call, objects);
    if method(call) == Some(("fail", &["exit".into()])) {
        facts::set(&broken);
    }
    answer
}

fn counts_what_was_dropped(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    let Call::NumberOfObjects = call else { return answer };
    let most = memory.answers.pop_front().filter(|most| most.value > answer.value).unwrap_or(answer);
    memory.answers.push_back(most.clone());
    most
}
