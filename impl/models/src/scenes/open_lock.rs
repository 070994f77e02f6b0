//! The lock that anybody may release: of two releases of one hold one succeeds, whoever is stopped or dies.

use std::cell::Cell;
use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::super::open_lock::{NotHeld, OpenLock};
use super::super::raw_lock::{Held, Owner};
use super::super::rlock::Tag;
use super::super::surroundings::Alone;
use super::super::{hook, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Deaths, Early, Late, LateLess, Plain, PlainLess, Spurious};
use crate::plan::plan;

const NEVER: Deadline = Deadline::Never;
/// What ends a wait when nothing else can happen any more.
const AT_LAST: Deadline = Deadline::At(0);

pub const SCENES: &[Scene] = &[
    Scene {
        name: "open lock, two twice",
        play: || contenders(Start::Free, &[(2, NEVER), (2, NEVER)]),
        plans: &[Plain, Death(1), Spurious(1)],
    },
    Scene {
        name: "open lock, two after one",
        play: || contenders(Start::HeldByFirst, &[(1, NEVER); 3]),
        plans: &[Plain],
    },
    Scene {
        name: "open lock, two heirs of one",
        play: || contenders(Start::HeldByDead, &[(1, NEVER); 2]),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "open lock, two die",
        play: || contenders(Start::Free, &[(1, NEVER); 2]),
        plans: &[Deaths(1, 2)],
    },
    Scene {
        name: "open lock, one of two in a hurry",
        play: || contenders(Start::Free, &[(1, NEVER), (1, AT_LAST)]),
        plans: &[Plain, Early(2), Death(1)],
    },
    Scene {
        name: "open lock, released past one in a hurry",
        play: released_past_one_in_a_hurry,
        plans: &[PlainLess, LateLess(2)],
    },
    Scene {
        name: "open lock, two by exchange",
        play: || contenders(Start::Exchanged, &[(1, NEVER), (2, NEVER)]),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "open lock, one of them cannot be fenced",
        play: || {
            platform::outlaw(2);
            contenders(Start::Free, &[(1, NEVER); 2]);
        },
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene {
        name: "open lock, released by its holder and another one",
        play: || released_by_many(&[Part::Passes, Part::Releases]),
        plans: &[Plain, Death(1), Death(2), Deaths(1, 2)],
    },
    Scene {
        name: "open lock, released by its holder and two others",
        play: || released_by_many(&[Part::Gives, Part::Releases, Part::Releases]),
        plans: &[Plain],
    },
    Scene {
        name: "open lock, released by two and taken by a third",
        play: || released_by_many(&[Part::Gives, Part::Releases, Part::Keeps]),
        plans: &[Plain],
    },
    Scene {
        name: "open lock, released by one who cannot fence",
        play: || outlawed(2, &[Part::Passes, Part::Releases]),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "open lock, held by one who cannot be fenced",
        play: || outlawed(1, &[Part::Passes, Part::Releases]),
        plans: &[Plain, Death(1)],
    },
    Scene { name: "open lock, two threads of one process release", play: two_threads, plans: &[Plain] },
    Scene {
        name: "open lock, released by another one",
        play: || released_by_another(NEVER),
        plans: &[Plain, Spurious(1)],
    },
    Scene {
        name: "open lock, released by another one who dies",
        play: || released_by_another(AT_LAST),
        plans: &[Death(1), Death(2), Early(1)],
    },
    Scene {
        name: "open lock, released for the dead",
        play: released_for_the_dead,
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene {
        name: "open lock, taken at once",
        play: || taken_without_waiting(2, |lock| lock.lock_now(own(), &Alone).ok()),
        plans: &[Plain],
    },
    Scene {
        name: "open lock, taken at once from the dead",
        play: || taken_without_waiting(1, |lock| lock.lock_now(own(), &Alone).ok()),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "open lock, taken from the dead only",
        play: || {
            taken_without_waiting(2, |lock| lock.take_from_dead(own(), &Alone).then_some(Held::Inherited))
        },
        plans: &[Death(1)],
    },
];

/// For the night: too large for every day.
pub const DEEP: &[Scene] = &[
    Scene {
        name: "open lock, two after one in a hurry (deep)",
        play: || contenders(Start::HeldByFirst, &[(2, NEVER), (1, AT_LAST), (1, NEVER)]),
        plans: &[Late(2)],
    },
    Scene {
        name: "open lock, released past one in a hurry (deep)",
        play: released_past_one_in_a_hurry,
        plans: &[Plain, Early(2), Late(2)],
    },
];

/// A process that no scene starts.
const BYSTANDER: Tag = Tag::new(4, 1);

/// The only thread of this process.
fn own() -> Tag {
    Tag::new(platform::me(), 1)
}

/// What the lock is like before anybody begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Nobody has ever held it.
    Free,
    /// The first process holds it.
    HeldByFirst,
    /// A process holds it that has died.
    HeldByDead,
    /// It is free, and holds are given back by an exchange.
    Exchanged,
}

impl Start {
    fn is_held_by(self, process: u32) -> bool {
        process == 1 && self == Start::HeldByFirst
    }
}

fn started(start: Start) -> OpenLock {
    match start {
        Start::Free => OpenLock::new(),
        Start::HeldByFirst => held_by(Tag::new(1, 1)),
        Start::HeldByDead => {
            let lock = held_by(BYSTANDER);
            platform::died_before(BYSTANDER.owner());
            lock
        }
        Start::Exchanged => {
            let lock = held_by(BYSTANDER);
            assert_eq!(lock.release(None, &Alone), Ok(()));
            lock
        }
    }
}

fn held_by(who: Tag) -> OpenLock {
    let lock = OpenLock::new();
    assert_eq!(lock.lock(who, &Alone, NEVER), Ok(Held::Clean));
    lock
}

/// A lock, and what only its holder touches.
struct Guarded {
    lock: OpenLock,
    inside: UnsafeCell<u32>,
    /// Who is between the call that takes and the return of the one that releases: for the books only.
    busy: [Cell<bool>; 5],
}

/// Each takes and releases the lock so many times, waiting so long.
fn contenders(start: Start, turns: &'static [(u32, Deadline)]) {
    let shared = Rc::new(Guarded {
        lock: started(start),
        inside: UnsafeCell::new(0),
        busy: std::array::from_fn(|process| Cell::new(start.is_held_by(process as u32))),
    });
    let body = |(times, deadline): &(u32, Deadline)| {
        let (shared, times, deadline) = (shared.clone(), *times, *deadline);
        Box::new(move || take_turns(&shared, start, times, deadline)) as Body<(u32, u32)>
    };
    let told = platform::processes(turns.iter().map(body).collect());
    let died_busy = |(number, told): (usize, &Option<_>)| told.is_none() && shared.busy[number + 1].get();
    let deaths = told.iter().enumerate().filter(|told| died_busy(*told)).count() as u32
        + u32::from(start == Start::HeldByDead);
    let inherited: u32 = told.iter().flatten().map(|told| told.1).sum();
    assert!(inherited <= deaths, "{deaths} died with it, {inherited} heirs");
    for (told, (times, deadline)) in told.iter().zip(turns) {
        if let Some((taken, _)) = told {
            // Who does not hurry is served; who does, unless his time was over.
            let served = *deadline != AT_LAST || plan().early.is_none() && plan().late.is_none();
            assert!(!served || taken == times, "{taken} turns of {times}");
        }
    }
    if told.iter().all(Option::is_some) {
        assert_eq!(shared.lock.owner(&Alone), Owner::Nobody);
        assert_eq!(inherited, deaths, "nobody was told of a death");
    }
}

/// How often the lock was got, and how often from the dead.
fn take_turns(shared: &Guarded, start: Start, times: u32, deadline: Deadline) -> (u32, u32) {
    let (mut taken, mut inherited) = (0, 0);
    let busy = &shared.busy[platform::me() as usize];
    for turn in 0..times {
        let held = match start {
            _ if turn == 0 && start.is_held_by(platform::me()) => Ok(Held::Clean),
            _ => {
                // Who dies here leaves nothing to inherit.
                hook();
                busy.set(true);
                shared.lock.lock(own(), &Alone, deadline)
            }
        };
        if let Ok(held) = held {
            taken += 1;
            inherited += u32::from(held == Held::Inherited);
            // Panics if another process is inside.
            shared.inside.with_mut(|_| hook());
            assert_eq!(shared.lock.release(Some(own()), &Alone), Ok(()), "nobody else releases it");
        }
        busy.set(false);
    }
    (taken, inherited)
}

/// What one process does with a lock that everybody releases.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Has it from the beginning, and releases it.
    Gives,
    /// Takes it and releases it.
    Passes,
    /// Releases it.
    Releases,
    /// Takes it, unless it is never released.
    Keeps,
}

/// As [`released_by_many`], where nobody can put a fence into one of them, nor he into others.
fn outlawed(process: u32, parts: &'static [Part]) {
    platform::outlaw(process);
    released_by_many(parts);
}

/// Each does its part: as many holds end as releases succeed.
fn released_by_many(parts: &'static [Part]) {
    let lock = Rc::new(started(if parts[0] == Part::Gives { Start::HeldByFirst } else { Start::Free }));
    let body = |part: &Part| {
        let (lock, part) = (lock.clone(), *part);
        Box::new(move || {
            let held = match part {
                Part::Gives => Some(Held::Clean),
                Part::Passes => Some(lock.lock(own(), &Alone, NEVER).unwrap()),
                Part::Keeps => lock.lock(own(), &Alone, AT_LAST).ok(),
                Part::Releases => None,
            };
            let released = part != Part::Keeps && lock.release(Some(own()), &Alone).is_ok();
            (held, released)
        }) as Body<(Option<Held>, bool)>
    };
    let told = platform::processes(parts.iter().map(body).collect());
    let deaths = told.iter().filter(|told| told.is_none()).count();
    let taken = told.iter().flatten().filter(|told| told.0.is_some()).count();
    let inherited = told.iter().flatten().filter(|told| told.0 == Some(Held::Inherited)).count();
    let released = told.iter().flatten().filter(|told| told.1).count();
    let is_held = usize::from(lock.owner(&Alone) != Owner::Nobody);
    assert!(inherited <= deaths, "{deaths} deaths, {inherited} heirs");
    if deaths == 0 {
        assert_eq!(taken, released + is_held, "so many holds, releases and one left");
    } else {
        // What the dead did last is not known, each of which takes once at most.
        assert!(released + is_held <= taken + deaths, "{released} releases, {taken} holds");
        assert!(taken <= released + is_held + deaths, "{taken} holds, {released} releases");
    }
}

/// Of two threads of one process, one releases twice, and the other one takes the lock and releases it.
fn two_threads() {
    let tags = [Tag::new(1, 1), Tag::new(1, 2)];
    let lock = Rc::new(held_by(tags[0]));
    let first = lock.clone();
    let first = Box::new(move || {
        let releases = (0..2).filter(|_| first.release_if_mine(tags[0], &Alone)).count();
        (1_usize, releases)
    }) as Body<(usize, usize)>;
    let second = lock.clone();
    let second = Box::new(move || {
        let taken = usize::from(second.lock(tags[1], &Alone, NEVER).is_ok());
        (taken, usize::from(second.release_if_mine(tags[1], &Alone)))
    }) as Body<(usize, usize)>;
    let told = platform::processes(vec![first, second]);
    let taken: usize = told.iter().flatten().map(|told| told.0).sum();
    let released: usize = told.iter().flatten().map(|told| told.1).sum();
    assert_eq!((taken, lock.owner(&Alone)), (released, Owner::Nobody));
}

/// One waits for the lock; another one, who does not hold it, releases it.
fn released_by_another(deadline: Deadline) {
    let shared = Rc::new((held_by(BYSTANDER), UnsafeCell::new(0)));
    let waiter = shared.clone();
    let waiter = Box::new(move || match waiter.0.lock(own(), &Alone, deadline) {
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
        releaser.0.release(Some(own()), &Alone).is_ok().then_some(Held::Clean)
    }) as Body<Option<Held>>;
    let told = platform::processes(vec![waiter, releaser]);
    let is_left = shared.0.owner(&Alone) == Owner::Nobody;
    let may_give_up = deadline != NEVER && (!is_left || plan().early.is_some());
    assert!(may_give_up || told[0] != Some(None), "gave up although it was free");
    assert_ne!(told[0], Some(Some(Held::Inherited)), "nobody has died holding it");
}

/// One who does not hold the lock releases it, once. Of two who wait for it one is in a hurry: if that one gives
/// up when it is woken, the other one gets the lock all the same.
fn released_past_one_in_a_hurry() {
    let lock = Rc::new(held_by(BYSTANDER));
    let releaser = lock.clone();
    let releaser = Box::new(move || releaser.release(Some(own()), &Alone).is_ok()) as Body<bool>;
    let waiter = |deadline: Deadline| {
        let lock = lock.clone();
        Box::new(move || {
            let is_taken = lock.lock(own(), &Alone, deadline).is_ok();
            is_taken && lock.release(Some(own()), &Alone).is_ok()
        }) as Body<bool>
    };
    let told = platform::processes(vec![releaser, waiter(AT_LAST), waiter(NEVER)]);
    let may_give_up = plan().early.is_some() || plan().late.is_some();
    assert_eq!((told[0], told[2]), (Some(true), Some(true)), "not released, or not served");
    assert!(may_give_up || told[1] == Some(true), "gave up although it was free");
    assert_eq!(lock.owner(&Alone), Owner::Nobody);
}

/// One holds the lock and releases it if nobody has; another one releases it, and gets it in any case.
fn released_for_the_dead() {
    let lock = Rc::new(started(Start::HeldByFirst));
    let holder = lock.clone();
    let holder = Box::new(move || {
        // It may have been released for us.
        holder.release_if_mine(own(), &Alone);
        None
    }) as Body<Option<Held>>;
    let releaser = lock.clone();
    let releaser = Box::new(move || {
        let _: Result<(), NotHeld> = releaser.release(Some(own()), &Alone);
        releaser.lock(own(), &Alone, NEVER).ok()
    }) as Body<Option<Held>>;
    let told = platform::processes(vec![holder, releaser]);
    assert_ne!(told[1], Some(None), "not served");
    assert_ne!(told[1], Some(Some(Held::Inherited)), "whoever releases for the dead answers for them");
}

/// One has the lock, releases it and goes on; others take it without waiting, if they can.
fn taken_without_waiting(others: usize, take: fn(&OpenLock) -> Option<Held>) {
    let shared = Rc::new((started(Start::HeldByFirst), UnsafeCell::new(0), Cell::new(true)));
    let holder = shared.clone();
    let holder = Box::new(move || {
        let (lock, inside, busy) = &*holder;
        inside.with_mut(|_| hook());
        assert_eq!(lock.release(Some(own()), &Alone), Ok(()), "nobody else releases it");
        busy.set(false);
        // Who dies here leaves nothing to inherit.
        hook();
        None
    }) as Body<Option<Held>>;
    let taker = || {
        let shared = shared.clone();
        Box::new(move || {
            let (lock, inside, _) = &*shared;
            let held = take(lock);
            if held.is_some() {
                // Panics if another process is inside.
                inside.with_mut(|_| hook());
                assert_eq!(lock.release(Some(own()), &Alone), Ok(()), "nobody else releases it");
            }
            held
        }) as Body<Option<Held>>
    };
    let bodies = [holder].into_iter().chain((0..others).map(|_| taker())).collect();
    let told = platform::processes(bodies);
    let heirs = told.iter().flatten().filter(|told| **told == Some(Held::Inherited)).count();
    let died_with_it = usize::from(told[0].is_none() && shared.2.get());
    assert!(heirs <= died_with_it, "{died_with_it} died with it, {heirs} heirs");
}
