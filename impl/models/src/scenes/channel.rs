//! The channel: records pass once, whole and in order; nobody is left asleep.

use std::rc::Rc;

use super::super::platform;
use super::super::ring::{Batch, Limits, PushError};
use super::super::surroundings::{Channel, bounded, unlimited};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain, Spurious};

pub const SCENES: &[Scene] = &[
    Scene { name: "channel, one to one", play: one_to_one, plans: &[Plain, Spurious(2)] },
    Scene { name: "channel, bounded", play: one_at_a_time, plans: &[Plain, Spurious(1), Spurious(2)] },
    Scene { name: "channel, small ring", play: small_ring, plans: &[Plain, Spurious(1)] },
    Scene { name: "channel, two receivers", play: two_receivers, plans: &[Plain] },
    Scene { name: "channel, two senders", play: two_senders, plans: &[Plain] },
    Scene { name: "channel, in a hurry", play: in_a_hurry, plans: &[Plain, Early(1), Early(2)] },
    Scene { name: "channel, sender and sender", play: sender_and_sender, plans: &[Death(1)] },
    Scene {
        name: "channel, receiver and sender",
        play: || receiver_and_sender(unlimited()),
        plans: &[Death(1)],
    },
    Scene {
        name: "channel, receiver and sender of a bounded queue",
        play: || receiver_and_sender(bounded(1)),
        plans: &[Death(1)],
    },
    Scene { name: "channel, many at a time", play: many_at_a_time, plans: &[Plain, Death(1), Death(2)] },
];

/// The bytes that a process received, or nothing.
type Told = Vec<u8>;

fn sender(channel: &Rc<Channel>, bytes: &'static [u8]) -> Body<Told> {
    let channel = channel.clone();
    Box::new(move || {
        for byte in bytes {
            channel.ring().push(&[&[*byte]], Deadline::Never).unwrap();
        }
        Vec::new()
    })
}

fn receiver(channel: &Rc<Channel>, count: usize) -> Body<Told> {
    let channel = channel.clone();
    Box::new(move || {
        let mut received = Vec::new();
        for _ in 0..count {
            channel.ring().pop(&mut received, Deadline::Never).unwrap();
        }
        received
    })
}

/// Sends, taking a record itself whenever there is no room until the deadline, which comes when
/// nothing else can happen any more; then receives likewise.
fn send_and_drain(channel: &Rc<Channel>, bytes: &'static [u8]) -> Body<Told> {
    let channel = channel.clone();
    Box::new(move || {
        let mut received = Vec::new();
        for byte in bytes {
            while channel.ring().push(&[&[*byte]], Deadline::At(0)).is_err() {
                channel.ring().pop(&mut received, Deadline::At(0)).unwrap();
            }
        }
        while channel.ring().pop(&mut received, Deadline::At(0)).is_ok() {}
        received
    })
}

/// Receives one record if any comes before the deadline.
fn taker(channel: &Rc<Channel>) -> Body<Told> {
    let channel = channel.clone();
    Box::new(move || {
        let mut received = Vec::new();
        // Nothing is left if the other receiver was faster.
        let _ = channel.ring().pop(&mut received, Deadline::At(0));
        received
    })
}

/// Everything that was received by anybody who lives, sorted.
fn all(told: Vec<Option<Told>>) -> Told {
    let mut all: Told = told.into_iter().flatten().flatten().collect();
    all.sort_unstable();
    all
}

fn plain(limits: Limits) -> Rc<Channel> {
    Channel::new(limits, &[4, 16], [0; 5])
}

fn one_to_one() {
    let channel = plain(unlimited());
    let told = platform::processes(vec![sender(&channel, &[1, 2]), receiver(&channel, 2)]);
    assert_eq!(told[1].as_deref(), Some(&[1, 2][..]));
}

fn one_at_a_time() {
    let channel = plain(bounded(1));
    let told = platform::processes(vec![sender(&channel, &[1, 2]), receiver(&channel, 2)]);
    assert_eq!(told[1].as_deref(), Some(&[1, 2][..]));
}

/// As a pipe: the third record needs the space of the first.
fn small_ring() {
    let limits = Limits { wait_for_bytes: true, max_units: 4, keep_capacity: 4, ..unlimited() };
    let channel = Channel::new(limits, &[4], [0; 5]);
    let told = platform::processes(vec![sender(&channel, &[1, 2, 3]), receiver(&channel, 3)]);
    assert_eq!(told[1].as_deref(), Some(&[1, 2, 3][..]));
}

fn two_receivers() {
    let channel = plain(unlimited());
    let bodies = vec![sender(&channel, &[1, 2]), receiver(&channel, 1), receiver(&channel, 1)];
    assert_eq!(all(platform::processes(bodies)), [1, 2]);
}

fn two_senders() {
    let channel = plain(unlimited());
    let bodies = vec![sender(&channel, &[1]), sender(&channel, &[2]), receiver(&channel, 2)];
    assert_eq!(all(platform::processes(bodies)), [1, 2]);
}

/// Both sides give up when their time is over; what was sent is then received, and nothing else.
fn in_a_hurry() {
    let channel = plain(bounded(1));
    let sending = {
        let channel = channel.clone();
        Box::new(move || {
            let mut sent = Vec::new();
            for byte in [1, 2] {
                match channel.ring().push(&[&[byte]], Deadline::At(0)) {
                    Ok(()) => sent.push(byte),
                    Err(PushError::Full) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            sent
        }) as Body<Told>
    };
    let receiving = {
        let channel = channel.clone();
        Box::new(move || {
            let mut received = Vec::new();
            for _ in 0..2 {
                let _ = channel.ring().pop(&mut received, Deadline::At(0));
            }
            received
        }) as Body<Told>
    };
    let told = platform::processes(vec![sending, receiving]);
    let mut received = told[1].clone().unwrap();
    while channel.ring_before().pop(&mut received, Deadline::Now).is_ok() {}
    assert_eq!(told[0].as_ref(), Some(&received));
}

fn sender_and_sender() {
    let channel = plain(unlimited());
    let received = all(platform::processes(vec![sender(&channel, &[1]), send_and_drain(&channel, &[2])]));
    assert!(received == [2] || received == [1, 2], "{received:?}");
}

/// The first may die with at most one record, whichever it took.
fn receiver_and_sender(limits: Limits) {
    let channel = plain(limits);
    let told = platform::processes(vec![taker(&channel), send_and_drain(&channel, &[1, 2])]);
    let others = told[1].clone().expect("the survivor has ended");
    match &told[0] {
        Some(_) => assert_eq!(all(told), [1, 2]),
        None => assert!([&[1, 2][..], &[2], &[1]].contains(&&others[..]), "{others:?}"),
    }
}

/// A batch that fits has one commit, and so has the taking of several.
fn many_at_a_time() {
    let channel = plain(unlimited());
    let sending = {
        let channel = channel.clone();
        Box::new(move || {
            let records: [&[&[u8]]; 2] = [&[&[1]], &[&[2]]];
            let mut pushed = 0;
            channel.ring().push_each(records.into_iter(), Deadline::Never, &mut pushed).unwrap();
            assert_eq!(pushed, 2);
            Vec::new()
        }) as Body<Told>
    };
    let receiving = {
        let channel = channel.clone();
        Box::new(move || {
            let mut batch = Batch::default();
            let taken = channel.ring().pop_many(3, &mut batch, Deadline::At(0));
            assert_eq!(taken.unwrap_or(0) as usize, batch.ends.len());
            batch.bytes
        }) as Body<Told>
    };
    let told = platform::processes(vec![sending, receiving]);
    let mut left = Vec::new();
    while channel.ring_before().pop(&mut left, Deadline::Now).is_ok() {}
    match (&told[0], &told[1]) {
        (Some(_), Some(taken)) => assert_eq!([taken.as_slice(), &left].concat(), [1, 2]),
        (None, Some(taken)) => {
            let all = [taken.as_slice(), &left].concat();
            assert!(all.is_empty() || all == [1, 2], "a part of a batch: {all:?}");
        }
        (_, None) => {
            assert!(left.is_empty() || left == [1, 2], "a part of what one call took is left: {left:?}")
        }
    }
}
