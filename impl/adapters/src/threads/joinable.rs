//! A queue that counts unfinished items: a mutex and three conditions, as `queue.Queue` has it. A
//! channel does not do: the item and the count must change in one step, or a `task_done` could come
//! before the count of the item that it finishes.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use procession_contract::{Answer, Call, Item, Object, Outcome, Value};

use super::monitor::{lock, wait_until};
use crate::patience::Patience;

/// A handle to a joinable queue.
#[derive(Clone)]
pub(super) struct JoinableQueue {
    monitor: Arc<Monitor>,
    /// The most items that it holds.
    bound: usize,
}

#[derive(Default)]
struct Monitor {
    state: Mutex<State>,
    /// An item was put.
    filled: Condvar,
    /// An item was taken.
    emptied: Condvar,
    /// Every item put has been reported as done.
    finished: Condvar,
}

#[derive(Default)]
struct State {
    items: VecDeque<Value>,
    unfinished: usize,
}

impl JoinableQueue {
    /// A queue that holds at most `maxsize` items; zero or negative for no bound.
    pub(super) fn new(maxsize: i64) -> JoinableQueue {
        let bound = usize::try_from(maxsize).ok().filter(|bound| *bound > 0).unwrap_or(usize::MAX);
        JoinableQueue { monitor: Arc::default(), bound }
    }

    fn put(&self, item: &Item, patience: Patience, then_clear: bool) -> Answer {
        let mut value = item.value();
        let moved = if then_clear { value.clone() } else { std::mem::replace(&mut value, Value::None) };
        let room = |state: &State| state.items.len() < self.bound;
        let answer = match self.monitor.wait(&self.monitor.emptied, patience, room) {
            Some(mut state) => {
                state.items.push_back(moved);
                state.unfinished += 1;
                self.monitor.filled.notify_one();
                Answer::ok()
            }
            None => Answer::of(Outcome::Full),
        };
        if let Value::List(elements) = &mut value {
            elements.clear();
        }
        answer
    }

    fn get(&self, patience: Patience) -> Answer {
        let filled = |state: &State| !state.items.is_empty();
        let state = self.monitor.wait(&self.monitor.filled, patience, filled);
        match state.and_then(|mut state| state.items.pop_front()) {
            Some(value) => {
                self.monitor.emptied.notify_one();
                Answer::received(&value)
            }
            None => Answer::of(Outcome::Empty),
        }
    }

    fn task_done(&self) -> Answer {
        let mut state = self.monitor.lock();
        let Some(left) = state.unfinished.checked_sub(1) else {
            return Answer::error(Outcome::OverRelease, "task_done was called more often than put");
        };
        state.unfinished = left;
        if left == 0 {
            self.monitor.finished.notify_all();
        }
        Answer::ok()
    }
}

impl Monitor {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Waits until `ready` holds; `None` if it did not in time.
    fn wait(
        &self,
        condition: &Condvar,
        patience: Patience,
        ready: impl Fn(&State) -> bool,
    ) -> Option<MutexGuard<'_, State>> {
        let (state, is_ready) = wait_until(self.lock(), condition, patience, ready);
        is_ready.then_some(state)
    }
}

impl Object for JoinableQueue {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Put { item, block, timeout_ms, then_clear } => {
                self.put(item, Patience::of(*block, *timeout_ms), *then_clear)
            }
            Call::PutNowait { item } => self.put(item, Patience::None, false),
            Call::Get { block, timeout_ms } => self.get(Patience::of(*block, *timeout_ms)),
            Call::GetNowait => self.get(Patience::None),
            Call::Qsize => Answer::number(self.monitor.lock().items.len() as i64),
            Call::Empty => Answer::truth(self.monitor.lock().items.is_empty()),
            Call::Full => Answer::truth(self.monitor.lock().items.len() >= self.bound),
            Call::TaskDone => self.task_done(),
            Call::JoinTasks { timeout_ms } => {
                let patience = Patience::of(true, *timeout_ms);
                let finished = |state: &State| state.unfinished == 0;
                match self.monitor.wait(&self.monitor.finished, patience, finished) {
                    Some(_) => Answer::ok(),
                    None => Answer::of(Outcome::Timeout),
                }
            }
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
