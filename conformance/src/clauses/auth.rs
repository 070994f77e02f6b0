//! The clauses about keys, and how the two sides of a connection prove that they have the same one.

mod keys;
mod proofs;

use crate::clause::Clause;
use crate::clauses::prelude::*;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[keys::CLAUSES, proofs::CLAUSES];

/// The address of the listener `l`.
fn of_l() -> Endpoint {
    Endpoint::Of("l".into())
}

/// A listener with one key, and a client that connects to it with another one.
fn two_keys(title: &str, listener: Key, client: Key) -> Program {
    Program::new()
        .title(title)
        .listener("l", Endpoint::Unix, listener)
        .main([accept("l", "c").is(Outcome::AuthFailed)])
        .role(holding("p", &[]), [connect("d", of_l(), client).is(Outcome::AuthFailed)])
}

/// A listener and a client with the same key, who then talk.
fn one_key(title: &str, place: Endpoint, key: fn() -> Key) -> Program {
    Program::new()
        .title(title)
        .listener("l", place, key())
        .main([accept("l", "c").ok(), recv("c").gives(1), send("c", 2).ok(), recv("c").is(Outcome::Eof)])
        .role(
            holding("p", &[]),
            [connect("d", of_l(), key()).ok(), send("d", 1).ok(), recv("d").gives(2), close("d").ok()],
        )
}
