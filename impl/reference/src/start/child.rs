//! The new process: reads what it is to be, confirms, runs its body and ends.
//!
//! # Invariants
//! 1. [`prepare_program`] runs while the process has one thread.
#![expect(unsafe_code, reason = "signal dispositions and standard descriptors of a fresh program")]

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Order, image, socket};
use crate::exit::{self, Ending};
use crate::process::state::{self, State};
use crate::process::target::Body;
use crate::process::{ParentProcess, pidfd};
use crate::shared_memory::tracker;
use crate::transfer::{self, Purpose};

/// How a process came about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// By executing the program again.
    Executed,
    /// By the fork server.
    Served,
}

/// The answers to an order.
pub(crate) const CONFIRMED: u8 = b'A';
/// The arguments arrived but could not be decoded.
pub(crate) const UNDECODED: u8 = b'D';
/// The program is another build.
pub(crate) const DIFFERS: u8 = b'X';

/// What Rust's runtime does before `main`, and what a start by `exec` carries over but should not.
pub(crate) fn prepare_program() {
    for fd in 0..3 {
        // SAFETY: 1; asks and opens by number only.
        unsafe {
            if libc::fcntl(fd, libc::F_GETFD) < 0 {
                libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
            }
        }
    }
    if let Some(name) = std::env::args_os().next() {
        let name = std::path::Path::new(&name).file_name().unwrap_or_default();
        // Otherwise the process would be listed as `exe`. Nothing depends on it.
        let _ = nix::sys::prctl::set_name(
            &std::ffi::CString::new(std::os::unix::ffi::OsStrExt::as_bytes(name)).unwrap_or_default(),
        );
    }
    // SAFETY: 1; these dispositions run no code.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        // A creator that ignores SIGCHLD would take its grandchildren's exit codes from this process.
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
    }
    // The creator blocked every signal for the time before this point.
    let _ = nix::sys::signal::SigSet::empty().thread_set_mask();
}

/// Reads the order, becomes the process that it describes, and ends with it.
pub(crate) fn follow(mut socket: UnixStream, origin: Origin) -> ! {
    let letter = match socket::receive_letter(&socket) {
        Ok(Some(letter)) => letter,
        // The creator has died or given up: nobody waits for this process.
        Ok(None) => exit::leave(1, origin == Origin::Executed),
        Err(error) => {
            eprintln!("Process received no order: {error}");
            exit::leave(1, origin == Origin::Executed)
        }
    };
    let order = transfer::decode_with_descriptors::<Order>(
        &letter.order,
        letter.order_descriptors,
        Purpose::Starting,
    );
    let order = match order {
        Ok(order) if order.fingerprint == image::fingerprint() => order,
        _ => {
            let _ = socket.write_all(&[DIFFERS]);
            exit::leave(1, origin == Origin::Executed)
        }
    };
    let call = order.call;
    let state = become_process(order, Ending::Program);
    let body = match call {
        None => Some(Ok(Box::new(|| Ok(())) as Body)),
        Some(call) => {
            match catch_unwind(AssertUnwindSafe(|| call.body(&letter.args, letter.args_descriptors))) {
                Ok(body) => body,
                Err(_) => {
                    let _ = socket.write_all(&[UNDECODED]);
                    drop(socket);
                    exit::end(1)
                }
            }
        }
    };
    let body = match body {
        Some(Ok(body)) => body,
        Some(Err(error)) => {
            report(&format!("the arguments could not be decoded: {error}"));
            let _ = socket.write_all(&[UNDECODED]);
            drop(socket);
            exit::end(1)
        }
        None => {
            let _ = socket.write_all(&[DIFFERS]);
            drop(socket);
            exit::end(1)
        }
    };
    state.bootstrapped();
    let _ = socket.write_all(&[CONFIRMED]);
    drop(socket);
    run(body)
}

/// Waits in a forked child until the creator knows it: whether it still wants it.
pub(crate) fn is_wanted(mut socket: &UnixStream) -> bool {
    let mut answer = [0];
    socket.read_exact(&mut answer).is_ok()
}

/// Installs the identity that the order gives. In a daemonic process, ties its life to the creator's.
pub(crate) fn become_process(order: Order, ending: Ending) -> &'static State {
    let parent = ParentProcess {
        pid: order.parent_pid,
        name: order.parent_name.clone(),
        pidfd: Arc::new(order.parent.into_inner()),
    };
    if let Some(family) = order.family
        && ending == Ending::Program
    {
        // Without it, this process is the first of a family of its own.
        let _ = tracker::join_family(family.into_inner());
    }
    let watched = order.daemon.then(|| parent.pidfd.clone());
    let state =
        State::started(order.name, order.identity, order.daemon, order.authkey, order.method, parent, ending);
    exit::arrange();
    announce_panics();
    if let Some(creator) = watched
        && let Err(error) = die_with(creator)
    {
        report(&format!("a daemonic process cannot watch its creator: {error}"));
        exit::end(1)
    }
    state
}

/// Runs the body and ends the process.
pub(crate) fn run(body: impl FnOnce() -> Result<(), String>) -> ! {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => exit::end(0),
        Ok(Err(error)) => {
            report(&error);
            exit::end(1)
        }
        Err(_) => exit::end(1),
    }
}

/// Writes an uncaught error as one piece: the process's name, then the text.
fn report(text: &str) {
    let name = state::state().current.name();
    let _ = std::io::stderr().write_all(format!("Process {name}:\n{text}\n").as_bytes());
}

/// Lets the report of a panic begin with the name of the process. To be called before a fork too,
/// because in the child the lock around the panic hook may be held by a thread that is not there.
pub(crate) fn announce_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let state = state::state();
            if state.parent.is_some() {
                let header = format!("Process {}:\n", state.current.name());
                let _ = std::io::stderr().write_all(header.as_bytes());
            }
            hook(info);
        }));
    });
}

/// Kills this process when its creator ends. `PR_SET_PDEATHSIG` would act when the creating *thread*
/// ends, which may be long before; a pidfd speaks of the whole process.
fn die_with(creator: Arc<OwnedFd>) -> std::io::Result<()> {
    let watch = move || {
        if let Ok(true) = pidfd::ended(creator.as_fd(), None) {
            // SAFETY: takes no pointers; this process exists.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
    };
    std::thread::Builder::new().name("creator-watch".into()).stack_size(64 * 1024).spawn(watch).map(|_| ())
}
