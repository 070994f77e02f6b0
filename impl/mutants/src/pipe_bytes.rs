//! Mutants of pipes: offsets, sizes, limits and buffers of the byte calls.

use procession_contract::{Answer, Call, Object, Outcome};

use crate::{Defect, Memory, Mutant};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "pipe_send_ignores_the_offset",
        about: "A part of a buffer is sent from the buffer's beginning.",
        clauses: &["pipe/send-bytes-offset-size"],
        defect: Defect::in_connections(ignores_offset),
    },
    Mutant {
        name: "pipe_send_cuts_what_is_beyond_the_buffer",
        about: "A part that goes beyond the buffer's end is sent as far as it is there.",
        clauses: &["pipe/send-bytes-offset-size"],
        defect: Defect::in_connections(cuts_size),
    },
    Mutant {
        name: "pipe_limit_is_one_less",
        about: "A message as long as the limit is refused as too long.",
        clauses: &["pipe/recv-bytes-maxlength"],
        defect: Defect::in_connections(limit_is_one_less),
    },
    Mutant {
        name: "pipe_reads_on_after_an_overlong_message",
        about: "After a message beyond the limit the end goes on receiving.",
        clauses: &["pipe/recv-bytes-overlong-disables-reading"],
        defect: Defect::in_connections(reads_on),
    },
    Mutant {
        name: "pipe_receive_into_ignores_the_offset",
        about: "A message is written to the beginning of the buffer, wherever it was to go.",
        clauses: &["pipe/recv-into-returns-count", "pipe/recv-into-too-short"],
        defect: Defect::in_connections(into_ignores_offset),
    },
    Mutant {
        name: "pipe_receive_into_returns_the_buffers_length",
        about: "Receiving into a buffer returns how long the buffer is.",
        clauses: &["pipe/recv-into-returns-count"],
        defect: Defect::in_connections(returns_buffer_length),
    },
    Mutant {
        name: "pipe_receive_into_cuts_the_message",
        about: "Of a message longer than the buffer as much is received as fits.",
        clauses: &["pipe/recv-into-too-short"],
        defect: Defect::in_connections(cuts_message),
    },
    Mutant {
        name: "pipe_receive_into_mends_the_offset",
        about: "An offset outside the buffer is taken for the nearest one inside.",
        clauses: &["pipe/recv-into-bad-offset"],
        defect: Defect::in_connections(mends_offset),
    },
    Mutant {
        name: "pipe_read_only_buffer_costs_a_message",
        about: "A read-only buffer is refused when the message has been received, and the message is lost.",
        clauses: &["pipe/read-only-buffer-costs-no-message"],
        defect: Defect::in_connections(read_only_costs),
    },
];

fn ignores_offset(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::SendBytes { item, offset: Some(_), size, width } => {
            inner.call(&Call::SendBytes { item: *item, offset: Some(0), size: *size, width: *width })
        }
        _ => inner.call(call),
    }
}

fn cuts_size(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::SendBytes { item, offset: Some(offset @ 0..), size: Some(size), width } => {
            let left = (i64::from(item.len) - offset).max(0);
            let size = Some((*size).min(left));
            inner.call(&Call::SendBytes { item: *item, offset: Some(*offset), size, width: *width })
        }
        _ => inner.call(call),
    }
}

fn limit_is_one_less(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::RecvBytes { max: Some(max @ 1..) } => inner.call(&Call::RecvBytes { max: Some(max - 1) }),
        _ => inner.call(call),
    }
}

fn reads_on(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let Call::RecvBytes { max: Some(max @ 0..) } = call else { return inner.call(call) };
    let answer = inner.call(&Call::RecvBytes { max: None });
    let length = answer.items.first().map_or(0, |(length, _)| *length);
    if length > *max { Answer::of(Outcome::TooLong) } else { answer }
}

fn into_ignores_offset(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::RecvBytesInto { len, offset, readonly } if (0..i64::from(*len)).contains(offset) => {
            inner.call(&Call::RecvBytesInto { len: *len, offset: 0, readonly: *readonly })
        }
        _ => inner.call(call),
    }
}

fn returns_buffer_length(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::RecvBytesInto { len, .. }, Outcome::Ok) => Answer { value: (*len).into(), ..answer },
        _ => answer,
    }
}

fn cuts_message(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::RecvBytesInto { len, offset, .. }, Outcome::BufferTooShort) => {
            Answer { outcome: Outcome::Ok, value: i64::from(*len) - offset, ..answer }
        }
        _ => answer,
    }
}

fn mends_offset(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::RecvBytesInto { len, offset, readonly } => {
            let offset = (*offset).clamp(0, (*len).into());
            inner.call(&Call::RecvBytesInto { len: *len, offset, readonly: *readonly })
        }
        _ => inner.call(call),
    }
}

fn read_only_costs(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::RecvBytesInto { readonly: true, .. } = call {
        inner.call(&Call::RecvBytes { max: None });
    }
    inner.call(call)
}
