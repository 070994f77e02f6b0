//! Connections, and the calls that make one known under a new name.

use std::any::Any;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::sync::Arc;

use procession_contract::{Answer, Call, Item, Object, Objects, Outcome, Value};
use procession_manager::PickleExt;
use procession_manager::reduction::{self, FetchError, Passed, RecvConnectionError};
use procession_reference::connection::{Connection, FromFdError, RecvIntoError};
use procession_reference::{exit, transfer};

use super::parcel::{Parcel, pickle, unpickle};
use super::thing::Thing;
use super::{listener, managed, number, outcome};

/// A handle to one end of a pipe.
#[derive(Clone)]
pub(super) struct ConnectionHandle(pub(super) Arc<Connection>);

impl ConnectionHandle {
    pub(super) fn new(connection: Connection) -> ConnectionHandle {
        ConnectionHandle(Arc::new(connection))
    }

    fn send_bytes(&self, item: &Item, offset: Option<i64>, size: Option<i64>) -> Answer {
        let bytes = item.raw_bytes();
        let sent = match (offset, size) {
            (None, None) => self.0.send_bytes(&bytes),
            _ => self.0.send_bytes_range(&bytes, offset.unwrap_or(0), size),
        };
        sent.map_or_else(outcome::send, |()| Answer::ok())
    }

    fn recv_bytes(&self, max: Option<i64>) -> Answer {
        let received = max.map_or_else(|| self.0.recv_bytes(), |max| self.0.recv_bytes_max(max));
        match received {
            Ok(bytes) => {
                let items = vec![(bytes.len() as i64, 0)];
                Answer { items, ..Answer::received(&Value::Bytes(bytes)) }
            }
            Err(error) => outcome::recv(error),
        }
    }

    fn recv_bytes_into(&self, len: u32, offset: i64, readonly: bool) -> Answer {
        if readonly {
            return Answer::error(Outcome::BadType, "the compiler demands a buffer that can be written");
        }
        let mut buffer = vec![0xEE; len as usize];
        let (outcome, length, bytes) = match self.0.recv_bytes_into(&mut buffer, offset) {
            Ok(length) => (Outcome::Ok, length, buffer),
            Err(RecvIntoError::BufferTooShort(message)) => (Outcome::BufferTooShort, message.len(), message),
            Err(error) => return outcome::recv_into(error),
        };
        Answer { value: length as i64, aux: Value::fingerprint_of_bytes(&bytes), ..Answer::of(outcome) }
    }

    fn poll(&self, timeout_ms: Option<i64>, forever: bool) -> Answer {
        let ready = match timeout_ms {
            _ if forever => self.0.poll_forever().map(|()| true),
            Some(ms) => self.0.poll_timeout(ms),
            None => self.0.poll(),
        };
        ready.map_or_else(outcome::poll, Answer::truth)
    }

    /// Sends something that a worker knows: as a pickle where messages travel on a stream, since whoever is
    /// at its other end may be no Rust program.
    pub(super) fn hand(&self, thing: &Thing) -> Answer {
        let sent = match is_stream(&self.0) {
            true => managed::wired_one(thing)
                .and_then(|value| pickle(&value))
                .and_then(|pickle| self.0.send_bytes(&pickle).map_err(outcome::send)),
            false => Parcel::of_thing(thing).and_then(|parcel| self.0.send(&parcel).map_err(outcome::send)),
        };
        sent.map_or_else(|answer| answer, |()| Answer::ok())
    }

    /// Receives what was handed over.
    pub(super) fn take_over(&self) -> Result<Thing, Answer> {
        if !is_stream(&self.0) {
            return self.0.recv::<Parcel>().map_err(outcome::recv)?.thing();
        }
        let bytes = self.0.recv_bytes().map_err(outcome::recv)?;
        managed::arrived(unpickle(&bytes)?.root())
    }

    fn read_raw(&self, most: u32) -> Answer {
        let read = || -> Result<Vec<u8>, Answer> {
            let fd = self.0.fileno().map_err(outcome::poll)?;
            let mut file = File::from(number::duplicate(fd).map_err(outcome::os)?).take(most.into());
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(outcome::os)?;
            Ok(bytes)
        };
        match read() {
            Ok(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                Answer { value: bytes.len() as i64, ..Answer::text(hex) }
            }
            Err(answer) => answer,
        }
    }

    fn write_raw(&self, hex: &str) -> Answer {
        let Some(bytes) = from_hex(hex) else {
            return Answer::error(Outcome::BadValue, format!("`{hex}` is no sequence of hexadecimal bytes"));
        };
        let fd = match self.0.fileno() {
            Ok(fd) => fd,
            Err(error) => return outcome::poll(error),
        };
        let written = number::duplicate(fd).and_then(|fd| File::from(fd).write_all(&bytes));
        written.map_or_else(outcome::raw_write, |()| Answer::ok())
    }
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16);
    pairs.iter().map(|[high, low]| Some((digit(*high)? * 16 + digit(*low)?) as u8)).collect()
}

impl Object for ConnectionHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let connection = &self.0;
        match call {
            Call::Send { item } => {
                connection.send(&Parcel::of_item(item)).map_or_else(outcome::send, |()| Answer::ok())
            }
            Call::Recv => connection.recv().map_or_else(outcome::recv, |parcel: Parcel| parcel.received()),
            // The buffer's elements are bytes, whatever they were before: a slice of another type has
            // to be turned into one of bytes by the caller.
            Call::SendBytes { item, offset, size, width: _ } => self.send_bytes(item, *offset, *size),
            Call::SendNonBytes => Answer::error(Outcome::BadType, "the compiler demands bytes"),
            Call::RecvBytes { max } => self.recv_bytes(*max),
            Call::RecvBytesInto { len, offset, readonly } => self.recv_bytes_into(*len, *offset, *readonly),
            Call::Poll { timeout_ms, forever } => self.poll(*timeout_ms, *forever),
            Call::Fileno => connection.fileno().map_or_else(outcome::poll, Answer::number),
            Call::Inheritable => match connection.fileno() {
                Ok(fd) => number::is_inheritable(fd).map_or_else(outcome::os, Answer::truth),
                Err(error) => outcome::poll(error),
            },
            Call::IsClosed => Answer::truth(connection.is_closed()),
            Call::Readable => Answer::truth(connection.is_readable()),
            Call::Writable => Answer::truth(connection.is_writable()),
            Call::WriteRaw { hex } => self.write_raw(hex),
            Call::ReadRaw { max } => self.read_raw(*max),
            // A connection is its own scope: leaving it drops the connection, which closes it.
            Call::Scope { .. } => {
                connection.close();
                Answer::truth(true)
            }
            Call::Close => {
                connection.close();
                Answer::ok()
            }
            Call::Serialise => match transfer::encode(&**connection) {
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

/// The connection of this name.
pub(super) fn find(name: &str, objects: &mut Objects) -> Result<Arc<Connection>, Answer> {
    let handle = objects.get_mut(name).and_then(|object| object.as_any().downcast_ref::<ConnectionHandle>());
    match handle {
        Some(handle) => Ok(handle.0.clone()),
        None => Err(Answer::error(Outcome::BadType, format!("`{name}` is no connection"))),
    }
}

/// Sends the connection `name` through the connection `on`.
pub(super) fn send_connection(on: &str, name: &str, objects: &mut Objects) -> Answer {
    let sent = find(on, objects).and_then(|carrier| {
        let sent = find(name, objects)?;
        if !is_stream(&carrier) {
            return carrier.send_connection(&sent).map_err(outcome::send);
        }
        // The sender keeps its own: a duplicate goes.
        let fd = number::duplicate(sent.fileno().map_err(outcome::poll)?).map_err(outcome::os)?;
        let duplicate = Connection::from_fd(fd, sent.is_readable(), sent.is_writable());
        carrier.send_pickle(&Passed(duplicate.map_err(outcome::from_fd)?)).map_err(outcome::send)
    });
    sent.map_or_else(|answer| answer, |()| Answer::ok())
}

/// Receives a connection through the connection `on`; it is then known as `name`.
pub(super) fn recv_connection(on: &str, name: &str, objects: &mut Objects) -> Answer {
    let received = find(on, objects).and_then(|carrier| match is_stream(&carrier) {
        true => reduction::recv_connection(&carrier).map_err(not_fetched),
        false => carrier.recv_connection().map_err(outcome::recv),
    });
    match received {
        Ok(connection) => {
            objects.insert(name.into(), Box::new(ConnectionHandle::new(connection)));
            Answer::ok()
        }
        Err(answer) => answer,
    }
}

fn not_fetched(error: RecvConnectionError) -> Answer {
    match error {
        RecvConnectionError::Receive(error) => outcome::recv(error),
        RecvConnectionError::Fetch(FetchError::Connect(error)) => listener::not_connected(error),
        error => Answer::error(Outcome::DecodeFailed, error),
    }
}

/// Whether messages travel on a stream, which Python can read, too, and not in shared memory.
fn is_stream(connection: &Connection) -> bool {
    let Ok(fd) = connection.fileno() else { return false };
    let Ok(found) = number::duplicate(fd).and_then(|fd| File::from(fd).metadata()) else { return false };
    found.file_type().is_socket() || found.file_type().is_fifo()
}

/// Has an item sent at the normal end of the process.
pub(super) fn at_exit_send(name: &str, item: &Item, objects: &mut Objects) -> Answer {
    match find(name, objects) {
        Ok(connection) => {
            let parcel = Parcel::of_item(item);
            exit::at_exit(move || {
                if let Err(error) = connection.send(&parcel) {
                    eprintln!("at exit: {error}");
                }
            });
            Answer::ok()
        }
        Err(answer) => answer,
    }
}

/// Makes a connection of a duplicate of a descriptor; it is then known as `name`. Under the name of one
/// that could not be made, every call is answered as making it was.
pub(super) fn wrap(fd: i64, name: &str, readable: bool, writable: bool, objects: &mut Objects) -> Answer {
    let made = match i32::try_from(fd) {
        _ if fd < 0 => Err(outcome::from_fd(FromFdError::Negative(fd))),
        _ if !readable && !writable => Err(outcome::from_fd(FromFdError::NoDirection)),
        Ok(fd) => number::duplicate(fd)
            .map_err(outcome::os)
            .and_then(|fd| Connection::from_fd(fd, readable, writable).map_err(outcome::from_fd)),
        Err(_) => Err(Answer::error(Outcome::BadDescriptor, format!("{fd} is beyond every descriptor"))),
    };
    match made {
        Ok(connection) => {
            objects.insert(name.into(), Box::new(ConnectionHandle::new(connection)));
            Answer::ok()
        }
        Err(answer) => {
            objects.insert(name.into(), Box::new(Nothing(answer.clone())));
            answer
        }
    }
}

/// What stands under the name of an object that could not be made: it answers every call as making it
/// was answered.
#[derive(Clone)]
pub(super) struct Nothing(pub(super) Answer);

impl Object for Nothing {
    fn call(&mut self, _call: &Call) -> Answer {
        self.0.clone()
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
