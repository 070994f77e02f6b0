//! Start methods: which there are, how one is chosen, and what each does.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "context/methods-listed-default-first",
        level: Level::Must,
        text: "The list of start methods has the platform default first and on Linux holds fork, spawn \
            and (where descriptors can be passed) forkserver.",
        source: "doc get_all_start_methods",
        programs: |_| {
            vec![
                Program::new().main([own(Call::StartMethods)
                    .expect(Expect::TextContains("fork".into()))
                    .expect(Expect::TextContains("spawn".into()))
                    .expect(Expect::TextContains("forkserver".into()))]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/get-context-unknown-error",
        level: Level::Must,
        text: "Asking for an unknown method raises ValueError.",
        source: "doc get_context",
        programs: |_| {
            vec![Program::new().main([
                context("x").is(Outcome::BadValue),
                context("").is(Outcome::BadValue),
                context("Fork").is(Outcome::BadValue),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/concrete-context-is-fixed",
        level: Level::Must,
        text: "A context for a named method returns itself when asked for its context, reports its own \
            method, and refuses to be changed (ValueError).",
        source: "BaseContext.get_context/set_start_method",
        programs: |_| {
            per_method(|program, method| {
                program.main(
                    PROCESS_METHODS.into_iter().map(|other| refuses(method, other)).chain([context(
                        method.name(),
                    )
                    .text(method.name())
                    .value(1)]),
                )
            })
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/set-once",
        level: Level::Must,
        text: "The global method can be set only while still undecided; later attempts raise \
            RuntimeError unless forced; forcing \"none\" makes it undecided again.",
        source: "DefaultContext.set_start_method",
        programs: |_| {
            vec![Program::new().main([
                set_start_method(Some("spawn"), false).ok(),
                start_method().text("spawn"),
                set_start_method(Some("fork"), false).is(Outcome::NotAllowed),
                start_method().text("spawn"),
                set_start_method(Some("fork"), true).ok(),
                start_method().text("fork"),
                set_start_method(None, true).ok(),
                own(Call::StartMethod { allow_none: true }).is(Outcome::Absent),
                set_start_method(Some("spawn"), false).ok(),
                start_method().text("spawn"),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/set-unknown-method-error",
        level: Level::Must,
        text: "Choosing an unknown method is refused as a bad value, and decides nothing.",
        source: "doc set_start_method",
        programs: |_| {
            vec![Program::new().main([
                set_start_method(Some("x"), false).is(Outcome::BadValue),
                own(Call::StartMethod { allow_none: true }).is(Outcome::Absent),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/query-fixes-default",
        level: Level::Must,
        text: "Asking for the method fixes it to the default, unless the caller allowed the answer \
            \"undecided\".",
        source: "doc get_start_method",
        programs: |_| {
            vec![Program::new().main([
                own(Call::StartMethod { allow_none: true }).is(Outcome::Absent),
                start_method().ok(),
                own(Call::StartMethod { allow_none: true }).ok(),
                set_start_method(Some("spawn"), false).is(Outcome::NotAllowed),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/child-sees-same-method",
        level: Level::Must,
        text: "A child reports the start method it was created with as its own.",
        source: "BaseProcess._bootstrap",
        programs: |_| {
            per_method(|program, method| {
                program.main([join("c").ok()]).process("c", [start_method().text(method.name())])
            })
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/objects-carry-their-context",
        level: Level::Must,
        text: "An object created under spawn or forkserver can be handed to any child; one created under \
            fork can be handed to a forked child, and to any other either as well, or start refuses.",
        source: "synchronize.SemLock.__getstate__",
        programs: |_| {
            matrix(|created, started| {
                let either_way = created == Method::Fork && started != Method::Fork;
                match either_way {
                    true => vec![
                        start("c").one_of(&[Outcome::Ok, Outcome::NotAllowed]),
                        get("q").timeout(300).gives_or_is([Item::int(1)], &[Outcome::Empty]),
                    ],
                    false => vec![start("c").ok(), get("q").gives(1), join("c").ok(), exitcode("c").value(0)],
                }
            })
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/received-objects-can-be-passed-on",
        level: Level::Must,
        text: "A child can pass a queue it received to its own child.",
        source: "gh-108520",
        programs: |_| {
            vec![
                Program::new()
                    .each_process_method()
                    .queue("q", 0)
                    .main([
                        get("q").gives_one_of([Item::int(1), Item::int(2)]),
                        get("q").gives_one_of([Item::int(1), Item::int(2)]),
                        join("c").ok(),
                        exitcode("c").value(0),
                    ])
                    .process("c", [put("q", 1).ok(), join("g").ok(), exitcode("g").value(0)])
                    .role(Worker { parent: Some("c".into()), ..worker("g") }, [put("q", 2).ok()]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/spawn-requires-transferable-arguments",
        level: Level::Must,
        text: "Under spawn and forkserver an argument that cannot be encoded makes start fail in the \
            caller, leaves the process unstarted and starts none; under fork nothing is encoded.",
        source: "doc \"More picklability\"",
        programs: |_| {
            vec![
                Program::new()
                    .title("spawn and forkserver")
                    .among(&[Method::Spawn, Method::Forkserver])
                    .main([
                        start("c").is(Outcome::EncodeFailed),
                        is_alive("c").truth(false),
                        exitcode("c").is(Outcome::Absent),
                        active_children().value(0),
                    ])
                    .role(untransferable(), []),
                Program::new()
                    .title("fork")
                    .among(&[Method::Fork])
                    .main([start("c").ok(), join("c").ok(), exitcode("c").value(0)])
                    .role(untransferable(), []),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/spawn-does-not-leak-descriptors",
        level: Level::Must,
        text: "Spawned and forkserver children do not have unrelated descriptors of the creator; forked \
            ones have all of them.",
        source: "doc \"Contexts and start methods\"",
        programs: |_| {
            vec![
                Program::new()
                    .title("spawn and forkserver")
                    .among(&[Method::Spawn, Method::Forkserver])
                    .main([open_descriptor().ok(), start("c").ok(), join("c").ok()])
                    .explicit("c", [own(Call::DescriptorOpen { fd: DESCRIPTOR }).truth(false)]),
                Program::new()
                    .title("fork")
                    .among(&[Method::Fork])
                    .main([open_descriptor().ok(), start("c").ok(), join("c").ok()])
                    .explicit("c", [own(Call::DescriptorOpen { fd: DESCRIPTOR }).truth(true)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/forkserver-restarts",
        level: Level::Should,
        text: "If the fork server dies, the next start brings up a new one; a child of the dead one \
            reports 0 or 255.",
        source: "forkserver.ensure_running (bpo-31308)",
        programs: |_| {
            vec![
                Program::new()
                    .only(&[Method::Forkserver])
                    .main([
                        start("a").ok(),
                        join("a").ok(),
                        exitcode("a").value(0),
                        own(Call::KillForkserver).ok(),
                        start("b").ok(),
                        join("b").ok(),
                        exitcode("b").value(0),
                    ])
                    .role(Worker { bodiless: true, explicit: true, ..worker("a") }, [])
                    .role(Worker { bodiless: true, explicit: true, ..worker("b") }, []),
                Program::new()
                    .title("a child of the dead one is still known to have ended")
                    .only(&[Method::Forkserver])
                    .pipe("hold")
                    .main([
                        start("a").ok(),
                        own(Call::KillForkserver).after(blocked("a", "stay")).ok(),
                        send("hold.0", 1).ok(),
                        join("a").ok(),
                        exitcode("a").expect(Expect::Any(vec![Expect::Value(0), Expect::Value(255)])),
                    ])
                    .role(
                        Worker { explicit: true, ..holding("a", &["hold.1"]) },
                        [recv("hold.1").label("stay").gives(1)],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "context/sharing-only-by-inheritance",
        level: Level::Must,
        text: "Queues can be handed to a process only as part of starting it; serialising one at any \
            other time is refused.",
        source: "context.assert_spawning",
        programs: |_| {
            vec![Program::new().queue("q", 0).simple_queue("s").joinable("j", 0).main([
                serialise("q").is(Outcome::NotAllowed),
                serialise("s").is(Outcome::NotAllowed),
                serialise("j").is(Outcome::NotAllowed),
            ])]
        },
        ..Clause::BLANK
    },
];

/// A descriptor that nothing else uses.
const DESCRIPTOR: i32 = 77;

fn open_descriptor() -> Line {
    own(Call::OpenDescriptor { fd: DESCRIPTOR, inheritable: true })
}

/// A concrete context does not become another.
fn refuses(method: Method, other: Method) -> Line {
    on("", Call::SetContextMethod { method: method.name().into(), to: other.name().into() })
        .is(Outcome::BadValue)
}

/// A process with an argument that cannot be encoded.
fn untransferable() -> Worker {
    Worker { explicit: true, unserialisable_argument: true, ..worker("c") }
}

/// A program for each start method that makes processes.
fn per_method(program: impl Fn(Program, Method) -> Program) -> Vec<Program> {
    PROCESS_METHODS
        .into_iter()
        .map(|method| program(Program::new().title(method.name()).only(&[method]), method))
        .collect()
}

/// A program for each pair of a start method under which a queue is created, and one under which a
/// process is started that puts into it.
fn matrix(main: impl Fn(Method, Method) -> Vec<Line>) -> Vec<Program> {
    let pairs =
        PROCESS_METHODS.into_iter().flat_map(|created| PROCESS_METHODS.map(|started| (created, started)));
    pairs
        .map(|(created, started)| {
            let title = format!("created under {}, started by {}", created.name(), started.name());
            let child = Worker { explicit: true, method: Some(started), ..worker("c") };
            Program::new()
                .title(title)
                .only(&[created])
                .queue("q", 0)
                .main(main(created, started))
                .role(child, [put("q", 1)])
        })
        .collect()
}
