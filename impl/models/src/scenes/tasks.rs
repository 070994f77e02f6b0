//! Work to be done: joiners wake when all is done, and learn who took something with him into death.

use super::super::done::{NotDone, settle};
use super::super::ring::Limits;
use super::super::surroundings::{Channel, unlimited};
use super::super::{Ordering, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene {
        name: "tasks, two join",
        play: || joined(1, Worker::Takes, 2, Deadline::Never),
        plans: &[Plain, Spurious(2)],
    },
    Scene {
        name: "tasks, one joins",
        play: || joined(2, Worker::Takes, 1, Deadline::At(0)),
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene {
        name: "tasks, two join and one reports",
        play: || joined(1, Worker::Reports, 2, Deadline::Never),
        plans: &[Plain, Death(2)],
    },
    Scene {
        name: "tasks, two in a hurry join and one reports",
        play: || joined(1, Worker::Reports, 2, Deadline::At(0)),
        plans: &[Death(1)],
    },
    Scene {
        name: "tasks, one in a hurry",
        play: || joined(1, Worker::Takes, 1, Deadline::At(0)),
        plans: &[Early(2)],
    },
];

/// What the worker still has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    /// It takes the records and reports them.
    Takes,
    /// It has taken them, and reports them.
    Reports,
}

/// The worker's process.
const WORKER: usize = 1;

/// One reports every record; the others wait until all are reported.
fn joined(records: u8, worker: Worker, joiners: usize, deadline: Deadline) {
    let channel = Channel::new(Limits { joinable: true, ..unlimited() }, &[4], [0; 5]);
    for byte in 0..records {
        channel.ring_before().push(&[&[byte]], Deadline::Now).unwrap();
        if worker == Worker::Reports {
            channel.ring_before().pop(&mut Vec::new(), Deadline::Now).unwrap();
            channel.outstanding[WORKER].fetch_add(1, Ordering::AcqRel);
        }
    }
    let working = {
        let channel = channel.clone();
        Box::new(move || {
            for _ in 0..records {
                if worker == Worker::Takes {
                    channel.ring().pop(&mut Vec::new(), Deadline::Never).unwrap();
                }
                assert!(channel.ring().report_done());
                settle(&channel.outstanding[WORKER]);
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
