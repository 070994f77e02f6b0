//! The side of the handshake that has connected: it leaves its last message to be sent along with what follows.
//!
//! Each message that is waited for by itself wakes both sides. All but the last answer what the listener has said.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::time::Instant;

use procession_wire::auth::{self, Handshake, Key, LONGEST, Options, Role};
use procession_wire::frame::{ReadError, Receiver};

use super::{Unproved, answer, not_written};
use crate::stream::Socket;
use crate::stream::looking::Looking;

thread_local! {
    /// What this thread has learnt of waits for listeners, whose answers take alike.
    static LOOKING: RefCell<Looking> = RefCell::new(Looking::new());
}

/// Proves the key and lets the listener prove it, all before the deadline, but for the last message: it is given, with
/// its header, and what follows it can be sent along with it. Nothing is read beyond the last message of the proof.
pub(crate) fn prove_but_last(
    fd: BorrowedFd<'_>,
    key: &Key,
    options: Options,
    deadline: Option<Instant>,
) -> Result<Vec<u8>, Unproved> {
    let nonce = auth::nonce()?;
    let mut handshake = Handshake::new(Role::Connector, key.clone(), options, &nonce);
    let mut socket = Looked { socket: Socket { fd, patience: deadline.into() } };
    let mut receiver = Receiver::new();
    loop {
        let ended = ReadError::Ended { expected: 4, found: 0 };
        let message = receiver.receive(&mut socket, LONGEST).map_err(auth::Error::Read)?;
        let mut due = Vec::new();
        match answer(&mut handshake, &message.ok_or(auth::Error::Read(ended))?, &mut due) {
            Ok(true) => return Ok(due),
            Ok(false) => socket.socket.write_all(&due).map_err(not_written)?,
            Err(error) => {
                // The peer may be gone already; why the handshake failed matters more.
                let _ = socket.socket.write_all(&due);
                return Err(error.into());
            }
        }
    }
}

/// A socket that is looked at for a while before the wait for it.
struct Looked<'a> {
    socket: Socket<'a>,
}

impl Read for Looked<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let socket = &mut self.socket;
        // What is there already teaches nothing about waits.
        let found = socket.look(space).or_else(|| {
            let look = |looking: &RefCell<Looking>| looking.borrow_mut().until(|| socket.look(space));
            // Whoever is at the end of his thread sleeps.
            LOOKING.try_with(look).ok().flatten()
        });
        found.unwrap_or_else(|| socket.read(space))
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use procession_wire::auth::Step;

    use super::*;
    use crate::stream::Stream;

    #[test]
    fn the_last_message_is_left_to_whoever_proves() {
        let key = Key::new("secret").expect("it has letters");
        let (one, other) = UnixStream::pair().expect("descriptors are left");
        let deadline = Some(Instant::now() + Duration::from_secs(60));
        let connector = std::thread::spawn({
            let key = key.clone();
            move || prove_but_last(one.as_fd(), &key, Options::default(), deadline).map(|last| (one, last))
        });
        let mut stream = Stream::new(other.into());
        let nonce = auth::nonce().expect("random bytes");
        let mut handshake = Handshake::new(Role::Listener, key, Options::default(), &nonce);
        stream.send(&handshake.begin().expect("a listener begins"), deadline).expect("there is room");
        for _ in 0..2 {
            let message = stream.receive(LONGEST, deadline).expect("it was sent");
            // Nothing is behind it before it is answered.
            assert!(!stream.is_stale());
            match handshake.receive(&message) {
                Ok(Step::Send(answer)) => stream.send(&answer, deadline).expect("there is room"),
                other => panic!("{other:?}"),
            }
        }
        let (mut one, last) = connector.join().expect("no panic").expect("the proof is good");
        assert!(!stream.is_stale());
        one.write_all(&last).expect("there is room");
        let last = stream.receive(LONGEST, deadline).expect("it was sent");
        assert_eq!(handshake.receive(&last).expect("so is the other one"), Step::Finish(None));
    }
}
