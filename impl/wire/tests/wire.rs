//! The wire against what CPython was seen to write, and against itself.

#[path = "wire/bridge.rs"]
mod bridge;
#[path = "wire/frames.rs"]
mod frames;
#[path = "wire/handshakes.rs"]
mod handshakes;
#[path = "wire/hostile.rs"]
mod hostile;
#[path = "wire/known.rs"]
mod known;
#[path = "wire/messages.rs"]
mod messages;
#[path = "wire/odd.rs"]
mod odd;
#[path = "wire/pickles.rs"]
mod pickles;
#[path = "wire/properties.rs"]
mod properties;
