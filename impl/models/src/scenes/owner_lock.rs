//! The lock that is given back by a plain store: exclusion, no lost wake-up, one heir per death.

use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::super::owner_lock::OwnerLock;
use super::super::raw_lock::Held;
use super::super::surroundings::Alone;
use super::super::{hook, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Deaths, Early, Late, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene {
        name: "owner's lock, two twice",
        play: || contenders(&[(2, Deadline::Never), (2, Deadline::Never)]),
        plans: &[Plain, Death(1), Spurious(1)],
    },
    Scene {
        name: "owner's lock, three",
        play: || contenders(&[(1, Deadline::Never); 3]),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "owner's lock, two die",
        play: || contenders(&[(1, Deadline::Never); 2]),
        plans: &[Deaths(1, 2)],
    },
    Scene {
        name: "owner's lock, one in a hurry",
        play: || contenders(&[(1, Deadline::Never), (1, Deadline::At(0))]),
        plans: &[Plain, Early(2), Death(1)],
    },
    Scene {
        name: "owner's lock, one of three in a hurry",
        play: || contenders(&[(1, Deadline::Never), (1, Deadline::At(0)), (1, Deadline::Never)]),
        plans: &[Plain, Early(2), Death(2)],
    },
    Scene {
        name: "owner's lock, two after one in a hurry",
        play: || contenders(&[(2, Deadline::Never), (1, Deadline::At(0)), (1, Deadline::Never)]),
        plans: &[Late(2)],
    },
    Scene {
        name: "owner's lock, taken at once from the dead",
        play: || taken_without_waiting(|lock| lock.lock_now(platform::me(), &Alone).ok()),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "owner's lock, taken from the dead only",
        play: || {
            taken_without_waiting(|lock| {
                lock.take_from_dead(platform::me(), &Alone).then_some(Held::Inherited)
            })
        },
        plans: &[Plain, Death(1)],
    },
];

/// Each takes and releases the lock so many times, waiting so long.
fn contenders(turns: &'static [(u32, Deadline)]) {
    let shared = Rc::new((OwnerLock::new(), UnsafeCell::new(0)));
    let body = |(times, deadline): &(u32, Deadline)| {
        let (shared, times, deadline) = (shared.clone(), *times, *deadline);
        Box::new(move || {
            let (lock, inside) = &*shared;
            let (mut taken, mut inherited) = (0_u32, 0_u32);
            for _ in 0..times {
                let held = match lock.try_lock(platform::me()) {
                    true => Ok(Held::Clean),
                    false => lock.lock(platform::me(), &Alone, deadline),
                };
                let Ok(held) = held else { continue };
                taken += 1;
                inherited += u32::from(held == Held::Inherited);
                // Panics if another process is inside.
                inside.with_mut(|_| hook());
                lock.unlock();
            }
            (taken, inherited)
        }) as Body<(u32, u32)>
    };
    let told = platform::processes(turns.iter().map(body).collect());
    let deaths = told.iter().filter(|told| told.is_none()).count() as u32;
    let inherited: u32 = told.iter().flatten().map(|told| told.1).sum();
    assert!(inherited <= deaths, "{deaths} deaths, {inherited} heirs");
    for (told, (times, deadline)) in told.iter().zip(turns) {
        // Who does not hurry is served; who does, unless his time was over.
        let served = *deadline == Deadline::Never || plan().early.is_none() && plan().late.is_none();
        assert!(!served || told.is_none_or(|(taken, _)| taken == *times), "not served");
    }
}

/// One takes the lock and waits for it; two others take it without waiting, if they can.
fn taken_without_waiting(take: fn(&OwnerLock) -> Option<Held>) {
    let shared = Rc::new((OwnerLock::new(), UnsafeCell::new(0)));
    let body = |waits: bool| {
        let shared = shared.clone();
        Box::new(move || {
            let (lock, inside) = &*shared;
            let held = match waits {
                true => lock.lock(platform::me(), &Alone, Deadline::Never).ok(),
                false => take(lock),
            };
            if held.is_some() {
                // Panics if another process is inside.
                inside.with_mut(|_| hook());
                lock.unlock();
            }
            held
        }) as Body<Option<Held>>
    };
    let told = platform::processes(vec![body(true), body(false), body(false)]);
    let heirs = told.iter().flatten().filter(|told| **told == Some(Held::Inherited)).count();
    let deaths = told.iter().filter(|told| told.is_none()).count();
    assert!(heirs <= deaths, "{deaths} deaths, {heirs} heirs");
    assert_ne!(told[0], Some(None), "not served");
}
