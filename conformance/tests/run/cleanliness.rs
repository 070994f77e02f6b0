//! What a run, a session and a suite leave behind: nothing, however they end.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use libtest_mimic::Trial;
use procession::history::RunEnd;
use procession::program::build::*;
use procession::program::{Line, Program};
use procession::run::{RunError, RunOptions, Session, SessionOptions, interrupt};
use procession_contract::{Call, Method};

use super::{command, history, left, run, session, trial};

/// The argument that makes this program a suite that shall be killed.
pub const ROLE: &str = "suite";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_process_left_behind_is_reported_and_swept", a_process_left_behind),
        trial("files_left_behind_are_reported", files_left_behind),
        trial("shared_memory_left_behind_is_reported", shared_memory_left_behind),
        trial("a_run_directory_can_be_kept", a_run_directory_can_be_kept),
        trial("strangers_are_refused", strangers_are_refused),
        trial("a_killed_suite_leaves_nothing", || a_suite_leaves_nothing(nix::sys::signal::SIGKILL)),
        trial("an_interrupted_suite_leaves_nothing", || a_suite_leaves_nothing(nix::sys::signal::SIGTERM)),
    ]
}

/// A line that runs a shell command.
fn shell(line: &str) -> Line {
    own(Call::Pipeline { stages: vec![["sh", "-c", line].map(String::from).into()], input: None })
}

fn is_there(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

fn a_process_left_behind() {
    // Its own session, as a daemon has: a process group's signals do not reach it.
    let stages = vec![["setsid", "sleep", "1000"].map(String::from).into()];
    let leave = own(Call::Pipeline { stages, input: Some("do not wait".into()) });
    let mut session = session();
    let history = run(&mut session, &Program::new().main([leave])).expect("adapter and program are sound");
    assert_eq!(history.end, RunEnd::Completed);
    let [left] = &left(&history)[..] else { panic!("one process, found {:?}", history.left) };
    let pid = left.strip_prefix("process ").and_then(|left| left.strip_suffix(" (sleep)"));
    assert!(!is_there(pid.expect("it says which process")), "it was not swept");
}

fn files_left_behind() {
    let make =
        shell("touch \"$TMPDIR/forgotten\"; touch \"$(dirname \"$(readlink /proc/self/fd/2)\")/mine\"");
    let history = history(&Program::new().main([make]));
    assert_eq!(left(&history), ["temporary file forgotten", "file mine in the run's directory"]);
}

fn shared_memory_left_behind() {
    let name = format!("/dev/shm/procession-test-{}", std::process::id());
    let history = history(&Program::new().main([shell(&format!("echo 1 > {name}"))]));
    // It is gone already if the session had shared memory of its own.
    let _ = std::fs::remove_file(&name);
    let expected = format!("shared memory {name}");
    assert!(history.left.contains(&expected), "{:?}", history.left);
}

fn a_run_directory_can_be_kept() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = RunOptions { keep_directory: Some(directory.path().into()), ..RunOptions::default() };
    let mut session = session();
    let program = Program::new().main([own(Call::Getpid)]);
    session.run(&program, Method::Spawn, &options).expect("adapter and program are sound");
    let history = std::fs::read(directory.path().join("run-1/main.history")).expect("it is kept");
    assert!(history.starts_with(&procession_contract::MAGIC));
}

fn strangers_are_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("socket");
    let tell = shell(&format!("echo $PROCESSION_SOCKET > {}", file.display()));
    let mut session = session();
    run(&mut session, &Program::new().main([tell])).expect("adapter and program are sound");
    let socket = PathBuf::from(std::fs::read_to_string(&file).expect("the worker wrote it").trim());
    let mut stranger = UnixStream::connect(&socket).expect("the session listens");
    let history = run(&mut session, &Program::new().main([own(Call::Getpid)]));
    assert_eq!(history.expect("a stranger disturbs nobody").end, RunEnd::Completed);
    assert_eq!(stranger.read(&mut [0; 8]).expect("it was closed in order"), 0);
    drop(session);
    assert!(!socket.parent().expect("a session has a directory").exists(), "the session's directory is left");
}

/// This program as a suite: a session whose program tells that it runs, and then goes on for ever.
pub fn suite(fifo: &str) -> ExitCode {
    interrupt::install().expect("a pipe can be made");
    let mut session = Session::open(&command(""), &SessionOptions::default()).expect("the adapter is sound");
    let tell = shell(&format!("echo $PROCESSION_SOCKET > {fifo}"));
    let program = Program::new().main([tell, sleep(3_600_000)]).process("a", [sleep(3_600_000)]);
    let result = run(&mut session, &program);
    drop(session);
    match (result, interrupt::requested()) {
        (Err(RunError::Interrupted), Some(signal)) => ExitCode::from(interrupt::exit_status(signal) as u8),
        (result, _) => panic!("only a signal ends it, found {result:?}"),
    }
}

fn a_suite_leaves_nothing(signal: nix::sys::signal::Signal) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let fifo = directory.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("it is new");
    // Every process below inherits this end, so it reads as ended when the last of them has.
    let (ends, held) = nix::unistd::pipe().expect("a descriptor is left");
    let mut suite = start_suite(&fifo);
    drop(held);
    let socket = std::fs::read_to_string(&fifo).expect("the program's main worker writes it");
    let below = below(suite.0.id());
    let pipe = std::fs::read_link(format!("/proc/self/fd/{}", ends.as_raw_fd())).expect("it is open");
    assert!(below.len() >= 4, "warden, adapter and two workers, found {below:?}");
    assert!(below.iter().all(|pid| holds(pid, &pipe)), "the pipe's end would say nothing of some");
    let pid = nix::unistd::Pid::from_raw(suite.0.id() as i32);
    nix::sys::signal::kill(pid, signal).expect("it is our child");
    let status = suite.0.wait().expect("it is our child");
    match signal {
        nix::sys::signal::SIGKILL => assert_eq!(status.signal(), Some(9)),
        _ => assert_eq!(status.code(), Some(143)),
    }
    let mut rest = Vec::new();
    std::fs::File::from(ends).read_to_end(&mut rest).expect("it is a pipe");
    let session = Path::new(socket.trim()).parent().expect("a session has a directory");
    assert!(!session.exists(), "{} is left", session.display());
}

fn start_suite(fifo: &Path) -> Suite {
    let mut command = Command::new("/proc/self/exe");
    command.arg(ROLE).arg(fifo).stdin(Stdio::null()).stdout(Stdio::null());
    Suite(command.spawn().expect("this program can be started again"))
}

fn below(pid: u32) -> Vec<String> {
    let children = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(children).unwrap_or_default();
    let direct: Vec<String> = children.split_whitespace().map(String::from).collect();
    let further = direct.iter().flat_map(|child| below(child.parse().expect("the kernel writes numbers")));
    direct.iter().cloned().chain(further).collect()
}

/// Whether the process holds an end of the pipe, or is gone by now.
fn holds(pid: &str, pipe: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(Path::new("/proc").join(pid).join("fd")) else { return true };
    let mut links = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok()).peekable();
    links.peek().is_none() || links.any(|link| link == *pipe)
}

/// A suite that is ended with the test, also when it fails.
struct Suite(Child);

impl Drop for Suite {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
