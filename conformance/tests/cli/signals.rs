//! Ctrl-C, and a command that is killed: nothing is left running.

use std::fs;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use libtest_mimic::Trial;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, pipe};

use super::{adapter, directory, fake, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("sigint_ends_a_check_with_130", || ends(Signal::SIGINT)),
        trial("sigterm_ends_a_check_with_143", || ends(Signal::SIGTERM)),
        trial("sigkill_of_a_check_leaves_nothing", || ends(Signal::SIGKILL)),
        trial("children_of_an_adapter_go_with_it", children_go),
        trial("an_orphan_would_be_seen", an_orphan_would_be_seen),
    ]
}

/// Long enough for any machine: who is still there then stays for ever.
const FOR_EVER: u16 = 60_000;

/// A pipe whose writing end every process inherits that is started while it is open here, and they hand
/// it on: it reads as ended when the last of them has, wherever it has gone.
struct Descendants {
    reads: OwnedFd,
    writes: Option<OwnedFd>,
    /// What its descriptors are called in `/proc`.
    name: PathBuf,
}

impl Descendants {
    fn new() -> Descendants {
        // Not closed on exec.
        let (reads, writes) = pipe().expect("a descriptor is left");
        let name = fs::read_link(format!("/proc/self/fd/{}", reads.as_raw_fd())).expect("it is open");
        Descendants { reads, writes: Some(writes), name }
    }

    /// Starts the first of them.
    fn start(&mut self, command: &mut Command) -> Running {
        let child = command.spawn().expect("it can be started");
        self.writes = None;
        Running(child)
    }

    /// Whether a process is one of them.
    fn have(&self, pid: i32) -> bool {
        let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("it is there");
        let mut links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        links.any(|link| link == self.name)
    }

    /// Whether all of them are gone, within so many milliseconds.
    fn are_gone(&self, within_ms: u16) -> bool {
        let mut ends = [PollFd::new(self.reads.as_fd(), PollFlags::POLLIN)];
        poll(&mut ends, PollTimeout::from(within_ms)).expect("a pipe can be waited for") > 0
    }
}

/// The command with this adapter.
fn check(adapter: &str, report: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_procession"));
    command.args(["check", adapter, "--clause", "queue/fifo-per-producer", "--report"]).arg(report);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn fifo(directory: &Path) -> PathBuf {
    let fifo = directory.join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("it is new");
    fifo
}

fn ends(signal: Signal) {
    let directory = directory();
    let fifo = fifo(directory.path());
    let adapter = adapter(fake::ROLE, &format!("tells {}", fifo.display()));
    let mut descendants = Descendants::new();
    let mut running = descendants.start(&mut check(&adapter, &directory.path().join("report")));
    // Blocks until the adapter is told to run the program, which then never ends.
    let socket = fs::read_to_string(&fifo).expect("the adapter writes it");
    let below = below(running.0.id());
    assert!(below.len() >= 2, "warden and adapter, found {below:?}");
    assert!(below.iter().all(|pid| descendants.have(*pid)), "the pipe would say nothing of some");
    kill(Pid::from_raw(running.0.id() as i32), signal).expect("it is our child");
    let mut said = String::new();
    running.0.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
    let status = running.0.wait().expect("it is our child");
    match signal {
        Signal::SIGKILL => assert_eq!(status.signal(), Some(9)),
        signal => {
            assert_eq!(status.code(), Some(128 + signal as i32), "{said}");
            assert_eq!(said, "procession: interrupted; nothing of the run is left\n");
        }
    }
    assert!(descendants.are_gone(FOR_EVER), "of {below:?} some are left");
    let session = Path::new(socket.trim()).parent().expect("a session has a directory");
    assert!(!session.exists(), "{} is left", session.display());
}

fn children_go() {
    let directory = directory();
    let fifo = fifo(directory.path());
    let adapter = adapter(fake::ROLE, &format!("leaves {}", fifo.display()));
    let mut descendants = Descendants::new();
    let mut running = descendants.start(&mut check(&adapter, &directory.path().join("report")));
    // The adapter tells of the child that it will leave, and waits until it is told to end.
    let orphan = fs::read_to_string(&fifo).expect("the adapter writes it").trim().parse().expect("a pid");
    assert!(descendants.have(orphan), "the pipe would say nothing of the orphan");
    fs::write(&fifo, "end").expect("the adapter reads it");
    let mut said = String::new();
    running.0.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
    assert_eq!(running.0.wait().expect("it is our child").code(), Some(3), "{said}");
    assert!(descendants.are_gone(FOR_EVER), "the orphan {orphan} is left");
}

fn an_orphan_would_be_seen() {
    let mut descendants = Descendants::new();
    // Nobody's child in the end, and in a session of its own.
    let line = "setsid sleep 1000 <&- >&- 2>&- & echo $!";
    let mut shell = Command::new("sh");
    let mut running = descendants.start(shell.args(["-c", line]).stdout(Stdio::piped()));
    let mut said = String::new();
    running.0.stdout.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
    assert!(running.0.wait().expect("it is our child").success());
    let orphan: i32 = said.trim().parse().expect("a pid");
    assert!(descendants.have(orphan) && !descendants.are_gone(0), "the orphan {orphan} is not seen");
    kill(Pid::from_raw(orphan), Signal::SIGKILL).expect("it is ours");
    assert!(descendants.are_gone(FOR_EVER), "the orphan {orphan} is left");
}

fn below(pid: u32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let direct: Vec<i32> = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    let further = direct.iter().flat_map(|child| below(*child as u32));
    direct.iter().copied().chain(further).collect()
}

/// A command that is ended with the test, also when it fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
