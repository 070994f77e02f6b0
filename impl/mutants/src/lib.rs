//! Mutants: the reference with one deliberate defect each, to show that the suite sees what it says it
//! sees. A clause is finished when a mutant fails it and fails nothing unrelated.
//!
//! A [`Mutant`] is a row: its name, the clauses that convict it, and the [`Defect`], which stands between
//! the suite's agent and the reference and answers some calls wrongly. Each chapter of rows is a file.

mod acquiring;
mod array;
mod auth;
mod barrier;
mod barrier_breaking;
mod block;
mod calls;
mod condition;
mod condition_death;
mod containers_copies;
mod containers_dicts;
mod containers_lists;
mod context;
mod creating;
mod defect;
mod descriptors;
mod event;
pub mod facts;
mod frames;
mod invoking;
mod isolation;
mod joinable;
mod kinds;
mod list;
mod listener;
mod listener_closing;
mod lock;
mod managed_queue;
mod managed_sync;
mod manager_clients;
mod manager_lifetime;
mod manager_types;
mod namespace;
mod os_pipe;
mod pipe_bytes;
mod pipe_end_of_stream;
mod pipe_ends;
mod pipe_messages;
mod pipe_waiting;
mod pipeline;
mod proc;
mod process_ending;
mod process_identity;
mod process_joining;
mod process_starting;
mod proxy_calls;
mod proxy_travelling;
mod queue_bounds;
mod queue_closing;
mod queue_death;
mod queue_encoding;
mod queue_order;
mod queue_waiting;
mod reduction;
mod remote;
mod rlock;
mod semaphore;
mod simple_queue;
mod users;
mod value_death;
mod value_locks;
mod value_storage;
mod wait;
mod wire;
mod wrapped;

use std::sync::OnceLock;

use procession_contract::{Body, Implementation};

pub use defect::{Defect, Memory, OnCreate, OnDrop, OnLibrary, OnObject};
pub use wrapped::adopt;

/// One deliberate defect.
#[derive(Debug)]
pub struct Mutant {
    /// Its name, for `mutant:NAME`.
    pub name: &'static str,
    /// What is wrong with it.
    pub about: &'static str,
    /// The clauses that convict it.
    pub clauses: &'static [&'static str],
    /// The defect.
    pub defect: Defect,
}

/// The chapters, in the clauses' order.
const CHAPTERS: &[&[Mutant]] = &[
    isolation::MUTANTS,
    process_starting::MUTANTS,
    process_joining::MUTANTS,
    process_ending::MUTANTS,
    process_identity::MUTANTS,
    context::MUTANTS,
    os_pipe::MUTANTS,
    pipeline::MUTANTS,
    wait::MUTANTS,
    queue_order::MUTANTS,
    queue_waiting::MUTANTS,
    queue_bounds::MUTANTS,
    queue_closing::MUTANTS,
    queue_encoding::MUTANTS,
    queue_death::MUTANTS,
    joinable::MUTANTS,
    simple_queue::MUTANTS,
    pipe_ends::MUTANTS,
    pipe_messages::MUTANTS,
    pipe_bytes::MUTANTS,
    pipe_waiting::MUTANTS,
    pipe_end_of_stream::MUTANTS,
    lock::MUTANTS,
    rlock::MUTANTS,
    semaphore::MUTANTS,
    event::MUTANTS,
    condition::MUTANTS,
    condition_death::MUTANTS,
    barrier::MUTANTS,
    barrier_breaking::MUTANTS,
    value_storage::MUTANTS,
    value_locks::MUTANTS,
    value_death::MUTANTS,
    array::MUTANTS,
    block::MUTANTS,
    list::MUTANTS,
    manager_lifetime::MUTANTS,
    manager_types::MUTANTS,
    manager_clients::MUTANTS,
    proxy_calls::MUTANTS,
    proxy_travelling::MUTANTS,
    containers_lists::MUTANTS,
    containers_dicts::MUTANTS,
    containers_copies::MUTANTS,
    namespace::MUTANTS,
    managed_sync::MUTANTS,
    managed_queue::MUTANTS,
    listener::MUTANTS,
    listener_closing::MUTANTS,
    auth::MUTANTS,
    wire::MUTANTS,
    reduction::MUTANTS,
    remote::MUTANTS,
];

/// Every mutant.
pub fn all() -> impl Iterator<Item = &'static Mutant> {
    CHAPTERS.iter().copied().flatten()
}

/// The mutant of this name.
pub fn find(name: &str) -> Option<&'static Mutant> {
    all().find(|mutant| mutant.name == name)
}

/// The names of the mutants that a clause convicts.
pub fn convicted_by(clause: &str) -> Vec<&'static str> {
    all().filter(|mutant| mutant.clauses.contains(&clause)).map(|mutant| mutant.name).collect()
}

/// The reference with this defect. A process runs one mutant: asking for a second one is an error.
pub fn implementation<B: Body>(name: &str) -> Option<&'static dyn Implementation> {
    static ONE: OnceLock<wrapped::Wrapped> = OnceLock::new();
    let mutant = find(name)?;
    let reference = (procession_adapters::find::<B>("reference")?.implementation)();
    let threads = (procession_adapters::find::<B>("threads")?.implementation)();
    let wrapped = ONE.get_or_init(|| wrapped::Wrapped { mutant, inner: reference, threads });
    (wrapped.mutant.name == name).then_some(wrapped as &dyn Implementation)
}
