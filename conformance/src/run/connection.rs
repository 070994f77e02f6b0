//! One connection of an adapter or a worker: lines of JSON in both directions, never blocking.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::poll::PollFlags;
use serde::Serialize;

use super::Misbehaviour;
use super::parse::parse;
use crate::protocol::FromAdapter;

/// The longest line that is accepted: longer ones come from an adapter that writes something else.
const LONGEST_LINE: usize = 16 << 20;

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// Absent once it has been given up.
    stream: Option<UnixStream>,
    input: Vec<u8>,
    lines: VecDeque<String>,
    output: Vec<u8>,
    closed: bool,
    /// Whose it is, for errors.
    pub(super) whose: String,
}

impl Connection {
    /// Takes over a connected stream.
    ///
    /// # Errors
    /// If the stream cannot be made non-blocking.
    pub(super) fn new(stream: UnixStream, whose: impl Into<String>) -> std::io::Result<Connection> {
        stream.set_nonblocking(true)?;
        let (input, output, lines) = (Vec::new(), Vec::new(), VecDeque::new());
        Ok(Connection { stream: Some(stream), input, lines, output, closed: false, whose: whose.into() })
    }

    /// Whether the other side has closed it; lines that came before may still be waiting.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Closes a connection that the other side has closed, whose lines have all been taken.
    pub(super) fn give_up(&mut self) {
        (self.stream, self.closed) = (None, true);
        self.output.clear();
    }

    /// Whether something that was sent has not gone out.
    pub(super) fn is_sending(&self) -> bool {
        !self.output.is_empty() && !self.closed
    }

    /// What to wait for.
    pub(super) fn interest(&self) -> PollFlags {
        if self.output.is_empty() { PollFlags::POLLIN } else { PollFlags::POLLIN | PollFlags::POLLOUT }
    }

    /// Reads and writes what can be read and written now.
    ///
    /// # Errors
    /// A line that is too long or not UTF-8.
    pub(super) fn pump(&mut self) -> Result<(), Misbehaviour> {
        self.flush();
        let mut chunk = [0; 16 << 10];
        while let Some(stream) = &mut self.stream
            && !self.closed
        {
            match stream.read(&mut chunk) {
                Ok(0) => self.closed = true,
                Ok(count) => self.take(&chunk[..count])?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // A reset is an end like another: the other side was killed with our bytes unread.
                Err(_) => self.closed = true,
            }
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Misbehaviour> {
        let searched = self.input.len();
        self.input.extend_from_slice(bytes);
        let mut begin = 0;
        let mut search = searched;
        while let Some(length) = self.input[search..].iter().position(|byte| *byte == b'\n') {
            let end = search + length;
            let line = match std::str::from_utf8(&self.input[begin..end]) {
                Ok(line) => line.to_string(),
                Err(_) => {
                    let line = String::from_utf8_lossy(&self.input[begin..end]).into_owned();
                    return Err(Misbehaviour::new(&self.whose, "a line is not UTF-8", &line));
                }
            };
            self.lines.push_back(line);
            (begin, search) = (end + 1, end + 1);
        }
        self.input.drain(..begin);
        if self.input.len() > LONGEST_LINE {
            let line = String::from_utf8_lossy(&self.input[..256]).into_owned();
            let problem = format!("a line is longer than {LONGEST_LINE} bytes");
            return Err(Misbehaviour::new(&self.whose, problem, &line));
        }
        Ok(())
    }

    /// The next line, if a whole one has come.
    pub(super) fn line(&mut self) -> Option<String> {
        self.lines.pop_front()
    }

    /// The next message with its line, if a whole one has come.
    ///
    /// # Errors
    /// A line that is no message.
    pub(super) fn message(&mut self) -> Result<Option<(FromAdapter, String)>, Misbehaviour> {
        let Some(line) = self.line() else { return Ok(None) };
        match parse(&line) {
            Ok(message) => Ok(Some((message, line))),
            Err(problem) => Err(Misbehaviour::new(&self.whose, problem, &line)),
        }
    }

    /// Sends a message, as far as it goes now; [`Connection::pump`] sends the rest.
    pub(super) fn send(&mut self, message: &impl Serialize) {
        let line = serde_json::to_string(message).expect("messages have text keys only");
        self.output.extend_from_slice(line.as_bytes());
        self.output.push(b'\n');
        self.flush();
    }

    fn flush(&mut self) {
        while let Some(stream) = &mut self.stream
            && !self.output.is_empty()
            && !self.closed
        {
            match stream.write(&self.output) {
                Ok(count) => drop(self.output.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // Nobody reads any more. What was sent to us before is still to be read, so the
                // connection counts as closed only when reading says so.
                Err(_) => self.output.clear(),
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_ref().expect("nobody waits for what was given up").as_fd()
    }
}
