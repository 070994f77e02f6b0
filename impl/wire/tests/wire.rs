//! The wire against what CPython was seen to write, and against itself.

#[path = "wire/known.rs"]
mod known;
#[path = "wire/odd.rs"]
mod odd;
#[path = "wire/pickles.rs"]
mod pickles;
