//! Barriers in the manner of Python's `threading`: how many parties are inside, and what they wait for.

use std::any::Any;
use std::sync::{Arc, Condvar, Mutex};

use procession_contract::{Answer, BarrierAction, Call, Object, Outcome};

use super::monitor::{lock, wait_until};
use crate::patience::Patience;

/// A handle to a barrier.
#[derive(Clone)]
pub(super) struct Barrier {
    shared: Arc<Shared>,
    parties: i64,
    timeout_ms: Option<i64>,
    action: Option<BarrierAction>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    phase: Phase,
    inside: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Parties come.
    Filling,
    /// All have come, and leave one after the other; whoever comes now waits until they have left.
    Draining,
    /// Those inside leave with an error, and the barrier is as new then.
    Resetting,
    /// Those inside leave with an error, and so does whoever comes.
    Broken,
}

impl Barrier {
    /// A barrier for so many parties.
    ///
    /// # Errors
    /// `bad_value` for less than one party.
    pub(super) fn new(
        parties: i64,
        timeout_ms: Option<i64>,
        action: Option<BarrierAction>,
    ) -> Result<Barrier, Answer> {
        if parties < 1 {
            let what = format!("{parties} parties, expected at least 1");
            return Err(Answer::error(Outcome::BadValue, what));
        }
        let state = Mutex::new(State { phase: Phase::Filling, inside: 0 });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        Ok(Barrier { shared, parties, timeout_ms, action })
    }

    fn wait(&self, patience: Patience) -> Answer {
        let changed = &self.shared.changed;
        let open = |state: &State| matches!(state.phase, Phase::Filling | Phase::Broken);
        let state = lock(&self.shared.state);
        // The others are on their way out already: that takes no time that a limit could be for.
        let (mut state, _) = wait_until(state, changed, Patience::Forever, open);
        if state.phase == Phase::Broken {
            return Answer::of(Outcome::BrokenBarrier);
        }
        let index = state.inside;
        state.inside += 1;
        let answer = if state.inside == self.parties {
            // Under the mutex, so that nobody passes before it is over.
            match self.action.map_or(Ok(()), BarrierAction::perform) {
                Ok(()) => {
                    state.phase = Phase::Draining;
                    Answer::number(index)
                }
                Err(error) => {
                    state.phase = Phase::Broken;
                    Answer::error(Outcome::ActionFailed, error)
                }
            }
        } else {
            let decided = |state: &State| state.phase != Phase::Filling;
            let (later, in_time) = wait_until(state, changed, patience, decided);
            state = later;
            if !in_time {
                state.phase = Phase::Broken;
            }
            match state.phase {
                Phase::Draining => Answer::number(index),
                _ => Answer::of(Outcome::BrokenBarrier),
            }
        };
        state.inside -= 1;
        if state.inside == 0 && state.phase != Phase::Broken {
            state.phase = Phase::Filling;
        }
        changed.notify_all();
        answer
    }

    fn abort(&self) -> Answer {
        lock(&self.shared.state).phase = Phase::Broken;
        self.shared.changed.notify_all();
        Answer::ok()
    }

    fn reset(&self) -> Answer {
        let mut state = lock(&self.shared.state);
        state.phase = match state.phase {
            _ if state.inside == 0 => Phase::Filling,
            // They have passed; the barrier will be as new when they have left.
            Phase::Draining => Phase::Draining,
            _ => Phase::Resetting,
        };
        self.shared.changed.notify_all();
        Answer::ok()
    }
}

impl Object for Barrier {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Await { timeout_ms } => self.wait(Patience::of(true, timeout_ms.or(self.timeout_ms))),
            Call::Abort => self.abort(),
            Call::Reset => self.reset(),
            Call::Parties => Answer::number(self.parties),
            Call::Waiting => {
                let state = lock(&self.shared.state);
                Answer::number(if state.phase == Phase::Filling { state.inside } else { 0 })
            }
            Call::Broken => Answer::truth(lock(&self.shared.state).phase == Phase::Broken),
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
