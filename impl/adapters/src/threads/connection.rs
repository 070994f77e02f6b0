//! Pipes that are one channel, or two for both directions.

use std::any::Any;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, Sender, unbounded};
use procession_contract::{Answer, Call, Object, Outcome, Value};

/// A handle to one end of a pipe. The other end sees the end of the stream when the last handle is
/// closed or dropped.
#[derive(Clone)]
pub(super) struct Connection {
    /// Absent once this handle is closed.
    ends: Option<Ends>,
}

#[derive(Clone)]
struct Ends {
    sender: Option<Sender<Value>>,
    receiver: Option<Receiver<Value>>,
}

impl Connection {
    /// Two connected ends; without `duplex` the first one receives and the second one sends.
    pub(super) fn pair(duplex: bool) -> (Connection, Connection) {
        let end = |sender, receiver| Connection { ends: Some(Ends { sender, receiver }) };
        let (to_first, first) = unbounded();
        if !duplex {
            return (end(None, Some(first)), end(Some(to_first), None));
        }
        let (to_second, second) = unbounded();
        (end(Some(to_second), Some(first)), end(Some(to_first), Some(second)))
    }
}

impl Ends {
    fn send(&self, value: Value) -> Answer {
        match &self.sender {
            None => Answer::of(Outcome::WrongDirection),
            Some(sender) => match sender.send(value) {
                Ok(()) => Answer::ok(),
                Err(error) => Answer::error(Outcome::BrokenPipe, error),
            },
        }
    }

    fn recv(&self) -> Answer {
        match &self.receiver {
            None => Answer::of(Outcome::WrongDirection),
            Some(receiver) => match receiver.recv() {
                Ok(value) => Answer::received(&value),
                Err(error) => Answer::error(Outcome::Eof, error),
            },
        }
    }

    fn poll(&self, timeout_ms: Option<i64>, forever: bool) -> Answer {
        let Some(receiver) = &self.receiver else { return Answer::of(Outcome::WrongDirection) };
        let mut select = Select::new();
        select.recv(receiver);
        if forever {
            select.ready();
            return Answer::truth(true);
        }
        let time = Duration::from_millis(timeout_ms.unwrap_or(0).max(0) as u64);
        Answer::truth(select.ready_timeout(time).is_ok())
    }
}

impl Object for Connection {
    fn call(&mut self, call: &Call) -> Answer {
        if matches!(call, Call::Close) {
            self.ends = None;
            return Answer::ok();
        }
        let ends = self.ends.as_ref();
        let on = |answer: &dyn Fn(&Ends) -> Answer| ends.map_or(Outcome::Closed.into(), answer);
        match call {
            Call::Send { item } => on(&|ends| ends.send(item.value())),
            Call::Recv => on(&Ends::recv),
            Call::Poll { timeout_ms, forever } => on(&|ends| ends.poll(*timeout_ms, *forever)),
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
