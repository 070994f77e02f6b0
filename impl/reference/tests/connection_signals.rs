//! Signals: SIGPIPE never kills, a handled signal never breaks a transfer or ends a wait.
//!
//! A program of its own, since what a signal does is a matter of the whole process.

#![expect(unsafe_code, reason = "signals have no safe interface")]

use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::thread;

use procession_reference::connection::{SendError, pipe, stream_pipe};
use procession_reference::os_pipe::{WriteError, os_pipe};
use procession_reference::wait::wait;

static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
}

/// Counts SIGUSR1, with system calls interrupted (no SA_RESTART).
fn count_sigusr1() {
    // SAFETY: all zeroes is a value of this plain structure.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count as *const () as usize;
    // SAFETY: `action` is a live local; the handler only touches an atomic.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) }, 0);
}

/// Runs `blocked` in a thread, interrupts it several times while it sleeps in the kernel, then runs
/// `release`, which lets it end.
fn interrupted<T: Send>(blocked: impl FnOnce() -> T + Send, release: impl FnOnce()) -> T {
    count_sigusr1();
    let id = AtomicI32::new(0);
    thread::scope(|scope| {
        let runner = scope.spawn(|| {
            id.store(nix::unistd::gettid().as_raw(), Ordering::SeqCst);
            blocked()
        });
        let process = nix::unistd::getpid().as_raw();
        for _ in 0..5 {
            let asleep = || {
                let path = format!("/proc/self/task/{}/stat", id.load(Ordering::SeqCst));
                std::fs::read_to_string(path).is_ok_and(|stat| stat.contains(") S "))
            };
            while !asleep() {
                assert!(!runner.is_finished(), "it must still be blocked");
                thread::yield_now();
            }
            let before = HANDLED.load(Ordering::SeqCst);
            // SAFETY: the thread exists: it cannot end before `release`.
            let sent =
                unsafe { libc::syscall(libc::SYS_tgkill, process, id.load(Ordering::SeqCst), libc::SIGUSR1) };
            assert_eq!(sent, 0);
            while HANDLED.load(Ordering::SeqCst) == before {
                thread::yield_now();
            }
        }
        release();
        runner.join().unwrap()
    })
}

#[test]
fn a_blocked_receive_goes_on_after_signals() {
    for (receiver, sender) in [stream_pipe(true), stream_pipe(false), pipe(true)].map(Result::unwrap) {
        let received =
            interrupted(|| receiver.recv_bytes().unwrap(), || sender.send_bytes(b"whole").unwrap());
        assert_eq!(received, b"whole");
    }
}

#[test]
fn a_blocked_large_send_goes_on_after_signals() {
    for duplex in [true, false] {
        let (receiver, sender) = stream_pipe(duplex).unwrap();
        let message: Vec<u8> = (0..2_000_000_u32).map(|i| (i % 251) as u8).collect();
        let mut received = Vec::new();
        interrupted(|| sender.send_bytes(&message).unwrap(), || received = receiver.recv_bytes().unwrap());
        assert!(received == message);
    }
}

#[test]
fn a_wait_goes_on_after_signals() {
    for (receiver, sender) in [stream_pipe(true), pipe(true)].map(Result::unwrap) {
        let ready = interrupted(|| wait(&[&receiver], None).unwrap(), || sender.send(&1).unwrap());
        assert_eq!(ready, [0]);
        receiver.recv::<i32>().unwrap();
        interrupted(|| receiver.poll_forever().unwrap(), || sender.send(&1).unwrap());
    }
}

#[test]
fn sigpipe_kills_nobody_even_where_it_would() {
    // The Rust runtime ignores SIGPIPE, other programs do not.
    // SAFETY: the default action is no function of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    for duplex in [true, false] {
        let (receiver, sender) = stream_pipe(duplex).unwrap();
        drop(receiver);
        assert!(matches!(sender.send_bytes(b"x"), Err(SendError::BrokenPipe)));
    }
    let (reader, writer) = os_pipe().unwrap();
    drop(reader);
    assert!(matches!(writer.write(b"x"), Err(WriteError::BrokenPipe { written: 0 })));
}
