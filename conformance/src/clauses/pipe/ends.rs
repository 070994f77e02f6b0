//! The two ends of a pipe: which way they go, and who has them.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "pipe/returns-two-connected-ends",
        level: Level::Must,
        text: "Creating a pipe gives two distinct connection objects; what is sent on one is received on \
            the other, never on the same one.",
        source: "doc Pipe",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                send("p.0", 1).ok(),
                poll("p.0").truth(false),
                recv("p.1").gives(1),
                send("p.1", 2).ok(),
                poll("p.1").truth(false),
                recv("p.0").gives(2),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/duplex-default",
        level: Level::Must,
        text: "By default both ends can send and receive independently.",
        source: "doc Pipe",
        programs: |_| {
            vec![
                Program::new().pipe("p").main([
                    on("p.0", Call::Readable).truth(true),
                    on("p.0", Call::Writable).truth(true),
                    on("p.1", Call::Readable).truth(true),
                    on("p.1", Call::Writable).truth(true),
                ]),
                Program::new()
                    .title("an echo in another process")
                    .pipe("p")
                    .main((1..=10).flat_map(|id| [send("p.0", id).ok(), recv("p.0").gives(100 + id)]))
                    .role(
                        holding("echo", &["p.1"]),
                        (1..=10).flat_map(|id| [recv("p.1").gives(id), send("p.1", 100 + id).ok()]),
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/simplex-roles",
        level: Level::Must,
        text: "With duplex off, the first end only receives and the second only sends, and the \
            readable/writable flags say so.",
        source: "doc Pipe",
        programs: |_| {
            vec![Program::new().one_way("p").main([
                on("p.0", Call::Readable).truth(true),
                on("p.0", Call::Writable).truth(false),
                on("p.1", Call::Readable).truth(false),
                on("p.1", Call::Writable).truth(true),
                send("p.1", 1).ok(),
                recv("p.0").gives(1),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/simplex-recv-only-end-rejects-send",
        level: Level::Must,
        text: "Any send on a receive-only end raises OSError and writes nothing.",
        source: "_ConnectionBase._check_writable",
        programs: |_| {
            vec![Program::new().one_way("p").main([
                send("p.0", 1).is(Outcome::WrongDirection),
                send_bytes("p.0", Item::bytes(2, 10)).is(Outcome::WrongDirection),
                send("p.1", 3).ok(),
                recv("p.0").gives(3),
                poll("p.0").truth(false),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/simplex-send-only-end-rejects-recv-and-poll",
        level: Level::Must,
        text: "Any receive or poll on a send-only end raises OSError.",
        source: "_ConnectionBase._check_readable",
        programs: |_| {
            vec![Program::new().one_way("p").main([
                recv("p.1").is(Outcome::WrongDirection),
                recv_bytes("p.1").is(Outcome::WrongDirection),
                recv_into("p.1", 20, 0).is(Outcome::WrongDirection),
                poll("p.1").is(Outcome::WrongDirection),
                send("p.1", 1).ok(),
                recv("p.0").gives(1),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/two-ends-only",
        level: Level::Must,
        text: "A pipe connects two ends and no more: what one process sends, exactly one receiver gets, \
            once.",
        source: "lecture: a pipe has only two ends",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main((1..=20).map(|id| send("p.0", id).ok()))
                    .role(holding("c", &["p.1"]), (1..=10).map(|_| recv("p.1").ok()))
                    .role(
                        holding("d", &["p.1"]),
                        (1..=10).map(|n| recv("p.1").after(ended("c")).gives(10 + n)),
                    )
                    .judge(Judge::ConnectionWhole("p".into())),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/inherited-ends-shared",
        level: Level::Must,
        text: "A child started with a connection uses its own copy; the parent may close its copy \
            immediately without disturbing the child.",
        source: "popen_fork.Popen._launch; reduction.DupFd",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .main([start("c").ok(), close("p.1").ok(), send("p.0", 1).ok(), recv("p.0").gives(2)])
                    .role(
                        Worker { explicit: true, ..holding("c", &["p.1"]) },
                        [recv("p.1").gives(1), send("p.1", 2).ok()],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/fileno-integer",
        level: Level::Must,
        text: "fileno gives the integer descriptor of the open connection.",
        source: "doc Connection.fileno",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .one_way("q")
                    .main(["p.0", "p.1", "q.0", "q.1"].map(|end| fileno(end).expect(Expect::AtLeast(0)))),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/descriptors-not-inheritable-by-exec",
        level: Level::Should,
        text: "Descriptors of pipes do not leak into programs started by exec.",
        source: "PEP 446",
        programs: |_| {
            vec![
                Program::new()
                    .pipe("p")
                    .one_way("q")
                    .main(["p.0", "p.1", "q.0", "q.1"].map(|end| on(end, Call::Inheritable).truth(false))),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/scope-closes",
        level: Level::Must,
        text: "Used as a scoped resource, the connection yields itself and is closed on leaving.",
        source: "doc Connection (context manager)",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                on("p.0", Call::Scope { fail: false }).truth(true),
                is_closed("p.0").truth(true),
                send("p.0", 1).is(Outcome::Closed),
                recv("p.1").is(Outcome::Eof),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/collected-connection-closes",
        level: Level::Should,
        text: "An unreachable connection closes its descriptor.",
        source: "doc Connection.close",
        programs: |_| {
            vec![Program::new().title("the other end sees the end of the stream").one_way("p").main([
                send("p.1", 1).ok(),
                forget("p.1").ok(),
                recv("p.0").gives(1),
                recv("p.0").is(Outcome::Eof),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/closed-handle-errors",
        level: Level::Must,
        text: "Every operation on a locally closed connection, including asking for the descriptor, \
            raises OSError; closed is then true and close may be repeated.",
        source: "_ConnectionBase._check_closed",
        programs: |_| {
            vec![Program::new().pipe("p").main([
                is_closed("p.0").truth(false),
                close("p.0").ok(),
                is_closed("p.0").truth(true),
                send("p.0", 1).is(Outcome::Closed),
                send_bytes("p.0", Item::bytes(1, 10)).is(Outcome::Closed),
                recv("p.0").is(Outcome::Closed),
                recv_bytes("p.0").is(Outcome::Closed),
                recv_into("p.0", 20, 0).is(Outcome::Closed),
                poll("p.0").is(Outcome::Closed),
                fileno("p.0").is(Outcome::Closed),
                close("p.0").ok(),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "pipe/invalid-handle-error",
        level: Level::Should,
        text: "Wrapping a negative handle, or a handle neither readable nor writable, raises ValueError; \
            wrapping a bogus one fails on first use without crashing.",
        source: "_ConnectionBase.__init__",
        programs: |_| {
            vec![Program::new().main([
                wrap(-1, "negative", true, true).is(Outcome::BadValue),
                wrap(0, "useless", false, false).is(Outcome::BadValue),
                wrap(900_000, "bogus", true, true).one_of(&[Outcome::Ok, Outcome::BadDescriptor]),
                recv("bogus").is(Outcome::BadDescriptor),
                send("bogus", 1).is(Outcome::BadDescriptor),
            ])]
        },
        ..Clause::BLANK
    },
];

fn wrap(fd: i64, name: &str, readable: bool, writable: bool) -> Line {
    own(Call::WrapDescriptor { fd, name: name.into(), readable, writable })
}
