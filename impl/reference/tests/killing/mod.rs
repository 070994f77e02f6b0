//! What the programs that kill their children share: children, their ends, and the counting of kills.
#![expect(unsafe_code, reason = "forks; a program of these has one thread")]

use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, alarm, fork};

/// Whether nextest asks which tests there are, of which a program is one; the answer is then printed.
pub fn is_asked_for(name: &str) -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = arguments.iter().any(|argument| argument == "--list");
    if asked && !arguments.iter().any(|argument| argument == "--ignored") {
        println!("{name}: test");
    }
    asked
}

/// Prints how many kills a scene took, and gives that back.
pub fn told(what: &str, kills: usize) -> usize {
    println!("{what}: {kills} kills");
    kills
}

/// Kills before operation 1, 2, 3 … until the victim survives.
pub fn each_operation(mut killed_before: impl FnMut(u64) -> bool) -> usize {
    (1..).take_while(|n| killed_before(*n)).count()
}

/// A forked child that does this and ends.
pub fn child(body: impl FnOnce()) -> Pid {
    // SAFETY: this program has one thread, so the child may do whatever it likes.
    match unsafe { fork() }.expect("fork") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            alarm::set(100);
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).is_ok();
            // SAFETY: ends the child without its parent's destructors and buffers.
            unsafe { libc::_exit(if done { 0 } else { 1 }) }
        }
    }
}

/// Whether the child was killed; otherwise it must have done well.
pub fn was_killed(child: Pid) -> bool {
    match waitpid(child, None).expect("wait") {
        WaitStatus::Signaled(_, Signal::SIGKILL, _) => true,
        WaitStatus::Exited(_, 0) => false,
        other => panic!("a survivor did not do well: {other:?}"),
    }
}
