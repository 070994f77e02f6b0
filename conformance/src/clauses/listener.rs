//! The clauses about listeners and those who connect to them.

mod accepting;
mod addresses;
mod closing;
mod silence;

use crate::clause::Clause;
use crate::clauses::prelude::*;

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] =
    &[accepting::CLAUSES, addresses::CLAUSES, closing::CLAUSES, silence::CLAUSES];

/// Every way to say where a listener listens, with what a title calls it.
fn endpoints() -> [(&'static str, Endpoint); 5] {
    [
        ("nothing said", Endpoint::Unsaid),
        ("the Unix family", Endpoint::Unix),
        ("TCP", Endpoint::Tcp),
        ("an abstract name", Endpoint::Abstract("x".into())),
        ("a path", Endpoint::Path("x".into())),
    ]
}

/// The address of the listener `l`.
fn of_l() -> Endpoint {
    Endpoint::Of("l".into())
}

/// One program for each way to say where: `main` has the listener `l`, `p` has nothing.
fn everywhere(main: fn() -> Vec<Line>, p: fn() -> Vec<Line>) -> Vec<Program> {
    let program = |(title, at): (&str, Endpoint)| {
        Program::new().title(title).listener("l", at, Key::Unsaid).main(main()).role(holding("p", &[]), p())
    };
    endpoints().into_iter().map(program).collect()
}
