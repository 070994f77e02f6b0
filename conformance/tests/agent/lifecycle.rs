//! How workers, runs and agents end.

use std::io::Read;
use std::io::Write;

use procession::program::Program;
use procession::program::build::{get, on, own, put};
use procession::protocol::FromAdapter;
use procession_contract::{Call, ExitStatus, Outcome, Phase};

use crate::suite::{Event, Suite};

pub fn bodies_end_as_they_are_told() {
    let mut suite = Suite::start("tiny");
    let exit = |status| Call::Exit { status };
    let cases = [
        (exit(ExitStatus::Returned(5)), 0, true),
        (exit(ExitStatus::Code(3)), 3, true),
        (exit(ExitStatus::Nothing), 0, true),
        (exit(ExitStatus::Flag(true)), 1, true),
        (exit(ExitStatus::Text("the reason".into())), 1, true),
        (exit(ExitStatus::Immediate(4)), 4, false),
        (Call::Raise, 1, true),
        (Call::SignalSelf { signal: 9 }, -9, false),
    ];
    for (call, status, done) in cases {
        let seen = suite.run(Program::new().main([own(call.clone()), own(Call::Getpid)]));
        assert_eq!(seen.ended, Some(Ok(status)), "{call:?}");
        assert_eq!(seen.done.contains("main"), done, "{call:?}");
        let [record] = seen.records["main"][..] else { panic!("{:?}", seen.records) };
        assert_eq!(record.phase, Phase::Call);
        let said = ["the reason", "process main: an error that nobody catches"];
        let says = matches!(call, Call::Raise | Call::Exit { status: ExitStatus::Text(_) });
        assert_eq!(said.iter().any(|text| seen.stderr.starts_with(text)), says, "{}", seen.stderr);
    }
}

pub fn a_process_waits_for_its_threads() {
    let mut late = put("q", 1);
    late.after.push(procession::program::Condition::Ended("main".into()));
    let program =
        Program::new().queue("q", 0).main([own(Call::Getpid)]).thread("late", "main", [late, get("q")]);
    let seen = Suite::start("tiny").run_with(program, |_, seen| seen.done.contains("main"));
    assert_eq!(seen.ended, Some(Ok(0)));
    assert_eq!(seen.answers("late"), [(Outcome::Ok, 0), (Outcome::Ok, 1)]);
}

pub fn teardown_ends_what_is_blocked() {
    let mut suite = Suite::start("tiny");
    let program = Program::new().queue("q", 0).main([get("q")]).process("child", [get("q")]);
    let (run, _) = suite.send_run(program.script(suite.method));
    // Both workers are there, and are never armed.
    for _ in 0..2 {
        assert!(matches!(suite.next(), Event::Connected(..)));
    }
    suite.tear_down(&run);
    // The agent is whole: the next run works.
    let seen = suite.run(Program::new().main([own(Call::Getpid)]));
    assert_eq!(seen.ended, Some(Ok(0)));
}

pub fn the_agent_ends_with_its_connection() {
    let mut suite = Suite::start("tiny");
    let program = Program::new().queue("q", 0).main([get("q")]);
    suite.send_run(program.script(suite.method));
    assert!(matches!(suite.next(), Event::Connected(..)));
    suite.control.shutdown(std::net::Shutdown::Both).unwrap();
    assert!(suite.agent.wait().unwrap().success());
}

pub fn what_cannot_be_made_is_reported() {
    let mut suite = Suite::start("tiny");
    let seen = suite.run(Program::new().pipe("p").main([own(Call::Getpid)]));
    let Some(Err(error)) = seen.ended else { panic!("{seen:?}") };
    assert!(error.starts_with("Unsupported: cannot create the pipe `p`"), "{error}");

    let child = procession_contract::Worker {
        gets: Some(vec!["nothing".into()]),
        ..procession::program::build::worker("child")
    };
    let seen = suite.run(Program::new().main([on("child", Call::IsAlive)]).role(child, []));
    let Some(Err(error)) = seen.ended else { panic!("{seen:?}") };
    assert!(error.contains("cannot start `child`") && error.contains("`nothing`"), "{error}");
}

pub fn a_wrong_message_is_named() {
    let mut suite = Suite::start("tiny");
    suite.control.write_all(b"{\"t\":\"teardown\",\"run\":1}\n").unwrap();
    assert!(!suite.agent.wait().unwrap().success());
    let mut said = String::new();
    suite.agent.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("no message") && said.contains("expected a string"), "{said}");
    assert!(matches!(suite.next(), Event::Control(None::<FromAdapter>)));
}
