//! Defects brought in on purpose: each must be found, or the models prove nothing.
//!
//! A conviction may end the process that finds it (loom panics again while it clears up), so each
//! model with a defect runs in a process of its own, which must fail.

use std::process::Command;

// All of loom's threads run in one; and dropping its own `Arc` would be a step of a process already dead.
use std::rc::Rc;

use procession_models::deadline::Deadline;
use procession_models::plan::{Defect, Plan, explore};
use procession_models::surroundings::Cells;
use procession_models::sync::platform::{self, processes};
use procession_models::sync::raw_lock::RawLock;
use procession_models::sync::ring::{Limits, Ring, Words};

const MUTANT: &str = "PROCESSION_MUTANT";

/// Three processes take a lock in turn, and write while they have it.
fn lock_scene() {
    let shared = Rc::new((RawLock::new(), loom::cell::UnsafeCell::new(0), Cells::new(0)));
    let body = |_| {
        let shared = shared.clone();
        Box::new(move || {
            let (lock, inside, cells) = &*shared;
            let _held = lock.lock(platform::me(), cells, Deadline::Never).unwrap();
            inside.with_mut(|_| procession_models::sync::hook());
            lock.unlock();
        }) as Box<dyn FnOnce()>
    };
    processes((0..3).map(body).collect());
}

/// Two records through a queue that holds one.
fn channel_scene() {
    let limits = Limits {
        max_items: 1,
        bounded: true,
        max_units: 16,
        min_capacity: 4,
        keep_capacity: 16,
        wait_for_bytes: false,
        eof: false,
        broken_pipe: false,
        joinable: false,
        kind: 0,
    };
    let shared = Rc::new((Words::new(4), limits, Cells::new(0)));
    let body = |sends: bool| {
        let shared = shared.clone();
        Box::new(move || {
            let (words, limits, surroundings) = &*shared;
            let ring = Ring { words, limits, surroundings, me: platform::me() };
            for byte in [1, 2] {
                if sends {
                    ring.push(&[&[byte]], Deadline::Never).unwrap();
                } else {
                    let mut received = Vec::new();
                    ring.pop(&mut received, Deadline::Never).unwrap();
                    assert_eq!(received, [byte]);
                }
            }
        }) as Box<dyn FnOnce()>
    };
    processes(vec![body(true), body(false)]);
}

type Mutant = (&'static str, Defect, fn(), u32);

/// What is wrong, in which scene, and who has to die for it to show.
const MUTANTS: [Mutant; 7] = [
    ("the lock wakes nobody", Defect::NoWakeOne, lock_scene, 0),
    ("a lock is taken without looking", Defect::BlindExchange, lock_scene, 0),
    ("the dead hold a lock for ever", Defect::DeadLookAlive, lock_scene, 1),
    ("nobody looks after a slice", Defect::NoTicks, lock_scene, 1),
    ("the gate wakes nobody", Defect::NoWakeAll, channel_scene, 0),
    ("the commit is relaxed", Defect::RelaxedStores, channel_scene, 0),
    ("waiter and opener miss each other", Defect::NoFences, channel_scene, 0),
];

#[test]
fn every_mutant_is_convicted() {
    if let Ok(name) = std::env::var(MUTANT) {
        return run(&name);
    }
    for (name, ..) in MUTANTS {
        let own = std::env::current_exe().unwrap();
        let output = Command::new(own)
            .args(["--exact", "every_mutant_is_convicted", "--nocapture"])
            .env(MUTANT, name)
            .output();
        let output = output.unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "nothing found although {name}");
        // Not by an accident of the platform: the words are loom's, ours, or an oracle's.
        let convicted = ["deadlock", "ausality violation", "concurrent", "assertion", "Corrupt"];
        assert!(convicted.iter().any(|word| text.contains(word)), "{name}: {text}");
        println!("convicted: {name}");
    }
}

/// Without their defects both scenes are sound, so that only the defect can convict.
#[test]
fn the_scenes_are_sound_without_a_defect() {
    assert!(explore(Plan::default(), lock_scene) > 100);
    assert!(explore(Plan::default(), channel_scene) > 100);
}

fn run(name: &str) {
    let found = MUTANTS.into_iter().find(|(known, ..)| *known == name);
    let (_, defect, scene, victim) = found.expect("a known mutant");
    // Deaths at every operation that the lock's first owner can come to.
    let crashes: Vec<_> = if victim == 0 { vec![None] } else { (1..30).map(|n| Some((victim, n))).collect() };
    for crash in crashes {
        explore(Plan { crash, defect: Some(defect) }, scene);
    }
}
