//! Models of the robust lock: exclusion, no lost wake-up, one heir per death.

use loom::cell::UnsafeCell;
// All of loom's threads run in one; and dropping its own `Arc` would be a step of a process already dead.
use std::rc::Rc;

use procession_models::deadline::Deadline;
use procession_models::plan::{Plan, explore, explore_deaths};
use procession_models::surroundings::Cells;
use procession_models::sync::platform::{self, processes};
use procession_models::sync::raw_lock::{Held, RawLock};

struct Scene {
    lock: RawLock,
    inside: UnsafeCell<u32>,
    cells: Cells,
}

/// Takes and releases the lock; how often it was inherited.
fn turns(scene: &Scene, times: u32, deadline: Deadline) -> u32 {
    let mut inherited = 0;
    for _ in 0..times {
        if let Ok(held) = scene.lock.lock(platform::me(), &scene.cells, deadline) {
            inherited += u32::from(held == Held::Inherited);
            // Panics if another process is inside.
            scene.inside.with_mut(|_| procession_models::sync::hook());
            scene.lock.unlock();
        }
    }
    inherited
}

fn contenders(count: usize, times: u32, deadline: Deadline) {
    let scene = Scene { lock: RawLock::new(), inside: UnsafeCell::new(0), cells: Cells::new(0) };
    let scene = Rc::new(scene);
    let body = |_| {
        let scene = scene.clone();
        Box::new(move || turns(&scene, times, deadline)) as Box<dyn FnOnce() -> u32>
    };
    let inherited: u32 = processes((0..count).map(body).collect()).into_iter().flatten().sum();
    assert!(inherited <= 1, "one death, {inherited} heirs");
}

#[test]
fn contenders_take_turns_and_all_finish() {
    let two = explore(Plan::default(), || contenders(2, 2, Deadline::Never));
    let three = explore(Plan::default(), || contenders(3, 1, Deadline::Never));
    println!("raw lock: {two} executions of two, {three} of three");
}

#[test]
fn a_death_at_any_operation_leaves_one_heir_and_nobody_behind() {
    explore_deaths("raw lock, three", 1, || contenders(3, 1, Deadline::Never));
    explore_deaths("raw lock, two twice", 1, || contenders(2, 2, Deadline::Never));
}

#[test]
fn a_deadline_passes_without_harm_to_those_who_wait_on() {
    explore_deaths("raw lock with deadlines", 1, || contenders(3, 1, Deadline::At(0)));
}
