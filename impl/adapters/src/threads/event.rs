//! Events: a flag, and how often it was set.

use std::any::Any;
use std::sync::{Arc, Condvar, Mutex};

use procession_contract::{Answer, Call, Object, Outcome};

use super::monitor::{lock, wait_until};
use crate::patience::Patience;

/// A handle to an event.
#[derive(Clone, Default)]
pub(super) struct Event {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_set: bool,
    /// How often it was set: a waiter that sleeps through a `clear` knows by it that it was set meanwhile.
    sets: u64,
}

impl Event {
    fn set(&self, is_set: bool) -> Answer {
        let mut state = lock(&self.shared.state);
        state.is_set = is_set;
        state.sets += u64::from(is_set);
        self.shared.changed.notify_all();
        Answer::ok()
    }

    fn wait(&self, patience: Patience) -> Answer {
        let state = lock(&self.shared.state);
        let before = state.sets;
        let was_set = |state: &State| state.is_set || state.sets != before;
        Answer::truth(wait_until(state, &self.shared.changed, patience, was_set).1)
    }
}

impl Object for Event {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Set => self.set(true),
            Call::Clear => self.set(false),
            Call::IsSet => Answer::truth(lock(&self.shared.state).is_set),
            Call::Await { timeout_ms } => self.wait(Patience::of(true, *timeout_ms)),
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
