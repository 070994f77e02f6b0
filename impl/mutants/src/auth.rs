//! Mutants of keys: which of them open a connection, and what comes of a proof that fails.

use procession_contract::{
    Answer, Call, Implementation, Key, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome, Value,
};

use crate::calls::leak_a_descriptor;
use crate::frames::{CHALLENGE, challenge, frame, hex_of};
use crate::{Defect, Memory, Mutant, facts, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "keys_are_not_asked_for",
        about: "A listener with a key, and a client, prove nothing to one another.",
        clauses: &[
            "auth/mutual-proof",
            "auth/wrong-key-both-fail",
            "auth/listener-survives-bad-client",
            "auth/empty-key-is-a-key",
        ],
        defect: Defect {
            create: Some(|inner, spec, method, existing| keyed(inner, spec, method, existing, no_key)),
            library: Some(|inner, on, call, objects| inner.call(on, &with_key(call, no_key), objects)),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "beginning_of_a_key_is_the_key",
        about: "Keys that begin with the same six bytes are one.",
        clauses: &["auth/wrong-key-both-fail"],
        defect: Defect {
            create: Some(|inner, spec, method, existing| keyed(inner, spec, method, existing, beginning)),
            library: Some(|inner, on, call, objects| inner.call(on, &with_key(call, beginning), objects)),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "text_is_a_key",
        about: "A key that is no byte string is taken for its bytes.",
        clauses: &["auth/key-must-be-bytes", "remote/key-type"],
        defect: Defect {
            create: Some(|inner, spec, method, existing| keyed(inner, spec, method, existing, bytes_of_text)),
            library: Some(|inner, on, call, objects| inner.call(on, &with_key(call, bytes_of_text), objects)),
            ..Defect::NONE
        },
    },
    Mutant {
        name: "empty_key_of_a_listener_is_none",
        about: "A listener with an empty key asks for none.",
        clauses: &["auth/empty-key-is-a-key"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            keyed(inner, spec, method, existing, empty_is_none)
        }),
    },
    Mutant {
        name: "listener_closes_after_a_wrong_key",
        about: "A client with a wrong key is the last one that a listener looks at.",
        clauses: &["auth/listener-survives-bad-client", "auth/failed-proofs-leak-nothing"],
        defect: Defect::in_library(closes_after_failure),
    },
    Mutant {
        name: "failed_proof_keeps_a_descriptor",
        about: "After a proof that failed the connection stays open.",
        clauses: &["auth/failed-proofs-leak-nothing"],
        defect: Defect::in_library(keeps_a_descriptor),
    },
    Mutant {
        name: "failed_proof_is_an_end_of_stream",
        about: "Whoever was refused, or has refused, is told that the stream has ended.",
        clauses: &["auth/bogus-peer-rejected", "auth/wrong-key-both-fail", "remote/wrong-key"],
        defect: Defect::in_library(end_of_stream),
    },
    Mutant {
        name: "listener_without_a_key_challenges",
        about: "A listener without a key sends a challenge all the same, and expects no answer.",
        clauses: &["auth/none-means-no-authentication"],
        defect: Defect::in_library(challenges),
    },
    Mutant {
        name: "handshake_reads_messages_of_any_length",
        about: "During the exchange of proofs a message is waited for, however long it says that it is.",
        clauses: &["auth/handshake-message-limit"],
        defect: Defect { library: Some(waits_for_all), ..Defect::in_connections(notes_long_messages) },
    },
    Mutant {
        name: "client_answers_older_challenges_like_newer_ones",
        about: "A challenge without a label is answered as if it had one.",
        clauses: &["auth/legacy-and-modern-interoperate"],
        defect: Defect::in_connections(answers_like_newer_ones),
    },
    Mutant {
        name: "label_of_the_digest_is_not_proved",
        about: "A client's proof is of the challenge without the label of the digest.",
        clauses: &["auth/no-digest-downgrade"],
        defect: Defect::in_connections(proves_without_the_label),
    },
];

/// Creates a listener or a manager with another key.
fn keyed(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
    other: fn(&Key) -> Key,
) -> Result<Objects, Answer> {
    let mut spec = spec.clone();
    if let ObjectKind::Listener { key, .. } | ObjectKind::Manager { key, .. } = &mut spec.kind {
        *key = other(key);
    }
    inner.create(&spec, method, existing)
}

/// The same call with another key.
fn with_key(call: &Call, other: fn(&Key) -> Key) -> Call {
    let mut call = call.clone();
    if let Call::Connect { key, .. } | Call::ConnectManager { key, .. } = &mut call {
        *key = other(key);
    }
    call
}

fn no_key(key: &Key) -> Key {
    match key {
        Key::Given(_) => Key::Absent,
        other => other.clone(),
    }
}

fn beginning(key: &Key) -> Key {
    match key {
        Key::Given(key) => Key::Given(key.chars().take(6).collect()),
        other => other.clone(),
    }
}

fn bytes_of_text(key: &Key) -> Key {
    match key {
        Key::Nonsense => Key::Given("a text".into()),
        other => other.clone(),
    }
}

fn empty_is_none(key: &Key) -> Key {
    match key {
        Key::Given(key) if key.is_empty() => Key::Absent,
        other => other.clone(),
    }
}

/// Whether a proof has failed in this call.
fn has_failed(call: &Call, answer: &Answer) -> bool {
    let proves = matches!(call, Call::Accept { .. } | Call::Connect { .. } | Call::ConnectManager { .. });
    proves && answer.outcome == Outcome::AuthFailed
}

fn closes_after_failure(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if let Some(listener) = objects.get_mut(on).filter(|_| has_failed(call, &answer)) {
        listener.call(&Call::Close);
    }
    answer
}

fn keeps_a_descriptor(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if has_failed(call, &answer) {
        leak_a_descriptor();
    }
    answer
}

fn end_of_stream(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if has_failed(call, &answer) { Answer::of(Outcome::Eof) } else { answer }
}

fn challenges(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    let is_keyless =
        matches!(kinds::of(on), Some(ObjectKind::Listener { key: Key::Unsaid | Key::Absent, .. }));
    if let Call::Accept { name } = call
        && let Some(connection) = objects.get_mut(name).filter(|_| is_keyless)
    {
        connection.call(&Call::WriteRaw { hex: frame(&challenge()) });
    }
    answer
}

/// The longest message of an exchange of proofs, in bytes.
const LONGEST: u64 = 256;

fn notes_long_messages(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::WriteRaw { hex } = call {
        let length = match hex.get(..8) {
            Some("ffffffff") => hex.get(8..24),
            short => short,
        };
        let length = length.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if length.is_some_and(|length| length > LONGEST) {
            facts::set("long message");
        }
    }
    inner.call(call)
}

fn waits_for_all(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match call {
        Call::Accept { .. } | Call::Connect { .. }
            if answer.outcome != Outcome::Ok && facts::is_set("long message") =>
        {
            facts::for_ever()
        }
        _ => answer,
    }
}

/// What of a challenge that is written stands behind its first word, in hexadecimal digits.
fn challenges_by(call: &Call) -> Option<&str> {
    let Call::WriteRaw { hex } = call else { return None };
    hex.get(8..)?.strip_prefix(&hex_of(CHALLENGE))
}

/// Replaces the client's response to challenges of such a kind, as it comes to whoever plays the listener.
fn responds(
    memory: &mut Memory,
    call: &Call,
    inner: &mut dyn Object,
    to: fn(&str) -> bool,
    response: &[u8],
) -> Answer {
    let answer = inner.call(call);
    if let Some(challenge) = challenges_by(call) {
        memory.flag = to(challenge);
    }
    match call {
        Call::RecvBytes { .. } if answer.outcome == Outcome::Ok && std::mem::take(&mut memory.flag) => {
            Answer::received(&Value::Bytes(response.to_vec()))
        }
        _ => answer,
    }
}

fn answers_like_newer_ones(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_older = |challenge: &str| !challenge.starts_with(&hex_of(b"{"));
    let response = [b"{md5}".as_slice(), &[0; 16]].concat();
    responds(memory, call, inner, is_older, &response)
}

fn proves_without_the_label(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_relabelled = |challenge: &str| challenge.starts_with(&hex_of(b"{md5}"));
    let response = [b"{md5}".as_slice(), &TO_UNLABELLED].concat();
    responds(memory, call, inner, is_relabelled, &response)
}

/// HMAC-MD5 of the numbers from 0 to 39, with which the clauses challenge, under the key `correct`.
const TO_UNLABELLED: [u8; 16] = 0xeac0302ba3b3d655d5b1b00dd5083fed_u128.to_be_bytes();
