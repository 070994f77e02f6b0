//! The life of a process object under every start method: states, exit codes, usage errors.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::time::Duration;

use procession_reference::context::{Context, Method};
use procession_reference::exit;
use procession_reference::process::{
    CloseError, JoinError, Process, QueryError, SetDaemonError, SignalError, StartError, active_children,
    cpu_count, current_process, parent_process,
};
use procession_reference::transfer::Descriptor;
use rstest::rstest;

fn pipe() -> (PipeReader, PipeWriter) {
    std::io::pipe().unwrap()
}

fn end(end: impl Into<OwnedFd>) -> Descriptor {
    Descriptor::from(end.into())
}

fn say(to: Descriptor, text: &str) {
    File::from(to.into_inner()).write_all(text.as_bytes()).unwrap();
}

/// Blocks until a byte comes. The end of the stream would not do: under fork the child itself has a
/// copy of the other end.
fn block(on: Descriptor) {
    File::from(on.into_inner()).read_exact(&mut [0]).unwrap();
}

fn release(mut held: PipeWriter) {
    held.write_all(b".").unwrap();
}

fn text(mut from: PipeReader) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).unwrap();
    text
}

/// A child that blocks until it is released.
fn blocked(method: Method) -> (Process, PipeWriter) {
    let (reader, writer) = pipe();
    let child = Context::from(method).process(block, end(reader));
    child.start().unwrap();
    (child, writer)
}

/// Under fork a child has a copy of every descriptor, also of those by which other tests of this
/// program hold back their children: one such test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[rstest]
fn the_target_runs_in_a_new_process_with_its_arguments(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    let _alone = alone();
    let (reader, writer) = pipe();
    fn body((to, name, numbers): (Descriptor, String, Vec<u64>)) {
        let me = current_process();
        let creator = parent_process().unwrap();
        let method = procession_reference::context::start_method();
        let line = format!(
            "{} {} {name} {numbers:?} {} {} {method} {}",
            std::process::id(),
            me.pid().unwrap().unwrap(),
            creator.pid(),
            creator.name(),
            me.name()
        );
        say(to, &line);
    }
    let child = Context::from(method)
        .process(body, (end(writer), "argument".to_string(), vec![1, 2, u64::MAX]))
        .with_name("the child");
    assert_eq!(child.pid().unwrap(), None);
    child.start().unwrap();
    let pid = child.pid().unwrap().unwrap();
    let mine = std::process::id();
    assert_ne!(pid as u32, mine);
    assert_eq!(
        text(reader),
        format!("{pid} {pid} argument [1, 2, {}] {mine} MainProcess {method} the child", u64::MAX)
    );
    child.join().unwrap();
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

#[rstest]
fn states_follow_the_life_of_the_process(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    let _alone = alone();
    let (reader, writer) = pipe();
    let child = Context::from(method).process(block, end(reader));
    assert!(!child.is_alive().unwrap());
    assert_eq!(child.exitcode().unwrap(), None);
    assert!(matches!(child.join(), Err(JoinError::NotStarted)));
    assert!(matches!(child.terminate(), Err(SignalError::NotStarted)));
    assert!(matches!(child.sentinel(), Err(QueryError::NotStarted)));
    let listed = || active_children().iter().any(|other| other.name() == child.name());
    child.set_name(format!("state of {method}"));
    assert!(!listed());
    assert!(child.to_string().contains("initial"), "{child}");

    child.start().unwrap();
    assert!(matches!(child.start(), Err(StartError::AlreadyStarted)));
    assert!(matches!(child.set_daemon(true), Err(SetDaemonError::AlreadyStarted)));
    assert!(matches!(child.close(), Err(CloseError::StillRunning)));
    assert!(child.is_alive().unwrap() && listed());
    assert_eq!(child.exitcode().unwrap(), None);
    assert!(!child.join_timeout(Duration::ZERO).unwrap());
    assert!(!child.join_timeout_ms(-1).unwrap());
    assert!(!child.join_timeout_ms(20).unwrap());
    assert!(child.to_string().contains("started"), "{child}");

    release(writer);
    for _ in 0..3 {
        child.join().unwrap();
        assert_eq!(child.exitcode().unwrap(), Some(0));
    }
    assert!(!child.is_alive().unwrap() && !listed());
    assert!(child.to_string().contains("stopped exitcode=0"), "{child}");
    child.terminate().unwrap();
    child.kill().unwrap();
    assert_eq!(child.exitcode().unwrap(), Some(0));

    child.close().unwrap();
    child.close().unwrap();
    assert!(matches!(child.is_alive(), Err(QueryError::Closed)));
    assert!(matches!(child.join(), Err(JoinError::Closed)));
    assert!(matches!(child.start(), Err(StartError::Closed)));
    assert!(matches!(child.terminate(), Err(SignalError::Closed)));
    assert!(matches!(child.kill(), Err(SignalError::Closed)));
    assert!(matches!(child.pid(), Err(QueryError::Closed)));
    assert!(matches!(child.exitcode(), Err(QueryError::Closed)));
    assert!(matches!(child.sentinel(), Err(QueryError::Closed)));
    assert!(child.to_string().contains("closed"), "{child}");
    assert!(!child.daemon());
}

#[rstest]
fn exit_codes(#[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method) {
    let _alone = alone();
    let context = Context::from(method);
    let raise = |signal: i32| nix::sys::signal::raise(signal.try_into().unwrap()).unwrap();
    let cases: Vec<(Process, i32)> = vec![
        (context.process(|(): ()| 5, ()), 0),
        (context.process(|(): ()| -> Option<i32> { None }, ()), 0),
        (context.process(|code: i64| exit::exit(code), 8), 8),
        (context.process(|code: i64| exit::exit(code), 300), 44),
        (context.process(|code: i64| exit::exit(code), -1), 255),
        (context.process(|(): ()| exit::exit(()), ()), 0),
        (context.process(|code: bool| exit::exit(code), true), 1),
        (context.process(|code: bool| exit::exit(code), false), 0),
        (context.process(|text: String| exit::exit(text), "[1, 2]".into()), 1),
        (context.process(|(): ()| -> Result<(), String> { Err("not today".into()) }, ()), 1),
        (context.process(|(): ()| panic!("escapes"), ()), 1),
        (context.process(|code: i32| std::process::exit(code), 7), 7),
        (context.process(raise, libc::SIGTERM), -libc::SIGTERM),
        (context.process(raise, libc::SIGKILL), -libc::SIGKILL),
        (context.process(raise, libc::SIGSEGV), -libc::SIGSEGV),
        (context.process(raise, libc::SIGUSR1), -libc::SIGUSR1),
        (Process::empty().with_method(method), 0),
    ];
    for (child, _) in &cases {
        child.start().unwrap();
    }
    for (index, (child, expected)) in cases.iter().enumerate() {
        child.join().unwrap();
        assert_eq!(child.exitcode().unwrap(), Some(*expected), "case {index} under {method}: {child}");
    }
}

#[rstest]
fn terminate_and_kill_reach_the_process(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    let _alone = alone();
    let (child, _held) = blocked(method);
    child.terminate().unwrap();
    child.join().unwrap();
    assert_eq!(child.exitcode().unwrap(), Some(-15));
    assert!(child.to_string().contains("exitcode=-SIGTERM"), "{child}");

    let (child, _held) = blocked(method);
    child.kill().unwrap();
    child.join().unwrap();
    assert_eq!(child.exitcode().unwrap(), Some(-9));
}

#[rstest]
fn a_hundred_short_and_a_hundred_killed(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    let _alone = alone();
    let short: Vec<Process> =
        (0..100).map(|code: i64| Context::from(method).process(|code: i64| exit::exit(code), code)).collect();
    for child in &short {
        child.start().unwrap();
    }
    let (reader, _held) = pipe();
    let killed: Vec<Process> =
        (0..100).map(|_| Context::from(method).process(block, end(reader.try_clone().unwrap()))).collect();
    for child in &killed {
        child.start().unwrap();
        child.terminate().unwrap();
    }
    for (code, child) in short.iter().enumerate() {
        child.join().unwrap();
        assert_eq!(child.exitcode().unwrap(), Some(code as i32));
    }
    for child in &killed {
        child.join().unwrap();
        assert_eq!(child.exitcode().unwrap(), Some(-15));
    }
}

#[rstest]
fn the_sentinel_turns_readable_and_stays_so(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;
    let _alone = alone();
    let (child, held) = blocked(method);
    let sentinel = child.sentinel().unwrap();
    let ready = |timeout: PollTimeout| {
        poll(&mut [PollFd::new(sentinel.as_fd(), PollFlags::POLLIN)], timeout).unwrap()
    };
    assert_eq!(ready(PollTimeout::ZERO), 0);
    release(held);
    assert_eq!(ready(PollTimeout::NONE), 1);
    child.join().unwrap();
    assert_eq!(ready(PollTimeout::ZERO), 1);
}

#[test]
fn a_started_object_belongs_to_its_creator() {
    let _alone = alone();
    let never = Process::empty();
    let (running, held) = blocked(Method::Spawn);
    let (reader, writer) = pipe();
    let (inner, others) = (never.clone(), running.clone());
    let child = Process::forked(move || {
        let refusals = [
            matches!(inner.start(), Err(StartError::NotCreator)),
            matches!(others.join(), Err(JoinError::NotCreator)),
            matches!(others.is_alive(), Err(QueryError::NotCreator)),
            matches!(others.kill(), Err(SignalError::NotCreator)),
            active_children().is_empty(),
        ];
        say(end(writer), &format!("{refusals:?}"));
    });
    child.start().unwrap();
    assert_eq!(text(reader), "[true, true, true, true, true]");
    child.join().unwrap();
    assert!(matches!(current_process().join(), Err(JoinError::NotCreator)));
    release(held);
    running.join().unwrap();
    assert_eq!(running.exitcode().unwrap(), Some(0));
}

#[test]
fn the_main_process_is_described() {
    let me = current_process();
    assert_eq!(me.name(), "MainProcess");
    assert!(me.is_alive().unwrap() && !me.daemon());
    assert_eq!(me.exitcode().unwrap(), None);
    assert_eq!(me.pid().unwrap(), Some(std::process::id() as i32));
    assert!(parent_process().is_none());
    assert!(matches!(me.start(), Err(StartError::AlreadyStarted)));
    assert_eq!(me.authkey().as_bytes().len(), 32);
    assert!(cpu_count() >= 1);
}

#[test]
fn many_threads_collecting_lose_no_exit_code() {
    let _alone = alone();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    active_children();
                }
            });
        }
        for code in 0..100 {
            let child = Process::new(|code: i64| exit::exit(code), code);
            child.start().unwrap();
            child.join().unwrap();
            assert!(!child.is_alive().unwrap());
            assert_eq!(child.exitcode().unwrap(), Some(code as i32));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn names_are_labels_with_a_hierarchical_default() {
    let _alone = alone();
    let (reader, writer) = pipe();
    let child = Process::new(
        |to: Descriptor| {
            let (one, two) = (Process::empty(), Process::empty());
            say(to, &format!("{}\n{}\n{}", current_process().name(), one.name(), two.name()));
        },
        end(writer),
    );
    let name = child.name();
    assert!(name.starts_with("Process-"));
    child.start().unwrap();
    assert_eq!(text(reader), format!("{name}\n{name}:1\n{name}:2"));
    child.join().unwrap();
    let twin = Process::empty().with_name(name.clone());
    twin.set_name("");
    assert_eq!(twin.name(), "");
}
