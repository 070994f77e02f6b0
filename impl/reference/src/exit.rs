//! The end of a process: what is run, who is waited for, and in which order.
//!
//! At the normal end of a process, the main one included, this happens once: its own threads
//! ([`thread`]) are waited for, handlers ([`at_exit`]) run, last registered first, live daemonic
//! children get SIGTERM and are waited for, the other children are waited for, late handlers
//! ([`at_exit_after_children`]) run, and buffered output is flushed. In the main process, and
//! wherever `std::process::exit` is called, the C library's `atexit` brings it about.
//!
//! Threads made by `std::thread` cannot be waited for without their handle: they end with the
//! process. [`thread`] starts one that the process waits for.
#![expect(unsafe_code, reason = "atexit, and ending a forked copy without its creator's handlers")]

use std::cell::Cell;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::process::state::{State, lock, state};

/// What an explicit end of a process carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An exit code; the creator sees it modulo 256.
    Code(i64),
    /// A text: it goes to standard error, with a newline, and the exit code is 1.
    Text(String),
}

impl From<i32> for Reason {
    fn from(code: i32) -> Reason {
        Reason::Code(code.into())
    }
}

impl From<i64> for Reason {
    fn from(code: i64) -> Reason {
        Reason::Code(code)
    }
}

/// Nothing: success.
impl From<()> for Reason {
    fn from((): ()) -> Reason {
        Reason::Code(0)
    }
}

/// False is exit code 0, true is 1.
impl From<bool> for Reason {
    fn from(code: bool) -> Reason {
        Reason::Code(code.into())
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Reason {
        Reason::Text(text.to_string())
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Reason {
        Reason::Text(text)
    }
}

/// Ends this process in order, from any depth of its body: handlers run, children are dealt with as
/// at the end of the body. Like `std::process::exit` it drops nothing that is on the stack. Blocks
/// while children or threads have to be waited for.
///
/// ```
/// use procession_reference::{exit, process::Process};
///
/// let child = Process::new(|code: i64| exit::exit(code), 300);
/// child.start().unwrap();
/// child.join().unwrap();
/// assert_eq!(child.exitcode().unwrap(), Some(44));
/// ```
pub fn exit(reason: impl Into<Reason>) -> ! {
    end(match reason.into() {
        Reason::Code(code) => code.rem_euclid(256) as i32,
        Reason::Text(text) => {
            let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
            1
        }
    })
}

/// Registers a handler for the normal end of this process, to run before its children are dealt
/// with; the last registered runs first. A panic in it is reported and does not stop the others. It
/// does not run when a signal ends the process.
pub fn at_exit(handler: impl FnOnce() + Send + 'static) {
    arrange();
    lock(&state().exits.early).push(Box::new(handler));
}

/// Registers a handler as [`at_exit`] does, but to run after the children have ended: for removing
/// what they may still use.
pub fn at_exit_after_children(handler: impl FnOnce() + Send + 'static) {
    arrange();
    lock(&state().exits.late).push(Box::new(handler));
}

/// Starts a thread that this process waits for at its normal end.
///
/// # Errors
/// What `std::thread::Builder::spawn` reports.
pub fn thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    arrange();
    let state = state();
    *lock(&state.exits.threads) += 1;
    let running = Running(state);
    std::thread::Builder::new().spawn(move || {
        let _running = running;
        WAITED_FOR.set(true);
        body()
    })
}

/// How a process ends at last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As a program does: the C library's handlers run.
    Program,
    /// As a copy does: those handlers are its creator's.
    Copy,
}

type Handler = Box<dyn FnOnce() + Send>;

/// What is to be done at the end of one process.
#[derive(Default)]
pub(crate) struct Exits {
    early: Mutex<Vec<Handler>>,
    late: Mutex<Vec<Handler>>,
    threads: Mutex<usize>,
    fewer: Condvar,
    begun: AtomicBool,
}

thread_local! {
    /// Whether this is a thread of [`thread`], which does not wait for itself when it ends the process.
    static WAITED_FOR: Cell<bool> = const { Cell::new(false) };
}

struct Running(&'static State);

impl Drop for Running {
    fn drop(&mut self) {
        *lock(&self.0.exits.threads) -= 1;
        self.0.exits.fewer.notify_all();
    }
}

/// Has the C library call us at the normal end of the program.
pub(crate) fn arrange() {
    static ARRANGED: AtomicBool = AtomicBool::new(false);
    if !ARRANGED.swap(true, Ordering::AcqRel) {
        // SAFETY: the function lives as long as the program.
        unsafe { libc::atexit(at_program_exit) };
    }
}

extern "C" fn at_program_exit() {
    wind_up(state());
}

/// Ends this process in order with an exit code of 0 to 255.
pub(crate) fn end(code: i32) -> ! {
    let state = state();
    wind_up(state);
    leave(code, state.ending == Ending::Program)
}

/// Ends this process without order.
pub(crate) fn leave(code: i32, as_program: bool) -> ! {
    if as_program {
        std::process::exit(code)
    }
    flush();
    // SAFETY: takes no pointers.
    unsafe { libc::_exit(code) }
}

fn flush() {
    // A stream that is closed or missing does not turn success into failure.
    let _ = io::stdout().flush();
    // SAFETY: a null stream means all of them.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}

fn wind_up(state: &'static State) {
    if state.exits.begun.swap(true, Ordering::AcqRel) {
        return;
    }
    let mut threads = lock(&state.exits.threads);
    while *threads > usize::from(WAITED_FOR.get()) {
        threads = state.exits.fewer.wait(threads).unwrap_or_else(PoisonError::into_inner);
    }
    drop(threads);
    run(&state.exits.early);
    let children = state.live_children();
    let (daemonic, others): (Vec<_>, Vec<_>) = children.into_iter().partition(|child| child.daemon());
    for child in &daemonic {
        // It has ended, or may not be signalled, which joining will not mend.
        let _ = child.terminate();
    }
    for child in daemonic.iter().chain(&others) {
        let _ = child.join();
    }
    run(&state.exits.late);
    drop(lock(&state.server).take());
    flush();
}

/// Runs the handlers, the last registered first, also those that handlers register.
fn run(handlers: &Mutex<Vec<Handler>>) {
    loop {
        let next = lock(handlers).pop();
        let Some(handler) = next else { return };
        // The panic hook has reported it.
        let _ = catch_unwind(AssertUnwindSafe(handler));
    }
}
