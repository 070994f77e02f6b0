//! The clauses about managers whose clients are no relatives of theirs.

mod connecting;
mod serving;

use crate::clause::Clause;
use crate::clauses::handshakes::the_key;
use crate::clauses::prelude::*;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[connecting::CLAUSES, serving::CLAUSES];

/// The address of the manager `m`.
fn of_m() -> Endpoint {
    Endpoint::Of("m".into())
}

/// A manager at this place, with the key that its clients know.
fn remote_manager(at: Endpoint) -> ObjectKind {
    ObjectKind::Manager { at, key: the_key(), initializer: None, idle: false }
}

/// The counter of which there is one, as an object of this manager.
fn the_counter(name: &str, manager: &str) -> Line {
    create_managed(name, manager, registered(Registered::SharedCounter, [0; 0]))
}
