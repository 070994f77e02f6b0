//! The ends of OS pipes.

use std::any::Any;
use std::os::fd::RawFd;
use std::sync::Arc;

use procession_contract::{Answer, Call, Object, Outcome, Value};
use procession_reference::connection::PollError;
use procession_reference::os_pipe::{PipeReader, PipeWriter};

use super::{number, outcome};

/// A handle to one end; copies are the same end.
pub(super) struct Handle<E>(pub(super) Arc<E>);

impl<E> Handle<E> {
    pub(super) fn new(end: E) -> Handle<E> {
        Handle(Arc::new(end))
    }
}

/// An end: what it alone can do, and what both can.
pub(super) trait PipeEnd: Send + Sync + 'static {
    /// A call in this end's own direction, or in the other one's.
    fn transfer(&self, call: &Call) -> Answer;
    fn fileno(&self) -> Result<RawFd, PollError>;
    fn is_closed(&self) -> bool;
    fn close(&self);
}

macro_rules! forwarded_to_the_end {
    ($end:ident) => {
        fn fileno(&self) -> Result<RawFd, PollError> {
            $end::fileno(self)
        }

        fn is_closed(&self) -> bool {
            $end::is_closed(self)
        }

        fn close(&self) {
            $end::close(self);
        }
    };
}

impl PipeEnd for PipeReader {
    fn transfer(&self, call: &Call) -> Answer {
        let Call::Read { max, exactly } = call else {
            return Answer::error(Outcome::WrongDirection, "a reader has no `write`");
        };
        let mut buffer = vec![0; *max as usize];
        let read = if *exactly { self.read_until_full(&mut buffer) } else { self.read(&mut buffer) };
        match read {
            Ok(count) => Answer {
                value: count as i64,
                aux: Value::fingerprint_of_bytes(&buffer[..count]),
                ..Answer::ok()
            },
            Err(error) => outcome::read(error),
        }
    }

    forwarded_to_the_end!(PipeReader);
}

impl PipeEnd for PipeWriter {
    fn transfer(&self, call: &Call) -> Answer {
        let Call::Write { item } = call else {
            return Answer::error(Outcome::WrongDirection, "a writer has no `read`");
        };
        let bytes = item.raw_bytes();
        match self.write(&bytes) {
            Ok(()) => Answer::number(bytes.len() as i64),
            Err(error) => outcome::write(error),
        }
    }

    forwarded_to_the_end!(PipeWriter);
}

impl<E: PipeEnd> Object for Handle<E> {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Read { .. } | Call::Write { .. } => self.0.transfer(call),
            Call::Fileno => self.0.fileno().map_or_else(outcome::poll, Answer::number),
            Call::Inheritable => match self.0.fileno() {
                Ok(fd) => number::is_inheritable(fd).map_or_else(outcome::os, Answer::truth),
                Err(error) => outcome::poll(error),
            },
            Call::IsClosed => Answer::truth(self.0.is_closed()),
            Call::Close => {
                self.0.close();
                Answer::ok()
            }
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(Handle(Arc::clone(&self.0))))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
