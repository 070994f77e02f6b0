//! Marks by which each thread shows what it is using, at the cost of a plain store; whoever wants to
//! know waits for a barrier in all threads instead.
//!
//! # Why a mark is seen
//! A user sets a mark and *then* looks whether the object is closed; a closer closes it and *then*
//! looks at the marks, after a `membarrier`, which puts a full fence into every running thread of
//! the process at some moment of its own. If that moment comes before the user's store, the user
//! sees the object closed; otherwise the closer sees the mark. The same holds when a mark is taken
//! away. Between its two accesses a user needs to hold back nothing but the compiler.
//!
//! # Source
//! Hazard pointers (Michael, 2004) with the asymmetric fence of folly and liburcu.
#![expect(unsafe_code, reason = "membarrier is a system call")]

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, compiler_fence};

/// How many objects a thread can mark at a time.
const PLACES: usize = 8;

/// The marks of one thread, never freed; a later thread may get them. A line of its own.
#[repr(align(128))]
struct Marks {
    places: [AtomicUsize; PLACES],
    in_use: AtomicBool,
    next: AtomicPtr<Marks>,
}

/// All marks there are.
static FIRST: AtomicPtr<Marks> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    static MINE: Cell<Option<&'static Marks>> = const { Cell::new(None) };
    static LEASE: Lease = Lease::new();
}

/// Sets a mark with this number, which is not 0; nothing if this thread has no place left for it.
#[inline]
pub(super) fn mark(number: usize) -> Option<&'static AtomicUsize> {
    let mine = MINE.get().or_else(lease)?;
    let place = mine.places.iter().find(|place| place.load(Ordering::Relaxed) == 0)?;
    place.store(number, Ordering::Relaxed);
    compiler_fence(Ordering::SeqCst);
    Some(place)
}

/// Takes a mark away.
#[inline]
pub(super) fn unmark(place: &AtomicUsize) {
    place.store(0, Ordering::Release);
    compiler_fence(Ordering::SeqCst);
}

/// Whether some thread has set a mark with this number, for a caller whose own stores before this
/// are seen by whoever sets or takes away a mark after it.
pub(super) fn is_marked(number: usize) -> bool {
    if !barrier() {
        // Without it no thread has marks; and if it has worked before, nobody may conclude anything.
        return !FIRST.load(Ordering::SeqCst).is_null();
    }
    let mut at = FIRST.load(Ordering::Acquire);
    // SAFETY: what the list links is never freed.
    while let Some(marks) = unsafe { at.as_ref() } {
        if marks.places.iter().any(|place| place.load(Ordering::Acquire) == number) {
            return true;
        }
        at = marks.next.load(Ordering::Acquire);
    }
    false
}

/// Gives this thread its marks, if the system has the barrier.
#[cold]
fn lease() -> Option<&'static Marks> {
    // Not a `OnceLock`: a fork while another thread fills it would leave the child waiting for ever.
    static ASKED: AtomicBool = AtomicBool::new(false);
    static WORKS: AtomicBool = AtomicBool::new(false);
    if !ASKED.load(Ordering::Acquire) {
        WORKS.store(barrier(), Ordering::Release);
        ASKED.store(true, Ordering::Release);
    }
    if !WORKS.load(Ordering::Acquire) {
        return None;
    }
    // A thread that is ending has no lease any more.
    LEASE.try_with(|lease| MINE.set(Some(lease.0))).ok()?;
    MINE.get()
}

/// Keeps a thread's marks its own until it ends.
struct Lease(&'static Marks);

impl Lease {
    fn new() -> Lease {
        let mut at = FIRST.load(Ordering::Acquire);
        // SAFETY: what the list links is never freed.
        while let Some(marks) = unsafe { at.as_ref() } {
            if !marks.in_use.swap(true, Ordering::AcqRel) {
                return Lease(marks);
            }
            at = marks.next.load(Ordering::Acquire);
        }
        let marks: &'static Marks = Box::leak(Box::new(Marks {
            places: [const { AtomicUsize::new(0) }; PLACES],
            in_use: AtomicBool::new(true),
            next: AtomicPtr::new(std::ptr::null_mut()),
        }));
        let mut first = FIRST.load(Ordering::Acquire);
        loop {
            marks.next.store(first, Ordering::Relaxed);
            let new = std::ptr::from_ref(marks).cast_mut();
            // Linked before the thread's first mark is set, and seen by who looks after the barrier.
            match FIRST.compare_exchange(first, new, Ordering::SeqCst, Ordering::Acquire) {
                Ok(_) => return Lease(marks),
                Err(changed) => first = changed,
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        MINE.set(None);
        self.0.in_use.store(false, Ordering::Release);
    }
}

/// A full fence in every thread of this process that is running; whether the system has made it.
fn barrier() -> bool {
    membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
        || membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
            && membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
}

fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: the call takes three numbers and touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}
