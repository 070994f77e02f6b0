//! The semaphore: no permit too many and none too few, whoever dies, and nobody sleeps beside one.

use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::super::raw_lock::Peers;
use super::super::semaphore::{Accounts, Permits, Semaphore, Terms};
use super::super::{A64, hook, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Deaths, Early, Plain, Spurious};
use crate::plan::plan;

/// Who looks when all is over: no process of a scene.
const OBSERVER: u32 = 4;

pub const SCENES: &[Scene] = &[
    Scene {
        name: "semaphore, one permit for two",
        play: || take_turns(1, &[(1, Deadline::Never), (1, Deadline::Never)]),
        plans: &[Plain, Death(1), Spurious(1)],
    },
    Scene {
        name: "semaphore, one permit for three",
        play: || take_turns(1, &[(1, Deadline::Never); 3]),
        plans: &[Plain],
    },
    Scene {
        name: "semaphore, two permits, both for one",
        play: || take_turns(2, &[(2, Deadline::Never), (1, Deadline::Never)]),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "semaphore, two die",
        play: || take_turns(1, &[(1, Deadline::Never); 2]),
        plans: &[Deaths(1, 2)],
    },
    Scene {
        name: "semaphore, one in a hurry",
        play: || take_turns(1, &[(1, Deadline::Never), (1, Deadline::At(0))]),
        plans: &[Plain, Early(2), Death(1)],
    },
    Scene {
        name: "semaphore, handed over",
        play: || hand_over(1, &[Deadline::Never]),
        plans: &[Plain, Spurious(2)],
    },
    Scene {
        name: "semaphore, two handed over",
        play: || hand_over(2, &[Deadline::Never, Deadline::Never]),
        plans: &[Plain, Death(2)],
    },
    Scene {
        name: "semaphore, handed over by one who dies",
        play: || hand_over(1, &[Deadline::At(0)]),
        plans: &[Death(1), Death(2), Early(2)],
    },
    Scene { name: "semaphore, two release one permit", play: release_twice, plans: &[Plain, Death(1)] },
    Scene { name: "semaphore, released for the dead", play: release_for_the_dead, plans: &[Plain, Death(1)] },
    Scene { name: "semaphore, released beyond its value", play: release_beyond, plans: &[Plain, Death(1)] },
];

/// A semaphore, and who has taken what.
struct Bank {
    permits: Permits,
    terms: Terms,
    accounts: [A64; 5],
}

impl Bank {
    fn new(initial: u32, is_bounded: bool) -> Bank {
        Bank {
            permits: Permits::new(initial),
            terms: Terms { initial, is_bounded, is_tracked: true },
            accounts: std::array::from_fn(|_| A64::new(0)),
        }
    }

    fn of(&self, me: u32) -> Semaphore<'_, Bank> {
        Semaphore { words: &self.permits, terms: self.terms, accounts: self, me }
    }

    fn mine(&self) -> Semaphore<'_, Bank> {
        self.of(platform::me())
    }

    /// When all is over: how many permits can be taken, and how many of them are said to be the dead's.
    fn drained(&self) -> (u32, u32) {
        let taken = std::iter::from_fn(|| self.of(OBSERVER).acquire(Deadline::Now).ok());
        taken.fold((0, 0), |(count, restored), more| (count + 1, restored + more))
    }
}

impl Peers for Bank {
    fn is_dead(&self, owner: u32) -> bool {
        platform::is_dead(owner)
    }

    fn spins(&self, _most: u32) -> u32 {
        0
    }
}

impl Accounts for Bank {
    fn used(&self) -> usize {
        self.accounts.len()
    }

    fn slot_of(&self, owner: u32) -> usize {
        owner as usize
    }

    fn account(&self, slot: usize) -> &A64 {
        &self.accounts[slot]
    }
}

/// Each takes so many permits, waiting so long for each, and gives them back at once.
fn take_turns(initial: u32, turns: &'static [(u32, Deadline)]) {
    let shared = Rc::new((Bank::new(initial, false), UnsafeCell::new(0)));
    let body = |(count, deadline): &(u32, Deadline)| {
        let (shared, count, deadline) = (shared.clone(), *count, *deadline);
        Box::new(move || {
            let (bank, inside) = &*shared;
            let (mut taken, mut restored) = (0, 0);
            for _ in 0..count {
                let Ok(more) = bank.mine().acquire(deadline) else { break };
                taken += 1;
                restored += more;
            }
            if bank.terms.initial == 1 && taken == 1 {
                // Panics if another process is inside.
                inside.with_mut(|_| hook());
            }
            assert_eq!(bank.mine().release(taken), Ok(()));
            (taken, restored)
        }) as Body<(u32, u32)>
    };
    let told = platform::processes(turns.iter().map(body).collect());
    let (drained, mut restored) = shared.0.drained();
    assert_eq!(drained, initial, "permits in the end");
    let lost_at_most: u32 =
        told.iter().zip(turns).filter(|(told, _)| told.is_none()).map(|(_, (count, _))| count).sum();
    restored += told.iter().flatten().map(|(_, restored)| restored).sum::<u32>();
    assert!(restored <= lost_at_most, "{restored} restored of {lost_at_most}");
    for (told, (count, deadline)) in told.iter().zip(turns) {
        let served = *deadline == Deadline::Never || plan().early.is_none();
        assert!(!served || told.is_none_or(|(taken, _)| taken == *count), "gave up although there was one");
    }
}

/// One releases what it has not taken; the others each take one.
fn hand_over(count: u32, waiters: &'static [Deadline]) {
    let shared = Rc::new((Bank::new(0, false), UnsafeCell::new(0)));
    let giver = shared.clone();
    let giver = Box::new(move || {
        giver.1.with_mut(|_| hook());
        giver.0.mine().release(count).is_ok()
    }) as Body<bool>;
    let waiter = |deadline: &Deadline| {
        let (shared, deadline) = (shared.clone(), *deadline);
        Box::new(move || {
            let taken = shared.0.mine().acquire(deadline);
            assert!(!matches!(taken, Ok(1..)), "a permit that nobody ever had");
            if taken.is_ok() {
                // Panics if what was written before is not there.
                shared.1.with(|_| hook());
            }
            taken.is_ok()
        }) as Body<bool>
    };
    let told = platform::processes(std::iter::once(giver).chain(waiters.iter().map(waiter)).collect());
    let taken = told[1..].iter().filter(|told| **told == Some(true)).count() as u32;
    let (drained, restored) = shared.0.drained();
    assert_eq!(restored, 0, "permits that nobody ever had");
    assert!(taken + drained <= count, "a permit too many");
    if plan().deaths[0].is_none() {
        assert_eq!(taken + drained, count, "a permit too few");
    }
    let gave_up = told[1..].contains(&Some(false));
    assert!(!gave_up || drained == 0 || plan().early.is_some(), "gave up although there was one");
}

/// One permit is out; two give it back.
fn release_twice() {
    let bank = Rc::new(Bank::new(1, true));
    assert_eq!(bank.of(OBSERVER).acquire(Deadline::Now), Ok(0));
    let body = || {
        let bank = bank.clone();
        Box::new(move || bank.mine().release(1).is_ok()) as Body<bool>
    };
    let told = platform::processes(vec![body(), body()]);
    let released = told.iter().filter(|told| **told == Some(true)).count();
    let dead = told.iter().filter(|told| told.is_none()).count();
    assert!(released <= 1 && released + dead >= 1, "{released} of two releases succeeded");
    let permits = bank.of(OBSERVER).permits();
    assert!(permits == 1 || dead > 0, "{permits} permits in the end");
    assert_eq!(bank.drained().0, 1);
}

/// One takes the only permit and dies; another one releases it and takes it; no second one comes back.
fn release_for_the_dead() {
    let bank = Rc::new(Bank::new(1, false));
    let victim = bank.clone();
    let victim = Box::new(move || {
        let taken = victim.mine().acquire(Deadline::Never).is_ok();
        hook();
        taken
    }) as Body<bool>;
    let other = bank.clone();
    let other = Box::new(move || {
        if other.mine().permits() > 0 {
            return false;
        }
        // It has been taken: by one who is dead or will not give it back.
        assert_eq!(other.mine().release(1), Ok(()));
        other.mine().acquire(Deadline::Never).is_ok()
    }) as Body<bool>;
    let told = platform::processes(vec![victim, other]);
    let (drained, _) = bank.drained();
    let expected = u32::from(told[1] == Some(false) && told[0].is_none());
    assert_eq!(drained, expected, "permits in the end");
}

/// There is one permit more than in the beginning. Two take one each, and one of them dies.
fn release_beyond() {
    let bank = Rc::new(Bank::new(1, false));
    assert_eq!(bank.of(OBSERVER).release(1), Ok(()));
    let body = || {
        let bank = bank.clone();
        Box::new(move || {
            let taken = bank.mine().acquire(Deadline::Never);
            hook();
            taken.is_ok()
        }) as Body<bool>
    };
    let told = platform::processes(vec![body(), body()]);
    let live = told.iter().flatten().count() as u32;
    let (drained, restored) = bank.drained();
    assert!(live + drained <= 2 && live >= 1, "{live} taken and {drained} left of two permits");
    assert_eq!(restored, 0, "more than the initial value has room for");
}
