//! Events.

use std::any::Any;

use procession_contract::{Answer, Call, Object, Outcome};
use procession_reference::{Event, transfer};
use serde::{Deserialize, Serialize};

use super::lock::deadline;
use super::outcome;

/// A handle to an event, which travels to a new process as it is.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct EventHandle(Event);

impl EventHandle {
    pub(super) fn create() -> Result<EventHandle, Answer> {
        Event::new().map(EventHandle).map_err(outcome::os)
    }
}

impl Object for EventHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let EventHandle(event) = self;
        match call {
            Call::Await { timeout_ms } => Answer::truth(event.wait_until(deadline(true, *timeout_ms))),
            Call::Set => {
                event.set();
                Answer::ok()
            }
            Call::Clear => {
                event.clear();
                Answer::ok()
            }
            Call::IsSet => Answer::truth(event.is_set()),
            Call::Repr => Answer::text(format!("{event:?}")),
            Call::Serialise => match transfer::encode(event) {
                Ok(_) => Answer::ok(),
                Err(error) => outcome::encode(error),
            },
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
