//! What is measured: the reference, its peers, and the limits of the machine.

pub mod limits;
pub mod peers;
pub mod primitives;
pub mod pthread;
pub mod python;
pub mod reference;
