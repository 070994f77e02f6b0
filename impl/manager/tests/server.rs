//! A server with types of its own, used by a plain client.

#[path = "server/client.rs"]
mod client;
#[path = "server/counter.rs"]
mod counter;
#[path = "server/ends.rs"]
mod ends;
#[path = "server/hostile.rs"]
mod hostile;
#[path = "server/limits.rs"]
mod limits;
#[path = "server/objects.rs"]
mod objects;
#[path = "server/table.rs"]
mod table;
#[path = "server/taken.rs"]
mod taken;
