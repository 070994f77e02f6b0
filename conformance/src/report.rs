//! Reports: how verdicts and histories are shown to people and to programs.

pub mod lanes;
