//! What is measured: the reference, its peers, and the limits of the machine.

pub mod limits;
pub mod peers;
pub mod python;
pub mod reference;
