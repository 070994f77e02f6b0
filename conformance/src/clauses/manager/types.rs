//! The types that are registered with a manager, and how objects of them are made.

use crate::clauses::prelude::*;

/// What says that a method or a type is not there for the caller.
const NOT_THERE: [Outcome; 2] = [Outcome::RemoteError, Outcome::AttributeMissing];

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "manager/register-type",
        level: Level::Must,
        text: "Registering a type identifier with a callable adds a creator method that runs the callable in \
            the server and returns a proxy.",
        source: "doc BaseManager.register",
        programs: |_| {
            vec![
                counter()
                    .main([
                        invoke_with("c", "add", [2]).gives_value(7),
                        invoke("c", "get").gives_value(7).label("got"),
                        create_managed("d", "m", registered(Registered::Counter, [100])).ok(),
                        invoke("d", "get").gives_value(100),
                        invoke("c", "get").after(ended("p")).gives_value(8),
                    ])
                    .process(
                        "p",
                        [invoke_with("c", "add", [1]).after(returned("main", "got")).gives_value(8)],
                    )
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/register-without-callable",
        level: Level::Must,
        text: "Without callable the identifier can be used by connecting clients; creating with exactly one \
            argument stores that argument, otherwise it fails.",
        source: "doc BaseManager.register; Server.create",
        programs: |_| {
            let stored = |args: Vec<Datum>| ObjectKind::Registered { of: Registered::Stored, args };
            let refused = [Outcome::RemoteError, Outcome::BadType, Outcome::BadValue];
            vec![Program::new().manager("m").main([
                create_managed("s", "m", stored(vec![Datum::list([1, 2])])).ok(),
                invoke_with("s", "append", [3]).ok(),
                invoke("s", "pop").gives_value(3),
                invoke_with("s", "count", [1]).gives_value(1),
                create_managed("none", "m", stored(Vec::new())).one_of(&refused),
                create_managed("two", "m", stored(vec![1.into(), 2.into()])).one_of(&refused),
                invoke("s", "pop").gives_value(2),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/register-no-create-method",
        level: Level::Must,
        text: "Creation of the creator method can be suppressed, for types that only appear as results.",
        source: "doc BaseManager.register",
        programs: |_| {
            vec![
                counter().main([
                    create_managed("r", "m", registered(Registered::ResultOnly, [1]))
                        .is(Outcome::AttributeMissing),
                    invoke("c", "get").gives_value(5),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/exposed-default-public",
        level: Level::Must,
        text: "By default all callable members whose name does not begin with an underscore are exposed.",
        source: "doc BaseManager.register",
        programs: |_| {
            vec![counter().main([
                invoke_with("c", "add", [1]).gives_value(6),
                invoke("c", "get").gives_value(6),
                invoke("c", "pid").ok(),
                invoke("c", "_secret").one_of(&NOT_THERE),
                invoke("c", "nothing_of_this_name").one_of(&NOT_THERE),
                invoke("c", "get").gives_value(6),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/exposed-list",
        level: Level::Must,
        text: "An explicit list exposes exactly those names, underscore names included.",
        source: "doc BaseManager.register",
        programs: |_| {
            vec![
                Program::new()
                    .manager("m")
                    .managed("r", "m", registered(Registered::Reserved, [5]))
                    .main([
                        invoke("r", "get").gives_value(5),
                        invoke("r", "_secret").gives_value(42),
                        invoke_with("r", "add", [1]).one_of(&NOT_THERE),
                        invoke("r", "get").gives_value(5),
                    ])
                    .process(
                        "p",
                        [
                            invoke("r", "_secret").gives_value(42),
                            invoke_with("r", "add", [1]).one_of(&NOT_THERE),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/method-to-typeid",
        level: Level::Must,
        text: "Results of methods mapped to a type identifier come back as proxies to new server objects; all \
            others are copied.",
        source: "doc BaseManager.register",
        programs: |_| {
            vec![Program::new().manager("m").managed("k", "m", registered(Registered::Maker, [5])).main([
                invoke("k", "twin").into_name("twin").gives_object("counter"),
                invoke_with("twin", "add", [1]).gives_value(6),
                invoke("k", "get").gives_value(5),
                invoke("k", "twin").into_name("other").gives_object("counter"),
                invoke("other", "get").gives_value(5),
                invoke("twin", "get").gives_value(6),
                invoke("k", "plain").into_name("plain").gives_value(Datum::list([5])),
                append("plain", 1).ok(),
                invoke("k", "plain").gives_value(Datum::list([5])),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/callable-called-per-creation",
        level: Level::Must,
        text: "The callable runs once per creation; if it returns an existing object the proxies share it.",
        source: "doc \"Using a remote manager\" (get_queue)",
        programs: |_| {
            let two = |title: &str, of: Registered, first: i64, seen: i64| {
                let in_p = [
                    connect_manager("n", Endpoint::Of("m".into()), Key::Unsaid)
                        .after(returned("main", "added"))
                        .ok(),
                    create_managed("c", "n", registered(of, [5])).ok(),
                    invoke("c", "get").gives_value(seen),
                    invoke_with("c", "add", [10]).gives_value(seen + 10),
                ];
                Program::new()
                    .title(title)
                    .manager("m")
                    .managed("a", "m", registered(of, [5]))
                    .managed("b", "m", registered(of, [5]))
                    .main([
                        invoke_with("a", "add", [1]).gives_value(6).label("added"),
                        invoke("b", "get").gives_value(first),
                        invoke("a", "get").after(ended("p")).gives_value(if seen == 5 { 6 } else { 16 }),
                    ])
                    .role(holding("p", &[]), in_p)
            };
            vec![
                two("a new one each time", Registered::Counter, 5, 5),
                two("one for all, also for other clients", Registered::SharedCounter, 6, 6),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "manager/creation-error",
        level: Level::Must,
        text: "An error in the callable, or an unknown identifier, reaches the caller as an error of the \
            server, which serves on.",
        source: "Server.handle_request",
        programs: |_| {
            let none = || -> [Datum; 0] { [] };
            vec![counter().main([
                create_managed("f", "m", registered(Registered::Failing, none())).is(Outcome::RemoteError),
                invoke("c", "get").gives_value(5),
                create_managed("u", "m", registered(Registered::Unknown, none())).one_of(&NOT_THERE),
                create_managed("f", "m", registered(Registered::Failing, none())).is(Outcome::RemoteError),
                create_managed("d", "m", registered(Registered::Counter, [1])).ok(),
                invoke("d", "get").gives_value(1),
            ])]
        },
        ..Clause::BLANK
    },
];

/// A manager `m`, and a counter `c` that begins with 5.
fn counter() -> Program {
    Program::new().manager("m").managed("c", "m", registered(Registered::Counter, [5]))
}
