//! The ring's size: growing and shrinking lose nothing, and nobody reads memory that was given back.

use super::super::platform;
use super::super::ring::Limits;
use super::super::surroundings::{Channel, unlimited};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Plain};

pub const SCENES: &[Scene] = &[
    Scene { name: "ring, growing", play: growing, plans: &[Plain, Death(1), Death(2)] },
    Scene { name: "ring, shrinking", play: shrinking, plans: &[Plain, Death(2)] },
];

/// Receives until the deadline, which comes when nothing else can happen any more.
fn drain(channel: &Channel, received: &mut Vec<u8>) {
    while channel.ring().pop(received, Deadline::At(0)).is_ok() {}
}

/// The third record does not fit into four units.
fn growing() {
    let channel = Channel::new(unlimited(), &[4, 16], [0; 5]);
    let sending = {
        let channel = channel.clone();
        Box::new(move || {
            for byte in [1, 2, 3] {
                channel.ring().push(&[&[byte]], Deadline::Never).unwrap();
            }
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
    let told = platform::processes(vec![sending, receiving]);
    let mut left = Vec::new();
    while channel.ring_before().pop(&mut left, Deadline::Now).is_ok() {}
    match (&told[0], &told[1]) {
        (Some(_), Some(received)) => assert_eq!(received, &[1, 2, 3]),
        (None, Some(received)) => assert!([1, 2, 3].starts_with(received), "{received:?}"),
        (_, None) => assert!([1, 2, 3].ends_with(&left), "{left:?}"),
    }
}

/// A receiver that empties a large ring makes it small, while the sender goes on.
fn shrinking() {
    let limits = Limits { keep_capacity: 4, ..unlimited() };
    let channel = Channel::new(limits, &[64, 4, 8], [0; 5]);
    channel.ring_before().push(&[&[1]], Deadline::Now).unwrap();
    let sending = {
        let channel = channel.clone();
        Box::new(move || {
            channel.ring().push(&[&[2]], Deadline::Never).unwrap();
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
    let told = platform::processes(vec![sending, receiving]);
    let mut left = Vec::new();
    while channel.ring_before().pop(&mut left, Deadline::Now).is_ok() {}
    match &told[1] {
        Some(received) => assert_eq!(received, &[1, 2]),
        None => assert!([1, 2].ends_with(&left), "{left:?}"),
    }
}
