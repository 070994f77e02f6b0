//! The scenes: what a few processes do with one primitive, and what must then hold.
//!
//! Compiled twice: over the reference's own source, and over the same with seeds in it.

mod barrier;
mod channel;
mod condition;
mod ends;
mod event;
mod lock;
mod open_lock;
mod owner_lock;
mod readiness;
mod reuse;
mod rlock;
mod semaphore;
mod sizes;
mod tasks;
mod waiting;

use crate::plan::Plans;

/// A scene, and the plans under which it must hold.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// What it is called.
    pub name: &'static str,
    /// Plays it once, within a model.
    pub play: fn(),
    /// What may happen.
    pub plans: &'static [Plans],
}

/// What one process does, and then tells.
type Body<R> = Box<dyn FnOnce() -> R>;

/// Every scene, by primitive.
pub fn all() -> Vec<Scene> {
    [
        lock::SCENES,
        owner_lock::SCENES,
        open_lock::SCENES,
        condition::SCENES,
        barrier::SCENES,
        rlock::SCENES,
        semaphore::SCENES,
        event::SCENES,
        reuse::SCENES,
        waiting::SCENES,
        channel::SCENES,
        sizes::SCENES,
        ends::SCENES,
        readiness::SCENES,
        tasks::SCENES,
    ]
    .concat()
}

/// Those that are too large for every day.
pub fn deep() -> Vec<Scene> {
    [open_lock::DEEP, condition::DEEP, barrier::DEEP, reuse::DEEP].concat()
}

/// The scene with this name.
pub fn named(name: &str) -> Option<Scene> {
    all().into_iter().chain(deep()).find(|scene| scene.name == name)
}
