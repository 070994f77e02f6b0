//! The robust lock: exclusion, no lost wake-up, one heir per death.

use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::super::raw_lock::{Held, RawLock};
use super::super::surroundings::Alone;
use super::super::{hook, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Deaths, Early, Late, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene {
        name: "lock, two twice",
        play: || contenders([(2, Deadline::Never); 2].as_slice()),
        plans: &[Plain, Death(1), Spurious(1), Spurious(2)],
    },
    Scene {
        name: "lock, three",
        play: || contenders([(1, Deadline::Never); 3].as_slice()),
        plans: &[Plain, Death(1), Deaths(1, 2), Spurious(1)],
    },
    Scene {
        name: "lock, one of three in a hurry",
        play: || contenders(&[(1, Deadline::Never), (1, Deadline::At(0)), (1, Deadline::Never)]),
        plans: &[Plain, Early(2), Death(2)],
    },
    Scene {
        name: "lock, two after one in a hurry",
        play: || contenders(&[(2, Deadline::Never), (1, Deadline::At(0)), (1, Deadline::Never)]),
        plans: &[Late(2)],
    },
];

/// Each takes and releases the lock so many times, waiting so long.
fn contenders(turns: &[(u32, Deadline)]) {
    let shared = Rc::new((RawLock::new(), UnsafeCell::new(0)));
    let body = |(times, deadline): (u32, Deadline)| {
        let shared = shared.clone();
        Box::new(move || take_turns(&shared.0, &shared.1, times, deadline)) as Body<(u32, u32)>
    };
    let told = platform::processes(turns.iter().copied().map(body).collect());
    let deaths = told.iter().filter(|told| told.is_none()).count() as u32;
    let inherited: u32 = told.iter().flatten().map(|told| told.1).sum();
    assert!(inherited <= deaths, "{deaths} deaths, {inherited} heirs");
    for (told, (times, deadline)) in told.iter().zip(turns) {
        if let Some((taken, _)) = told {
            // Who does not hurry is served; who does, unless his time was over.
            let served = *deadline == Deadline::Never || plan().early.is_none() && plan().late.is_none();
            assert!(!served || taken == times, "{taken} turns of {times}");
        }
    }
}

/// How often the lock was got, and how often from the dead.
fn take_turns(lock: &RawLock, inside: &UnsafeCell<u32>, times: u32, deadline: Deadline) -> (u32, u32) {
    let (mut taken, mut inherited) = (0, 0);
    for _ in 0..times {
        if let Ok(held) = lock.lock(platform::me(), &Alone, deadline) {
            taken += 1;
            inherited += u32::from(held == Held::Inherited);
            // Panics if another process is inside.
            inside.with_mut(|_| hook());
            lock.unlock();
        }
    }
    (taken, inherited)
}
