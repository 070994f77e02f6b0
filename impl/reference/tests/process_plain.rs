//! What only a plain program shows: the end of `main`, the death of a creator, starts before `main`.
//!
//! This file is a program without test harness: without a role in its environment it runs itself
//! once for every scene and compares what the processes have written.

use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use procession_reference::exit;
use procession_reference::process::{Process, parent_process};
use procession_reference::transfer::Descriptor;

const ROLE: &str = "PROCESSION_TEST_ROLE";

fn main() {
    if let Ok(role) = std::env::var(ROLE) {
        return play(&role);
    }
    if std::env::args().any(|argument| argument == "--list") {
        // nextest asks for names; there is one, and nothing is ignored.
        if !std::env::args().any(|argument| argument == "--ignored") {
            println!("scenes: test");
        }
        return;
    }
    main_waits_in_order();
    daemons_die_with_a_killed_creator();
    a_grandchild_sees_its_creator_killed();
    ignored_sigchld_hides_no_end();
    standard_streams();
    handled_signals_do_not_end_a_join();
    println!("test scenes ... ok");
}

fn command(role: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.env(ROLE, role).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn output(role: &str) -> String {
    let output = command(role).output().unwrap();
    assert!(output.status.success(), "{role}: {:?}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn play(role: &str) {
    match role {
        "order" => order(),
        "daemons" => daemons(),
        "killed" => killed(),
        "sigchld" => sigchld(),
        "streams" => streams(),
        "signals" => signals(),
        _ => panic!("no such role: {role}"),
    }
}

/// Handlers, daemonic children, the other children, late handlers: in this order, after `main`.
fn main_waits_in_order() {
    assert_eq!(output("order"), "main ends\nthread\nsecond\nfirst\ndaemon -15, plain None\nplain\nlate\n");
}

fn order() {
    let (reader, writer) = std::io::pipe().unwrap();
    let daemon = Process::new(wait_for_ever, ()).with_daemon(true);
    daemon.start().unwrap();
    let plain = Process::new(print_when_told, Descriptor::from(OwnedFd::from(reader)));
    plain.start().unwrap();
    exit::at_exit_after_children(|| println!("late"));
    exit::at_exit(|| println!("first"));
    exit::at_exit(|| println!("second"));
    // The daemon ends only by the termination that the end of `main` brings, and the plain child
    // only afterwards: this thread of its own tells it so.
    let watched = daemon.clone();
    std::thread::spawn(move || {
        watched.join().unwrap();
        println!("daemon {}, plain {:?}", watched.exitcode().unwrap().unwrap(), plain.exitcode().unwrap());
        std::io::Write::write_all(&mut &writer, b".").unwrap();
    });
    let (ends, ended) = std::sync::mpsc::channel();
    exit::thread(move || {
        ended.recv().unwrap();
        println!("thread");
    })
    .unwrap();
    println!("main ends");
    ends.send(()).unwrap();
}

fn print_when_told(told: Descriptor) {
    std::fs::File::from(told.into_inner()).read_exact(&mut [0]).unwrap();
    println!("plain");
}

fn wait_for_ever((): ()) {
    loop {
        std::thread::park();
    }
}

/// The daemonic child and the fork server's daemonic child hold the only writing ends of the
/// output, apart from the creator: the output ends when all of them have.
fn daemons_die_with_a_killed_creator() {
    let mut creator = command("daemons").spawn().unwrap();
    let mut lines = BufReader::new(creator.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "started\n");
    creator.kill().unwrap();
    creator.wait().unwrap();
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

fn daemons() {
    use procession_reference::context::Method;
    for method in [Method::Spawn, Method::ForkServer, Method::Fork] {
        // From a thread that ends: the tie is to the process.
        std::thread::spawn(move || {
            Process::new(wait_for_ever, ()).with_method(method).with_daemon(true).start().unwrap();
        })
        .join()
        .unwrap();
    }
    println!("started");
    wait_for_ever(());
}

fn a_grandchild_sees_its_creator_killed() {
    assert_eq!(output("killed"), "alive true\nalive false\n");
}

fn killed() {
    let (ready, tell) = std::io::pipe().unwrap();
    let (ended, alive) = std::io::pipe().unwrap();
    let args = (Descriptor::from(OwnedFd::from(tell)), Descriptor::from(OwnedFd::from(alive)));
    let child = Process::new(
        |(tell, alive): (Descriptor, Descriptor)| {
            let grandchild = Process::new(watch_creator, (tell, alive));
            grandchild.start().unwrap();
            wait_for_ever(())
        },
        args,
    );
    child.start().unwrap();
    (&ready).read_exact(&mut [0]).unwrap();
    child.kill().unwrap();
    child.join().unwrap();
    assert_eq!(child.exitcode().unwrap(), Some(-9));
    // The end of the stream: the grandchild has ended too.
    (&ended).read_to_end(&mut Vec::new()).unwrap();
}

fn watch_creator((tell, _alive): (Descriptor, Descriptor)) {
    let creator = parent_process().unwrap();
    println!("alive {}", creator.is_alive().unwrap());
    std::io::Write::write_all(&mut std::fs::File::from(tell.into_inner()), b".").unwrap();
    creator.join().unwrap();
    println!("alive {}", creator.is_alive().unwrap());
}

/// The status goes to nobody, but the end is seen, and the code as well where the kernel keeps it.
fn ignored_sigchld_hides_no_end() {
    assert!(matches!(output("sigchld").as_str(), "known\n" | "unknown\n"));
}

fn sigchld() {
    use nix::sys::signal::{SigHandler, Signal};
    use procession_reference::process::{Exit, active_children};
    dispose(Signal::SIGCHLD, SigHandler::SigIgn);
    let mut exits = Vec::new();
    for _ in 0..20 {
        let child = Process::new(|code: i64| -> () { exit::exit(code) }, 5);
        child.start().unwrap();
        child.join().unwrap();
        exits.push(child.exit().unwrap().unwrap());
        assert!(!child.is_alive().unwrap() && active_children().is_empty());
        child.close().unwrap();
    }
    let known = exits.iter().all(|exit| *exit == Exit::Code(5));
    assert!(known || exits.contains(&Exit::Unknown), "{exits:?}");
    println!("{}", if known { "known" } else { "unknown" });
}

#[allow(unsafe_code, reason = "signal dispositions")]
fn dispose(signal: nix::sys::signal::Signal, handler: nix::sys::signal::SigHandler) {
    // SAFETY: the handlers here run no code, or add to an atomic.
    unsafe { nix::sys::signal::signal(signal, handler) }.unwrap();
}

/// A report begins with the process's name, input is empty, and buffered output is written.
fn standard_streams() {
    let output = command("streams").stderr(Stdio::piped()).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "0 bytes of input, no newline");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.starts_with("Process the failing:\n"), "{errors}");
    assert!(errors.contains("as planned"), "{errors}");
}

fn streams() {
    let child = Process::new(
        |(): ()| {
            let read = std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
            print!("{read} bytes of input, no newline");
        },
        (),
    );
    child.start().unwrap();
    child.join().unwrap();
    let failing = Process::new(|(): ()| -> () { panic!("as planned") }, ()).with_name("the failing");
    failing.start().unwrap();
    failing.join().unwrap();
    assert_eq!(failing.exitcode().unwrap(), Some(1));
}

fn handled_signals_do_not_end_a_join() {
    assert_eq!(output("signals"), "joined after 3 signals or more: Some(0)\n");
}

static HANDLED: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_: i32) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

fn signals() {
    use nix::sys::signal::{SigHandler, Signal};
    dispose(Signal::SIGUSR1, SigHandler::Handler(count));
    let (reader, writer) = std::io::pipe().unwrap();
    let child = Process::new(print_nothing_when_told, Descriptor::from(OwnedFd::from(reader)));
    child.start().unwrap();
    let joiner = nix::unistd::gettid();
    let helper = std::thread::spawn(move || {
        while HANDLED.load(Ordering::Relaxed) < 3 {
            poke(joiner.as_raw(), libc::SIGUSR1);
            std::thread::yield_now();
        }
        std::io::Write::write_all(&mut &writer, b".").unwrap();
    });
    child.join().unwrap();
    helper.join().unwrap();
    assert!(HANDLED.load(Ordering::Relaxed) >= 3);
    println!("joined after 3 signals or more: {:?}", child.exitcode().unwrap());
}

#[allow(unsafe_code, reason = "a signal to one thread")]
fn poke(thread: i32, signal: i32) {
    // SAFETY: takes no pointers.
    assert_eq!(unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), thread, signal) }, 0);
}

fn print_nothing_when_told(told: Descriptor) {
    std::fs::File::from(told.into_inner()).read_exact(&mut [0]).unwrap();
}
