//! The gate: nobody sleeps in front of it while the condition holds, whoever dies.

use std::rc::Rc;

use super::super::gate::Gate;
use super::super::{A32, Ordering, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain, Spurious};
use crate::plan::plan;

pub const SCENES: &[Scene] = &[
    Scene {
        name: "gate, two wait",
        play: || at_the_gate(&[1], &[Deadline::Never, Deadline::Never]),
        plans: &[Plain, Death(2), Spurious(2), Spurious(3)],
    },
    Scene {
        name: "gate, two open",
        play: || at_the_gate(&[1, 1], &[Deadline::Never]),
        plans: &[Plain, Spurious(3)],
    },
    Scene {
        name: "gate, opener and one in a hurry",
        play: || at_the_gate(&[1], &[Deadline::At(0), Deadline::Never]),
        plans: &[Plain, Early(2)],
    },
    Scene {
        name: "gate, opener dies",
        play: || at_the_gate(&[1], &[Deadline::At(0)]),
        plans: &[Death(1), Death(2)],
    },
];

/// Some add to a number and open; the others wait until it is complete.
fn at_the_gate(added: &'static [u32], waiters: &'static [Deadline]) {
    let shared = Rc::new((Gate::new(), A32::new(0)));
    let complete = added.iter().sum();
    let opener = |amount: &u32| {
        let (shared, amount) = (shared.clone(), *amount);
        Box::new(move || {
            shared.1.fetch_add(amount, Ordering::Release);
            shared.0.open();
            true
        }) as Body<bool>
    };
    let waiter = |deadline: &Deadline| {
        let (shared, deadline) = (shared.clone(), *deadline);
        Box::new(move || {
            let (gate, number) = &*shared;
            let is_complete = || number.load(Ordering::Acquire) == complete;
            while !is_complete() {
                if deadline.passed() {
                    return is_complete();
                }
                let ticket = gate.announce();
                if !is_complete() {
                    let _ = gate.wait(ticket, deadline);
                }
            }
            true
        }) as Body<bool>
    };
    let bodies = added.iter().map(opener).chain(waiters.iter().map(waiter)).collect();
    let told = platform::processes(bodies);
    let incomplete = told[..added.len()].contains(&None);
    for (told, deadline) in told[added.len()..].iter().zip(waiters) {
        let may_give_up = *deadline != Deadline::Never && (incomplete || plan().early.is_some());
        assert!(may_give_up || *told != Some(false), "gave up although the condition came to hold");
    }
}
