//! `threading.Event` for clients. Who waits when it is set goes on, whatever happens to it afterwards.

use super::line::{Line, Seen};
use super::serial::within;
use super::shared::Begun;
use super::{Deadline, Serial, Shared};
use crate::python::{Raise, Work};
use crate::server::{Arguments, Bell, Call, Fault, Given, Referent, Whole};

/// A managed event.
pub struct Event {
    serial: Serial,
    state: Shared<State>,
}

#[derive(Default)]
struct State {
    is_set: bool,
    /// Those who were waiting at a moment when it was set.
    line: Line<Bell, ()>,
}

impl Event {
    /// `Event()`, which is not set.
    ///
    /// # Errors
    /// A `TypeError` for arguments.
    pub fn create(arguments: Arguments<'_>) -> Result<Event, Raise> {
        let [] = arguments.exactly::<0>("Event")?;
        Ok(Event { serial: Serial::next(), state: Shared::new(State::default()) })
    }

    /// How many wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.state.look(|state| state.line.waiting())
    }

    fn set(&self) {
        self.state.change(|state, bells| {
            state.is_set = true;
            while let Ok(bell) = state.line.grant(()) {
                bells.push(bell);
            }
        });
    }

    fn wait(&self, call: &Call<'_>) -> Result<bool, Fault> {
        let [timeout] = call.arguments.bind("wait", ["timeout"], 0)?;
        let deadline = Deadline::of_wait(timeout)?;
        let begin = |state: &mut State, _: &mut Vec<Bell>, bell| match bell {
            Some(bell) if !state.is_set => Begun::Waits(state.line.enter(bell)),
            _ => Begun::Ended(state.is_set),
        };
        self.state.answer(call.caller, deadline, begin, |state, _, ticket, woken| {
            match state.line.see(ticket, woken) {
                Seen::Waits => None,
                Seen::Ended(set) | Seen::Gone(set) => Some(set.is_some()),
            }
        })
    }
}

impl Referent for Event {
    fn exposed(&self) -> &[&'static str] {
        &["is_set", "set", "clear", "wait"]
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        if call.method == "wait" {
            return Ok(Given::flag(self.wait(call)?));
        }
        let [] = call.arguments.exactly::<0>(call.method)?;
        match call.method {
            "is_set" => return Ok(Given::flag(self.state.look(|state| state.is_set))),
            "set" => self.set(),
            _ => self.state.change(|state, _| state.is_set = false),
        }
        Ok(Given::none())
    }

    fn whole(&self) -> Whole {
        Whole::Unserializable("cannot pickle '_thread.lock' object")
    }

    fn repr(&self, most: usize, _work: &mut Work) -> Result<String, Raise> {
        let is = if self.state.look(|state| state.is_set) { "set" } else { "unset" };
        within(format!("<threading.Event at {}: {is}>", self.serial), most)
    }

    fn size(&self) -> usize {
        size_of::<Event>()
    }
}
