//! The reference implementation: `multiprocessing` in Rust, crash-safe.

mod acquire;
pub mod array;
mod barrier;
mod channel;
mod closable;
mod codec;
mod condition;
pub mod connection;
pub mod context;
pub mod deadline;
mod event;
pub mod exit;
#[cfg(feature = "fault")]
pub mod fault;
mod joinable_queue;
mod liveness;
mod lock;
mod mapping;
mod memory_left;
pub mod os_pipe;
pub mod pipeline;
pub mod process;
mod queue;
mod queue_calls;
mod queue_core;
mod queue_travel;
mod region;
mod rlock;
mod segment;
mod semaphore;
pub mod shareable_list;
mod shared;
pub mod shared_memory;
mod simple_queue;
mod start;
mod sync;
pub mod transfer;
pub mod value;
pub mod wait;

pub use acquire::{AcquireError, Acquired, Holder, NotHeld, NotOwner};
pub use array::{Array, RawArray};
pub use barrier::{Barrier, BarrierCreateError, BarrierWaitError};
pub use codec::CodecError;
pub use condition::{Condition, ConditionGuard, ConditionLock, ConditionNotifyError, ConditionWaitError};
pub use connection::{Connection, pipe};
pub use deadline::Deadline;
pub use event::Event;
pub use joinable_queue::{JoinError, JoinableQueue, TaskDoneError};
pub use lock::{Lock, LockGuard};
pub use pipeline::Pipeline;
pub use process::Process;
pub use queue::{Queue, QueueOptions};
pub use queue_core::{ClosedError, CreateError, GetError, NotClosedError, PutError, PutManyError};
pub use region::AttachError;
pub use rlock::{RLock, RLockGuard};
pub use semaphore::{
    BoundedPermit, BoundedSemaphore, Permit, PermitAcquired, PermitReleaseError, Semaphore,
    SemaphoreCreateError,
};
pub use shareable_list::ShareableList;
pub use shared_memory::SharedMemory;
pub use simple_queue::SimpleQueue;
pub use value::{RawValue, Value};
