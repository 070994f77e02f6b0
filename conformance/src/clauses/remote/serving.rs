//! A server that many share, and one in the foreground.

use super::{of_m, remote_manager, the_counter};
use crate::clauses::handshakes::the_key;
use crate::clauses::prelude::*;

/// Asks the server itself to stop, as any client may.
fn asks_to_stop() -> [Line; 3] {
    let parts = vec![
        Datum::Scalar(Scalar::None(())),
        "shutdown".into(),
        Datum::Tuple { tuple: Vec::new() },
        Datum::Dict { dict: Vec::new() },
    ];
    [
        connect("c", of_m(), the_key()).ok(),
        keep("request", Datum::Tuple { tuple: parts }).ok(),
        hand("c", "request").ok().label("asked"),
    ]
}

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "remote/shared-singleton",
        level: Level::Must,
        text: "All clients of a type whose callable returns one object work on that object.",
        source: "doc \"Using a remote manager\"",
        programs: |_| {
            let client = || {
                [
                    connect_manager("r", of_m(), the_key()).ok(),
                    the_counter("n", "r").ok(),
                    invoke_with("n", "add", [1]).ok(),
                    invoke_with("n", "add", [1]).ok(),
                    forget("n").ok(),
                ]
            };
            vec![
                Program::new()
                    .object("m", remote_manager(Endpoint::Unsaid))
                    .main([
                        the_counter("n", "m").after(ended("p")).after(ended("q")).ok(),
                        invoke("n", "get").gives_value(4),
                    ])
                    .role(holding("p", &[]), client())
                    .role(holding("q", &[]), client()),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "remote/serve-forever",
        level: Level::Must,
        text: "A server can be run in the foreground until asked to stop.",
        source: "doc BaseManager.get_server",
        claims: &[CPYTHON_WIRE],
        programs: |_| {
            let idle = |at| ObjectKind::Manager { at, key: the_key(), initializer: None, idle: true };
            let program = |title, place| {
                Program::new()
                    .title(title)
                    .main(
                        [
                            connect_manager("r", of_m(), the_key()).after(called("h", "serve")).ok(),
                            create_managed("l", "r", a_list([1])).ok(),
                            append("l", 2).ok(),
                            iterate("l").gives_values([1, 2]),
                        ]
                        .into_iter()
                        .chain(asks_to_stop()),
                    )
                    .process(
                        "h",
                        [
                            create("m", idle(place)).ok(),
                            serve("m").label("serve").ok().waits_for_call("main", "asked"),
                        ],
                    )
            };
            vec![program("local", Endpoint::Unsaid), program("over TCP", Endpoint::Tcp)]
        },
        ..Clause::BLANK
    },
];
