//! Alternative implementations in Rust, one file each.
