//! The ring's size: growing and shrinking lose nothing, and nobody reads memory that was given back.

use std::rc::Rc;

use super::super::platform;
use super::super::ring::Limits;
use super::super::surroundings::{Channel, unlimited};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene { name: "ring, growing", play: growing, plans: &[Plain, Death(1), Death(2)] },
    Scene { name: "ring, shrinking", play: shrinking, plans: &[Plain, Death(2)] },
    Scene {
        name: "ring, crowded by small records",
        play: crowded_by_small,
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene {
        name: "ring, crowded by long records",
        play: crowded_by_long,
        plans: &[Plain, Spurious(1), Early(1), Death(1), Death(2)],
    },
];

/// Receives until the deadline, which comes when nothing else can happen any more.
fn drain(channel: &Channel, received: &mut Vec<u8>) {
    while channel.ring().pop(received, Deadline::At(0)).is_ok() {}
}

/// One process sends while another receives until the deadline: whether the first lived, what the other
/// received if it did, and what is left in the channel.
fn sent_and_drained(
    channel: &Rc<Channel>,
    send: impl FnOnce(&Channel) + 'static,
) -> (Option<Vec<u8>>, Option<Vec<u8>>, Vec<u8>) {
    let sending = {
        let channel = channel.clone();
        Box::new(move || {
            send(&channel);
            Vec::new()
        }) as Body<Vec<u8>>
    };
    let receiving = {
        let channel = channel.clone();
        Box::new(move || {
            let mut received = Vec::new();
            drain(&channel, &mut received);
            received
        }) as Body<Vec<u8>>
    };
    let mut told = platform::processes(vec![sending, receiving]);
    let mut left = Vec::new();
    while channel.ring_before().pop(&mut left, Deadline::Now).is_ok() {}
    (told[0].take(), told[1].take(), left)
}

/// The third record does not fit into four units.
fn growing() {
    let channel = Channel::new(unlimited(), &[4, 16], [0; 5]);
    let (sent, received, left) = sent_and_drained(&channel, |channel| {
        for byte in [1, 2, 3] {
            channel.ring().push(&[&[byte]], Deadline::Never).unwrap();
        }
    });
    match (sent, received) {
        (Some(_), Some(received)) => assert_eq!(received, [1, 2, 3]),
        (None, Some(received)) => assert!([1, 2, 3].starts_with(&received), "{received:?}"),
        (_, None) => assert!([1, 2, 3].ends_with(&left), "{left:?}"),
    }
}

/// A receiver that empties a large ring makes it small, while the sender goes on.
fn shrinking() {
    let limits = Limits { keep_capacity: 4, ..unlimited() };
    let channel = Channel::new(limits, &[64, 4, 8], [0; 5]);
    channel.ring_before().push(&[&[1]], Deadline::Now).unwrap();
    let (_, received, left) = sent_and_drained(&channel, |channel| {
        channel.ring().push(&[&[2]], Deadline::Never).unwrap();
    });
    match received {
        Some(received) => assert_eq!(received, [1, 2]),
        None => assert!([1, 2].ends_with(&left), "{left:?}"),
    }
}

/// Four records fill the ring, which has not to grow for a fifth if somebody takes one soon. A record
/// takes two cells of so many units.
fn crowded(grain: u64, capacities: &[u64]) {
    let capacity = 8 * grain;
    let limits = Limits { max_units: 2 * capacity, keep_capacity: capacity, ..unlimited() };
    let channel = Channel::coarse(limits, capacities, [0; 5], grain);
    let record = move |byte: u8| {
        let mut record = vec![0; (2 * grain as usize - 1) * 8];
        record[0] = byte;
        record
    };
    for byte in [1, 2, 3, 4] {
        channel.ring_before().push(&[&record(byte)], Deadline::Now).unwrap();
    }
    let (sent, received, left) = sent_and_drained(&channel, move |channel| {
        channel.ring().push(&[&record(5)], Deadline::Never).unwrap();
    });
    let first_bytes = |bytes: &[u8]| -> Vec<u8> {
        bytes.chunks((2 * grain as usize - 1) * 8).map(|record| record[0]).collect()
    };
    let (received, left) = (received.as_deref().map(first_bytes), first_bytes(&left));
    match (sent, received) {
        (Some(_), Some(received)) => assert_eq!(received, [1, 2, 3, 4, 5]),
        (None, Some(received)) => assert!([&[1, 2, 3, 4][..], &[1, 2, 3, 4, 5]].contains(&&received[..])),
        (_, None) => assert!([1, 2, 3, 4, 5].ends_with(&left), "{left:?}"),
    }
}

/// The sender naps, and then the ring may have to grow or not.
fn crowded_by_small() {
    crowded(1, &[8, 16]);
}

/// The sender is woken when there is room: the ring grows only if its patience ends or the receiver dies.
fn crowded_by_long() {
    let undisturbed = plan().early.is_none() && plan().deaths == [None; 2];
    crowded(1 << 12, if undisturbed { &[1 << 15] } else { &[1 << 15, 1 << 16] });
}
