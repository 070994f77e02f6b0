//! Mutants of pipes: messages merged, swapped, lost, cut, or stuck behind one another.

use procession_contract::{Answer, Call, Item, ItemKind, Object, Outcome};

use crate::calls::{damaged, is_recv, send_held, sent_item};
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "pipe_merges_short_messages",
        about: "A message of one byte is sent together with the next one, as one.",
        clauses: &["pipe/message-boundaries-preserved", "pipe/streams-keep-the-same-promises"],
        defect: Defect { dropped: Some(send_held_bytes), ..Defect::in_connections(merges) },
    },
    Mutant {
        name: "pipe_swaps_two_messages",
        about: "Of messages sent without a pause every fifth comes after its successor.",
        clauses: &["pipe/order-preserved", "pipe/producer-and-consumer"],
        defect: Defect { dropped: Some(send_held), ..Defect::in_connections(swaps) },
    },
    Mutant {
        name: "pipe_objects_overtake_bytes",
        about: "An object that is sent right after bytes arrives before them.",
        clauses: &["pipe/order-in-any-program"],
        defect: Defect { dropped: Some(send_held_bytes), ..Defect::in_connections(objects_overtake) },
    },
    Mutant {
        name: "pipe_turns_none_into_zero",
        about: "Nothing, sent as an object, arrives as the number 0.",
        clauses: &["pipe/object-send-recv"],
        defect: Defect::in_connections(none_into_zero),
    },
    Mutant {
        name: "pipe_loses_empty_messages",
        about: "A message without bytes is not sent.",
        clauses: &["pipe/zero-length-message"],
        defect: Defect::in_connections(loses_empty),
    },
    Mutant {
        name: "pipe_cuts_messages_at_a_megabyte",
        about: "Of a message of several megabytes the first one is sent.",
        clauses: &["pipe/message-larger-than-capacity"],
        defect: Defect::in_connections(cuts_large),
    },
    Mutant {
        name: "pipe_sends_what_is_no_bytes",
        about: "What is no byte buffer is accepted by the call that sends bytes.",
        clauses: &["pipe/send-rejects-non-bytes"],
        defect: Defect::in_connections(sends_non_bytes),
    },
    Mutant {
        name: "pipe_sends_before_it_encodes",
        about: "An object that cannot be encoded is refused when something of it has been sent.",
        clauses: &["pipe/send-unserialisable-leaves-stream-intact"],
        defect: Defect::in_connections(sends_first),
    },
    Mutant {
        name: "pipe_has_one_lock_for_both_directions",
        about: "While a thread waits in a receive no other thread can send on the same end.",
        clauses: &["pipe/different-ends-concurrently-safe"],
        defect: Defect::in_connections(one_lock),
    },
    Mutant {
        name: "pipe_mixes_two_senders",
        about: "A large message of a second process that sends on an end is cut by the first one's.",
        clauses: &["pipe/senders-on-one-end-stay-whole"],
        defect: Defect::in_connections(mixes_senders),
    },
    Mutant {
        name: "pipe_mixes_two_receivers",
        about: "A large message that a second process receives on an end holds bytes of another one.",
        clauses: &["pipe/receivers-on-one-end-stay-whole"],
        defect: Defect::in_connections(mixes_receivers),
    },
    Mutant {
        name: "pipe_large_send_waits_for_a_receive",
        about: "A message larger than the transport is only sent while the other end receives.",
        clauses: &["pipe/large-sends-from-both-ends-pass"],
        defect: Defect::in_connections(large_send_waits),
    },
];

/// The name of the other end.
pub(crate) fn other_end(memory: &Memory) -> String {
    match memory.name.strip_suffix(".0") {
        Some(pipe) => format!("{pipe}.1"),
        None => memory.name.replace(".1", ".0"),
    }
}

/// The bytes as they travel.
fn framed(bytes: &[u8]) -> String {
    let header = (bytes.len() as u32).to_be_bytes();
    header.iter().chain(bytes).map(|byte| format!("{byte:02x}")).collect()
}

fn send_held_bytes(memory: &mut Memory, inner: &mut dyn Object) {
    for item in memory.held.drain(..) {
        inner.call(&Call::SendBytes { item, offset: None, size: None, width: None });
    }
}

/// The item of a call that sends all of it as bytes.
fn whole_bytes(call: &Call) -> Option<Item> {
    match call {
        Call::SendBytes { .. } => sent_item(call),
        _ => None,
    }
}

fn merges(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match whole_bytes(call) {
        Some(item) if item.len == 1 && memory.held.is_empty() => {
            memory.held.push_back(item);
            Answer::ok()
        }
        Some(item) if !memory.held.is_empty() => {
            let held = memory.held.drain(..).flat_map(|held| held.raw_bytes());
            let merged: Vec<u8> = held.chain(item.raw_bytes()).collect();
            inner.call(&Call::WriteRaw { hex: framed(&merged) })
        }
        _ => {
            send_held_bytes(memory, inner);
            inner.call(call)
        }
    }
}

fn swaps(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Send { item } if memory.calls % 5 == 4 && memory.held.is_empty() => {
            memory.held.push_back(*item);
            Answer::ok()
        }
        Call::Send { .. } => {
            let answer = inner.call(call);
            send_held(memory, inner);
            answer
        }
        _ => {
            send_held(memory, inner);
            inner.call(call)
        }
    }
}

fn objects_overtake(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::Send { .. } = call {
        let answer = inner.call(call);
        send_held_bytes(memory, inner);
        return answer;
    }
    send_held_bytes(memory, inner);
    match whole_bytes(call) {
        Some(item) if item.len > 0 => {
            memory.held.push_back(item);
            Answer::ok()
        }
        _ => inner.call(call),
    }
}

fn none_into_zero(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Send { item } if item.kind == ItemKind::None => inner.call(&Call::Send { item: Item::int(0) }),
        _ => inner.call(call),
    }
}

fn loses_empty(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match whole_bytes(call) {
        Some(item) if item.len == 0 => Answer::ok(),
        _ => inner.call(call),
    }
}

fn cuts_large(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::SendBytes { item, offset: None, size: None, width } if item.len > 1 << 20 => {
            let size = Some(1 << 20);
            inner.call(&Call::SendBytes { item: *item, offset: None, size, width: *width })
        }
        _ => inner.call(call),
    }
}

fn sends_non_bytes(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::SendNonBytes => Answer::ok(),
        _ => inner.call(call),
    }
}

fn sends_first(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Send { item } if item.kind == ItemKind::Unencodable => {
            let begun = Call::SendBytes { item: Item::bytes(0, 5), offset: None, size: None, width: None };
            inner.call(&begun);
            inner.call(call)
        }
        _ => inner.call(call),
    }
}

fn one_lock(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let receives = format!("receives.{}.{}", std::process::id(), memory.name);
    if is_recv(call) {
        facts::set(&receives);
        let answer = inner.call(call);
        facts::clear(&receives);
        return answer;
    }
    if sent_item(call).is_some() {
        facts::wait_until(|| !facts::is_set(&receives));
    }
    inner.call(call)
}

/// Whether another process did this with the end first.
fn is_second(memory: &Memory, what: &str) -> bool {
    let first = format!("{what}.{}.by.{}", memory.name, facts::worker());
    let nobody_yet = facts::set(&format!("{what}.{}.first", memory.name));
    if nobody_yet {
        facts::set(&first);
    }
    !facts::is_set(&first)
}

const LARGE: u32 = 1 << 16;

fn mixes_senders(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Send { item } if item.len > LARGE && is_second(memory, "sends") => {
            inner.call(&Call::Send { item: Item { len: item.len - 1, ..*item } })
        }
        _ => inner.call(call),
    }
}

fn mixes_receivers(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    let is_large = answer.outcome == Outcome::Ok && answer.aux >> 32 > u64::from(LARGE);
    match is_large && is_recv(call) && is_second(memory, "receives") {
        true => damaged(answer),
        false => answer,
    }
}

fn large_send_waits(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let receives = |end: &str| format!("receives.{end}");
    if is_recv(call) {
        let own = receives(&memory.name);
        facts::set(&own);
        let answer = inner.call(call);
        facts::clear(&own);
        return answer;
    }
    if sent_item(call).is_some_and(|item| item.len > LARGE) {
        let other = receives(&other_end(memory));
        facts::wait_until(|| facts::is_set(&other));
    }
    inner.call(call)
}
