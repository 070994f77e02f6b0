//! Processes, death and time of one execution.
//!
//! The books are kept outside of loom, since all its threads run in one: they decide only when time
//! passes. What processes learn of each other goes through loom's own atomics.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
// All of loom's threads run in one; loom's own `Arc` would have it explore who drops it before whom.
use std::rc::Rc;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread::Thread;

use super::Woken;
use crate::deadline::{Deadline, GRACE, PATIENCE};
use crate::plan::{Defect, plan};

/// The most processes in one scene; loom allows five threads.
const MOST: usize = 5;

/// After so many slices in which all slept, deadlines come: no recovery takes half as many.
const MOST_TICKS: u32 = 16;

/// One who sleeps on a word.
#[derive(Debug)]
pub struct Sleeper {
    /// Its process.
    pub process: u32,
    thread: Thread,
}

/// What loom itself must see of life and time. Each process writes its own words only: a word that all
/// of them wrote would have loom explore in which order they fall asleep.
struct Seen {
    dead: [AtomicU32; MOST],
    published: [AtomicU32; MOST],
}

/// What a process did to shared memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// It loaded or stored.
    #[default]
    Plain,
    /// It exchanged, successfully or not: an instruction with a `lock` prefix.
    Exchange,
}

/// What a process does next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// It reads a word: nobody else can tell.
    Load,
    /// It changes a word, sleeps or wakes.
    Change,
    /// Something of which nothing is known here: the scene may have made notes before it.
    #[default]
    Other,
}

#[derive(Default)]
struct Process {
    /// How many operations it has begun that count for deaths.
    operations: u32,
    last_step: Step,
    last_access: Access,
    waits: u32,
    waits_with_deadline: u32,
    deadline: Option<Deadline>,
    /// Whether the present or last sleep has a deadline of the caller's own.
    has_deadline: bool,
    thread: Option<Thread>,
    woken: Option<Woken>,
    is_outlaw: bool,
    /// The caller's own deadline has come.
    over: bool,
    /// The time that was granted for a lock is over.
    grace_over: bool,
}

#[derive(Default)]
struct Books {
    processes: Vec<Process>,
    alive: usize,
    asleep: usize,
    somebody_died: bool,
    /// Deadlines came when somebody had died, and all that follows from that was done.
    late_after_death: bool,
    fingerprint: u64,
    fingerprint_at_tick: u64,
    quiet_ticks: u32,
    ticks: u32,
}

thread_local! {
    static BOOKS: RefCell<Books> = RefCell::default();
    static SEEN: RefCell<Option<Rc<Seen>>> = const { RefCell::new(None) };
    static EXECUTIONS: Cell<u64> = const { Cell::new(0) };
    static HAPPENED: Cell<[u64; 2]> = const { Cell::new([0; 2]) };
}

loom::thread_local! {
    static ME: Cell<u32> = Cell::new(0);
}

struct Killed;

/// Counts executions and events from nothing.
pub fn forget_events() {
    EXECUTIONS.set(0);
    HAPPENED.set([0; 2]);
}

/// How many executions there were, and how often each of the plan's events happened in them.
pub fn events() -> (u64, [u64; 2]) {
    (EXECUTIONS.get(), HAPPENED.get())
}

fn happened(event: usize) {
    let mut counts = HAPPENED.get();
    counts[event] += 1;
    HAPPENED.set(counts);
}

/// Runs one execution of a scene.
pub fn run(scene: &impl Fn()) {
    EXECUTIONS.set(EXECUTIONS.get() + 1);
    BOOKS.with_borrow_mut(|books| {
        *books = Books::default();
        books.processes = (0..MOST).map(|_| Process::default()).collect();
    });
    let words = || std::array::from_fn(|_| AtomicU32::new(0));
    SEEN.set(Some(Rc::new(Seen { dead: words(), published: words() })));
    scene();
    drop(SEEN.take());
    BOOKS.set(Books::default());
}

/// Starts the processes 1, 2, … and waits until all of them have ended or died. Returns what each
/// has to tell; nothing of the dead.
pub fn processes<R: 'static>(bodies: Vec<Box<dyn FnOnce() -> R>>) -> Vec<Option<R>> {
    BOOKS.with_borrow_mut(|books| books.alive = bodies.len());
    let start = |(number, body): (usize, Box<dyn FnOnce() -> R>)| {
        loom::thread::spawn(move || {
            ME.with(|me| me.set(number as u32 + 1));
            match catch_unwind(AssertUnwindSafe(body)) {
                Ok(result) => {
                    leave();
                    Some(result)
                }
                Err(payload) if payload.is::<Killed>() => {
                    // Only now: nobody may find it dead while it still stands in a critical section.
                    seen().dead[me() as usize].fetch_or(1, Ordering::AcqRel);
                    BOOKS.with_borrow_mut(|books| books.somebody_died = true);
                    leave();
                    None
                }
                Err(payload) => resume_unwind(payload),
            }
        })
    };
    let threads: Vec<_> = bodies.into_iter().enumerate().map(start).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// A process that is not in the scene has died before it began.
pub fn died_before(process: u32) {
    seen().dead[process as usize].fetch_or(1, Ordering::AcqRel);
    BOOKS.with_borrow_mut(|books| books.somebody_died = true);
}

/// A process of the scene can put no fences into others, nor they into it.
pub fn outlaw(process: u32) {
    BOOKS.with_borrow_mut(|books| books.processes[process as usize].is_outlaw = true);
}

/// Whether there is one who can put no fences into others.
pub fn has_outlaws() -> bool {
    BOOKS.with_borrow(|books| books.processes.iter().any(|process| process.is_outlaw))
}

/// Whether the caller can put no fences into others.
pub fn is_outlaw() -> bool {
    BOOKS.with_borrow(|books| books.processes[me() as usize].is_outlaw)
}

/// The number of the process that asks; 0 for the observer.
pub fn me() -> u32 {
    ME.with(Cell::get)
}

/// Whether a process has died.
pub fn is_dead(process: u32) -> bool {
    if plan().defect == Some(Defect::DeadLookAlive) {
        return false;
    }
    seen().dead[process as usize].fetch_or(0, Ordering::AcqRel) != 0
}

/// Whether the caller's deadline has come.
pub fn time_is_over() -> bool {
    BOOKS.with_borrow(|books| books.processes[me() as usize].over)
}

/// Whether somebody's deadline came although somebody had died, and all had slices enough to find him.
pub fn was_late_after_a_death() -> bool {
    BOOKS.with_borrow(|books| books.late_after_death)
}

/// Whether the time granted for a lock is over: only a plan says so, since holders are alive or found dead.
pub fn grace_is_over() -> bool {
    BOOKS.with_borrow(|books| books.processes[me() as usize].grace_over)
}

/// The caller is granted time for a lock anew.
pub fn grant() {
    BOOKS.with_borrow_mut(|books| books.processes[me() as usize].grace_over = false);
}

/// One wait: what the plan makes of it, if anything, instead of sleeping.
pub fn wait_planned(deadline: Deadline) -> Option<Woken> {
    let me = me();
    BOOKS.with_borrow_mut(|books| {
        let own = &mut books.processes[me as usize];
        own.waits += 1;
        if plan().spurious == Some((me, own.waits)) {
            happened(0);
            return Some(Woken::Perhaps);
        }
        let Deadline::At(at) = deadline else { return None };
        own.waits_with_deadline += 1;
        if plan().early == Some((me, own.waits_with_deadline)) {
            happened(0);
            match at {
                GRACE => own.grace_over = true,
                PATIENCE => {}
                _ => own.over = true,
            }
            return Some(Woken::Tick);
        }
        None
    })
}

/// A word has been written: the fingerprint of all words is kept, so that one that gets its old value
/// back counts as unchanged.
pub fn changed(word: u64, before: u64, after: u64) {
    let mixed =
        |value: u64| (word ^ value.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let fold = |value| mixed(value).wrapping_mul(mixed(value) | 1);
    BOOKS.with_borrow_mut(|books| {
        books.fingerprint = books.fingerprint.wrapping_add(fold(after)).wrapping_sub(fold(before));
    });
}

/// The caller accesses shared memory.
pub fn note_access(access: Access) {
    BOOKS.with_borrow_mut(|books| books.processes[me() as usize].last_access = access);
}

/// What the caller's last access was.
pub fn last_access() -> Access {
    BOOKS.with_borrow(|books| books.processes[me() as usize].last_access)
}

/// One shared operation; before it the victim may die.
pub fn point(step: Step) {
    let me = me();
    if me == 0 {
        return;
    }
    let operation = BOOKS.with_borrow_mut(|books| {
        let own = &mut books.processes[me as usize];
        let last = std::mem::replace(&mut own.last_step, step);
        let has_only_read = last == Step::Load && step != Step::Other;
        if has_only_read && !plan().every_death {
            return None;
        }
        own.operations += 1;
        Some(own.operations)
    });
    if let Some(death) =
        plan().deaths.iter().position(|death| death.is_some() && *death == operation.map(|n| (me, n)))
    {
        happened(death);
        resume_unwind(Box::new(Killed));
    }
}

/// Announces that the caller is about to sleep.
pub fn lie_down(deadline: Deadline) -> Sleeper {
    let thread = loom::thread::current();
    let process = me();
    BOOKS.with_borrow_mut(|books| {
        let own = &mut books.processes[process as usize];
        own.woken = None;
        own.deadline = Some(deadline);
        own.has_deadline = matches!(deadline, Deadline::At(at) if at != GRACE && at != PATIENCE);
        own.thread = Some(thread.clone());
        books.asleep += 1;
    });
    Sleeper { process, thread }
}

/// Sleeps until woken.
pub fn sleep() -> Woken {
    publish();
    let me = me() as usize;
    pass_time_if_all_sleep();
    loop {
        if let Some(woken) = BOOKS.with_borrow_mut(|books| books.processes[me].woken.take()) {
            match woken {
                Woken::Tick => see_everything(),
                Woken::Perhaps => note_if_late(me),
            }
            return woken;
        }
        loom::thread::park();
    }
}

/// Somebody has woken the caller; its deadline may have come at the same moment.
fn note_if_late(me: usize) {
    BOOKS.with_borrow_mut(|books| {
        let own = &mut books.processes[me];
        if own.has_deadline && plan().late == Some((me as u32, own.waits_with_deadline)) {
            own.over = true;
            happened(0);
        }
    });
}

/// Wakes one who sleeps, unless something else has done so.
pub fn wake(sleeper: Sleeper) {
    if rouse(sleeper.process, Woken::Perhaps) {
        sleeper.thread.unpark();
    }
}

fn rouse(process: u32, why: Woken) -> bool {
    BOOKS.with_borrow_mut(|books| {
        let own = &mut books.processes[process as usize];
        let asleep = own.deadline.take().is_some();
        if asleep {
            own.woken = Some(why);
            books.asleep -= 1;
        }
        asleep
    })
}

/// The caller is no longer among the living: it has ended or died.
fn leave() {
    publish();
    BOOKS.with_borrow_mut(|books| books.alive -= 1);
    pass_time_if_all_sleep();
}

fn publish() {
    seen().published[me() as usize].fetch_add(1, Ordering::AcqRel);
}

/// A slice later every store is visible. An exchange reads what was written last.
fn see_everything() {
    for word in &seen().published {
        word.fetch_or(0, Ordering::AcqRel);
    }
}

fn pass_time_if_all_sleep() {
    let woken = BOOKS.with_borrow_mut(|books| {
        if books.alive == 0 || books.asleep < books.alive {
            return Vec::new();
        }
        let quiet = books.fingerprint == books.fingerprint_at_tick;
        books.quiet_ticks = if quiet { books.quiet_ticks + 1 } else { 0 };
        books.fingerprint_at_tick = books.fingerprint;
        // Arming a bell changes a word each time, so that ticks alone might go on for ever.
        books.ticks += 1;
        let must_tick = books.somebody_died || books.processes.iter().any(|process| process.is_outlaw);
        let ticks = must_tick
            && plan().defect != Some(Defect::NoTicks)
            && books.quiet_ticks < 2
            && books.ticks < MOST_TICKS;
        let mut woken = Vec::new();
        books.late_after_death |= books.somebody_died && !ticks;
        for process in 0..MOST {
            let own = &mut books.processes[process];
            let has_deadline = matches!(own.deadline, Some(Deadline::At(at)) if at != GRACE);
            if own.deadline.is_some() && (ticks || has_deadline) {
                own.over |= !ticks && has_deadline && own.deadline != Some(Deadline::At(PATIENCE));
                woken.push(process as u32);
            }
        }
        assert!(!woken.is_empty(), "deadlock: every live process sleeps, and nothing will wake it");
        woken
    });
    for process in woken {
        let thread = BOOKS.with_borrow(|books| books.processes[process as usize].thread.clone());
        if rouse(process, Woken::Tick)
            && let Some(thread) = thread
            && process != me()
        {
            thread.unpark();
        }
    }
}

fn seen() -> Rc<Seen> {
    SEEN.with_borrow(|seen| seen.clone().expect("within a scene"))
}
