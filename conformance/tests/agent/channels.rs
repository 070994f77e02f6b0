//! The `threads` implementation under the agent.

use procession::program::build::{get, on, own, put, recv, send};
use procession::program::{Line, Program};
use procession_contract::{Call, ExitStatus, Item, ObjectKind, Outcome, Worker};

use crate::suite::Suite;

use Outcome::{Empty, Eof, Full, Ok, OverRelease};

fn get_now(queue: &str) -> Line {
    on(queue, Call::GetNowait)
}

fn put_within(queue: &str, id: u32, timeout_ms: i64) -> Line {
    let item = Item::int(id);
    on(queue, Call::Put { item, block: true, timeout_ms: Some(timeout_ms), then_clear: false })
}

pub fn queues() {
    let program = Program::new().queue("q", 2).object("s", ObjectKind::SimpleQueue).main([
        get_now("q"),
        put("q", 1),
        put("q", 2),
        put_within("q", 3, 5),
        put_within("q", 3, -5),
        on("q", Call::PutNowait { item: Item::int(3) }),
        on("q", Call::Full),
        on("q", Call::Qsize),
        get("q"),
        on("q", Call::Get { block: true, timeout_ms: Some(-1) }),
        on("q", Call::Get { block: true, timeout_ms: Some(5) }),
        put("s", 8),
        on("s", Call::Qsize),
    ]);
    let program = program.process("child", [get("s"), own(Call::Getpid)]);
    let seen = Suite::start("threads").run(program);
    let expected = [
        (Empty, 0),
        (Ok, 0),
        (Ok, 0),
        (Full, 0),
        (Full, 0),
        (Full, 0),
        (Ok, 1),
        (Ok, 2),
        (Ok, 1),
        (Ok, 2),
        (Empty, 0),
        (Ok, 0),
        (Outcome::Unsupported, 0),
    ];
    assert_eq!(seen.answers("main"), expected, "{}", seen.stderr);
    assert_eq!(seen.answer("child", 0), Some((Ok, 8)));
    assert_eq!(seen.ended, Some(Result::Ok(0)));
}

pub fn joinable_queues() {
    let join = || on("q", Call::JoinTasks { timeout_ms: None });
    let done = || on("q", Call::TaskDone);
    let program = Program::new()
        .joinable("q", 1)
        .main([join(), done(), put("q", 1), put("q", 2), join(), on("q", Call::Qsize)])
        .process("child", [get("q"), done(), get("q"), done()]);
    let mut suite = Suite::start("threads");
    let seen = suite.run(program);
    let expected = [(Ok, 0), (OverRelease, 0), (Ok, 0), (Ok, 0), (Ok, 0), (Ok, 0)];
    assert_eq!(seen.answers("main"), expected, "{}", seen.stderr);
    let (last_done, joined) = (seen.records["child"][6], seen.records["main"][9]);
    assert!(joined.t_ns >= last_done.t_ns, "joined before the last item was done");
}

pub fn pipes() {
    let close = |end| on(end, Call::Close);
    let writer = Worker { gets: Some(vec!["p.1".into()]), ..procession::program::build::worker("writer") };
    let program = Program::new()
        .one_way("p")
        .main([
            close("p.1"),
            recv("p.0"),
            recv("p.0"),
            send("p.0", 3),
            on("p.0", Call::Poll { timeout_ms: None, forever: true }),
            send("p.1", 3),
        ])
        .role(writer, [send("p.1", 5)]);
    let mut suite = Suite::start("threads");
    let seen = suite.run(program);
    let expected = [(Ok, 0), (Ok, 5), (Eof, 0), (Outcome::WrongDirection, 0), (Ok, 1), (Outcome::Closed, 0)];
    assert_eq!(seen.answers("main"), expected, "{}", seen.stderr);

    let poll = || on("d.1", Call::Poll { timeout_ms: Some(0), forever: false });
    let program = Program::new().pipe("d").main([
        send("d.0", 1),
        send("d.1", 2),
        recv("d.0"),
        poll(),
        recv("d.1"),
        poll(),
        close("d.0"),
        send("d.1", 3),
    ]);
    let seen = suite.run(program);
    let last = &seen.answers("main")[2..];
    assert_eq!(last, [(Ok, 2), (Ok, 1), (Ok, 1), (Ok, 0), (Ok, 0), (Outcome::BrokenPipe, 0)]);
}

pub fn processes() {
    let name = |worker| on(worker, Call::Name);
    let program = Program::new()
        .queue("q", 0)
        .main([
            on("child", Call::Join { timeout_ms: None }),
            on("child", Call::SetDaemon { on: true }),
            on("child", Call::SetDaemon { on: false }),
            on("child", Call::Start),
            on("child", Call::Start),
            on("child", Call::IsListed),
            on("child", Call::Join { timeout_ms: Some(0) }),
            put("q", 1),
            on("child", Call::Join { timeout_ms: None }),
            on("child", Call::IsAlive),
            own(Call::ActiveChildren),
            on("parent", Call::Name),
        ])
        .explicit(
            "child",
            [
                name("current"),
                name("parent"),
                get("q"),
                own(Call::Exit { status: ExitStatus::Code(3) }),
                own(Call::Getpid),
            ],
        );
    let seen = Suite::start("threads").run(program);
    let expected = [
        (Outcome::Misuse, 0),
        (Ok, 0),
        (Ok, 0),
        (Ok, 0),
        (Outcome::Misuse, 0),
        (Ok, 1),
        (Ok, 0),
        (Ok, 0),
        (Ok, 0),
        (Ok, 0),
        (Ok, 0),
        (Outcome::Absent, 0),
    ];
    assert_eq!(seen.answers("main"), expected, "{}", seen.stderr);
    assert_eq!((seen.text("child", 0), seen.text("child", 1)), ("Process-1", "main"));
    assert_eq!(seen.answers("child").len(), 3);
    assert_eq!(seen.ended, Some(Result::Ok(0)));
}
