//! Against a real CPython, where `python3` is one: listeners and clients of either side, and its managers.

#[path = "live/connections.rs"]
mod connections;
#[path = "live/console.rs"]
mod console;
#[path = "live/objects.rs"]
mod objects;
#[path = "live/passing.rs"]
mod passing;
#[path = "live/typed.rs"]
mod typed;
