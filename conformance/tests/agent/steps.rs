//! What is recorded of steps, and what the agent itself answers.

use procession::program::Program;
use procession::program::build::{get, on, own, put};
use procession_contract::{Call, Item, Outcome, Phase, SignalAction};

use crate::suite::Suite;

use Outcome::{Absent, Empty, Ok, Other, OverRelease, Timeout};

pub fn every_call_has_its_records() {
    let seen = Suite::start("tiny").run(
        Program::new()
            .queue("q", 0)
            .main([put("q", 7), put("q", 8), put("q", 9)])
            .process("child", [get("q"), on("q", Call::GetMany { max: 2, timeout_ms: None })]),
    );
    assert_eq!(seen.ended, Some(Result::Ok(0)), "{}", seen.stderr);
    let child = &seen.records["child"];
    let phases: Vec<_> = child.iter().map(|record| (record.step, record.phase)).collect();
    let [call, item, returned] = [Phase::Call, Phase::Item, Phase::Return];
    assert_eq!(phases, [(0, call), (0, returned), (1, call), (1, item), (1, item), (1, returned)]);
    let received: Vec<_> = child.iter().map(|record| (record.value, record.aux)).collect();
    let expected = |id| Item::int(id).expected();
    assert_eq!(received, [(0, 0), expected(7), (0, 0), expected(8), expected(9), (2, 0)]);
    assert!(child.is_sorted_by_key(|record| record.t_ns));
    assert!(child[0].t_ns > 0);
    assert_eq!(seen.done.len(), 2);
}

pub fn a_gate_holds_until_go() {
    let mut suite = Suite::start("tiny");
    let mut second = put("q", 2);
    second.after.push(procession::program::Condition::Ended("child".into()));
    let program = Program::new()
        .queue("q", 0)
        .main([put("q", 1), second])
        .process("child", [get("q"), on("q", Call::Get { block: false, timeout_ms: None })]);
    let seen = suite.run_with(program, |_, seen| seen.done.contains("child"));
    assert_eq!(seen.answers("child"), [(Ok, 1), (Empty, 0)]);
    let (late, early) = (seen.records["main"][2], seen.records["child"][3]);
    assert!(late.phase == Phase::Call && late.t_ns > early.t_ns);
}

pub fn errors_end_no_worker() {
    let program = Program::new().queue("q", 0).main([
        on("q", Call::Qsize),
        on("nobody", Call::Qsize),
        on("q", Call::Full),
        own(Call::ActiveChildren),
        on("q", Call::Forget),
        get("q"),
    ]);
    let seen = Suite::start("tiny").run(program);
    let outcomes = seen.answers("main").into_iter().map(|(outcome, _)| outcome).collect::<Vec<_>>();
    assert_eq!(outcomes, [Other, Other, Outcome::Unsupported, Outcome::Unsupported, Ok, Other]);
    assert_eq!(seen.text("main", 0), "the implementation panicked: the tiny queue cannot count");
    assert_eq!(seen.text("main", 1), "this worker has no object `nobody`; it has: q");
    assert_eq!(seen.ended, Some(Result::Ok(0)));
}

pub fn the_worker_itself() {
    let usr1 = 10;
    let program = Program::new()
        .main([
            own(Call::OnSignal { signal: usr1, action: SignalAction::Count }),
            own(Call::SignalSelf { signal: usr1 }),
            own(Call::SignalSelf { signal: usr1 }),
            own(Call::SignalsCounted),
            own(Call::MutexLock { timeout_ms: None }),
            own(Call::MutexLock { timeout_ms: Some(1) }),
            own(Call::MutexUnlock),
            own(Call::MutexUnlock),
            own(Call::DescriptorOpen { fd: 77 }),
            own(Call::OpenDescriptor { fd: 77, inheritable: true }),
            own(Call::DescriptorOpen { fd: 77 }),
            own(Call::ReadStdin),
            own(Call::WordSwap { index: 63, value: -4 }),
            own(Call::WordRead { index: 63 }),
            own(Call::WordRead { index: 64 }),
            own(Call::ProcState),
        ])
        .thread("thread", "main", [own(Call::GlobalWrite { value: 5 }), own(Call::GlobalRead)])
        .process("child", [own(Call::Print { text: "from a child".into() })]);
    let seen = Suite::start("tiny").run(program);
    let expected = [
        (Ok, 0),
        (Ok, 0),
        (Ok, 0),
        (Ok, 2),
        (Ok, 0),
        (Timeout, 0),
        (Ok, 0),
        (OverRelease, 0),
        (Ok, 0),
        (Ok, 0),
        (Ok, 1),
        (Ok, 0),
        (Ok, 0),
        (Ok, -4),
        (Outcome::BadValue, 0),
        (Ok, 0),
    ];
    assert_eq!(seen.answers("main"), expected, "{}", seen.stderr);
    assert_eq!(seen.text("main", 15), "R");
    assert_eq!(seen.answers("thread"), [(Ok, 0), (Ok, 5)]);
    assert_eq!(seen.stdout, "from a child\n");
}

pub fn processes_of_the_agent() {
    let exit = Call::Exit { status: procession_contract::ExitStatus::Code(9) };
    let program = Program::new()
        .queue("q", 0)
        .main([
            on("child", Call::Exitcode),
            on("child", Call::IsAlive),
            on("child", Call::Start),
            on("child", Call::Start),
            on("child", Call::IsAlive),
            put("q", 1),
            on("child", Call::Join { timeout_ms: None }),
            on("child", Call::Exitcode),
            on("child", Call::Name),
            on("child", Call::ProcState),
        ])
        .explicit("child", [get("q"), own(exit)]);
    let seen = Suite::start("tiny").run(program);
    let expected = [
        (Absent, 0),
        (Ok, 0),
        (Ok, 0),
        (Outcome::Misuse, 0),
        (Ok, 1),
        (Ok, 0),
        (Ok, 0),
        (Ok, 9),
        (Outcome::Unsupported, 0),
        (Absent, 0),
    ];
    assert_eq!(seen.answers("main"), expected, "{}", seen.stderr);
}
