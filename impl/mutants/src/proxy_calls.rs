//! Mutants of proxies: where a call runs, what it gives, and what its errors say.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use procession_contract::{Answer, Call, Datum, Implementation, Object, Objects, Outcome, Scalar, Value};

use crate::invoking::{asks_server, get_value, invokes, method, nobody_serves, with_method, with_parts};
use crate::{Defect, Memory, Mutant, facts, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "proxy_call_runs_in_the_client",
        about: "A method that tells its process tells the caller's.",
        clauses: &["proxy/call-runs-in-server", "manager/started-server-process"],
        defect: Defect::in_library(runs_here),
    },
    Mutant {
        name: "proxy_error_loses_its_arguments",
        about: "An error that a method raised arrives without its arguments.",
        clauses: &["proxy/error-reraised-with-type"],
        defect: Defect::in_library(loses_arguments),
    },
    Mutant {
        name: "proxy_error_that_cannot_be_rebuilt_is_the_server_s",
        about: "An error that cannot be made again from its arguments arrives as one of the server.",
        clauses: &["proxy/any-error-keeps-its-type"],
        defect: Defect::in_library(is_the_server_s),
    },
    Mutant {
        name: "unserialisable_result_breaks_the_connection",
        about: "After a result that cannot be serialised the client's connection is of no more use.",
        clauses: &["proxy/unserialisable-result-error"],
        defect: Defect::in_library(breaks_the_connection),
    },
    Mutant {
        name: "unserialisable_argument_is_sent_in_part",
        about: "An argument that cannot be serialised raises at the caller when the rest has been sent.",
        clauses: &["proxy/unserialisable-argument-error"],
        defect: Defect::in_library(sends_a_part),
    },
    Mutant {
        name: "proxies_compare_by_value",
        about: "Two proxies are equal if what is behind them is.",
        clauses: &["proxy/equality-is-identity"],
        defect: Defect::in_library(by_value),
    },
    Mutant {
        name: "deep_copy_of_a_proxy_is_a_proxy",
        about: "To copy a proxy deeply gives another proxy of the same object.",
        clauses: &["proxy/getvalue-copies"],
        defect: Defect::in_library(another_proxy),
    },
    Mutant {
        name: "proxy_waits_for_a_server_that_is_gone",
        about: "A call to a server that is gone waits for another one.",
        clauses: &[
            "proxy/after-shutdown-error",
            "manager/shutdown-stops-server",
            "manager/server-s-death-is-said-clearly",
        ],
        defect: Defect { library: Some(waits_for_a_server), ..Defect::in_managed(handle_waits) },
    },
    Mutant {
        name: "proxies_share_a_connection",
        about: "The threads of a process use one connection to the server by turns.",
        clauses: &["proxy/per-thread-connection", "manager/one-server-thread-per-client-thread"],
        defect: Defect { library: Some(by_turns), ..Defect::in_managed(handle_by_turns) },
    },
    Mutant {
        name: "proxy_repr_is_that_of_its_referent",
        about: "The debugging form of a proxy is that of what is behind it.",
        clauses: &["proxy/repr-is-proxy-str-is-referent"],
        defect: Defect::in_managed(repr_of_referent),
    },
    Mutant {
        name: "proxy_has_the_attributes_of_its_referent",
        about: "An attribute that is no method can be read through a proxy.",
        clauses: &["proxy/attributes-not-forwarded"],
        defect: Defect::in_library(reads_attributes),
    },
];

fn runs_here(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match invokes(call, "pid") && answer.outcome == Outcome::Ok {
        true => Answer::result(&Value::Int(std::process::id().into())),
        false => answer,
    }
}

fn loses_arguments(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match invokes(call, "fail") && answer.outcome != Outcome::Ok {
        true => Answer { aux: Value::Tuple(Vec::new()).fingerprint(), ..answer },
        false => answer,
    }
}

fn is_the_server_s(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match method(call) == Some(("fail", &["own_strict".into()])) {
        true => Answer { outcome: Outcome::RemoteError, ..answer },
        false => answer,
    }
}

fn breaks_the_connection(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let broken = format!("broken.{}", std::process::id());
    if asks_server(call) && kinds::is_proxy(on) && facts::is_set(&broken) {
        return Answer::of(Outcome::BrokenPipe);
    }
    if invokes(call, "unserialisable") {
        facts::set(&broken);
    }
    inner.call(on, call, objects)
}

fn sends_a_part(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if kinds::is_proxy(on) && answer.outcome == Outcome::EncodeFailed {
        let part = with_parts(call, |datum| {
            matches!(datum, Datum::Unencodable { .. }).then_some(Datum::Scalar(Scalar::None(())))
        });
        inner.call(on, &part, objects);
    }
    answer
}

fn by_value(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    const HELD: &str = "what is held";
    let Call::Equals { other } = call else { return inner.call(on, call, objects) };
    let held = |name: &str, objects: &mut Objects| {
        let answer = inner.call(name, &get_value(HELD), objects);
        objects.remove(HELD);
        (answer.outcome == Outcome::Ok).then_some(answer.aux)
    };
    match (held(on, objects), held(other, objects)) {
        (Some(one), Some(other)) => Answer::truth(one == other),
        _ => inner.call(on, call, objects),
    }
}

fn another_proxy(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if let Call::GetValue { name, deep: true } = call
        && kinds::is_proxy(on)
        && let Some(Ok(share)) = objects.get(on).map(|proxy| proxy.share())
    {
        objects.insert(name.clone(), share);
    }
    answer
}

/// What was said of a server that is gone is not said; whoever asked waits.
fn never_gone(answer: Answer) -> Answer {
    if nobody_serves(&answer) { facts::for_ever() } else { answer }
}

fn waits_for_a_server(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if asks_server(call) { never_gone(answer) } else { answer }
}

fn handle_waits(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    never_gone(inner.call(call))
}

/// The connection of this process, for one call at a time.
static CONNECTION: Mutex<()> = Mutex::new(());

thread_local! {
    /// Whether this thread has the connection: a call may be made of others.
    static HAS_IT: Cell<bool> = const { Cell::new(false) };
}

/// Makes the call when no other thread makes one.
fn alone(call: impl FnOnce() -> Answer) -> Answer {
    if HAS_IT.replace(true) {
        return call();
    }
    let turn = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = call();
    HAS_IT.set(false);
    drop(turn);
    answer
}

fn by_turns(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match asks_server(call) && kinds::is_proxy(on) {
        true => alone(|| inner.call(on, call, objects)),
        false => inner.call(on, call, objects),
    }
}

fn handle_by_turns(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    alone(|| inner.call(call))
}

fn repr_of_referent(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Repr => inner.call(&Call::Display),
        _ => inner.call(call),
    }
}

fn reads_attributes(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match invokes(call, "value") && kinds::is_proxy(on) {
        true => inner.call(on, &with_method(call, "get"), objects),
        false => inner.call(on, call, objects),
    }
}
