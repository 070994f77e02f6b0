//! The event: nobody sleeps while it is up, nobody misses it, whoever dies.

use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::super::event::Flag;
use super::super::{hook, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene {
        name: "event, one sets and two wait",
        play: || set_once(&[Deadline::Never, Deadline::Never]),
        plans: &[Plain, Death(2), Spurious(2), Spurious(3)],
    },
    Scene {
        name: "event, one of two is in a hurry",
        play: || set_once(&[Deadline::At(0), Deadline::Never]),
        plans: &[Plain, Early(2), Death(2)],
    },
    Scene {
        name: "event, the setter dies",
        play: || set_once(&[Deadline::At(0), Deadline::At(0)]),
        plans: &[Death(1)],
    },
    Scene { name: "event, set and cleared at once", play: pulse, plans: &[Plain, Death(3), Spurious(2)] },
    Scene { name: "event, two set", play: two_set, plans: &[Plain, Death(1), Death(2)] },
];

/// One writes something and sets the event; the others wait, and read it.
fn set_once(waiters: &'static [Deadline]) {
    let shared = Rc::new((Flag::new(), UnsafeCell::new(0)));
    let setter = shared.clone();
    let setter = Box::new(move || {
        setter.1.with_mut(|_| hook());
        setter.0.set();
        true
    }) as Body<bool>;
    let waiter = |deadline: &Deadline| {
        let (shared, deadline) = (shared.clone(), *deadline);
        Box::new(move || {
            let seen = shared.0.wait(|| 0, deadline);
            if seen {
                // Panics if what was written before is not there.
                shared.1.with(|_| hook());
            }
            seen
        }) as Body<bool>
    };
    let told = platform::processes(std::iter::once(setter).chain(waiters.iter().map(waiter)).collect());
    let is_set = shared.0.is_set();
    assert!(is_set || told[0].is_none(), "set, and not set");
    for (told, deadline) in told[1..].iter().zip(waiters) {
        let may_give_up = *deadline != Deadline::Never && (!is_set || plan().early.is_some());
        assert!(may_give_up || *told != Some(false), "gave up although it was set");
    }
}

/// One sets and clears at once; whoever it has found waiting has seen it.
fn pulse() {
    let flag = Rc::new(Flag::new());
    let setter = flag.clone();
    let setter = Box::new(move || {
        let awaited = setter.set();
        setter.clear();
        awaited
    }) as Body<bool>;
    let waiter = |deadline: Deadline| {
        let flag = flag.clone();
        Box::new(move || flag.wait(|| 0, deadline)) as Body<bool>
    };
    let told = platform::processes(vec![setter, waiter(Deadline::At(0)), waiter(Deadline::At(0))]);
    assert!(!flag.is_set(), "cleared, and set");
    let seen = told[1..].iter().filter(|told| **told == Some(true)).count();
    let dead = told[1..].iter().filter(|told| told.is_none()).count();
    assert!(told[0] != Some(true) || seen + dead > 0, "nobody has seen what was set while somebody waited");
}

/// Two set the event; a third one waits, and must not be left to wait by either's death.
fn two_set() {
    let flag = Rc::new(Flag::new());
    let setter = || {
        let flag = flag.clone();
        Box::new(move || {
            flag.set();
            assert!(flag.is_set(), "whoever has set it sees it set");
            true
        }) as Body<bool>
    };
    let waiter = flag.clone();
    let waiter = Box::new(move || waiter.wait(|| 0, Deadline::Never)) as Body<bool>;
    let told = platform::processes(vec![setter(), setter(), waiter]);
    assert_eq!(told[2], Some(true));
}
