//! The words about connections, waiting on several things, OS pipes and pipelines.

use procession_contract::{Call, Item};

use super::on;
use crate::program::Line;

/// Sends part of an item's raw bytes.
pub fn send_part(connection: &str, item: Item, offset: Option<i64>, size: Option<i64>) -> Line {
    on(connection, Call::SendBytes { item, offset, size, width: None })
}

/// Receives raw bytes, at most this many.
pub fn recv_bytes_max(connection: &str, max: i64) -> Line {
    on(connection, Call::RecvBytes { max: Some(max) })
}

/// Receives raw bytes into a buffer of this length, from this offset on.
pub fn recv_into(connection: &str, len: u32, offset: i64) -> Line {
    on(connection, Call::RecvBytesInto { len, offset, readonly: false })
}

/// Asks, without waiting, whether something can be received.
pub fn poll(connection: &str) -> Line {
    on(connection, Call::Poll { timeout_ms: None, forever: false })
}

/// Waits without limit until something can be received.
pub fn poll_forever(connection: &str) -> Line {
    on(connection, Call::Poll { timeout_ms: None, forever: true })
}

/// Asks for the descriptor.
pub fn fileno(connection: &str) -> Line {
    on(connection, Call::Fileno)
}

/// Asks whether this process has closed the object.
pub fn is_closed(connection: &str) -> Line {
    on(connection, Call::IsClosed)
}

/// Writes bytes, given in hexadecimal, to the stream below the messages.
pub fn write_raw(connection: &str, hex: &str) -> Line {
    on(connection, Call::WriteRaw { hex: hex.into() })
}

/// Sends another connection of the caller through this one.
pub fn send_connection(through: &str, name: &str) -> Line {
    on(through, Call::SendConnection { name: name.into() })
}

/// Receives a connection.
pub fn recv_connection(through: &str, name: &str) -> Line {
    on(through, Call::RecvConnection { name: name.into() })
}

/// Sends a descriptor beside a connection's messages.
pub fn send_descriptor(through: &str, of: &str) -> Line {
    on(through, Call::SendDescriptor { of: of.into() })
}

/// Receives one.
pub fn recv_descriptor(through: &str, name: &str) -> Line {
    on(through, Call::RecvDescriptor { name: name.into() })
}

/// Waits until one of these is ready.
pub fn wait(objects: &[&str]) -> Line {
    let objects = objects.iter().map(|name| name.to_string()).collect();
    on("", Call::Wait { objects, timeout_ms: None })
}

/// Closes the object in this process.
pub fn close(object: &str) -> Line {
    on(object, Call::Close)
}

/// Drops this process's last reference to the object, without closing it.
pub fn forget(object: &str) -> Line {
    on(object, Call::Forget)
}

/// Serialises the object outside the start of a process.
pub fn serialise(object: &str) -> Line {
    on(object, Call::Serialise)
}

/// Writes an item's raw bytes to an OS pipe.
pub fn write(end: &str, item: Item) -> Line {
    on(end, Call::Write { item })
}

/// Reads at most this many bytes from an OS pipe.
pub fn read(end: &str, max: u32) -> Line {
    on(end, Call::Read { max, exactly: false })
}

/// Reads this many bytes from an OS pipe, or up to the end of the stream.
pub fn read_exactly(end: &str, max: u32) -> Line {
    on(end, Call::Read { max, exactly: true })
}

/// Runs programs, each one's output the next one's input.
pub fn pipeline(stages: &[&[&str]], input: Option<&str>) -> Line {
    let words = |stage: &&[&str]| stage.iter().map(|word| word.to_string()).collect();
    on("", Call::Pipeline { stages: stages.iter().map(words).collect(), input: input.map(Into::into) })
}
