//! Deliberate defects, one file each.
