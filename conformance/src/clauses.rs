//! Every clause, in reading order: the table of contents.

mod access;
mod acquiring;
mod array;
mod auth;
mod barrier;
pub mod claims;
mod condition;
mod containers;
mod context;
mod descriptors;
mod dying;
mod event;
mod handshakes;
mod isolation;
mod joinable;
mod listener;
mod lock;
mod manager;
mod mgrsync;
mod namespace;
mod os_pipe;
mod pipe;
mod pipeline;
mod prelude;
mod process;
mod proxy;
mod queue;
mod reduction;
mod remote;
mod rlock;
mod semaphore;
mod sharedctypes;
mod shlist;
mod shm;
mod simplequeue;
mod value;
mod wait;
mod wire;

use std::sync::LazyLock;

use crate::clause::Clause;

/// The areas, each a list of chapters.
const AREAS: &[&[&[Clause]]] = &[
    isolation::CHAPTERS,
    process::CHAPTERS,
    context::CHAPTERS,
    queue::CHAPTERS,
    joinable::CHAPTERS,
    simplequeue::CHAPTERS,
    os_pipe::CHAPTERS,
    pipeline::CHAPTERS,
    pipe::CHAPTERS,
    wait::CHAPTERS,
    lock::CHAPTERS,
    rlock::CHAPTERS,
    semaphore::CHAPTERS,
    event::CHAPTERS,
    condition::CHAPTERS,
    barrier::CHAPTERS,
    value::CHAPTERS,
    array::CHAPTERS,
    sharedctypes::CHAPTERS,
    shm::CHAPTERS,
    shlist::CHAPTERS,
    manager::CHAPTERS,
    proxy::CHAPTERS,
    containers::CHAPTERS,
    namespace::CHAPTERS,
    mgrsync::CHAPTERS,
    listener::CHAPTERS,
    auth::CHAPTERS,
    wire::CHAPTERS,
    reduction::CHAPTERS,
    remote::CHAPTERS,
];

/// Every clause, in reading order.
pub fn all() -> &'static [&'static Clause] {
    static ALL: LazyLock<Vec<&'static Clause>> =
        LazyLock::new(|| AREAS.iter().copied().flatten().copied().flatten().collect());
    &ALL
}

/// The clause of this id, if there is one.
pub fn find(id: &str) -> Option<&'static Clause> {
    all().iter().copied().find(|clause| clause.id == id)
}
