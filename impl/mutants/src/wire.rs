//! Mutants of what stands on the wire: frames, proofs and requests. What no call shows is changed on its way.

use procession_contract::{
    Answer, Call, Datum, Implementation, Key, Object, ObjectKind, Objects, Outcome, Value,
};

use crate::frames::{CHALLENGE, FAILURE, challenge, frame, hex_of};
use crate::invoking::invoke;
use crate::{Defect, Memory, Mutant};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "frames_begin_with_their_little_end",
        about: "The length before a message stands with its lowest byte first.",
        clauses: &["wire/length-prefix"],
        defect: Defect::in_connections(little_end_first),
    },
    Mutant {
        name: "extended_length_is_an_empty_message",
        about: "A length of -1 is taken for that of an empty message, and what follows for the next one.",
        clauses: &["wire/extended-length-header"],
        defect: Defect::in_connections(empty_message),
    },
    Mutant {
        name: "challenges_are_all_the_same",
        about: "A challenge is not made of random bytes.",
        clauses: &["wire/challenge-format"],
        defect: Defect::in_connections(same_challenge),
    },
    Mutant {
        name: "verdict_is_in_small_letters",
        about: "The verdict on a wrong response is written otherwise.",
        clauses: &["wire/response-format", "auth/bogus-peer-rejected", "remote/every-request-authenticated"],
        defect: Defect::in_connections(small_letters),
    },
    Mutant {
        name: "client_challenges_first",
        about: "A client with a key speaks first.",
        clauses: &["wire/handshake-order", "auth/mutual-proof"],
        defect: Defect::in_library(challenges_first),
    },
    Mutant {
        name: "errors_travel_as_tracebacks",
        about: "An error that a method raised is sent as an error of the server.",
        clauses: &["wire/manager-request-response"],
        defect: Defect::in_library(as_tracebacks),
    },
    Mutant {
        name: "frames_are_written_in_two",
        about: "The length of a message and the message itself are two writes.",
        clauses: &["wire/small-messages-written-at-once"],
        defect: Defect::in_connections(in_two),
    },
];

/// Whether what the handle sends stands on a stream in frames, and can be seen.
fn is_stream(memory: &Memory) -> bool {
    matches!(memory.kind, None | Some(ObjectKind::StreamPipe { .. }))
}

fn little_end_first(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let Call::SendBytes { item, offset: None, size: None, .. } = call else { return inner.call(call) };
    if !is_stream(memory) {
        return inner.call(call);
    }
    let message = item.raw_bytes();
    let hex = hex_of(&(message.len() as u32).to_le_bytes()) + &hex_of(&message);
    inner.call(&Call::WriteRaw { hex })
}

fn empty_message(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::WriteRaw { hex } => match hex.strip_prefix("ffffffff") {
            Some(rest) => inner.call(&Call::WriteRaw { hex: "00000000".to_owned() + rest }),
            None => inner.call(call),
        },
        _ => inner.call(call),
    }
}

fn same_challenge(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let mut answer = inner.call(call);
    let (Call::ReadRaw { .. }, Some(text)) = (call, &mut answer.text) else { return answer };
    let begins = 8..8 + 2 * CHALLENGE.len();
    if text.get(begins.clone()).is_some_and(|digits| digits == hex_of(CHALLENGE)) {
        let label = hex_of(b"{sha256}");
        let random = match text[begins.end..].starts_with(&label) {
            true => begins.end + label.len(),
            false => begins.end,
        };
        let zeros = "0".repeat(text.len() - random);
        text.replace_range(random.., &zeros);
    }
    answer
}

fn small_letters(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let small = FAILURE.to_ascii_lowercase();
    let mut answer = inner.call(call);
    match call {
        Call::ReadRaw { .. } => {
            answer.text = answer.text.map(|text| text.replace(&hex_of(FAILURE), &hex_of(&small)));
        }
        Call::RecvBytes { .. } if answer.aux == Value::fingerprint_of_bytes(FAILURE) => {
            let Answer { value, aux, .. } = Answer::received(&Value::Bytes(small));
            answer = Answer { value, aux, ..answer };
        }
        _ => {}
    }
    answer
}

fn challenges_first(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Call::Connect { name, to, key: Key::Given(_) } = call else { return inner.call(on, call, objects) };
    let silent = Call::Connect { name: name.clone(), to: to.clone(), key: Key::Absent };
    let answer = inner.call(on, &silent, objects);
    let Some(mut connection) = objects.remove(name).filter(|_| answer.outcome == Outcome::Ok) else {
        return answer;
    };
    connection.call(&Call::WriteRaw { hex: frame(&challenge()) });
    connection.call(&Call::RecvBytes { max: None });
    Answer::of(Outcome::AuthFailed)
}

fn as_tracebacks(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    let Call::TakeOver { name } = call else { return answer };
    let kind = inner.call(name, &invoke("__getitem__", [0.into()]), objects);
    if kind.aux == Value::Text("#ERROR".into()).fingerprint() {
        let value = Datum::tuple(["#TRACEBACK", "an error was raised"]);
        inner.call("", &Call::Keep { name: name.clone(), value }, objects);
    }
    answer
}

fn in_two(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let Call::SendBytes { item, offset: None, size: None, .. } = call else { return inner.call(call) };
    if !is_stream(memory) {
        return inner.call(call);
    }
    let frame = frame(&item.raw_bytes());
    let (length, message) = frame.split_at(8);
    inner.call(&Call::WriteRaw { hex: length.to_owned() });
    // Time for another writer to come in between.
    std::thread::yield_now();
    inner.call(&Call::WriteRaw { hex: message.to_owned() })
}
