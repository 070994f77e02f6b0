//! Where a manager serves.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "manager/address",
        level: Level::Must,
        text: "address is the server's real address, by default a Unix path in a private directory.",
        source: "doc BaseManager.address",
        programs: |_| {
            let uses = || {
                [
                    connect_manager("n", Endpoint::Of("m".into()), Key::Unsaid).ok(),
                    create_managed("l", "n", a_list([1])).ok(),
                    len_of("l").gives_value(1),
                ]
            };
            let told = |title: &str, at: Endpoint, text: Expect| {
                Program::new()
                    .title(title)
                    .object("m", serving_at(at))
                    .main([
                        address("m").expect(text).label("address"),
                        address("m").same_as("main", "address"),
                    ])
                    .process("p", uses())
            };
            let begins = |text: &str| Expect::TextBegins(text.into());
            vec![
                Program::new().title("before the start, and after it").object("m", an_idle_manager()).main([
                    address("m").is(Outcome::Absent),
                    start("m").ok(),
                    address("m").expect(begins("unix:/")),
                ]),
                told("nothing was said", Endpoint::Unsaid, begins("unix:/")),
                told(
                    "a path",
                    Endpoint::Path("served".into()),
                    Expect::All(vec![begins("unix:/"), Expect::TextEnds("/served".into())]),
                ),
                told("a port that the system finds", Endpoint::Tcp, begins("tcp:127.0.0.1:")),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/rapid-restart",
        level: Level::Should,
        text: "A TCP manager can be restarted on the same port at once.",
        source: "SO_REUSEADDR",
        programs: |_| {
            vec![
                Program::new()
                    .object("m", serving_at(Endpoint::Tcp))
                    .managed("l", "m", a_list([1]))
                    .main([
                        len_of("l").after(returned("p", "used")).gives_value(1),
                        shutdown("m").ok(),
                        create("again", serving_at(Endpoint::Of("m".into()))).ok(),
                        create_managed("k", "again", a_list([1, 2])).ok(),
                        len_of("k").gives_value(2),
                    ])
                    .process("p", [len_of("l").gives_value(1).label("used")]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/start-failure-says-why",
        level: Level::Beyond,
        text: "If the server cannot start, because its address is in use or its initializer fails, the caller \
            is told which.",
        source: "BaseManager.start",
        origin: Some("manager/hazard-start-failure-masked"),
        programs: |_| {
            let failing = ObjectKind::Manager {
                at: Endpoint::Unsaid,
                key: Key::Unsaid,
                initializer: Some(Initializer::Raises),
                idle: true,
            };
            vec![
                Program::new().title("an address in use").object("m", serving_at(Endpoint::Tcp)).main([
                    create("n", serving_at(Endpoint::Of("m".into()))).is(Outcome::NameTaken),
                    create_managed("l", "m", a_list([1])).ok(),
                    len_of("l").gives_value(1),
                ]),
                Program::new()
                    .title("an initializer that fails")
                    .object("m", failing)
                    .main([start("m").one_of(&[Outcome::ActionFailed, Outcome::RemoteError])]),
            ]
        },
        ..Clause::BLANK
    },
];

/// A manager that serves here.
fn serving_at(at: Endpoint) -> ObjectKind {
    ObjectKind::Manager { at, key: Key::Unsaid, initializer: None, idle: false }
}
