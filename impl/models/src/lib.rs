//! Loom models of the reference: its own source on a modelled platform.
