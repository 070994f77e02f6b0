//! The re-entrant lock: one owner, who is a thread and not only a process, and one heir per death.

use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::super::raw_lock::{Held, Owner};
use super::super::rlock::{NotOwner, RecursiveLock, Tag};
use super::super::surroundings::Alone;
use super::super::{hook, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Deaths, Early, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene {
        name: "rlock, two twice as deep",
        play: || contenders(&[once(1), once(2)]),
        plans: &[Plain, Death(1), Deaths(1, 2), Spurious(1)],
    },
    Scene {
        name: "rlock, two threads of one process",
        play: || contenders(&[thread(1, 1), thread(1, 2)]),
        plans: &[Plain, Spurious(1), Spurious(2)],
    },
    Scene {
        name: "rlock, given up and taken again",
        play: || contenders(&[Turn { gives_up: true, ..once(1) }, once(2)]),
        plans: &[Plain, Death(1), Death(2), Spurious(1)],
    },
    Scene {
        name: "rlock, one in a hurry",
        play: || contenders(&[once(1), Turn { deadline: Deadline::At(0), ..once(2) }]),
        plans: &[Plain, Early(2), Death(1)],
    },
];

/// What one thread does: it takes the lock twice over, and gives it back as often.
#[derive(Clone, Copy)]
struct Turn {
    who: Tag,
    deadline: Deadline,
    /// It gives the lock up meanwhile, and takes it again.
    gives_up: bool,
}

/// A process of one thread.
fn once(process: u32) -> Turn {
    thread(process, 1)
}

fn thread(process: u32, thread: u64) -> Turn {
    Turn { who: Tag::new(process, thread), deadline: Deadline::Never, gives_up: false }
}

fn contenders(turns: &[Turn]) {
    let shared = Rc::new((RecursiveLock::new(), UnsafeCell::new(0)));
    let body = |turn: Turn| {
        let shared = shared.clone();
        Box::new(move || take_turn(&shared.0, &shared.1, turn)) as Body<Option<u32>>
    };
    let told = platform::processes(turns.iter().copied().map(body).collect());
    let deaths = told.iter().filter(|told| told.is_none()).count() as u32;
    let inherited: u32 = told.iter().flatten().flatten().sum();
    assert!(inherited <= deaths, "{deaths} deaths, {inherited} heirs");
    for (told, turn) in told.iter().zip(turns) {
        let served = turn.deadline == Deadline::Never || plan().early.is_none();
        assert!(!served || *told != Some(None), "not served");
    }
    if deaths == 0 {
        assert_eq!((shared.0.owner(), shared.0.depth()), (Owner::Nobody, 0), "it is free in the end");
    }
}

/// How often it was got from the dead; nothing if it was not got in time.
fn take_turn(lock: &RecursiveLock, inside: &UnsafeCell<u32>, turn: Turn) -> Option<u32> {
    let Turn { who, deadline, gives_up } = turn;
    assert_eq!(lock.release(who), Err(NotOwner), "released by one who does not own it");
    let mut inherited = u32::from(lock.acquire(who, &Alone, deadline).ok()? == Held::Inherited);
    assert_eq!(lock.acquire(who, &Alone, Deadline::Now), Ok(Held::Clean), "the owner waits for itself");
    // Panics if another thread is inside.
    inside.with_mut(|_| hook());
    if gives_up {
        assert_eq!(lock.release_all(who), Ok(2));
        let again = lock.reacquire(who, 2, &Alone, Deadline::Never);
        inherited += u32::from(again == Ok(Held::Inherited));
        inside.with_mut(|_| hook());
    }
    assert_eq!(lock.depth(), 2, "what the dead left counts");
    assert_eq!(lock.release(who), Ok(()));
    inside.with_mut(|_| hook());
    assert_eq!(lock.release(who), Ok(()));
    Some(inherited)
}
