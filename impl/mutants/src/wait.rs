//! Mutants in waiting on several things at once.

use std::sync::Mutex;

use procession_contract::{Answer, Call, Implementation, Object, Objects, Outcome};

use crate::descriptors::wait_once;
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "wait_tells_two",
        about: "At most two of the things that are ready are told.",
        clauses: &["wait/returns-ready-subset", "wait/mixed-objects"],
        defect: Defect::in_library(tells_two),
    },
    Mutant {
        name: "wait_knows_no_numbers",
        about: "A bare descriptor cannot be waited for.",
        clauses: &["wait/mixed-objects"],
        defect: Defect::in_library(knows_no_numbers),
    },
    Mutant {
        name: "wait_has_a_coarse_clock",
        about: "Time limits are rounded down to 150 ms.",
        clauses: &["wait/timeout-empty-list", "wait/empty-list-with-timeout"],
        defect: Defect::in_library(has_a_coarse_clock),
    },
    Mutant {
        name: "wait_negative_is_forever",
        about: "A negative time limit is none.",
        clauses: &["wait/nonpositive-timeout-polls"],
        defect: Defect::in_library(negative_is_forever),
    },
    Mutant {
        name: "wait_sees_edges",
        about: "What was told to be ready is not told again by the next wait without a time limit.",
        clauses: &["wait/level-triggered"],
        defect: Defect::in_library(sees_edges),
    },
    Mutant {
        name: "wait_misses_the_end_of_stream",
        about: "A connection whose peer closed without ever sending is not ready.",
        clauses: &["wait/peer-closed-is-ready"],
        defect: Defect {
            connection: Some(notes_end_of_stream),
            library: Some(misses_the_end_of_stream),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "wait_ends_at_a_signal",
        about: "A handled signal ends the wait, with nothing ready.",
        clauses: &["wait/signals-retried"],
        defect: Defect::in_library(ends_at_a_signal),
    },
    Mutant {
        name: "wait_for_nothing_is_forever",
        about: "Waiting on nothing without a time limit never ends.",
        clauses: &["wait/nothing-does-not-block"],
        defect: Defect::in_library(for_nothing_is_forever),
    },
    Mutant {
        name: "wait_skips_closed_objects",
        about: "A list with a closed object in it is a list of which nothing is ready.",
        clauses: &["wait/closed-object-error"],
        defect: Defect::in_library(skips_closed_objects),
    },
    Mutant {
        name: "wait_sleeps_through_an_end",
        about: "The end of a process wakes nobody who waits on something else too.",
        clauses: &["wait/end-of-process-wakes"],
        defect: Defect::in_library(sleeps_through_an_end),
    },
];

fn tells_two(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let mut answer = inner.call(on, call, objects);
    if let Call::Wait { .. } = call {
        while answer.value.count_ones() > 2 {
            answer.value &= !(1 << answer.value.ilog2());
        }
    }
    answer
}

fn knows_no_numbers(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::Wait { objects: names, .. } if names.iter().any(|name| name.starts_with("fd:")) => {
            Answer::error(Outcome::BadValue, "a number is nothing to wait for")
        }
        call => inner.call(on, call, objects),
    }
}

/// The wait with another time limit.
fn limited(
    inner: &dyn Implementation,
    names: &[String],
    timeout_ms: Option<i64>,
    objects: &mut Objects,
) -> Answer {
    inner.call("", &Call::Wait { objects: names.to_vec(), timeout_ms }, objects)
}

fn has_a_coarse_clock(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::Wait { objects: names, timeout_ms: Some(ms) } => {
            limited(inner, names, Some(ms / 150 * 150), objects)
        }
        call => inner.call(on, call, objects),
    }
}

fn negative_is_forever(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::Wait { objects: names, timeout_ms: Some(..0) } => limited(inner, names, None, objects),
        call => inner.call(on, call, objects),
    }
}

fn sees_edges(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    static TOLD: Mutex<Option<(Call, Answer)>> = Mutex::new(None);
    let answer = inner.call(on, call, objects);
    let Call::Wait { timeout_ms: None, .. } = call else { return answer };
    let told = TOLD.lock().expect("nobody panics with it").replace((call.clone(), answer.clone()));
    match told {
        Some(told) if told == (call.clone(), answer.clone()) => Answer::number(0),
        _ => answer,
    }
}

fn notes_end_of_stream(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Send { .. } | Call::SendBytes { .. } => memory.flag = true,
        Call::Close if !memory.flag => {
            facts::set(&format!("closed.{}", memory.name));
        }
        _ => {}
    }
    inner.call(call)
}

/// The other end of a pipe's end.
fn peer(name: &str) -> Option<String> {
    let other = |pipe: &str, end| format!("{pipe}.{end}");
    let first = name.strip_suffix(".0").map(|pipe| other(pipe, 1));
    first.or_else(|| name.strip_suffix(".1").map(|pipe| other(pipe, 0)))
}

fn misses_the_end_of_stream(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    let is_missed = |name: &str| peer(name).is_some_and(|peer| facts::is_set(&format!("closed.{peer}")));
    without_those(inner.call(on, call, objects), call, is_missed)
}

/// A wait's answer without those whose names are like this.
pub(crate) fn without_those(mut answer: Answer, call: &Call, is_missed: impl Fn(&str) -> bool) -> Answer {
    if let Call::Wait { objects: names, .. } = call
        && answer.outcome == Outcome::Ok
    {
        for (index, name) in names.iter().enumerate() {
            if is_missed(name) {
                answer.value &= !(1 << index);
            }
        }
    }
    answer
}

fn ends_at_a_signal(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    if let Call::Wait { objects: names, timeout_ms } = call {
        let numbers = names.iter().map(|name| Some(objects.get_mut(name)?.call(&Call::Fileno)));
        let numbers: Option<Vec<Answer>> = numbers.collect();
        // Of connections alone it knows the descriptors.
        if let Some(numbers) = numbers
            && !numbers.is_empty()
            && numbers.iter().all(|number| number.outcome == Outcome::Ok)
        {
            let numbers: Vec<i32> = numbers.iter().map(|number| number.value as i32).collect();
            return match wait_once(&numbers, *timeout_ms) {
                Ok(_) => limited(inner, names, Some(0), objects),
                Err(_) => Answer::number(0),
            };
        }
    }
    inner.call(on, call, objects)
}

fn for_nothing_is_forever(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    match call {
        Call::Wait { objects: names, timeout_ms: None } if names.is_empty() => loop {
            std::thread::park();
        },
        call => inner.call(on, call, objects),
    }
}

fn skips_closed_objects(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (call, answer.outcome) {
        (Call::Wait { .. }, Outcome::Closed) => Answer::number(0),
        _ => answer,
    }
}

fn sleeps_through_an_end(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Call::Wait { objects: names, timeout_ms: None } = call else {
        return inner.call(on, call, objects);
    };
    let now = limited(inner, names, Some(0), objects);
    let others: Vec<String> = names.iter().filter(|name| !name.ends_with(".sentinel")).cloned().collect();
    if others.is_empty() || others.len() == names.len() {
        return inner.call(on, call, objects);
    }
    if now.outcome == Outcome::Ok && now.value == 0 {
        limited(inner, &others, None, objects);
        return limited(inner, names, Some(0), objects);
    }
    now
}
