//! What a sound adapter's histories look like: gates, faults, quiescence, ends.

use std::time::Duration;

use libtest_mimic::Trial;
use procession::history::{CallHistory, History, RunEnd, WorkerEnd};
use procession::judge::judge;
use procession::program::build::*;
use procession::program::{Action, Judge, Line, Program};
use procession::run::RunOptions;
use procession::verdict::{FailureKind, Verdict};
use procession_contract::{Call, ExitStatus, Item, Method, Worker};

use super::worker::now_ns;
use super::{history, left, run, session, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_run_completes", a_run_completes),
        trial("a_session_runs_one_program_after_the_other", one_after_the_other),
        trial("a_gate_waits_until_a_call_sleeps", a_gate_waits_until_a_call_sleeps),
        trial("threads_are_workers_too", threads_are_workers_too),
        trial("an_explicit_worker_is_armed_when_it_comes", an_explicit_worker_is_armed_when_it_comes),
        trial("a_killed_worker_leaves_its_call_pending", a_killed_worker_leaves_its_call_pending),
        trial("a_stopped_worker_goes_on_when_it_is_continued", stop_and_continue),
        trial("a_stopped_worker_is_still", a_stopped_worker_is_still),
        trial("a_call_that_nobody_answers_is_quiescence", a_call_that_nobody_answers_is_quiescence),
        trial("a_gate_that_cannot_open_is_quiescence", a_gate_that_cannot_open_is_quiescence),
        trial("a_gate_may_wait_until_nothing_else_can_move", a_gate_may_wait_until_nothing_else_can_move),
        trial("a_fault_may_wait_until_nothing_else_can_move", a_fault_may_wait_until_nothing_else_can_move),
        trial("a_sleeper_is_waited_for", a_sleeper_is_waited_for),
        trial("a_worker_may_outlive_main", a_worker_may_outlive_main),
        trial("who_reads_a_long_list_is_waited_for", who_reads_a_long_list_is_waited_for),
        trial("a_fault_may_come_later", a_fault_may_come_later),
        trial("a_fault_that_comes_too_late_is_none", a_fault_that_comes_too_late_is_none),
        trial("who_is_to_go_with_main_is_waited_for", who_is_to_go_with_main_is_waited_for),
        trial("who_goes_with_main_passes", who_goes_with_main_passes),
        trial("a_run_that_goes_on_is_given_up", a_run_that_goes_on_is_given_up),
        trial("an_immediate_exit_is_an_end", an_immediate_exit_is_an_end),
        trial("descriptors_run_out_where_the_fault_says", descriptors_run_out),
    ]
}

fn write(end: &str) -> Line {
    on(end, Call::Write { item: Item::bytes(7, 8) })
}

pub fn read(end: &str) -> Line {
    on(end, Call::Read { max: 8, exactly: false })
}

fn call<'h>(history: &'h History, worker: &str, line: usize) -> &'h CallHistory {
    let worker = history.worker(worker).expect("the program has it");
    worker.call(line).expect("the call was made")
}

fn returned_ns(call: &CallHistory) -> u64 {
    call.returned.as_ref().expect("it has returned").at_ns
}

fn a_run_completes() {
    let program = Program::new()
        .os_pipe("p")
        .main([own(Call::Print { text: "hello".into() }), read("p.r"), own(Call::Repr)])
        .process("a", [write("p.w"), own(Call::Getpid)]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    assert_eq!(history.stdout, "hello\n");
    assert_eq!(history.stderr, "");
    assert_eq!(left(&history), Vec::<String>::new());
    let (main_ended_ns, status) = history.main_ended.expect("it has ended");
    assert_eq!(status, 0);
    let [main, a] = &history.workers[..] else { panic!("two workers, found {:?}", history.workers) };
    assert_eq!((&main.end, &a.end), (&WorkerEnd::Finished, &WorkerEnd::Finished));
    assert_eq!(main.gone_ns, Some(main_ended_ns));
    assert!(a.gone_ns.is_some_and(|gone_ns| gone_ns <= main_ended_ns), "main waits for its child");
    let answer = |worker: &str, line| call(&history, worker, line).returned.clone().expect("returned").answer;
    assert_eq!(answer("main", 1).value, 8);
    assert_eq!(answer("main", 2).text.as_deref(), Some("a text"));
    assert_eq!(Some(answer("a", 1).value), a.pid.map(i64::from));
    assert_ne!(main.pid, a.pid);
}

fn one_after_the_other() {
    let mut session = session();
    let program = Program::new().os_pipe("p").main([write("p.w"), read("p.r")]);
    let pids: Vec<_> = (0..3)
        .map(|_| {
            let history = run(&mut session, &program).expect("adapter and program are sound");
            assert_eq!(history.end, RunEnd::Completed);
            history.workers[0].pid
        })
        .collect();
    assert!(pids[0] != pids[1] && pids[1] != pids[2], "each run has a fresh main worker: {pids:?}");
}

fn a_gate_waits_until_a_call_sleeps() {
    let program = Program::new()
        .os_pipe("p")
        .main([read("p.r").label("waits")])
        .process("a", [write("p.w").after(blocked("main", "waits"))]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    let (read, write) = (call(&history, "main", 0), call(&history, "a", 0));
    assert!(read.called_ns < write.called_ns, "the gate opened before the call was made");
    assert!(write.called_ns < returned_ns(read), "nothing else can have ended the call");
}

fn threads_are_workers_too() {
    let program = Program::new().os_pipe("p").main([write("p.w").after(blocked("t", "waits"))]).thread(
        "t",
        "main",
        [read("p.r").label("waits")],
    );
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    assert_eq!(history.workers[0].pid, history.workers[1].pid);
    assert_eq!(history.workers[1].end, WorkerEnd::Finished);
}

fn an_explicit_worker_is_armed_when_it_comes() {
    let program = Program::new()
        .main([start("a"), join("a")])
        .explicit("a", [own(Call::Getpid)])
        .explicit("never", [own(Call::Getpid)]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    assert_eq!(history.workers[1].end, WorkerEnd::Finished);
    assert_eq!(history.workers[2].end, WorkerEnd::NotStarted);
    assert!(call(&history, "main", 0).called_ns < call(&history, "a", 0).called_ns);
}

fn a_killed_worker_leaves_its_call_pending() {
    let program = Program::new()
        .os_pipe("p")
        .main([own(Call::Getpid).after(gone("a"))])
        .process("a", [read("p.r").label("waits")])
        .fault("a", Action::Kill, [blocked("a", "waits")]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    let a = &history.workers[1];
    assert_eq!((a.calls.len(), &a.end), (1, &WorkerEnd::Died));
    assert_eq!(a.calls[0].returned, None);
    let [fired] = &history.faults[..] else { panic!("one fault, found {:?}", history.faults) };
    let gone_ns = a.gone_ns.expect("it was killed");
    assert!(a.calls[0].called_ns < fired.at_ns && fired.at_ns <= gone_ns);
    assert!(gone_ns < call(&history, "main", 0).called_ns, "the gate opened before the worker was gone");
}

fn stop_and_continue() {
    let program = Program::new()
        .os_pipe("p")
        .os_pipe("q")
        .main([write("p.w").after(blocked("a", "waits")).label("sent"), read("q.r").label("answer")])
        .process("a", [read("p.r").label("waits"), write("q.w")])
        .fault("a", Action::Stop, [called("a", "waits")])
        .fault("a", Action::Continue, [blocked("main", "answer")]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    let fired: Vec<usize> = history.faults.iter().map(|fired| fired.fault).collect();
    assert_eq!(fired, [0, 1]);
    assert!(history.faults[1].at_ns <= returned_ns(call(&history, "main", 1)));
}

fn a_stopped_worker_is_still() {
    let program = Program::new()
        .os_pipe("p")
        .os_pipe("q")
        .main([read("q.r")])
        .process("a", [sleep(1).label("first"), read("p.r").label("waits"), write("q.w")])
        .fault("a", Action::Stop, [blocked("a", "waits")]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Quiescent);
    assert_eq!(history.faults.len(), 1);
    assert_eq!(history.workers[1].end, WorkerEnd::Running);
}

fn a_call_that_nobody_answers_is_quiescence() {
    let program = Program::new().os_pipe("p").main([read("p.r")]).process("a", [own(Call::Getpid)]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Quiescent);
    assert_eq!(history.workers[0].end, WorkerEnd::Running);
    assert_eq!(call(&history, "main", 0).returned, None);
    assert_eq!(history.workers[1].end, WorkerEnd::Finished);
    assert_eq!(history.main_ended, None);
    assert_eq!(left(&history), Vec::<String>::new());
}

fn a_gate_that_cannot_open_is_quiescence() {
    let program = Program::new()
        .os_pipe("p")
        .main([read("p.r").label("for ever")])
        .process("a", [own(Call::Getpid).after(returned("main", "for ever"))]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Quiescent);
    assert_eq!(history.workers[1].calls, []);
    assert_eq!(history.workers[1].end, WorkerEnd::Running);
}

fn a_gate_may_wait_until_nothing_else_can_move() {
    let program = Program::new()
        .os_pipe("p")
        .os_pipe("q")
        .main([read("p.r").label("waits")])
        .process("a", [sleep(80), read("q.r")])
        // What waits for something else goes first, and what comes of that.
        .process("b", [write("q.w").after(blocked("main", "waits")), own(Call::Getpid)])
        .process("c", [write("p.w").after(quiescence())]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    let last = call(&history, "c", 0).called_ns;
    for (worker, line) in [("a", 0), ("a", 1), ("b", 0), ("b", 1)] {
        let returned = returned_ns(call(&history, worker, line));
        assert!(returned < last, "the gate opened before line {line} of {worker} had returned");
    }
    assert!(call(&history, "main", 0).called_ns < last, "the gate opened before the last call was made");
}

fn a_fault_may_wait_until_nothing_else_can_move() {
    let program = Program::new()
        .os_pipe("p")
        .main([write("p.w").after(blocked("a", "waits")).after(quiescence()).label("writes")])
        .process("a", [read("p.r").label("waits"), own(Call::Getpid)])
        .fault("a", Action::Stop, [blocked("a", "waits")])
        .fault("a", Action::Continue, [returned("main", "writes"), quiescence()]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    let [stopped, continued] = &history.faults[..] else { panic!("two faults, not {:?}", history.faults) };
    let (written, read) = (returned_ns(call(&history, "main", 0)), returned_ns(call(&history, "a", 0)));
    assert!(stopped.at_ns < written && written < continued.at_ns, "the order of the program");
    assert!(continued.at_ns < read, "a stopped worker reads nothing");
}

fn a_sleeper_is_waited_for() {
    let program = Program::new().os_pipe("p").main([read("p.r")]).process("a", [sleep(400), write("p.w")]);
    assert_eq!(history(&program).end, RunEnd::Completed);
}

fn a_worker_may_outlive_main() {
    let exit = own(Call::Exit { status: ExitStatus::Immediate(0) });
    let program = Program::new()
        .os_pipe("p")
        .main([exit.after(called("a", "nap"))])
        .process("a", [sleep(300).label("nap"), own(Call::Getpid)])
        .judge(Judge::OutlivesMain("a".into()));
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    assert_eq!(left(&history), Vec::<String>::new());
    assert_eq!(history.workers[1].end, WorkerEnd::Finished);
    let (main_ended_ns, _) = history.main_ended.expect("it has ended");
    assert!(history.workers[1].gone_ns.is_some_and(|gone_ns| gone_ns > main_ended_ns));
}

fn an_immediate_exit_is_an_end() {
    let program = Program::new().main([own(Call::Exit { status: ExitStatus::Immediate(5) })]);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    assert_eq!(history.workers[0].end, WorkerEnd::Finished);
    assert_eq!(history.main_ended.map(|(_, status)| status), Some(5));
}

fn who_reads_a_long_list_is_waited_for() {
    // So many steps that those who have read them sleep for a while until all begin together.
    let steps = || vec![own(Call::Getpid); 4_000];
    let program =
        Program::new().main(steps()).process("a", steps()).process("b", steps()).process("c", steps());
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    assert!(
        history.workers.iter().all(|worker| worker.calls.len() == 4_000 && worker.end == WorkerEnd::Finished)
    );
}

fn a_fault_may_come_later() {
    // Much later than it takes to see that nothing moves.
    let program = Program::new()
        .os_pipe("p")
        .main([own(Call::Getpid).after(gone("a"))])
        .process("a", [read("p.r").label("waits")])
        .kill("a", [called("a", "waits")])
        .later(400);
    let history = history(&program);
    assert_eq!(history.end, RunEnd::Completed);
    let [fired] = &history.faults[..] else { panic!("one fault, found {:?}", history.faults) };
    assert!(fired.at_ns >= call(&history, "a", 0).called_ns + 400_000_000);
    assert_eq!(history.workers[1].end, WorkerEnd::Died);
}

fn a_fault_that_comes_too_late_is_none() {
    let program = Program::new().main([]).process("a", [own(Call::Getpid).label("first")]);
    let program = program.kill("a", [called("a", "first")]).later(60_000);
    let history = history(&program);
    assert_eq!((history.end, history.faults), (RunEnd::Completed, vec![]));
}

/// A main worker that leaves at once and waits for nobody.
fn left_behind(lines: impl IntoIterator<Item = Line>, ms: u64) -> Program {
    let exit = own(Call::Exit { status: ExitStatus::Immediate(0) });
    Program::new()
        .os_pipe("p")
        .main([exit.after(called("a", "first"))])
        .process("a", lines)
        .judge(Judge::GoneWithMain("a".into(), ms))
}

fn who_is_to_go_with_main_is_waited_for() {
    // Nothing moves any more long before the time is over in which it is to be gone.
    const TIME_MS: u64 = 700;
    let program = left_behind([read("p.r").label("first")], TIME_MS);
    let mut session = session();
    let history = run(&mut session, &program).expect("adapter and program are sound");
    let (main_ended_ns, _) = history.main_ended.expect("it has ended");
    assert!(now_ns() >= main_ended_ns + TIME_MS * 1_000_000, "it was given up before");
    assert_eq!(history.workers[1].gone_ns, None);
    assert_eq!(left(&history).len(), 1, "{:?}", history.left);
    let verdict = judge(&program, &history, session.manifest());
    let Verdict::Fail(failure) = verdict else { panic!("it outlived main, and the verdict is {verdict:?}") };
    assert_eq!(failure.kind, FailureKind::Lifetime);
}

fn who_goes_with_main_passes() {
    let program = left_behind([sleep(200).label("first")], 60_000);
    let mut session = session();
    let history = run(&mut session, &program).expect("adapter and program are sound");
    assert_eq!(history.end, RunEnd::Completed);
    let (main_ended_ns, _) = history.main_ended.expect("it has ended");
    assert!(history.workers[1].gone_ns.is_some_and(|gone_ns| gone_ns > main_ended_ns));
    assert_eq!(judge(&program, &history, session.manifest()), Verdict::Pass);
}

fn a_run_that_goes_on_is_given_up() {
    // A stage that is busy moves all the time, and yet nothing happens.
    let stages = vec![["sh", "-c", "while :; do :; done"].map(String::from).into()];
    let program = Program::new().main([own(Call::Pipeline { stages, input: None })]);
    let options = RunOptions { deadline: Duration::from_millis(500), ..RunOptions::default() };
    let mut session = session();
    let history = session.run(&program, Method::Spawn, &options).expect("adapter and program are sound");
    assert_eq!(history.end, RunEnd::Deadline);
    assert_eq!(history.workers[0].end, WorkerEnd::Running);
    assert!(session.is_open(), "the adapter has done nothing wrong");
    let again = run(&mut session, &Program::new().main([own(Call::Getpid)]));
    assert_eq!(again.expect("it goes on").end, RunEnd::Completed);
}

fn descriptors_run_out() {
    let daemon = Worker { daemon: Some(true), ..worker("a") };
    let program = Program::new()
        .os_pipe("p")
        .main([own(Call::Getpid).after(ended("a"))])
        .role(daemon, [read("p.r").label("waits"), own(Call::Getpid)])
        .fault("a", Action::LimitDescriptors(2), [blocked("a", "waits")])
        .fault("a", Action::Kill, [blocked("a", "waits")]);
    let history = history(&program);
    let fired: Vec<usize> = history.faults.iter().map(|fired| fired.fault).collect();
    assert_eq!((history.end, fired), (RunEnd::Completed, vec![0, 1]));
}
