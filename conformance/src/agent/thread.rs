//! Workers that are threads of their parent's process.

use std::any::Any;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use procession_contract::{Answer, Call, Ending, Object, Objects, Outcome, WorkerKind};

use super::worker::{Run, missing};

/// The thread of a worker, as its parent and its siblings see it.
pub(super) struct ThreadWorker {
    kind: WorkerKind,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct Progress {
    stage: Mutex<Stage>,
    ended: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    New,
    Running,
    Ended,
}

impl ThreadWorker {
    /// A thread that has not been started.
    pub(super) fn new(kind: WorkerKind) -> ThreadWorker {
        ThreadWorker { kind, progress: Arc::default() }
    }

    /// Starts the thread of the worker `name`, with a handle of its own to each object that can be
    /// shared; steps on the others are answered as on objects that it does not have.
    pub(super) fn start(run: &Arc<Run>, name: &str, objects: &mut Objects) -> Answer {
        let shared =
            objects.iter().filter_map(|(name, object)| Some((name.clone(), object.share().ok()?))).collect();
        let this = objects.get_mut(name).and_then(|object| object.as_any().downcast_mut::<ThreadWorker>());
        let Some(this) = this else { return missing(name, objects) };
        if !this.progress.begin() {
            return Answer::error(Outcome::Misuse, format!("the thread `{name}` has been started already"));
        }
        let (starts, run, name, ends) = (run, run.clone(), name.to_owned(), Ends(this.progress.clone()));
        let body = move || {
            let _ends = ends;
            work(&run, &name, shared);
        };
        match starts.implementation.thread(Box::new(body)) {
            Ok(()) => Answer::ok(),
            Err(answer) => answer,
        }
    }

    /// Waits for it as the process does at its end: not for a daemon thread.
    pub(super) fn join_at_exit(&mut self) {
        if self.kind == WorkerKind::Thread && self.progress.stage() == Stage::Running {
            self.progress.join(None);
        }
    }
}

fn work(run: &Arc<Run>, name: &str, objects: Objects) {
    match run.work(name, objects) {
        Ok(Ending::Raise(error)) => eprintln!("thread {name}: {error}"),
        // An exit request ends the thread alone.
        Ok(_) => {}
        Err(report) => report.leave(Path::new(&run.ticket.directory)),
    }
}

/// Tells everybody who waits that the thread has ended, also where it ends by a panic.
struct Ends(Arc<Progress>);

impl Drop for Ends {
    fn drop(&mut self) {
        *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner) = Stage::Ended;
        self.0.ended.notify_all();
    }
}

impl Progress {
    fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was new, and is now running.
    fn begin(&self) -> bool {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let new = *stage == Stage::New;
        if new {
            *stage = Stage::Running;
        }
        new
    }

    fn join(&self, limit: Option<Duration>) {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        while *stage != Stage::Ended {
            stage = match deadline {
                None => self.ended.wait(stage).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return;
                    }
                    self.ended.wait_timeout(stage, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Object for ThreadWorker {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Join { .. } if self.progress.stage() == Stage::New => {
                Answer::error(Outcome::Misuse, "the thread has not been started")
            }
            Call::Join { timeout_ms } => {
                self.progress.join(timeout_ms.map(|ms| Duration::from_millis(ms.max(0) as u64)));
                Answer::ok()
            }
            Call::IsAlive => Answer::truth(self.progress.stage() == Stage::Running),
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(ThreadWorker { kind: self.kind, progress: self.progress.clone() }))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
