//! The ends of OS pipes.

use std::any::Any;
use std::sync::Arc;

use procession_contract::{Answer, Call, Object, Outcome, Value};
use procession_reference::os_pipe::{PipeReader, PipeWriter};

use super::{number, outcome};

/// A handle to the end that is read.
#[derive(Clone)]
pub(super) struct ReaderHandle(pub(super) Arc<PipeReader>);

/// A handle to the end that is written.
#[derive(Clone)]
pub(super) struct WriterHandle(pub(super) Arc<PipeWriter>);

impl ReaderHandle {
    pub(super) fn new(reader: PipeReader) -> ReaderHandle {
        ReaderHandle(Arc::new(reader))
    }

    fn read(&self, max: u32, exactly: bool) -> Answer {
        let mut buffer = vec![0; max as usize];
        let read = if exactly { self.0.read_until_full(&mut buffer) } else { self.0.read(&mut buffer) };
        match read {
            Ok(count) => Answer {
                value: count as i64,
                aux: Value::fingerprint_of_bytes(&buffer[..count]),
                ..Answer::ok()
            },
            Err(error) => outcome::read(error),
        }
    }
}

impl WriterHandle {
    pub(super) fn new(writer: PipeWriter) -> WriterHandle {
        WriterHandle(Arc::new(writer))
    }

    fn write(&self, bytes: &[u8]) -> Answer {
        match self.0.write(bytes) {
            Ok(()) => Answer::number(bytes.len() as i64),
            Err(error) => outcome::write(error),
        }
    }
}

impl Object for ReaderHandle {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Read { max, exactly } => self.read(*max, *exactly),
            Call::Write { .. } => Answer::error(Outcome::WrongDirection, "a reader has no `write`"),
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
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Object for WriterHandle {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Write { item } => self.write(&item.raw_bytes()),
            Call::Read { .. } => Answer::error(Outcome::WrongDirection, "a writer has no `read`"),
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
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
