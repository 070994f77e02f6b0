//! The types of objects that a manager serves, each as Python has it.

mod barrier;
mod condition;
mod deadline;
mod event;
mod exclusive;
mod holding;
mod integer;
mod items;
mod line;
mod lock;
mod permits;
mod queue;
mod rlock;
mod semaphore;
mod serial;
mod shared;
mod told;

pub use barrier::Barrier;
pub use condition::Condition;
use deadline::{Deadline, Limit};
pub use event::Event;
use holding::Came;
pub use lock::Lock;
pub use queue::Queue;
pub use rlock::RLock;
pub use semaphore::Semaphore;
use serial::Serial;
use shared::Shared;
