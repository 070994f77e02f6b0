//! `threading.Barrier` for clients, without an action: that would be Python code in the server.
//!
//! A party that leaves while it waits, by its death perhaps, breaks the barrier; CPython lets the others wait for
//! one who never comes back. Who has passed may die: its round is over.

use super::integer::integer;
use super::line::{Left, Line, Ticket};
use super::serial::within;
use super::shared::Begun;
use super::{Deadline, Limit, Serial, Shared};
use crate::python::{Class, Raise, Work};
use crate::server::{Arguments, Bell, Call, Fault, Given, Referent, Whole, Woken};

/// A managed barrier.
pub struct Barrier {
    parties: u64,
    /// For waits that do not say how long.
    limit: Limit,
    serial: Serial,
    state: Shared<Round<Bell>>,
}

/// A round of waits by those who have arrived; `W` is what a party is woken by.
///
/// # Invariants
/// 1. While the barrier is broken nobody waits.
/// 2. Who leaves breaks the barrier, so a party's index is its place among those who wait.
#[derive(Debug)]
struct Round<W> {
    is_broken: bool,
    line: Line<W, Passage>,
}

/// What becomes of a round for one of its parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    /// All have arrived; its index is this.
    Passed(u64),
    /// The barrier is broken.
    Broken,
}

impl<W> Round<W> {
    /// A party arrives, and perhaps it is the last. It waits by the waker, if it does not want to break the barrier
    /// instead.
    fn arrive(&mut self, parties: u64, wakers: &mut Vec<W>, waker: Option<W>) -> Begun<Passage> {
        if self.is_broken {
            return Begun::Ended(Passage::Broken);
        }
        let index = self.line.waiting() as u64;
        if index + 1 == parties {
            wakers.extend((0..index).map_while(|index| self.line.grant(Passage::Passed(index)).ok()));
            return Begun::Ended(Passage::Passed(index));
        }
        match waker {
            Some(waker) => Begun::Waits(self.line.enter(waker)),
            None => {
                self.begin_anew(true, wakers);
                Begun::Ended(Passage::Broken)
            }
        }
    }

    /// A party ends its wait before it was told; what it was told by then counts.
    fn leave(&mut self, ticket: Ticket, wakers: &mut Vec<W>) -> Passage {
        match self.line.leave(ticket) {
            Some(Left::Granted(passage)) => passage,
            _ => {
                self.begin_anew(true, wakers);
                Passage::Broken
            }
        }
    }

    /// Ends the round for all who wait: to them the barrier is broken, to those who come later perhaps not.
    fn begin_anew(&mut self, is_broken: bool, wakers: &mut Vec<W>) {
        self.is_broken = is_broken;
        while let Ok(waker) = self.line.grant(Passage::Broken) {
            wakers.push(waker);
        }
    }
}

impl Barrier {
    /// `Barrier(parties, action=None, timeout=None)`.
    ///
    /// # Errors
    /// A `ValueError` for less than one party, a `NotImplementedError` for an action, a `TypeError` for what is no
    /// number.
    pub fn create(arguments: Arguments<'_>) -> Result<Barrier, Raise> {
        let [parties, action, timeout] = arguments.bind("Barrier", ["parties", "action", "timeout"], 1)?;
        let parties = parties.map_or(Ok(0), |parties| integer(parties, "parties"))?;
        let parties = u64::try_from(parties).ok().filter(|parties| *parties > 0);
        let parties = parties.ok_or_else(|| Raise::value_error("parties must be > 0"))?;
        if action.is_some_and(|action| !action.is_none()) {
            return Err(Raise::text(
                Class::NotImplemented,
                "a managed barrier has no action: this server runs no Python code",
            ));
        }
        let state = Shared::new(Round { is_broken: false, line: Line::default() });
        Ok(Barrier { parties, limit: Limit::of(timeout)?, serial: Serial::next(), state })
    }

    /// How many wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.state.look(|round| round.line.waiting())
    }

    fn wait(&self, call: &Call<'_>) -> Result<Given, Fault> {
        let [timeout] = call.arguments.bind("wait", ["timeout"], 0)?;
        let deadline: Deadline = match timeout.filter(|timeout| !timeout.is_none()) {
            None => self.limit.deadline(),
            said => Deadline::of_wait(said)?,
        };
        let parties = self.parties;
        let begin = |round: &mut Round<Bell>, bells: &mut Vec<Bell>, bell| round.arrive(parties, bells, bell);
        let passage =
            self.state.answer(call.caller, deadline, begin, |round, bells, ticket, woken| match woken {
                Woken::Rung => round.line.find(ticket),
                Woken::TimedOut | Woken::Left => Some(round.leave(ticket, bells)),
            })?;
        match passage {
            Passage::Passed(index) => Ok(Given::int(i64::try_from(index).unwrap_or(i64::MAX))),
            Passage::Broken => Err(Raise::bare(Class::BrokenBarrier).into()),
        }
    }

    fn attribute(&self, call: &Call<'_>) -> Result<Given, Fault> {
        let [name] = call.arguments.exactly::<1>("__getattribute__")?;
        let Some(text) = name.text() else {
            let found = name.type_name();
            return Err(Raise::type_error(format!("attribute name must be string, not '{found}'")).into());
        };
        let number = |number: u64| Ok(Given::int(i64::try_from(number).unwrap_or(i64::MAX)));
        match text.to_str() {
            Some("parties") => number(self.parties),
            Some("n_waiting") => number(self.state.look(|round| round.line.waiting()) as u64),
            Some("broken") => Ok(Given::flag(self.state.look(|round| round.is_broken))),
            _ => {
                let said = format!("'Barrier' object has no attribute '{}'", text.to_str_lossy());
                Err(Raise::text(Class::Attribute, said).into())
            }
        }
    }
}

impl Referent for Barrier {
    fn exposed(&self) -> &[&'static str] {
        &["__getattribute__", "wait", "abort", "reset"]
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "__getattribute__" => return self.attribute(call),
            "wait" => return self.wait(call),
            _ => {}
        }
        let [] = call.arguments.exactly::<0>(call.method)?;
        let is_broken = call.method == "abort";
        self.state.change(|round, bells| round.begin_anew(is_broken, bells));
        Ok(Given::none())
    }

    fn whole(&self) -> Whole {
        Whole::Unserializable("cannot pickle '_thread.lock' object")
    }

    fn repr(&self, most: usize, _work: &mut Work) -> Result<String, Raise> {
        let (is_broken, waiting) = self.state.look(|round| (round.is_broken, round.line.waiting()));
        let (serial, parties) = (self.serial, self.parties);
        let text = match is_broken {
            true => format!("<threading.Barrier at {serial}: broken>"),
            false => format!("<threading.Barrier at {serial}: waiters={waiting}/{parties}>"),
        };
        within(text, most)
    }

    fn size(&self) -> usize {
        size_of::<Barrier>()
    }
}

#[cfg(test)]
mod tests;
