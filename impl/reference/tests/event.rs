//! Events between processes: who sees them set, and whom the dead do not hold up.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use procession_reference::context::{Context, Method};
use procession_reference::{Event, Process};
use rstest::rstest;

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

#[track_caller]
fn ends_well(child: &Process) {
    assert!(child.join_timeout(LONG).unwrap(), "the child hangs");
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

#[test]
fn it_is_set_until_it_is_cleared() {
    let event = Event::new().unwrap();
    assert!(!event.is_set());
    event.clear();
    assert!(!event.wait_timeout(Duration::ZERO));
    let began = Instant::now();
    assert!(!event.wait_timeout(Duration::from_millis(30)));
    assert!(began.elapsed() >= Duration::from_millis(30));
    for _ in 0..2 {
        event.set();
        assert!(event.is_set() && event.wait_timeout(Duration::ZERO));
        event.wait();
    }
    let other = Event::from_descriptor(event.to_descriptor().unwrap()).unwrap();
    assert!(other.is_set());
    other.clear();
    assert!(!event.is_set());
}

#[rstest]
fn everybody_who_waits_is_woken(#[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method) {
    let event = Event::new().unwrap();
    let body = |event: Event| assert!(event.wait_timeout(LONG));
    let children: Vec<_> = (0..3).map(|_| Context::from(method).process(body, event.clone())).collect();
    children.iter().for_each(|child| child.start().unwrap());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert!(event.wait_timeout(LONG)));
        }
        event.set();
    });
    children.iter().for_each(ends_well);
}

#[test]
fn a_waiter_sees_an_event_that_was_set_and_cleared_at_once() {
    fn body((event, here): (Event, Event)) {
        here.set();
        assert!(event.wait_timeout(LONG));
    }
    let (event, here) = (Event::new().unwrap(), Event::new().unwrap());
    let child = Context::from(Method::Spawn).process(body, (event.clone(), here.clone()));
    child.start().unwrap();
    assert!(here.wait_timeout(LONG));
    let pid = child.pid().unwrap().unwrap();
    // It sleeps: in its wait, since it has nothing else to wait for.
    while !std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap().starts_with("202 ") {
        thread::yield_now();
    }
    event.set();
    event.clear();
    ends_well(&child);
    assert!(!event.is_set());
}

#[test]
fn a_waiter_that_was_killed_holds_nobody_up() {
    let event = Event::new().unwrap();
    let child = Context::from(Method::Spawn).process(|event: Event| event.wait(), event.clone());
    child.start().unwrap();
    child.kill().unwrap();
    child.join().unwrap();
    event.set();
    assert!(event.is_set() && event.wait_timeout(Duration::ZERO));
    event.clear();
    assert!(!event.is_set());
}

#[test]
fn it_may_be_set_by_a_signal_in_the_thread_that_waits() {
    use std::sync::OnceLock;
    static EVENT: OnceLock<Event> = OnceLock::new();
    extern "C" fn set(_: i32) {
        if let Some(event) = EVENT.get() {
            event.set();
        }
    }
    let event = EVENT.get_or_init(|| Event::new().unwrap());
    let action = SigAction::new(SigHandler::Handler(set), SaFlags::empty(), SigSet::empty());
    #[expect(unsafe_code, reason = "signal handlers are")]
    // SAFETY: the function loads an initialised static and sets the event, which is safe there.
    unsafe { sigaction(Signal::SIGUSR2, &action) }.unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let waiter = thread::spawn(move || {
        sender.send(this_thread()).unwrap();
        event.wait_timeout(LONG)
    });
    signal_thread(receiver.recv().unwrap(), Signal::SIGUSR2);
    assert!(waiter.join().unwrap());
    event.clear();
    raise(Signal::SIGUSR2).unwrap();
    assert!(event.is_set());
}

fn this_thread() -> i32 {
    nix::unistd::gettid().as_raw()
}

#[expect(unsafe_code, reason = "there is no other call that signals one thread")]
fn signal_thread(thread: i32, signal: Signal) {
    // SAFETY: three numbers; a thread that has ended is not found.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal as i32) };
}
