//! Descriptors that travel beside the messages of a connection.

use std::any::Any;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, PoisonError};

use procession_contract::{Answer, Call, Object, Objects, Outcome, Value};
use procession_manager::reduction::{RecvHandleError, SendHandleError, recv_handle, send_handle};

use super::{connection, library, number, outcome};

/// Sends the descriptor `of` through the connection `on`: of an object by its name, or `fd:` and its number.
pub(super) fn send(on: &str, of: &str, objects: &mut Objects) -> Answer {
    let sent = connection::find(on, objects).and_then(|carrier| {
        let number = match of.strip_prefix("fd:").map(str::parse) {
            Some(Ok(number)) => number,
            _ => library::descriptor_of(of, objects)?,
        };
        send_handle(&carrier, number::duplicate(number).map_err(outcome::os)?).map_err(not_sent)
    });
    sent.map_or_else(|answer| answer, |()| Answer::ok())
}

/// Receives a descriptor through the connection `on`; it is known as `name` from then on.
pub(super) fn receive(on: &str, name: &str, objects: &mut Objects) -> Answer {
    let received =
        connection::find(on, objects).and_then(|carrier| recv_handle(&carrier).map_err(not_received));
    match received {
        Ok(fd) => {
            let answer = Answer::number(fd.as_raw_fd());
            let handle = DescriptorHandle(Arc::new(Mutex::new(Some(File::from(fd)))));
            objects.insert(name.into(), Box::new(handle));
            answer
        }
        Err(answer) => answer,
    }
}

fn not_sent(error: SendHandleError) -> Answer {
    let outcome = match &error {
        SendHandleError::BrokenPipe => Outcome::BrokenPipe,
        SendHandleError::Closed => Outcome::Closed,
        SendHandleError::NoSocket => Outcome::BadDescriptor,
        _ => Outcome::Other,
    };
    match error {
        SendHandleError::Os(error) => outcome::os(error),
        error => Answer::error(outcome, error),
    }
}

fn not_received(error: RecvHandleError) -> Answer {
    let outcome = match &error {
        RecvHandleError::Closed => Outcome::Closed,
        RecvHandleError::Corrupt(_) => Outcome::Corrupt,
        RecvHandleError::Eof => Outcome::Eof,
        RecvHandleError::NoSocket => Outcome::BadDescriptor,
        _ => Outcome::Other,
    };
    match error {
        RecvHandleError::Os(error) => outcome::os(error),
        error => Answer::error(outcome, error),
    }
}

/// A handle to a descriptor of which nothing else is known.
#[derive(Clone)]
struct DescriptorHandle(Arc<Mutex<Option<File>>>);

impl DescriptorHandle {
    /// The open file, for as long as a call takes, though another thread may close it.
    fn file(&self) -> Result<File, Answer> {
        let file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let file = file.as_ref().ok_or_else(|| Answer::error(Outcome::Closed, "the descriptor is closed"))?;
        file.try_clone().map_err(outcome::os)
    }

    fn read(&self, max: u32, exactly: bool) -> Result<Answer, Answer> {
        let mut file = self.file()?;
        let mut bytes = Vec::new();
        if exactly {
            file.take(max.into()).read_to_end(&mut bytes).map_err(outcome::os)?;
        } else {
            bytes.resize(max as usize, 0);
            let count = file.read(&mut bytes).map_err(outcome::os)?;
            bytes.truncate(count);
        }
        if bytes.is_empty() {
            return Err(Answer::of(Outcome::Eof));
        }
        let aux = Value::fingerprint_of_bytes(&bytes);
        Ok(Answer { value: bytes.len() as i64, aux, ..Answer::ok() })
    }
}

impl Object for DescriptorHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let answered = match call {
            Call::Write { item } => self.file().and_then(|mut file| {
                let bytes = item.raw_bytes();
                file.write_all(&bytes).map_err(outcome::os)?;
                Ok(Answer::number(bytes.len() as i64))
            }),
            Call::Read { max, exactly } => self.read(*max, *exactly),
            Call::Fileno => {
                let file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                match &*file {
                    Some(file) => Ok(Answer::number(file.as_raw_fd())),
                    None => Err(Answer::error(Outcome::Closed, "the descriptor is closed")),
                }
            }
            Call::Close => {
                drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
                Ok(Answer::ok())
            }
            _ => Err(Answer::of(Outcome::Unsupported)),
        };
        answered.unwrap_or_else(|answer| answer)
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
