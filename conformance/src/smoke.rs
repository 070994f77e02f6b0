//! Smoke: whether an adapter itself is sound, before any clause is judged, so that a bad adapter is not
//! reported as a bad implementation.

use procession_contract::{Call, Item, ItemKind, Manifest, ObjectKind};

use crate::clauses::claims;
use crate::plan::methods;
use crate::program::build::{at, get, on, own, put, recv, returned, send};
use crate::program::{Expect, Judge, Program};

/// One question to the adapter.
pub struct Question {
    /// What is asked, in words that a person can answer.
    pub about: &'static str,
    /// The program that asks it.
    pub program: Program,
}

/// The questions that an adapter with this manifest can be asked, the simplest first.
pub fn questions(manifest: &Manifest) -> Vec<Question> {
    let processes = claims::made_by(manifest, claims::PROCESSES).then(own_process);
    let all = basics().into_iter().chain(processes).chain(objects()).chain(items());
    all.filter(|question| methods(&question.program, manifest).is_ok()).collect()
}

fn basics() -> Vec<Question> {
    let pid = |name: &str| own(Call::Getpid).expect(Expect::PidOf(name.into()));
    let swap = |value| own(Call::WordSwap { index: 3, value });
    vec![
        Question {
            about: "the main worker's process starts, connects, does a step and ends with status 0",
            program: Program::new()
                .main([pid("main")])
                .judge(Judge::Finished("main".into()))
                .judge(Judge::MainEnded(0)),
        },
        Question {
            about: "a step with a gate waits for `go`",
            program: Program::new()
                .main([
                    own(Call::Getpid).label("first").ok(),
                    own(Call::Getpid).after(returned("main", "first")).ok(),
                ])
                .judge(Judge::Finished("main".into())),
        },
        Question {
            about: "an error in a step does not end the worker",
            program: Program::new()
                .main([own(Call::DescriptorOpen { fd: 999 }).truth(false), own(Call::Getpid).ok()])
                .judge(Judge::Finished("main".into())),
        },
        Question {
            about: "another worker is started and does its steps, and is known by its pid",
            program: Program::new().main([]).process("w1", [pid("w1")]).judge(Judge::Finished("w1".into())),
        },
        Question {
            about: "the workers share the words of the run",
            program: Program::new()
                .main([swap(5).value(0).label("swap")])
                .process("w1", [own(Call::WordRead { index: 3 }).after(returned("main", "swap")).value(5)]),
        },
        Question {
            about: "standard output goes to the run's directory",
            program: Program::new()
                .main([own(Call::Print { text: "one line".into() }).ok()])
                .judge(Judge::StdoutHas("one line".into())),
        },
    ]
}

/// Asked only where a worker is claimed to be a process.
fn own_process() -> Question {
    let pid = || own(Call::Getpid).label("pid");
    Question {
        about: "another worker has a process of its own",
        program: Program::new()
            .main([pid().ok()])
            .process("w1", [pid().expect(Expect::DiffersFrom(at("main", "pid")))]),
    }
}

fn objects() -> Vec<Question> {
    let kinds = [
        (ObjectKind::Queue { maxsize: 0 }, "a queue carries an item from one worker to another"),
        (ObjectKind::SimpleQueue, "a simple queue carries an item from one worker to another"),
        (
            ObjectKind::JoinableQueue { maxsize: 0 },
            "a joinable queue carries an item from one worker to another",
        ),
    ];
    let queues = kinds.map(|(kind, about)| Question {
        about,
        program: Program::new().object("q", kind).main([get("q").gives(7)]).process("w1", [put("q", 7).ok()]),
    });
    let pipe = Question {
        about: "a pipe carries an item from one worker to another",
        program: Program::new().pipe("p").main([recv("p.0").gives(7)]).process("w1", [send("p.1", 7).ok()]),
    };
    let stream_pipe = Question {
        about: "a pipe on a stream carries an item from one worker to another",
        program: Program::new()
            .stream_pipe("p")
            .main([recv("p.0").gives(7)])
            .process("w1", [send("p.1", 7).ok()]),
    };
    let os_pipe = Question {
        about: "a pipe of the system carries bytes",
        program: Program::new().os_pipe("p").main([
            on("p.w", Call::Write { item: Item::bytes(7, 20) }).value(20),
            on("p.r", Call::Read { max: 100, exactly: false }).value(20),
        ]),
    };
    queues.into_iter().chain([pipe, stream_pipe, os_pipe]).collect()
}

/// Every kind of item through whatever carries items, so that ids and fingerprints are known to be right.
fn items() -> Vec<Question> {
    let items = [
        Item::int(7),
        Item::of(0, ItemKind::None),
        Item::text(12, 40),
        Item::text(0, 0),
        Item::bytes(13, 1000),
        Item::bytes(14, 3),
        Item::of(15, ItemKind::List),
    ];
    let through_queue = items.iter().flat_map(|item| [put("q", *item).ok(), get("q").gives(*item)]);
    let through_pipe = items.iter().flat_map(|item| [send("p.1", *item).ok(), recv("p.0").gives(*item)]);
    vec![
        Question {
            about: "ids and fingerprints of every kind of item are right (queue)",
            program: Program::new().queue("q", 0).main(through_queue),
        },
        Question {
            about: "ids and fingerprints of every kind of item are right (pipe)",
            program: Program::new().pipe("p").main(through_pipe),
        },
    ]
}
