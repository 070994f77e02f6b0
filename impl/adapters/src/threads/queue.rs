//! Queues that are crossbeam channels both of whose ends every handle has.

use std::any::Any;

use crossbeam_channel::{
    Receiver, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded, unbounded,
};
use procession_contract::{Answer, Call, Item, Object, Outcome, Value};

use crate::patience::Patience;

/// The longest bounded queue: crossbeam allocates all its slots at once.
const LONGEST: i64 = 1 << 20;

/// A handle to a queue.
#[derive(Clone)]
pub(super) struct Queue {
    sender: Sender<Value>,
    receiver: Receiver<Value>,
    /// Put, get and empty only.
    simple: bool,
}

impl Queue {
    /// A queue that holds at most `maxsize` items; zero or negative for no bound.
    pub(super) fn new(maxsize: i64) -> Result<Queue, Answer> {
        if maxsize > LONGEST {
            let what = format!("maxsize is {maxsize}, expected at most {LONGEST}");
            return Err(Answer::error(Outcome::BadValue, what));
        }
        let (sender, receiver) = if maxsize > 0 { bounded(maxsize as usize) } else { unbounded() };
        Ok(Queue { sender, receiver, simple: false })
    }

    /// A queue with put, get and empty only.
    pub(super) fn simple() -> Queue {
        let (sender, receiver) = unbounded();
        Queue { sender, receiver, simple: true }
    }

    fn put(&self, item: &Item, patience: Patience, then_clear: bool) -> Answer {
        let mut value = item.value();
        // What the channel takes is moved into it; a caller who wants to go on using it clones it.
        let moved = if then_clear { value.clone() } else { std::mem::replace(&mut value, Value::None) };
        let sent = match patience {
            Patience::None => self.sender.try_send(moved).map_err(|error| match error {
                TrySendError::Full(_) => Outcome::Full,
                TrySendError::Disconnected(_) => Outcome::BrokenPipe,
            }),
            Patience::For(time) => self.sender.send_timeout(moved, time).map_err(|error| match error {
                SendTimeoutError::Timeout(_) => Outcome::Full,
                SendTimeoutError::Disconnected(_) => Outcome::BrokenPipe,
            }),
            Patience::Forever => self.sender.send(moved).map_err(|_| Outcome::BrokenPipe),
        };
        if let Value::List(elements) = &mut value {
            elements.clear();
        }
        sent.map_or_else(Answer::of, |()| Answer::ok())
    }

    fn get(&self, patience: Patience) -> Answer {
        let received = match patience {
            Patience::None => self.receiver.try_recv().map_err(|error| match error {
                TryRecvError::Empty => Outcome::Empty,
                TryRecvError::Disconnected => Outcome::Eof,
            }),
            Patience::For(time) => self.receiver.recv_timeout(time).map_err(|error| match error {
                RecvTimeoutError::Timeout => Outcome::Empty,
                RecvTimeoutError::Disconnected => Outcome::Eof,
            }),
            Patience::Forever => self.receiver.recv().map_err(|_| Outcome::Eof),
        };
        received.map_or_else(Answer::of, |value| Answer::received(&value))
    }
}

impl Object for Queue {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Put { item, block, timeout_ms, then_clear } => {
                self.put(item, Patience::of(*block, *timeout_ms), *then_clear)
            }
            Call::Get { block, timeout_ms } => self.get(Patience::of(*block, *timeout_ms)),
            Call::Empty => Answer::truth(self.receiver.is_empty()),
            _ if self.simple => Answer::of(Outcome::Unsupported),
            Call::PutNowait { item } => self.put(item, Patience::None, false),
            Call::GetNowait => self.get(Patience::None),
            Call::Qsize => Answer::number(self.receiver.len() as i64),
            Call::Full => Answer::truth(self.sender.is_full()),
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
