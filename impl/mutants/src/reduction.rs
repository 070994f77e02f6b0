//! Mutants of descriptors and connections that travel through connections.

use procession_contract::{Answer, Call, Implementation, Objects, Outcome};

use crate::calls::leak_a_descriptor;
use crate::frames::hex_of;
use crate::{Defect, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "descriptor_travels_as_its_number",
        about: "Of a descriptor its number is sent, and nothing else.",
        clauses: &[
            "reduction/send-descriptor",
            "reduction/large-descriptor-numbers",
            "wire/descriptor-transfer",
        ],
        defect: Defect::in_library(as_its_number),
    },
    Mutant {
        name: "descriptor_numbers_are_bytes",
        about: "Of the number of a descriptor that is to be sent the lowest byte counts.",
        clauses: &["reduction/large-descriptor-numbers"],
        defect: Defect::in_library(lowest_byte),
    },
    Mutant {
        name: "missing_descriptor_is_waited_for",
        about: "Who receives something else than a descriptor goes on waiting for one.",
        clauses: &["reduction/missing-descriptor-error"],
        defect: Defect::in_library(waits_for_one),
    },
    Mutant {
        name: "connection_that_is_sent_is_closed",
        about: "To send a connection through another one closes it here.",
        clauses: &["reduction/connection-through-connection"],
        defect: Defect::in_library(closes_what_it_sends),
    },
    Mutant {
        name: "connection_that_is_sent_keeps_a_duplicate",
        about: "What is sent of a connection stays open at the sender's as well.",
        clauses: &["reduction/passed-once"],
        defect: Defect::in_library(keeps_a_duplicate),
    },
    Mutant {
        name: "sharer_asks_for_no_key",
        about: "A connection that was sent is handed to whoever asks for it.",
        clauses: &["reduction/sharer-authenticated"],
        defect: Defect::in_library(hands_to_anybody),
    },
];

fn as_its_number(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Call::SendDescriptor { of } = call else { return inner.call(on, call, objects) };
    let name = of.strip_prefix("fd:").unwrap_or(of);
    let number = match name.parse::<i64>() {
        Ok(number) => number,
        Err(_) => objects.get_mut(name).map_or(0, |object| object.call(&Call::Fileno).value),
    };
    let hex = hex_of(&[number as u8]);
    match objects.get_mut(on) {
        Some(connection) => connection.call(&Call::WriteRaw { hex }),
        None => inner.call(on, call, objects),
    }
}

fn lowest_byte(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let number = match call {
        Call::SendDescriptor { of } => of.strip_prefix("fd:").and_then(|number| number.parse::<i64>().ok()),
        _ => None,
    };
    match number {
        Some(number) => {
            inner.call(on, &Call::SendDescriptor { of: format!("fd:{}", number & 0xff) }, objects)
        }
        None => inner.call(on, call, objects),
    }
}

fn waits_for_one(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (call, answer.outcome) {
        (Call::RecvDescriptor { .. }, Outcome::Corrupt) => facts::for_ever(),
        _ => answer,
    }
}

fn closes_what_it_sends(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if let Call::SendConnection { name } = call
        && let Some(sent) = objects.get_mut(name).filter(|_| answer.outcome == Outcome::Ok)
    {
        sent.call(&Call::Close);
    }
    answer
}

fn keeps_a_duplicate(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    if let Call::SendConnection { .. } = call {
        leak_a_descriptor();
    }
    inner.call(on, call, objects)
}

fn hands_to_anybody(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (call, answer.outcome) {
        (Call::RecvConnection { .. }, Outcome::AuthFailed) => Answer::ok(),
        _ => answer,
    }
}
