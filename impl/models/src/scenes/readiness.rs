//! The bell: whoever polls learns of a record, however many poll the same descriptor.

use super::super::platform;
use super::super::ring::Readiness;
use super::super::surroundings::{Channel, unlimited};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene { name: "bell, two poll", play: || pollers(2, 2, Deadline::Never), plans: &[Plain, Spurious(2)] },
    Scene {
        name: "bell, one polls and one looks on",
        play: || pollers(1, 2, Deadline::Never),
        plans: &[Plain, Death(3)],
    },
    Scene {
        name: "bell, one in a hurry",
        play: || pollers(1, 1, Deadline::At(0)),
        plans: &[Plain, Early(2)],
    },
    Scene { name: "bell, the putter dies", play: || pollers(1, 1, Deadline::At(0)), plans: &[Death(1)] },
];

/// One puts so many records. The others poll until one is there, and as many of them take it.
fn pollers(records: u8, count: usize, deadline: Deadline) {
    let channel = Channel::new(unlimited(), &[4], [0; 5]);
    let putting = {
        let channel = channel.clone();
        Box::new(move || {
            for byte in 1..=records {
                channel.ring().push(&[&[byte]], Deadline::Never).unwrap();
            }
            Vec::new()
        }) as Body<Vec<u8>>
    };
    let polling = |poller| {
        let channel = channel.clone();
        Box::new(move || {
            let mut received = Vec::new();
            let ready = || channel.ring().readiness() != Readiness::Nothing;
            let takes = poller < usize::from(records);
            let deadline = if takes { deadline } else { Deadline::At(0) };
            while channel.words.seldom.0.bell.wait(&*channel, ready, deadline) {
                if !takes || channel.ring().pop(&mut received, Deadline::Now).is_ok() {
                    break;
                }
            }
            received
        }) as Body<Vec<u8>>
    };
    let bodies = std::iter::once(putting).chain((0..count).map(polling)).collect();
    let told = platform::processes(bodies);
    for received in told[1..].iter().take(usize::from(records)).flatten() {
        let unsent = told[0].is_none() && channel.ring_before().is_empty();
        assert!(received.len() == 1 || unsent || plan().early.is_some(), "a poller was not served");
    }
}
