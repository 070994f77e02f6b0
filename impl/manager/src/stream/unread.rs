//! Whether a peer that has left had read what was sent to it.
//!
//! A Unix-domain socket and the one of TCP say so by how the connection ends, for nothing but the end of its last
//! holder closes a socket, in order or by a kill:
//!
//! - What the peer's system has received and the peer has not read resets the connection: the next receive fails with
//!   ECONNRESET, once, and after it there is the end of the stream (`unix_release_sock` and `tcp_close` in Linux). A
//!   message of which a part was read is not read.
//! - What is sent to a Unix-domain socket that is closed is refused (EPIPE).
//! - What comes to a TCP socket that is closed is received by nobody: it is never acknowledged. That its peer has
//!   closed it, which it had announced before, is all that a receive says then, so how much was acknowledged is
//!   looked at. One that had closed it with everything read has acknowledged that with the announcement.
//!
//! A TCP peer that closes for sending alone, and reads on, may be taken for one that has left: no client does so.
//!
//! # Invariants
//! 1. The ioctl writes one `int`, to where it is told.

#![expect(unsafe_code, reason = "an ioctl that nix has no name for")]

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::sys::socket::{SockaddrStorage, getsockname};

/// Whether a part of what was sent over a TCP connection was never acknowledged; false for other sockets.
pub(super) fn is_unacknowledged(socket: BorrowedFd<'_>) -> bool {
    let number = socket.as_raw_fd();
    let is_tcp = getsockname::<SockaddrStorage>(number)
        .is_ok_and(|address| address.as_sockaddr_in().is_some() || address.as_sockaddr_in6().is_some());
    if !is_tcp {
        return false;
    }
    let mut left: libc::c_int = 0;
    // SAFETY: the descriptor is borrowed, and the pointer is that of an `int` (invariant 1).
    let answered = unsafe { libc::ioctl(number, libc::TIOCOUTQ, &raw mut left) };
    answered == 0 && left > 0
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    use rstest::rstest;

    use super::super::{ReceiveError, Stream};

    /// A stream and its peer, which is used alike in both families.
    fn pair(is_tcp: bool) -> (Stream, UnixStream) {
        if !is_tcp {
            let (one, other) = UnixStream::pair().expect("descriptors are left");
            return (Stream::new(one.into()), other);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let other = TcpStream::connect(address).expect("it listens");
        let (one, _) = listener.accept().expect("a connection waits");
        (Stream::new(one.into()), OwnedFd::from(other).into())
    }

    #[rstest]
    fn what_was_read_in_part_is_unread(
        #[values(false, true)] is_tcp: bool,
        #[values(0, 1, 4, 5, 8, 9)] count: usize,
    ) {
        let (mut stream, mut peer) = pair(is_tcp);
        stream.send(b"hello", None).expect("there is room");
        peer.read_exact(&mut vec![0; count]).expect("it was sent");
        drop(peer);
        assert!(matches!(stream.receive(9, None), Err(ReceiveError::Ended)));
        assert_eq!(stream.is_left_unread(), count < 9);
    }

    #[rstest]
    fn requests_that_were_left_are_read_first(#[values(false, true)] is_tcp: bool) {
        let (mut stream, mut peer) = pair(is_tcp);
        stream.send(b"hello", None).expect("there is room");
        peer.write_all(&[0, 0, 0, 1, b'a', 0, 0, 0, 1, b'b']).expect("there is room");
        drop(peer);
        assert_eq!(stream.receive(9, None).expect("it was sent"), b"a");
        assert_eq!(stream.receive(9, None).expect("it was sent"), b"b");
        assert!(matches!(stream.receive(9, None), Err(ReceiveError::Ended)));
        assert!(stream.is_left_unread());
    }

    #[rstest]
    fn what_is_sent_to_one_who_has_left_is_unread(#[values(false, true)] is_tcp: bool) {
        let (mut stream, mut peer) = pair(is_tcp);
        peer.write_all(&[0, 0, 0, 1, b'a']).expect("there is room");
        drop(peer);
        assert_eq!(stream.receive(9, None).expect("it was sent"), b"a");
        let sent = stream.send(b"hello", None);
        assert_eq!(sent.is_ok(), is_tcp, "{sent:?}");
        if is_tcp {
            assert!(matches!(stream.receive(9, None), Err(ReceiveError::Ended)));
            assert!(stream.is_left_unread());
        }
    }

    #[rstest]
    fn a_long_message_is_unread_to_its_last_byte(#[values(false, true)] is_tcp: bool) {
        const LENGTH: usize = 3_000_000;
        for left in [0, 1, LENGTH] {
            let (mut stream, mut peer) = pair(is_tcp);
            let reads = std::thread::spawn(move || {
                peer.read_exact(&mut vec![0; LENGTH + 4 - left]).expect("it is sent");
            });
            let sent = stream.send(&vec![1; LENGTH], None);
            reads.join().expect("it was read");
            let ended = sent.is_ok().then(|| stream.receive(9, None));
            assert!(matches!(ended, None | Some(Err(ReceiveError::Ended))), "{ended:?}");
            assert_eq!(sent.is_ok() && !stream.is_left_unread(), left == 0);
        }
    }
}
