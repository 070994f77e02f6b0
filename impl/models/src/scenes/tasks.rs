//! Work to be done: joiners wake when all is done, and learn who took something with him into death.

use super::super::done::{NotDone, settle};
use super::super::platform;
use super::super::ring::Limits;
use super::super::surroundings::{Channel, unlimited};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene {
        name: "tasks, two join",
        play: || joined(1, 2, Deadline::Never),
        plans: &[Plain, Death(2), Spurious(2)],
    },
    Scene { name: "tasks, a worker dies", play: || joined(2, 1, Deadline::At(0)), plans: &[Plain, Death(1)] },
    Scene {
        name: "tasks, two join and a worker dies",
        play: || joined(1, 2, Deadline::At(0)),
        plans: &[Death(1)],
    },
    Scene { name: "tasks, one in a hurry", play: || joined(1, 1, Deadline::At(0)), plans: &[Early(2)] },
];

/// One takes and reports every record; the others wait until all are reported.
fn joined(records: u8, joiners: usize, deadline: Deadline) {
    let channel = Channel::new(Limits { joinable: true, ..unlimited() }, &[4], [0; 5]);
    for byte in 0..records {
        channel.ring_before().push(&[&[byte]], Deadline::Now).unwrap();
    }
    let working = {
        let channel = channel.clone();
        Box::new(move || {
            for _ in 0..records {
                channel.ring().pop(&mut Vec::new(), Deadline::Never).unwrap();
                assert!(channel.ring().report_done());
                settle(&channel.outstanding[platform::me() as usize]);
            }
            Ok(())
        }) as Body<Result<(), NotDone>>
    };
    let joining = |_| {
        let channel = channel.clone();
        Box::new(move || channel.ring().wait_done(|| channel.owed_by_the_living(), deadline))
            as Body<Result<(), NotDone>>
    };
    let bodies = std::iter::once(working).chain((0..joiners).map(joining)).collect();
    let told = platform::processes(bodies);
    let unfinished = channel.ring_before().unfinished();
    let left = channel.ring_before().len();
    for joined in told[1..].iter().flatten() {
        match joined {
            Ok(()) => assert_eq!(unfinished, 0, "joined, and not all is done"),
            // What nobody took, nobody owes.
            Err(NotDone::TimedOut) => {
                assert!(
                    plan().early.is_some() || left > 0,
                    "gave up, and {unfinished} of {left} are unfinished"
                );
            }
            Err(NotDone::WorkersDied(items)) => {
                assert!(told[0].is_none() && *items == 1 && unfinished > left, "nobody died owing {items}");
            }
        }
    }
}
