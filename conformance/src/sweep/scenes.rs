//! The scenes, in the order in which they are swept.

mod barrier;
mod circumstance;
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
            circumstance::SCENES,
        ]
        .concat()
    });
    &ALL
}

/// The scene of this name.
pub fn find(name: &str) -> Option<&'static Scene> {
    all().iter().find(|scene| scene.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::check::problems;
    use crate::sweep::aim::{aim, window};
    use crate::sweep::scene::Stage;
    use crate::sweep::{Mode, Schedule};

    #[test]
    fn every_scene_is_well_formed_wherever_the_victim_is_killed() {
        let mut faults = Vec::new();
        for scene in all() {
            for schedule in Schedule::ALL {
                let program = (scene.program)(&Stage { schedule });
                if scene.swept != window(&program).is_some_and(|_| scene.swept) {
                    faults.push(format!("{}: no line of the victim is to be killed in", scene.name));
                }
                for mode in Mode::SWEEPING.into_iter().filter(|_| scene.swept).chain([Mode::Plain]) {
                    let found = problems(&aim(program.clone(), mode, 7));
                    faults.extend(found.into_iter().map(|what| format!("{}, {mode:?}: {what}", scene.name)));
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn every_scene_has_a_name_of_its_own() {
        let mut names: Vec<&str> = all().iter().map(|scene| scene.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().len());
    }
}
