//! The end of a listener.

use super::{endpoints, of_l};
use crate::clauses::prelude::*;

/// The outcome of looking for a listener of this sort that is gone.
fn gone_from(place: &Endpoint) -> Outcome {
    match place {
        Endpoint::Tcp | Endpoint::Abstract(_) => Outcome::Refused,
        _ => Outcome::NameMissing,
    }
}

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "listener/close-removes-path",
        level: Level::Must,
        text: "Closing a Unix listener removes its path; accepted connections live on; close is \
            repeatable.",
        source: "SocketListener.close",
        programs: |_| {
            let program = |(title, place): (&str, Endpoint)| {
                let is_gone = gone_from(&place);
                Program::new()
                    .title(title)
                    .listener("l", place, Key::Unsaid)
                    .main([
                        accept("l", "c").ok(),
                        close("l").ok(),
                        close("l").ok().label("closed"),
                        connect("d", of_l(), Key::Unsaid).is(is_gone).at_once(),
                        recv("c").gives(1),
                        send("c", 2).ok(),
                        recv("c").gives(3),
                    ])
                    .role(
                        holding("p", &[]),
                        [
                            connect("d", of_l(), Key::Unsaid).ok(),
                            send("d", 1).after(returned("main", "closed")).ok(),
                            recv("d").gives(2),
                            send("d", 3).ok(),
                        ],
                    )
                    // A forked client would have a copy of the listener, and it would go on listening.
                    .among(&[Method::Spawn, Method::Forkserver, Method::Thread])
            };
            endpoints().into_iter().map(program).collect()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/accept-after-close-error",
        level: Level::Must,
        text: "accept on a closed listener raises OSError.",
        source: "Listener.accept",
        programs: |_| {
            let program = |(title, place)| {
                Program::new().title(title).listener("l", place, Key::Unsaid).main([
                    close("l").ok(),
                    accept("l", "c").is(Outcome::Closed).at_once(),
                    accept("l", "c").is(Outcome::Closed).at_once(),
                ])
            };
            endpoints().into_iter().map(program).collect()
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/scope-closes",
        level: Level::Must,
        text: "Used as a scoped resource the listener is closed on leaving.",
        source: "doc Listener",
        programs: |_| {
            let program = |title, leaves: Line| {
                Program::new().title(title).listener("l", Endpoint::Unix, Key::Unsaid).main([
                    leaves.truth(true),
                    accept("l", "c").is(Outcome::Closed).at_once(),
                    connect("d", of_l(), Key::Unsaid).is(Outcome::NameMissing).at_once(),
                ])
            };
            vec![program("left as usual", scope("l")), program("left by an error", scope_left_by_error("l"))]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "listener/end-of-its-process-removes-path",
        level: Level::Should,
        text: "A Unix listener that is not closed is closed at the normal end of its process, and its \
            path with it.",
        source: "SocketListener: its finalizer",
        claims: &[PROCESSES],
        programs: |_| {
            let program = |(title, place): (&str, Endpoint)| {
                let is_gone = gone_from(&place);
                Program::new()
                    .title(title)
                    .main([connect("d", of_l(), Key::Unsaid).after(gone("h")).is(is_gone).at_once()])
                    .process("h", [create("l", a_listener(place, Key::Unsaid)).ok()])
            };
            endpoints().into_iter().map(program).collect()
        },
        ..Clause::BLANK
    },
];
