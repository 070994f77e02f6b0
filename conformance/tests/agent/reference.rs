//! The reference under the agent.

use procession::program::Program;
use procession::program::build::{get, on, own, put, recv, recv_bytes, send, send_bytes};
use procession_contract::{Call, ExitStatus, Item, ItemKind, Method, Outcome, Phase, Value};

use crate::suite::Suite;

use Outcome::{BadValue, Closed, Eof, Ok, WrongDirection};

pub fn connections() {
    let close = |end| on(end, Call::Close);
    let program = Program::new()
        .pipe("p")
        .one_way("w")
        .main([
            send("p.0", 1),
            send_bytes("p.0", Item::bytes(2, 5000)),
            recv("p.0"),
            send("w.0", 1),
            send("w.1", Item::of(4, ItemKind::Unencodable)),
            send("w.1", Item::of(5, ItemKind::Undecodable)),
            recv("w.0"),
            on("p.0", Call::Poll { timeout_ms: Some(0), forever: false }),
            on("p.0", Call::IsClosed),
            on("p.0", Call::Inheritable),
            on("p.0", Call::Serialise),
            close("p.0"),
            close("p.1"),
            recv("p.0"),
            own(Call::WrapDescriptor { fd: -1, name: "no".into(), readable: true, writable: true }),
            own(Call::WrapDescriptor { fd: 9000, name: "none".into(), readable: true, writable: true }),
            recv("none"),
        ])
        .process("child", [close("p.0"), recv("p.1"), recv_bytes("p.1"), send("p.1", 3), recv("p.1")]);
    let seen = Suite::start("reference").run(program);
    let expected = [
        (Ok, 0),
        (Ok, 0),
        (Ok, 3),
        (WrongDirection, 0),
        (Outcome::EncodeFailed, 0),
        (Ok, 0),
        (Outcome::DecodeFailed, 0),
        (Ok, 0),
        (Ok, 0),
        (Ok, 0),
        (Outcome::NotAllowed, 0),
        (Ok, 0),
        (Ok, 0),
        (Closed, 0),
        (BadValue, 0),
        (Outcome::BadDescriptor, 0),
        (Outcome::BadDescriptor, 0),
    ];
    assert_eq!(seen.answers("main"), expected, "{}", seen.stderr);
    assert_eq!(seen.answers("child"), [(Ok, 0), (Ok, 1), (Ok, 2), (Ok, 0), (Eof, 0)]);
    let lengths = seen.records["child"].iter().filter(|record| record.phase == Phase::Item);
    assert_eq!(lengths.map(|record| record.value).collect::<Vec<_>>(), [5000]);
    assert_eq!(seen.ended, Some(Result::Ok(0)));
}

pub fn connections_travel() {
    let program = Program::new()
        .pipe("p")
        .pipe("q")
        .main([
            on("p.0", Call::SendConnection { name: "q.1".into() }),
            on("q.1", Call::Forget),
            send("q.0", 7),
            recv("q.0"),
        ])
        .role(
            procession_contract::Worker {
                gets: Some(vec!["p.1".into()]),
                ..procession::program::build::worker("child")
            },
            [on("p.1", Call::RecvConnection { name: "new".into() }), recv("new"), send("new", 8)],
        );
    let seen = Suite::start("reference").run(program);
    assert_eq!(seen.answers("main"), [(Ok, 0), (Ok, 0), (Ok, 0), (Ok, 8)], "{}", seen.stderr);
    assert_eq!(seen.answers("child"), [(Ok, 0), (Ok, 7), (Ok, 0)]);
}

pub fn os_pipes_and_waiting() {
    let wait = |names: &[&str]| {
        let objects = names.iter().map(|name| (*name).to_owned()).collect();
        own(Call::Wait { objects, timeout_ms: Some(0) })
    };
    let program = Program::new().os_pipe("o").pipe("p").main([
        wait(&["o.r", "p.0"]),
        on("o.w", Call::Write { item: Item::bytes(1, 10) }),
        wait(&["p.0", "fd:o.r"]),
        on("o.r", Call::Read { max: 4, exactly: true }),
        on("o.r", Call::Read { max: 100, exactly: false }),
        on("o.w", Call::Close),
        on("o.r", Call::Read { max: 1, exactly: false }),
        wait(&["nonsense"]),
        on("o.r", Call::Close),
        wait(&["o.r"]),
    ]);
    let seen = Suite::start("reference").run(program);
    let expected = [
        (Ok, 0),
        (Ok, 10),
        (Ok, 0b10),
        (Ok, 4),
        (Ok, 6),
        (Ok, 0),
        (Eof, 0),
        (BadValue, 0),
        (Ok, 0),
        (Closed, 0),
    ];
    assert_eq!(seen.answers("main"), expected, "{}", seen.stderr);
    let read = seen.records["main"].iter().find(|record| record.step == 3 && record.phase == Phase::Return);
    let expected = Value::fingerprint_of_bytes(&Item::bytes(1, 10).raw_bytes()[..4]);
    assert_eq!(read.map(|record| record.aux), Some(expected));
}

pub fn pipelines() {
    let stages = |stages: &[&[&str]]| {
        stages.iter().map(|stage| stage.iter().map(|word| (*word).to_owned()).collect()).collect()
    };
    let program = Program::new().main([
        own(Call::Pipeline { stages: stages(&[&["cat"], &["wc", "-c"]]), input: Some("four".into()) }),
        own(Call::Pipeline { stages: stages(&[&["true"], &["false"]]), input: None }),
        own(Call::Pipeline { stages: Vec::new(), input: None }),
    ]);
    let seen = Suite::start("reference").run(program);
    assert_eq!(seen.answers("main"), [(Ok, 2), (Ok, 2), (BadValue, 0)]);
    assert_eq!(seen.text("main", 0).trim(), "4");
    let codes = seen.records["main"].iter().filter(|record| record.phase == Phase::Item);
    assert_eq!(codes.map(|record| record.value).collect::<Vec<_>>(), [0, 0, 0, 1]);
}

pub fn processes() {
    let mut suite = Suite::start("reference");
    for method in [Method::Spawn, Method::Fork, Method::Forkserver] {
        suite.method = method;
        let program = Program::new()
            .pipe("p")
            .os_pipe("o")
            .main([
                on("child", Call::Exitcode),
                on("child", Call::Sentinel),
                on("child", Call::Start),
                on("child", Call::Start),
                own(Call::Wait { objects: vec!["child.sentinel".into()], timeout_ms: Some(0) }),
                recv("p.0"),
                on("o.r", Call::Read { max: 3, exactly: true }),
                send("p.0", 2),
                own(Call::Wait { objects: vec!["child.sentinel".into()], timeout_ms: None }),
                on("child", Call::Join { timeout_ms: None }),
                on("child", Call::Exitcode),
                own(Call::ActiveChildren),
                own(Call::StartMethods),
            ])
            .explicit(
                "child",
                [
                    send("p.1", 1),
                    on("o.w", Call::Write { item: Item::bytes(1, 3) }),
                    on("parent", Call::IsAlive),
                    on("current", Call::StartMethod { allow_none: false }),
                    recv("p.1"),
                    own(Call::Exit { status: ExitStatus::Code(300) }),
                ],
            );
        let seen = suite.run(program);
        let expected = [
            (Outcome::Absent, 0),
            (BadValue, 0),
            (Ok, 0),
            (Outcome::Misuse, 0),
            (Ok, 0),
            (Ok, 1),
            (Ok, 3),
            (Ok, 0),
            (Ok, 1),
            (Ok, 0),
            (Ok, 44),
            (Ok, 0),
            (Ok, 0),
        ];
        assert_eq!(seen.answers("main"), expected, "{method:?}: {}", seen.stderr);
        assert_eq!(seen.answers("child").len(), 5, "{method:?}: {}", seen.stderr);
        assert_eq!(seen.text("child", 3), method.name());
        assert_eq!(seen.text("main", 12), "spawn,fork,forkserver");
        assert_eq!(seen.ended, Some(Result::Ok(0)), "{method:?}");
    }
}

pub fn children_outlast_the_steps_of_main() {
    let mut late = send("p.1", 1);
    late.after.push(procession::program::Condition::Ended("main".into()));
    let program =
        Program::new().pipe("p").main([own(Call::Getpid)]).process("child", [late, own(Call::Raise)]);
    let seen = Suite::start("reference").run_with(program, |_, seen| seen.done.contains("main"));
    assert_eq!(seen.answers("child"), [(Ok, 0)], "{}", seen.stderr);
    assert!(seen.stderr.contains("an error that nobody catches"), "{}", seen.stderr);
    assert_eq!(seen.ended, Some(Result::Ok(0)));
}

pub fn queues() {
    let mut suite = Suite::start("reference");
    for method in [Method::Spawn, Method::Fork, Method::Forkserver] {
        suite.method = method;
        let now = |queue| on(queue, Call::GetNowait);
        let program = Program::new()
            .queue("q", 2)
            .simple_queue("s")
            .joinable("j", 0)
            .main([
                now("q"),
                put("q", 1),
                put("q", 2),
                on("q", Call::PutNowait { item: Item::int(3) }),
                on("q", Call::Full),
                put("j", 4),
                put("s", 5),
                on("j", Call::JoinTasks { timeout_ms: None }),
                on("j", Call::TaskDone),
                on("q", Call::PutNowait { item: Item::of(6, ItemKind::Unencodable) }),
                on("q", Call::Close),
                on("q", Call::Qsize),
            ])
            .process(
                "child",
                [
                    get("s"),
                    on("q", Call::GetMany { max: 2, timeout_ms: None }),
                    get("j"),
                    on("j", Call::TaskDone),
                ],
            );
        let seen = suite.run(program);
        let main = seen.answers("main");
        let first = [(Outcome::Empty, 0), (Ok, 0), (Ok, 0), (Outcome::Full, 0), (Ok, 1), (Ok, 0), (Ok, 0)];
        assert_eq!(main[..7], first, "{method:?}: {}", seen.stderr);
        let last = [(Ok, 0), (Outcome::OverRelease, 0), (Outcome::EncodeFailed, 0), (Ok, 0), (Closed, 0)];
        assert_eq!(main[7..], last, "{method:?}: {}", seen.stderr);
        assert_eq!(
            seen.answers("child"),
            [(Ok, 5), (Ok, 2), (Ok, 4), (Ok, 0)],
            "{method:?}: {}",
            seen.stderr
        );
        assert_eq!(seen.ended, Some(Result::Ok(0)), "{method:?}");
    }
}
