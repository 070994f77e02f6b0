//! `threading.Condition` for clients: a line of those who wait, and a lock that may be another object's.
//!
//! A notification is for those who waited at the time, longest first. Who leaves before it has the lock back
//! leaves it to another one of them, never to one who came later.

use std::any::Any;
use std::sync::Arc;

use procession_wire::Kind;

use super::exclusive::Exclusive;
use super::holding::NotHeld;
use super::integer::integer;
use super::line::{Line, Seen, Ticket};
use super::serial::within;
use super::shared::{Begun, cannot_wait};
use super::told::acquired;
use super::{Came, Deadline, Lock, Shared};
use crate::python::{Class, Raise, Work};
use crate::server::{Arguments, Bell, Call, CallerId, Fault, Given, Object, Objects, Referent, Whole};

/// A managed condition.
pub struct Condition {
    lock: Arc<Exclusive>,
    /// The object that is the lock, for as long as the condition is.
    _object: Option<Arc<Object>>,
    line: Shared<Waiters>,
}

/// Those who wait, and to whom a notification was given: the mark tells who waited when it was.
type Waiters = Line<Bell, Ticket>;

impl Condition {
    /// `Condition(lock=None)`: over a lock of this server of which a proxy is given, or a recursive one of its own.
    ///
    /// # Errors
    /// A `TypeError` for anything else.
    pub fn create(arguments: Arguments<'_>, objects: &Objects) -> Result<Condition, Raise> {
        let [lock] = arguments.bind("Condition", ["lock"], 0)?;
        let Some(lock) = lock.filter(|lock| !lock.is_none()) else {
            return Ok(Condition::over(Arc::new(Exclusive::new(true)), None));
        };
        let named = match lock.kind() {
            Kind::Object(_) => objects.named_in(lock),
            _ => Vec::new(),
        };
        match named.as_slice() {
            [object] => match exclusive_of(&*object.referent) {
                Some(exclusive) => Ok(Condition::over(exclusive, Some(object.clone()))),
                None => Err(no_lock(&object.typeid)),
            },
            _ => Err(no_lock(lock.type_name())),
        }
    }

    fn over(lock: Arc<Exclusive>, object: Option<Arc<Object>>) -> Condition {
        Condition { lock, _object: object, line: Shared::new(Line::default()) }
    }

    /// How many wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.line.look(Line::waiting)
    }

    /// `wait(timeout=None)`: whether it was notified, and how it got the lock back.
    fn wait(&self, call: &Call<'_>) -> Result<(bool, Came), Fault> {
        let [timeout] = call.arguments.bind(call.method, ["timeout"], 0)?;
        let caller = call.caller;
        if !self.lock.is_held_for(caller.id()) {
            return Err(not_held("wait").into());
        }
        let deadline = Deadline::of_wait(timeout)?;
        // Whoever gives the lock up must be able to wait for it afterwards.
        caller.bell().map_err(cannot_wait)?;
        let mut depth = Err(NotHeld);
        // In the line before the lock is free: whoever notifies has the lock.
        let begin = |line: &mut Waiters, _: &mut Vec<Bell>, bell: Option<Bell>| match bell {
            Some(bell) => {
                let ticket = line.enter(bell);
                depth = self.lock.release_all(caller.id());
                match depth {
                    Ok(_) => Begun::Waits(ticket),
                    Err(NotHeld) => {
                        line.leave(ticket);
                        Begun::Ended(None)
                    }
                }
            }
            None => {
                depth = self.lock.release_all(caller.id());
                Begun::Ended(None)
            }
        };
        let notified = self.line.answer(caller, deadline, begin, |line, bells, ticket, woken| match line
            .see(ticket, woken)
        {
            Seen::Waits => None,
            Seen::Ended(mark) => Some(mark),
            Seen::Gone(mark) => {
                hand_on(line, bells, mark);
                None
            }
        })?;
        // Somebody else has released a lock that is everybody's to release.
        let depth = depth.map_err(|NotHeld| not_held("wait"))?;
        match self.lock.restore(caller, depth) {
            Ok(came) => Ok((notified.is_some(), came)),
            Err(fault) => {
                self.line.change(|line, bells| hand_on(line, bells, notified));
                Err(fault)
            }
        }
    }

    fn notify(&self, caller: CallerId, most: u64) -> Result<Given, Fault> {
        if !self.lock.is_held_for(caller) {
            return Err(not_held("notify").into());
        }
        self.line.change(|line, bells| give(line, bells, most));
        Ok(Given::none())
    }
}

impl Referent for Condition {
    fn exposed(&self) -> &[&'static str] {
        &["acquire", "release", "wait", "notify", "notify_all", "acquire_told", "wait_told"]
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        let caller = call.caller.id();
        match call.method {
            "release" => self.lock.release(call.arguments, caller),
            "wait" => Ok(Given::flag(self.wait(call)?.0)),
            // 0: time was up. 1: notified. 2: either, and the lock came from one who died with it.
            "wait_told" => Ok(Given::int(match self.wait(call)? {
                (_, Came::FromTheDead) => 2,
                (notified, Came::Freely) => i64::from(notified),
            })),
            "notify" => {
                let [n] = call.arguments.bind("notify", ["n"], 0)?;
                let n = n.map_or(Ok(1), |n| integer(n, "n"))?;
                // Less than one is nobody.
                self.notify(caller, n.max(0).unsigned_abs())
            }
            "notify_all" => {
                let [] = call.arguments.exactly::<0>("notify_all")?;
                self.notify(caller, u64::MAX)
            }
            method => Ok(acquired(method, self.lock.acquire(method, call.arguments, call.caller)?)),
        }
    }

    fn whole(&self) -> Whole {
        Whole::Unserializable(self.lock.unserializable())
    }

    fn repr(&self, most: usize, _work: &mut Work) -> Result<String, Raise> {
        let waiting = self.line.look(Line::waiting);
        within(format!("<Condition({}, {waiting})>", self.lock.text()), most)
    }

    fn left(&self, caller: CallerId) {
        self.lock.end(caller);
    }

    fn size(&self) -> usize {
        size_of::<Condition>() + size_of::<Exclusive>()
    }
}

/// Gives a notification to each of so many who wait.
fn give<W>(line: &mut Line<W, Ticket>, wakers: &mut Vec<W>, most: u64) {
    let mark = line.mark();
    wakers.extend((0..most).map_while(|_| line.grant(mark).ok()));
}

/// A notification goes on to the next of those who waited when it was given.
fn hand_on<W>(line: &mut Line<W, Ticket>, wakers: &mut Vec<W>, mark: Option<Ticket>) {
    wakers.extend(mark.and_then(|mark| line.grant_before(mark, mark).ok()));
}

/// The lock that this object is, if it is one.
fn exclusive_of(referent: &dyn Referent) -> Option<Arc<Exclusive>> {
    let any: &dyn Any = referent;
    any.downcast_ref().map(Lock::exclusive).cloned()
}

fn not_held(method: &str) -> Raise {
    Raise::text(Class::Runtime, format!("cannot {method} on un-acquired lock"))
}

fn no_lock(given: &str) -> Raise {
    Raise::type_error(format!(
        "a condition is made over None or the proxy of a Lock or RLock of its manager, not over '{given}'"
    ))
}

#[cfg(test)]
mod tests;
