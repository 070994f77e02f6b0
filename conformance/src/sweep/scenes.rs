//! The scenes, in the order in which they are swept.

mod barrier;
mod event;
mod holder;
mod lock;
mod pipe;
mod queue;
mod value;

use super::Scene;

/// Every scene.
pub fn all() -> &'static [Scene] {
    static ALL: std::sync::LazyLock<Vec<Scene>> = std::sync::LazyLock::new(|| {
        [
            lock::SCENES,
            event::SCENES,
            barrier::SCENES,
            value::SCENES,
            queue::SCENES,
            pipe::SCENES,
            holder::SCENES,
        ]
        .concat()
    });
    &ALL
}

/// The scene of this name.
pub fn find(name: &str) -> Option<&'static Scene> {
    all().iter().find(|scene| scene.name == name)
}
