//! What becomes of the blocks of a program that ends without removing them, in whatever way.
//!
//! This file is a program without test harness: with a role in its environment it is another program,
//! with a family and a tracker of its own. The tracker has the program's standard error, so that the end
//! of that stream is the end of the tracker.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};

use procession_reference::context::Method;
use procession_reference::process::Process;
use procession_reference::shared_memory::{BlockOptions, SharedMemory};
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
    a_killed_program_leaves_only_what_it_handed_on();
    a_program_that_ends_well_is_cleaned_up_after_too();
    a_block_lives_as_long_as_the_family();
    who_only_attaches_removes_nothing();
    a_killed_tracker_is_replaced();
    the_tracker_is_nobody_s_child();
    println!("test scenes ... ok");
}

fn play(role: &str) {
    match role {
        "creator" => creator(),
        "leaver" => println!("{}", SharedMemory::create_unnamed(1).unwrap().name()),
        "family" => family(),
        "attacher" => attacher(),
        "tracker" => tracker(),
        "child" => child(),
        _ => panic!("no such role: {role}"),
    }
}

/// Another program, and what it writes.
struct Program {
    process: Child,
    input: ChildStdin,
    lines: BufReader<std::process::ChildStdout>,
    errors: ChildStderr,
}

impl Program {
    fn start(role: &str) -> Program {
        let mut command = Command::new("/proc/self/exe");
        command.env(ROLE, role).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let input = process.stdin.take().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        let errors = process.stderr.take().unwrap();
        Program { process, input, lines, errors }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "it ended early");
        line.trim_end().to_owned()
    }

    fn tell(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the family and its tracker have ended; what they wrote to standard error.
    fn end(mut self, kill: bool) -> String {
        if kill {
            self.process.kill().unwrap();
        }
        drop(self.input);
        let status = self.process.wait().unwrap();
        assert!(kill || status.success(), "{status}");
        let mut text = String::new();
        self.errors.read_to_string(&mut text).unwrap();
        text
    }
}

fn exists(name: &str) -> bool {
    std::path::Path::new(&format!("/dev/shm/{name}")).exists()
}

fn wait_for_input() {
    let _ = std::io::stdin().read_exact(&mut [0]);
}

fn a_killed_program_leaves_only_what_it_handed_on() {
    let mut program = Program::start("creator");
    let [plain, of_child, of_fork, of_server, untracked, kept, replaced] =
        std::array::from_fn(|_| program.line());
    // Somebody else removes one and creates another under its name.
    SharedMemory::remove(&replaced).unwrap();
    let ours = SharedMemory::create(&replaced, 1).unwrap();
    let errors = program.end(true);
    for gone in [&plain, &of_child, &of_fork, &of_server] {
        assert!(!exists(gone), "{gone} is left");
        assert!(errors.contains(gone.as_str()), "no warning of {gone}: {errors}");
    }
    for there in [&untracked, &kept, &replaced] {
        assert!(exists(there), "{there} is gone");
        assert!(!errors.contains(there.as_str()), "{errors}");
        SharedMemory::remove(there).unwrap();
    }
    drop(ours);
}

fn creator() {
    let block = SharedMemory::create_unnamed(100).unwrap();
    println!("{}", block.name());
    for method in [Method::Spawn, Method::Fork, Method::ForkServer] {
        let child = Process::new(|()| println!("{}", SharedMemory::create_unnamed(1).unwrap().name()), ());
        let child = child.with_method(method);
        child.start().unwrap();
        child.join().unwrap();
        assert_eq!(child.exitcode().unwrap(), Some(0));
    }
    let untracked = BlockOptions { size: 1, tracked: false, ..BlockOptions::default() };
    println!("{}", SharedMemory::with_options(untracked).unwrap().name());
    let kept = SharedMemory::create_unnamed(1).unwrap();
    kept.keep();
    println!("{}", kept.name());
    println!("{}", SharedMemory::create_unnamed(1).unwrap().name());
    let unlinked = SharedMemory::create_unnamed(1).unwrap();
    unlinked.unlink().unwrap();
    wait_for_input();
}

fn a_program_that_ends_well_is_cleaned_up_after_too() {
    let mut program = Program::start("leaver");
    let name = program.line();
    let errors = program.end(false);
    assert!(!exists(&name) && errors.contains(&name), "{errors}");
}

/// The creator's child goes on, and so does the block.
fn a_block_lives_as_long_as_the_family() {
    let mut program = Program::start("family");
    let name = program.line();
    program.process.kill().unwrap();
    program.process.wait().unwrap();
    assert!(exists(&name), "the creator's child is alive");
    program.tell(".");
    let mut errors = String::new();
    program.errors.read_to_string(&mut errors).unwrap();
    assert!(!exists(&name) && errors.contains(&name), "{errors}");
}

fn family() {
    let told = nix::unistd::dup(std::io::stdin()).unwrap();
    let child = Process::new(
        |(name, told): (String, Descriptor)| {
            println!("{name}");
            let _ = std::fs::File::from(told.into_inner()).read_exact(&mut [0]);
        },
        (SharedMemory::create_unnamed(1).unwrap().name().to_owned(), Descriptor::from(told)),
    );
    child.start().unwrap();
    child.join().unwrap();
}

fn who_only_attaches_removes_nothing() {
    let block = SharedMemory::create_unnamed(3).unwrap();
    for kill in [false, true] {
        let mut program = Program::start("attacher");
        program.tell(&format!("{}\n", block.name()));
        assert_eq!(program.line(), "attached");
        assert_eq!(program.end(kill), "");
        assert!(exists(block.name()));
    }
    block.unlink().unwrap();
}

fn attacher() {
    let mut name = String::new();
    std::io::stdin().read_line(&mut name).unwrap();
    let block = SharedMemory::attach(name.trim_end()).unwrap();
    block.write(0, b"abc").unwrap();
    println!("attached");
    wait_for_input();
}

fn a_killed_tracker_is_replaced() {
    let mut program = Program::start("tracker");
    let [first, second] = std::array::from_fn(|_| program.line());
    let errors = program.end(true);
    for gone in [&first, &second] {
        assert!(!exists(gone) && errors.contains(gone.as_str()), "{errors}");
    }
}

fn tracker() {
    println!("{}", SharedMemory::create_unnamed(1).unwrap().name());
    let pid = tracker_of_this_program();
    // It does not listen to what is meant for the program.
    for signal in ["INT", "TERM", "HUP", "QUIT"] {
        signal_to(pid, signal);
    }
    assert_eq!(tracker_of_this_program(), pid);
    signal_to(pid, "KILL");
    while std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "shm-tracker\n") {
        std::thread::yield_now();
    }
    println!("{}", SharedMemory::create_unnamed(1).unwrap().name());
    wait_for_input();
}

fn signal_to(pid: i32, signal: &str) {
    let signal = format!("SIG{signal}").parse::<nix::sys::signal::Signal>().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).unwrap();
}

/// The process of that name that reads a pipe of ours.
fn tracker_of_this_program() -> i32 {
    let links = |pid: &str| -> Vec<String> {
        let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
        let links = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        links.map(|link| link.display().to_string()).filter(|link| link.starts_with("pipe:")).collect()
    };
    let ours = links("self");
    for entry in std::fs::read_dir("/proc").unwrap() {
        let pid = entry.unwrap().file_name().to_string_lossy().into_owned();
        let named =
            std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it == "shm-tracker\n");
        // The standard streams are pipes too, and the tracker has standard error.
        if named && links(&pid).iter().filter(|link| ours.contains(link)).count() >= 2 {
            return pid.parse().unwrap();
        }
    }
    panic!("this program has no tracker")
}

fn the_tracker_is_nobody_s_child() {
    let mut program = Program::start("child");
    assert_eq!(program.line(), "ECHILD");
    program.end(true);
}

fn child() {
    let block = SharedMemory::create_unnamed(1).unwrap();
    let waited = nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
    println!("{}", waited.map_or_else(|errno| format!("{errno:?}"), |status| format!("{status:?}")));
    block.unlink().unwrap();
    wait_for_input();
}
