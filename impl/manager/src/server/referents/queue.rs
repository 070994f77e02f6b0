//! `queue.Queue` for clients, which is what both `Queue` and `JoinableQueue` of a manager are.
//!
//! An item is in the queue when its put returns. It leaves the queue with a client that has read all of the reply: one
//! that has died before takes nothing along. Then the item is at its place again, before all that were put later, also
//! in a queue that has become full meanwhile, and goes to who waits for it. Others may have got later items by then, so
//! who counts on the order of all items counts on nobody being killed. A task that a client has taken and not done when
//! it dies stays undone, as in CPython: whether its work was done nobody but that client knows.

use super::deadline::is_true;
use super::integer::integer;
use super::items::{Got, Items, NotGot, NotPut, PutEnd, TooOften, Weighed};
use super::line::Left;
use super::serial::within;
use super::shared::Begun;
use super::{Deadline, Serial, Shared};
use crate::python::{Class, Raise, Work};
use crate::server::{Arguments, Bell, Call, Fault, Given, Quota, Referent, Stored, Taken, Whole, Woken};

/// A managed queue.
pub struct Queue {
    is_bounded: bool,
    serial: Serial,
    items: Shared<Items<Bell, Stored>>,
}

impl Weighed for Stored {
    fn bytes(&self) -> usize {
        self.size()
    }
}

/// Why an item was not put.
enum Refused {
    Full,
    ShutDown,
    TooMany,
    TooLarge,
}

/// How a put ends: if not well, with the item that has not gone elsewhere, to be dropped when no lock is held.
type Put = Result<(), (Refused, Option<Stored>)>;

impl Queue {
    /// `Queue(maxsize=0)`; nothing or less is no bound.
    ///
    /// # Errors
    /// A `TypeError` for what is no integer.
    pub fn create(arguments: Arguments<'_>) -> Result<Queue, Raise> {
        let [maxsize] = arguments.bind("Queue", ["maxsize"], 0)?;
        let maxsize = maxsize.map_or(Ok(0), |maxsize| integer(maxsize, "maxsize"))?;
        let maxsize = usize::try_from(maxsize).ok().filter(|maxsize| *maxsize > 0);
        let items = Shared::new(Items::new(maxsize));
        Ok(Queue { is_bounded: maxsize.is_some(), serial: Serial::next(), items })
    }

    /// How many wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.items.look(Items::waiting)
    }

    fn put(&self, call: &Call<'_>) -> Result<Given, Fault> {
        let (item, deadline) = match call.method {
            "put" => {
                let [item, block, timeout] = call.arguments.bind("put", ["item", "block", "timeout"], 1)?;
                // Without a bound nobody waits, so Python does not look at how long.
                let deadline = match self.is_bounded {
                    true => {
                        Deadline::of_queue(block, timeout).map_err(|raise| self.or_shut_down(raise, false))?
                    }
                    false => Deadline::Now,
                };
                (item, deadline)
            }
            _ => (call.arguments.bind("put_nowait", ["item"], 1)?[0], Deadline::Now),
        };
        let item = item.map_or_else(Stored::none, |item| Stored::of(item, call.objects));
        let quota = *call.quota;
        let begin = |items: &mut Items<Bell, Stored>, bells: &mut Vec<Bell>, bell| {
            let item = match within_quota(items, item, &quota) {
                Ok(item) => item,
                Err(refused) => return Begun::Ended(Err(refused)),
            };
            match (items.try_put(item, bells), bell) {
                (Ok(()), _) => Begun::Ended(Ok(())),
                (Err(NotPut::Full(item)), Some(bell)) => Begun::Waits(items.enter_put(item, bell)),
                (Err(NotPut::Full(item)), None) => Begun::Ended(Err((Refused::Full, Some(item)))),
                (Err(NotPut::ShutDown(item)), _) => Begun::Ended(Err((Refused::ShutDown, Some(item)))),
            }
        };
        let ended = |end| -> Put {
            match end {
                PutEnd::Done => Ok(()),
                PutEnd::ShutDown => Err((Refused::ShutDown, None)),
            }
        };
        let put = self.items.answer(call.caller, deadline, begin, |items, _, ticket, woken| match woken {
            Woken::Rung => items.find_put(ticket).map(ended),
            Woken::TimedOut | Woken::Left => Some(match items.leave_put(ticket) {
                Some(Left::Granted(end)) => ended(end),
                Some(Left::Waiting(item)) => Err((Refused::Full, Some(item))),
                None => Err((Refused::Full, None)),
            }),
        })?;
        let Err((refused, _item)) = put else { return Ok(Given::none()) };
        match refused {
            Refused::Full => Err(Raise::bare(Class::Full).into()),
            Refused::ShutDown => Err(Raise::bare(Class::ShutDown).into()),
            Refused::TooMany => {
                let said = format!("the queue is to hold no more than {} items", quota.elements);
                Err(Raise::text(Class::Memory, said).into())
            }
            Refused::TooLarge => {
                let said = format!("the queue is to take no more than {} bytes", quota.bytes);
                Err(Raise::text(Class::Memory, said).into())
            }
        }
    }

    fn get(&self, call: &Call<'_>) -> Result<Given, Fault> {
        let deadline = match call.method {
            "get" => {
                let [block, timeout] = call.arguments.bind("get", ["block", "timeout"], 0)?;
                Deadline::of_queue(block, timeout).map_err(|raise| self.or_shut_down(raise, true))?
            }
            _ => {
                let [] = call.arguments.bind("get_nowait", [], 0)?;
                Deadline::Now
            }
        };
        let begin = |items: &mut Items<Bell, Stored>, bells: &mut Vec<Bell>, bell: Option<Bell>| {
            let Some(bell) = bell else { return Begun::Ended(items.try_get(bells)) };
            match items.try_get_in_turn(bells) {
                Err(NotGot::Empty) => Begun::Waits(items.enter_get(bell)),
                got => Begun::Ended(got),
            }
        };
        let caller = call.caller;
        let got = self.items.answer(caller, deadline, begin, |items, bells, ticket, woken| match woken {
            // It has a bell: it has just been woken by it.
            Woken::Rung => items.find_get(ticket, caller.bell().ok()?, bells),
            Woken::TimedOut => Some(items.time_out_get(ticket, bells)),
            Woken::Left => {
                items.leave_get(ticket, bells);
                None
            }
        })?;
        match got {
            Ok(Got { place, item }) => Ok(Given::Taken(Taken { value: item, place })),
            Err(NotGot::Empty) => Err(Raise::bare(Class::Empty).into()),
            Err(NotGot::ShutDown) => Err(Raise::bare(Class::ShutDown).into()),
        }
    }

    fn join(&self, call: &Call<'_>) -> Result<Given, Fault> {
        let begin = |items: &mut Items<Bell, Stored>, _: &mut Vec<Bell>, bell: Option<Bell>| match bell {
            Some(bell) if !items.is_finished() => Begun::Waits(items.enter_join(bell)),
            _ => Begun::Ended(()),
        };
        self.items.answer(call.caller, Deadline::Never, begin, |items, _, ticket, woken| match woken {
            Woken::Rung | Woken::TimedOut => items.find_join(ticket),
            Woken::Left => {
                items.leave_join(ticket);
                None
            }
        })?;
        Ok(Given::none())
    }

    /// What is wrong with how long to wait, unless the queue has been shut down: Python says that first.
    fn or_shut_down(&self, raise: Raise, only_if_empty: bool) -> Raise {
        let is_over =
            |items: &Items<Bell, Stored>| items.is_shut_down() && !(only_if_empty && items.len() > 0);
        if self.items.look(is_over) { Raise::bare(Class::ShutDown) } else { raise }
    }

    fn shut_down(&self, call: &Call<'_>) -> Result<Given, Fault> {
        let [immediate] = call.arguments.bind("shutdown", ["immediate"], 0)?;
        let immediate = immediate.is_some_and(is_true);
        drop(self.items.change(|items, bells| items.shut_down(immediate, bells)));
        Ok(Given::none())
    }
}

impl Referent for Queue {
    fn exposed(&self) -> &[&'static str] {
        &["empty", "full", "get", "get_nowait", "join", "put", "put_nowait", "qsize", "shutdown", "task_done"]
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "get" | "get_nowait" => return self.get(call),
            "put" | "put_nowait" => return self.put(call),
            "shutdown" => return self.shut_down(call),
            _ => {}
        }
        let [] = call.arguments.exactly::<0>(call.method)?;
        match call.method {
            "empty" => Ok(Given::flag(self.items.look(|items| items.len() == 0))),
            "full" => Ok(Given::flag(self.items.look(Items::is_full))),
            "qsize" => Ok(Given::int(i64::try_from(self.items.look(Items::len)).unwrap_or(i64::MAX))),
            "task_done" => match self.items.change(Items::task_done) {
                Ok(()) => Ok(Given::none()),
                Err(TooOften) => Err(Raise::value_error("task_done() called too many times").into()),
            },
            _ => self.join(call),
        }
    }

    fn whole(&self) -> Whole {
        Whole::Unserializable("cannot pickle '_thread.lock' object")
    }

    fn repr(&self, most: usize, _work: &mut Work) -> Result<String, Raise> {
        within(format!("<queue.Queue object at {}>", self.serial), most)
    }

    fn put_back(&self, taken: Taken) {
        let got = Got { place: taken.place, item: taken.value };
        drop(self.items.change(|items, bells| items.put_back(got, bells)));
    }

    fn size(&self) -> usize {
        size_of::<Queue>() + self.items.look(Items::bytes)
    }
}

/// The item, if the queue may take it.
fn within_quota(
    items: &Items<Bell, Stored>,
    item: Stored,
    quota: &Quota,
) -> Result<Stored, (Refused, Option<Stored>)> {
    if items.is_shut_down() {
        return Err((Refused::ShutDown, Some(item)));
    }
    if items.len() >= quota.elements {
        return Err((Refused::TooMany, Some(item)));
    }
    match items.bytes().checked_add(item.size()) {
        Some(bytes) if bytes <= quota.bytes => Ok(item),
        _ => Err((Refused::TooLarge, Some(item))),
    }
}
