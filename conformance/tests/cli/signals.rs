//! Ctrl-C, and a command that is killed: nothing is left running.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use libtest_mimic::Trial;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{adapter, directory, fake, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("sigint_ends_a_check_with_130", || ends(Signal::SIGINT)),
        trial("sigterm_ends_a_check_with_143", || ends(Signal::SIGTERM)),
        trial("sigkill_of_a_check_leaves_nothing", || ends(Signal::SIGKILL)),
        trial("children_of_an_adapter_go_with_it", children_go),
    ]
}

/// The command with this adapter; every process below it holds the end of a pipe that is standard error.
fn start(adapter: &str, report: &Path) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_procession"));
    command.args(["check", adapter, "--clause", "queue/fifo-per-producer", "--report"]).arg(report);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    Running(command.spawn().expect("the command can be started"))
}

fn ends(signal: Signal) {
    let directory = directory();
    let fifo = directory.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("it is new");
    let adapter = adapter(fake::ROLE, &format!("tells {}", fifo.display()));
    let mut running = start(&adapter, &directory.path().join("report"));
    // Blocks until the adapter is told to run the program, which then never ends.
    let socket = std::fs::read_to_string(&fifo).expect("the adapter writes it");
    let below = below(running.0.id());
    assert!(below.len() >= 2, "warden and adapter, found {below:?}");
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
    gone(&below);
    let session = Path::new(socket.trim()).parent().expect("a session has a directory");
    assert!(signal == Signal::SIGKILL || !session.exists(), "{} is left", session.display());
}

fn children_go() {
    let directory = directory();
    let mut running = start(&adapter(fake::ROLE, "leaves"), directory.path());
    let mut said = String::new();
    running.0.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
    assert_eq!(running.0.wait().expect("it is our child").code(), Some(3), "{said}");
    let sleeps = std::fs::read_dir("/proc").expect("there is /proc").filter_map(|entry| {
        let line = std::fs::read(entry.ok()?.path().join("environ")).ok()?;
        let own = directory.path().display().to_string();
        String::from_utf8_lossy(&line).contains(&own).then_some(())
    });
    assert_eq!(sleeps.count(), 0);
}

/// Waits until all of these have ended.
fn gone(pids: &[i32]) {
    for pid in pids {
        while Path::new(&format!("/proc/{pid}/fd/0")).exists() {
            std::thread::yield_now();
        }
    }
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
