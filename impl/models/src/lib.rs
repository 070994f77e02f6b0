//! Loom models of the reference: its own source on a modelled platform.
//!
//! The files below `sync` are the reference's own, compiled here with the modules of this crate in
//! place of atomics, futex, clock and death: see [`sync`] for the platform, [`plan`] for what may
//! happen to a victim, and `tests/` for the scenes, one file per primitive.

pub mod deadline;
pub mod plan;
pub mod surroundings;
#[allow(
    clippy::new_without_default,
    reason = "loom's atomics have no constant constructors, the reference's have"
)]
pub mod sync;
