//! The bell: whoever polls learns of a record, however many poll the same descriptor.

use super::super::platform;
use super::super::ring::Readiness;
use super::super::surroundings::{Channel, unlimited};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene {
        name: "bell, two poll",
        play: || pollers(2, Deadline::Never),
        plans: &[Plain, Death(2), Spurious(2)],
    },
    Scene { name: "bell, one in a hurry", play: || pollers(1, Deadline::At(0)), plans: &[Plain, Early(2)] },
    Scene { name: "bell, the putter dies", play: || pollers(1, Deadline::At(0)), plans: &[Death(1)] },
];

/// One puts as many records as there are pollers; each polls until one is there, and takes it.
fn pollers(count: usize, deadline: Deadline) {
    let channel = Channel::new(unlimited(), &[4], [0; 5]);
    let putting = {
        let channel = channel.clone();
        Box::new(move || {
            for byte in 1..=count as u8 {
                channel.ring().push(&[&[byte]], Deadline::Never).unwrap();
            }
            Vec::new()
        }) as Body<Vec<u8>>
    };
    let polling = |_| {
        let channel = channel.clone();
        Box::new(move || {
            let mut received = Vec::new();
            let ready = || channel.ring().readiness() != Readiness::Nothing;
            while channel.words.seldom.0.bell.wait(&*channel, ready, deadline) {
                if channel.ring().pop(&mut received, Deadline::Now).is_ok() {
                    break;
                }
            }
            received
        }) as Body<Vec<u8>>
    };
    let bodies = std::iter::once(putting).chain((0..count).map(polling)).collect();
    let told = platform::processes(bodies);
    let disturbed = plan().early.is_some() || told.contains(&None);
    let served = told[1..].iter().flatten().filter(|received| received.len() == 1).count();
    assert!(disturbed || served == count, "{served} of {count} pollers were served");
}
