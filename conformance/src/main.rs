//! The command `procession`.
fn main() {}
