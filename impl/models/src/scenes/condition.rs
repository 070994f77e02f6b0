//! Conditions: no notification is lost, whoever dies, and none wakes more than it may.

use std::cell::Cell;
use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::super::condition::{Condition, NOTIFIED, Node, Nodes, Waited, Words};
use super::super::owner_lock::OwnerLock;
use super::super::raw_lock::Held;
use super::super::surroundings::Alone;
use super::super::user_lock::UserLock;
use super::super::{A32, A64, Ordering, hook, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, EarlyLess, Plain, Spurious};
use crate::plan::plan;

const NEVER: Deadline = Deadline::Never;
/// What ends a wait when nothing else can happen any more.
const AT_LAST: Deadline = Deadline::At(0);

pub const SCENES: &[Scene] = &[
    Scene {
        name: "condition, one waits for one",
        play: || hand_over(NEVER),
        plans: &[Plain, Death(1), Spurious(1)],
    },
    Scene {
        name: "condition, one in a hurry waits for one",
        play: || hand_over(AT_LAST),
        plans: &[Plain, Early(1), Death(2)],
    },
    Scene {
        name: "condition, the last of three notifies one",
        play: || last_notifies(3, 1),
        plans: &[Plain, Death(1), Early(1), Spurious(1)],
    },
    Scene {
        name: "condition, the last of three notifies all",
        play: || last_notifies(3, 9),
        plans: &[Plain, Death(1), Early(1)],
    },
    Scene {
        name: "condition, the notifier waits afterwards",
        play: notifier_waits_afterwards,
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene {
        name: "condition, two wait and one died notified",
        play: || heirs_of_one(&[1, 1]),
        plans: &[Plain, Early(1)],
    },
    Scene {
        name: "condition, a third one hands on what the dead was given",
        play: handed_on_by_a_third,
        plans: &[Plain, EarlyLess(1)],
    },
    Scene {
        name: "condition, one waits twice and one died notified",
        play: || heirs_of_one(&[0, 2]),
        plans: &[Plain, Death(1)],
    },
];

/// For the night: too large for every day.
pub const DEEP: &[Scene] = &[Scene {
    name: "condition, a third one hands on what the dead was given (deep)",
    play: handed_on_by_a_third,
    plans: &[Early(1), Death(1), Death(3)],
}];

impl Nodes for Alone {
    fn provide(&self, _count: usize) -> bool {
        true
    }
}

/// A condition, its user's lock, and what that guards.
struct Shared {
    user: OwnerLock,
    words: Words,
    nodes: [Node; 4],
    /// How deep each process is in the user's lock.
    depths: [Cell<u32>; 5],
    arrived: UnsafeCell<u32>,
}

impl Shared {
    fn new() -> Rc<Shared> {
        Rc::new(Shared {
            user: OwnerLock::new(),
            words: Words::new(),
            nodes: std::array::from_fn(|_| Node {
                state: A32::new(0),
                owner: A32::new(0),
                ticket: A64::new(0),
                limit: A64::new(0),
            }),
            depths: Default::default(),
            arrived: UnsafeCell::new(0),
        })
    }

    fn condition(&self) -> Condition<'_, Alone> {
        Condition { words: &self.words, nodes: &self.nodes, surroundings: &Alone, me: platform::me() }
    }

    fn depth(&self) -> &Cell<u32> {
        &self.depths[platform::me() as usize]
    }

    /// Another process has come to the condition; how many there are. The lock must be held.
    fn arrive(&self) -> u32 {
        hook();
        self.arrived.with_mut(add_one)
    }

    /// How many have come. The lock must be held.
    fn arrived(&self) -> u32 {
        hook();
        self.arrived.with(load)
    }

    /// Panics if another process is inside.
    fn touch(&self) {
        self.arrived.with_mut(|_| hook());
    }

    fn wait(&self, deadline: Deadline) -> Waited {
        let waited = self.condition().wait(self, deadline).unwrap();
        assert_eq!(self.depth().get(), DEPTH, "the lock is not back at its depth");
        waited
    }
}

/// How deep a waiter has the lock.
const DEPTH: u32 = 2;

#[expect(unsafe_code, reason = "loom hands out raw pointers, having checked the access")]
fn add_one(count: *mut u32) -> u32 {
    // SAFETY: within `with_mut`, which panics if another thread has access.
    unsafe {
        *count += 1;
        *count
    }
}

#[expect(unsafe_code, reason = "loom hands out raw pointers, having checked the access")]
fn load(count: *const u32) -> u32 {
    // SAFETY: within `with`, which panics if another thread is writing.
    unsafe { *count }
}

impl UserLock for Shared {
    fn is_mine(&self) -> bool {
        self.depth().get() > 0
    }

    fn release_fully(&self) -> Option<u32> {
        let depth = self.depth().replace(0);
        self.user.unlock();
        Some(depth)
    }

    fn reacquire(&self, depth: u32) -> Held {
        let held = self.user.lock(platform::me(), &Alone, NEVER).unwrap();
        self.depth().set(depth);
        held
    }

    fn take_from_dead(&self, depth: u32) -> bool {
        let is_taken = self.user.take_from_dead(platform::me(), &Alone);
        if is_taken {
            self.depth().set(depth);
        }
        is_taken
    }
}

/// One waits until the other one has come, which then notifies.
fn hand_over(deadline: Deadline) {
    let shared = Shared::new();
    let waiting = {
        let shared = shared.clone();
        Box::new(move || {
            let _ = shared.reacquire(DEPTH);
            let mut told_of_death = false;
            while shared.arrived() == 0 {
                let Waited { notified, held } = shared.wait(deadline);
                told_of_death |= held == Held::Inherited;
                let late = platform::time_is_over();
                assert!(!(told_of_death && late), "the dead kept the lock until the deadline");
                if !notified {
                    break;
                }
            }
            let has_come = shared.arrived() > 0;
            shared.release_fully();
            has_come
        }) as Body<bool>
    };
    let coming = {
        let shared = shared.clone();
        Box::new(move || {
            let _ = shared.reacquire(1);
            shared.arrive();
            shared.condition().notify(&*shared, 1).unwrap();
            shared.release_fully();
            true
        }) as Body<bool>
    };
    let told = platform::processes(vec![waiting, coming]);
    if told[1].is_some() && plan().early.is_none() {
        assert_ne!(told[0], Some(false), "the notification did not arrive");
    }
}

/// What a process has to tell.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// How many came before it.
    place: u32,
    /// How many it has notified.
    given: Option<u32>,
    /// Whether it was notified.
    notified: bool,
    /// Whether it was told of a death.
    inherited: bool,
}

/// All but the last to come wait, and the last one notifies some of them.
fn last_notifies(all: u32, most: u32) {
    let shared = Shared::new();
    // Who was notified and has left the condition: one that dies later has had its wake-up.
    let woken = Rc::new(Cell::new(0));
    let body = |_| {
        let (shared, woken) = (shared.clone(), woken.clone());
        Box::new(move || {
            let mut inherited = shared.reacquire(DEPTH) == Held::Inherited;
            let place = shared.arrive() - 1;
            let (mut given, mut notified) = (None, false);
            if place + 1 == all {
                given = Some(shared.condition().notify(&*shared, most).unwrap());
            } else {
                let waited = shared.wait(AT_LAST);
                notified = waited.notified;
                woken.set(woken.get() + u32::from(notified));
                if waited.held == Held::Inherited {
                    assert!(!platform::time_is_over(), "the dead kept the lock until the deadline");
                    inherited = true;
                }
            }
            shared.touch();
            shared.release_fully();
            Told { place, given, notified, inherited }
        }) as Body<Told>
    };
    let told = platform::processes((0..all).map(body).collect());
    let alive = || told.iter().flatten();
    let Some(given) = alive().find_map(|told| told.given) else { return };
    let woken = woken.get();
    assert!(woken <= given && given <= most, "{woken} woken, {given} notified, {most} at most");
    // Who died in its critical section may have had its wake-up a moment before.
    let died_inside = alive().any(|told| told.inherited) || shared.user.take_from_dead(9, &Alone);
    let waiters = alive().filter(|told| told.given.is_none()).count() as u32;
    let owed = given.min(waiters);
    assert!(woken >= owed || died_inside, "{woken} woken, {given} notified, {waiters} waited");
    if told.iter().all(Option::is_some) && plan().early.is_none() {
        assert_eq!(given, most.min(all - 1), "too few were notified");
        assert!(
            alive().all(|told| told.notified == (told.place < given)),
            "not the oldest were woken: {told:?}"
        );
    }
}

/// The second to come notifies the first, and then waits: not for its own notification.
fn notifier_waits_afterwards() {
    let shared = Shared::new();
    let body = |_| {
        let shared = shared.clone();
        Box::new(move || {
            let _ = shared.reacquire(DEPTH);
            let is_second = shared.arrive() == 2;
            if is_second {
                shared.condition().notify(&*shared, 1).unwrap();
            }
            let waited = shared.wait(AT_LAST);
            assert!(!is_second || !waited.notified, "woken by an earlier notification");
            shared.release_fully();
            waited.notified
        }) as Body<bool>
    };
    let told = platform::processes((0..2).map(body).collect());
    if told.iter().all(Option::is_some) {
        assert!(told.contains(&Some(true)), "nobody was notified");
    }
}

/// A condition at which one was notified and has died; whoever comes counts as there before.
fn notified_and_dead() -> Rc<Shared> {
    const DEAD: u32 = 4;
    platform::died_before(DEAD);
    let shared = Shared::new();
    let left = &shared.nodes[0];
    shared.words.used.store(1, Ordering::Relaxed);
    left.owner.store(DEAD, Ordering::Relaxed);
    left.limit.store(100, Ordering::Relaxed);
    left.state.store(NOTIFIED, Ordering::Release);
    shared
}

/// Two wait, and a third one hands on to one of them what one who has died was given: also if that one gives
/// up or dies meanwhile, one of them is woken, once.
fn handed_on_by_a_third() {
    let shared = notified_and_dead();
    let woken = Rc::new(Cell::new(0));
    let body = |waits: bool| {
        let (shared, woken) = (shared.clone(), woken.clone());
        Box::new(move || {
            let mut inherited = shared.reacquire(DEPTH) == Held::Inherited;
            if waits {
                shared.arrive();
                let waited = shared.wait(AT_LAST);
                woken.set(woken.get() + u32::from(waited.notified));
                inherited |= waited.held == Held::Inherited;
                shared.touch();
                shared.release_fully();
            } else {
                let are_both_there = shared.arrived() == 2;
                shared.release_fully();
                if are_both_there {
                    shared.condition().look_after_the_dead();
                }
            }
            inherited
        }) as Body<bool>
    };
    let told = platform::processes(vec![body(true), body(true), body(false)]);
    assert!(woken.get() <= 1, "{} woken by one notification", woken.get());
    // Who died in its critical section may have had its wake-up a moment before.
    let died_inside = told.contains(&Some(true)) || shared.user.take_from_dead(9, &Alone);
    assert!(woken.get() == 1 || died_inside, "the notification of the dead is lost");
}

/// One was notified and died; of the others one must be woken in its place, once. Each waits so many times;
/// who does not wait at all looks after the dead.
fn heirs_of_one(waits: &[u32]) {
    let shared = notified_and_dead();
    let woken = Rc::new(Cell::new(0));
    let body = |waits: &u32| {
        let (shared, woken, waits) = (shared.clone(), woken.clone(), *waits);
        Box::new(move || {
            if waits == 0 {
                return shared.condition().look_after_the_dead();
            }
            let _ = shared.reacquire(DEPTH);
            for _ in 0..waits {
                let waited = shared.wait(AT_LAST);
                woken.set(woken.get() + u32::from(waited.notified));
            }
            shared.release_fully();
        }) as Body<()>
    };
    let told = platform::processes(waits.iter().map(body).collect());
    assert!(woken.get() <= 1, "{} woken by one notification", woken.get());
    // Who looks after the dead before anybody waits finds no heir.
    if !waits.contains(&0) && told.iter().all(Option::is_some) {
        assert_eq!(woken.get(), 1, "the notification of the dead is lost");
    }
}
