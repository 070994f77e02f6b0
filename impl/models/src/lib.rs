//! Loom models of the reference: its own source on a modelled platform.
//!
//! The files below `sync` are the reference's own, compiled here with the modules of this crate in
//! place of atomics, futex, clock and death: see [`sync`] for the platform, [`plan`] for what may
//! happen, and `src/scenes/` for the scenes, one file per primitive. [`seeded`] is the same source
//! with defects in it, which the same scenes must find.

#![allow(
    clippy::duplicate_mod,
    reason = "the scenes are compiled over the source and over the seeded source"
)]
#![allow(
    clippy::new_without_default,
    reason = "loom's atomics have no constant constructors, the reference's have"
)]

pub mod deadline;
pub mod plan;
pub mod seeded;
pub mod seeds;
pub mod sync;
