//! The scenes, in the order in which they are swept.

mod pipe;
mod queue;

use super::Scene;

/// Every scene.
pub fn all() -> &'static [Scene] {
    static ALL: std::sync::LazyLock<Vec<Scene>> =
        std::sync::LazyLock::new(|| [queue::SCENES, pipe::SCENES].concat());
    &ALL
}

/// The scene of this name.
pub fn find(name: &str) -> Option<&'static Scene> {
    all().iter().find(|scene| scene.name == name)
}
