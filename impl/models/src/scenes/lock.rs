//! The robust lock: exclusion, no lost wake-up, one heir per death.

use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::super::raw_lock::{Held, NotHeld, Owner, RawLock};
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
    Scene { name: "lock, released by two at once", play: release_twice, plans: &[Plain, Death(1)] },
    Scene {
        name: "lock, released by another one",
        play: || released_by_another(Deadline::Never),
        plans: &[Plain, Spurious(1)],
    },
    Scene {
        name: "lock, released by another one who dies",
        play: || released_by_another(Deadline::At(0)),
        plans: &[Death(1), Death(2), Early(1)],
    },
    Scene {
        name: "lock, released for the dead",
        play: released_for_the_dead,
        plans: &[Plain, Death(1), Deaths(1, 2)],
    },
    Scene { name: "lock, taken at once from the dead", play: taken_at_once, plans: &[Plain, Death(1)] },
];

/// A live process that no scene starts.
const BYSTANDER: u32 = 4;

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

/// The lock is held; two release it.
fn release_twice() {
    let lock = Rc::new(RawLock::new());
    assert!(lock.try_lock(BYSTANDER));
    let body = || {
        let lock = lock.clone();
        Box::new(move || lock.release()) as Body<Result<(), NotHeld>>
    };
    let told = platform::processes(vec![body(), body()]);
    let released = told.iter().filter(|told| **told == Some(Ok(()))).count();
    let dead = told.iter().filter(|told| told.is_none()).count();
    assert!(released <= 1 && released + dead >= 1, "{released} of two releases succeeded");
    assert_eq!(lock.owner(), Owner::Nobody);
}

/// One waits for the lock; another one, who does not hold it, releases it.
fn released_by_another(deadline: Deadline) {
    let shared = Rc::new((RawLock::new(), UnsafeCell::new(0)));
    assert!(shared.0.try_lock(BYSTANDER));
    let waiter = shared.clone();
    let waiter = Box::new(move || match waiter.0.lock(platform::me(), &Alone, deadline) {
        Ok(held) => {
            // Panics if what was written before the release is not there.
            waiter.1.with(|_| hook());
            Some(held)
        }
        Err(_) => None,
    }) as Body<Option<Held>>;
    let releaser = shared.clone();
    let releaser = Box::new(move || {
        releaser.1.with_mut(|_| hook());
        releaser.0.release().is_ok().then_some(Held::Clean)
    }) as Body<Option<Held>>;
    let told = platform::processes(vec![waiter, releaser]);
    let is_left = shared.0.owner() == Owner::Nobody;
    let may_give_up = deadline != Deadline::Never && (!is_left || plan().early.is_some());
    assert!(may_give_up || told[0] != Some(None), "gave up although it was free");
    assert_ne!(told[0], Some(Some(Held::Inherited)), "nobody has died holding it");
}

/// One takes the lock; another one releases it for him; a third one gets it in any case.
fn released_for_the_dead() {
    let lock = Rc::new(RawLock::new());
    let taker = || {
        let lock = lock.clone();
        Box::new(move || {
            let Ok(held) = lock.lock(platform::me(), &Alone, Deadline::Never) else { return None };
            // It may have been released for us.
            lock.release_if_mine(platform::me());
            Some(held)
        }) as Body<Option<Held>>
    };
    let releaser = lock.clone();
    let releaser = Box::new(move || {
        let _ = releaser.release();
        None
    }) as Body<Option<Held>>;
    let told = platform::processes(vec![taker(), releaser, taker()]);
    assert!(told[2].is_none_or(|told| told.is_some()), "the last one was not served");
    let heirs = told.iter().flatten().filter(|told| **told == Some(Held::Inherited)).count();
    let deaths = told.iter().filter(|told| told.is_none()).count();
    assert!(heirs <= deaths, "{deaths} deaths, {heirs} heirs");
}

/// One takes the lock; two others take it if they can at once.
fn taken_at_once() {
    let shared = Rc::new((RawLock::new(), UnsafeCell::new(0)));
    let body = |waits: bool| {
        let shared = shared.clone();
        Box::new(move || {
            let (lock, inside) = &*shared;
            let held = match waits {
                true => lock.lock(platform::me(), &Alone, Deadline::Never),
                false => lock.lock_now(platform::me(), &Alone),
            };
            if held.is_ok() {
                // Panics if another process is inside.
                inside.with_mut(|_| hook());
                lock.unlock();
            }
            held.ok()
        }) as Body<Option<Held>>
    };
    let told = platform::processes(vec![body(true), body(false), body(false)]);
    let heirs = told.iter().flatten().filter(|told| **told == Some(Held::Inherited)).count();
    let deaths = told.iter().filter(|told| told.is_none()).count();
    assert!(heirs <= deaths, "{deaths} deaths, {heirs} heirs");
    assert_ne!(told[0], Some(None), "not served");
}
