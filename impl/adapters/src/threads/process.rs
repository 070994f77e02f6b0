//! Processes that are threads: name, daemon flag, parent and children, start and join.
//!
//! A thread that was not started here (the main thread, or a thread that a worker started for itself)
//! counts as the main process.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use procession_contract::{
    Answer, Body, Call, Ending, Method, Object, Objects, Outcome, Processes, Ticket, Worker,
};

/// The constructor of processes whose body is `B`.
pub(super) struct Threads<B>(PhantomData<fn() -> B>);

impl<B> Threads<B> {
    pub(super) const fn new() -> Threads<B> {
        Threads(PhantomData)
    }
}

impl<B: Body> Processes for Threads<B> {
    fn construct(
        &self,
        worker: &Worker,
        method: Method,
        ticket: Ticket,
        gets: Objects,
    ) -> Result<Box<dyn Object>, Answer> {
        if method != Method::Thread {
            let what = format!("the start method is `{}`, expected `thread`", method.name());
            return Err(Answer::error(Outcome::BadValue, what));
        }
        let creator = current_process();
        let path = creator.path_of_next();
        let name = worker.process_name.clone().unwrap_or_else(|| {
            let numbers: Vec<_> = path.iter().map(u32::to_string).collect();
            format!("Process-{}", numbers.join(":"))
        });
        let daemon = worker.daemon.unwrap_or_else(|| creator.lock().daemon);
        let process = Arc::new(Process { path, ..Process::new(name, daemon, Some(creator)) });
        let body: Box<dyn FnOnce() -> Ending + Send> = match worker.bodiless {
            true => Box::new(|| Ending::Return),
            false => Box::new(|| B::work(ticket, gets)),
        };
        Ok(Box::new(Handle { process, body: Arc::new(Mutex::new(Some(body))) }))
    }
}

/// A process, as everybody sees it who has a handle.
struct Process {
    creator: Option<Arc<Process>>,
    /// Its birth number, after those of its ancestors; none of the main process.
    path: Vec<u32>,
    births: AtomicU32,
    state: Mutex<State>,
    ended: Condvar,
}

struct State {
    name: String,
    daemon: bool,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Running,
    Ended,
}

static MAIN: LazyLock<Arc<Process>> = LazyLock::new(|| {
    let main = Process::new("main".into(), false, None);
    main.lock().stage = Stage::Running;
    Arc::new(main)
});

/// The processes that were started and have not been seen to end.
static STARTED: Mutex<Vec<Arc<Process>>> = Mutex::new(Vec::new());

thread_local! {
    static CURRENT: RefCell<Option<Arc<Process>>> = const { RefCell::new(None) };
}

fn current_process() -> Arc<Process> {
    CURRENT.with_borrow(|current| current.clone()).unwrap_or_else(|| MAIN.clone())
}

/// Answers a call on the caller's own process.
pub(super) fn current(call: &Call) -> Answer {
    current_process().answer(call)
}

/// Answers a call on the caller's creator.
pub(super) fn parent(call: &Call) -> Answer {
    match &current_process().creator {
        Some(creator) => creator.answer(call),
        None => Answer::of(Outcome::Absent),
    }
}

/// How many processes the caller has started that still run.
pub(super) fn active_children() -> Answer {
    let current = current_process();
    Answer::number(alive().iter().filter(|process| process.is_child_of(&current)).count() as i64)
}

/// Waits for every process that is no daemon, also those that are started meanwhile.
pub(super) fn join_all() {
    loop {
        let waited_for = |process: &Arc<Process>| !process.lock().daemon;
        let Some(process) = alive().into_iter().find(waited_for) else { return };
        process.join(None);
    }
}

fn alive() -> Vec<Arc<Process>> {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    started.retain(|process| process.lock().stage == Stage::Running);
    started.clone()
}

impl Process {
    fn new(name: String, daemon: bool, creator: Option<Arc<Process>>) -> Process {
        let state = Mutex::new(State { name, daemon, stage: Stage::New });
        Process { creator, path: Vec::new(), births: AtomicU32::new(0), state, ended: Condvar::new() }
    }

    fn path_of_next(&self) -> Vec<u32> {
        let number = self.births.fetch_add(1, Ordering::Relaxed) + 1;
        self.path.iter().copied().chain([number]).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_child_of(&self, creator: &Arc<Process>) -> bool {
        self.creator.as_ref().is_some_and(|mine| Arc::ptr_eq(mine, creator))
    }

    fn join(&self, limit: Option<Duration>) {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut state = self.lock();
        while state.stage == Stage::Running {
            state = match deadline {
                None => self.ended.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return;
                    }
                    self.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn answer(&self, call: &Call) -> Answer {
        let mut state = self.lock();
        match call {
            Call::IsAlive => Answer::truth(state.stage == Stage::Running),
            Call::Name => Answer::text(state.name.clone()),
            Call::SetName { name: Some(name) } => {
                state.name = name.clone();
                Answer::ok()
            }
            Call::SetName { name: None } => Answer::error(Outcome::BadType, "a name is a text"),
            Call::Daemon => Answer::truth(state.daemon),
            Call::SetDaemon { .. } if state.stage != Stage::New => {
                Answer::error(Outcome::Misuse, "the process has been started already")
            }
            Call::SetDaemon { on } => {
                state.daemon = *on;
                Answer::ok()
            }
            Call::Join { .. } if state.stage == Stage::New => {
                Answer::error(Outcome::Misuse, "the process has not been started")
            }
            // Asked of the caller's own process, or of its creator.
            Call::Join { .. } => Answer::error(Outcome::NotOwner, "only its creator can join a process"),
            _ => Answer::of(Outcome::Unsupported),
        }
    }
}

/// Tells everybody who waits that the process has ended, also where its thread ends by a panic.
struct Ends(Arc<Process>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.lock().stage = Stage::Ended;
        self.0.ended.notify_all();
    }
}

/// What is to run in the thread, with the handles that it was given.
type ThreadBody = Arc<Mutex<Option<Box<dyn FnOnce() -> Ending + Send>>>>;

/// A process object.
struct Handle {
    process: Arc<Process>,
    body: ThreadBody,
}

impl Handle {
    fn start(&self) -> Answer {
        if !self.process.is_child_of(&current_process()) {
            return Answer::error(Outcome::NotOwner, "only its creator can start a process");
        }
        let Some(body) = self.body.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Answer::error(Outcome::Misuse, "the process has been started already");
        };
        self.process.lock().stage = Stage::Running;
        let process = self.process.clone();
        let ends = Ends(process.clone());
        let in_thread = move || {
            CURRENT.set(Some(process.clone()));
            // An exit request ends the thread alone, and has no status.
            if let Ending::Text(what) | Ending::Raise(what) = body() {
                eprintln!("process {}: {what}", process.lock().name);
            }
            drop(ends);
        };
        match thread::Builder::new().spawn(in_thread) {
            Ok(_) => {
                STARTED.lock().unwrap_or_else(PoisonError::into_inner).push(self.process.clone());
                Answer::ok()
            }
            Err(error) => Answer::error(Outcome::Exhausted, error),
        }
    }
}

impl Object for Handle {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Start => self.start(),
            Call::Join { .. } | Call::IsAlive if !self.process.is_child_of(&current_process()) => {
                Answer::error(Outcome::NotOwner, "only its creator can ask that of a process")
            }
            Call::Join { timeout_ms } if self.process.lock().stage != Stage::New => {
                self.process.join(timeout_ms.map(|ms| Duration::from_millis(ms.max(0) as u64)));
                Answer::ok()
            }
            Call::IsListed => {
                let current = current_process();
                let listed = |process: &Arc<Process>| Arc::ptr_eq(process, &self.process);
                Answer::truth(self.process.is_child_of(&current) && alive().iter().any(listed))
            }
            call => self.process.answer(call),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(Handle { process: self.process.clone(), body: self.body.clone() }))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
