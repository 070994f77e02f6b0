//! Connections over streams: the promises of the `pipe` clauses that a stream of bytes can keep.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::thread;

use procession_reference::connection::{Connection, FromFdError, RecvError, stream_pipe};
use procession_reference::os_pipe::os_pipe;
use procession_reference::wait::{Descriptor, wait};
use rstest::rstest;

/// Our end of a stream and, for raw bytes, the other one.
fn raw() -> (Connection, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Connection::from_fd(ours.into(), true, true).unwrap(), theirs)
}

/// Whether the descriptor itself is readable, whatever the connection knows.
fn in_kernel(number: i32) -> bool {
    !wait(&[&Descriptor(number)], Some(0)).unwrap().is_empty()
}

#[rstest]
fn a_message_larger_than_the_kernel_s_buffer_arrives_whole(#[values(true, false)] duplex: bool) {
    let (receiver, sender) = stream_pipe(duplex).unwrap();
    let message: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    thread::scope(|scope| {
        scope.spawn(|| sender.send_bytes(&message).unwrap());
        // The poll has to take what comes, or the sender would wait for ever.
        receiver.poll_forever().unwrap();
        assert!(in_kernel(receiver.fileno().unwrap()), "the descriptor tells of the message too");
        assert_eq!(receiver.recv_bytes().unwrap(), message);
    });
    assert!(!receiver.poll().unwrap());
}

#[test]
fn unread_data_of_the_peer_never_turns_the_end_into_an_error() {
    let (first, second) = stream_pipe(true).unwrap();
    second.send_bytes(b"before").unwrap();
    first.send_bytes(b"never read").unwrap();
    drop(second);
    assert_eq!(first.recv_bytes().unwrap(), b"before");
    assert!(matches!(first.recv_bytes(), Err(RecvError::Eof)));
    assert!(matches!(first.recv_bytes(), Err(RecvError::Eof)));
}

#[test]
fn a_reset_connection_keeps_the_data_received_before() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let ours = Connection::from_fd(client.into(), true, true).unwrap();
    let theirs = Connection::from_fd(server.into(), true, true).unwrap();
    ours.send_bytes(b"never read").unwrap();
    theirs.poll_forever().unwrap();
    drop(theirs);
    assert!(matches!(ours.recv_bytes(), Err(RecvError::Eof)));
    assert!(matches!(ours.recv_bytes(), Err(RecvError::Eof)));
}

#[rstest]
#[case(&[0, 0])]
#[case(&[0, 0, 0, 10, b'a', b'b', b'c'])]
#[case(&[0xff, 0xff, 0xff, 0xff, 0, 0])]
fn an_end_inside_a_message_is_corruption(#[case] bytes: &[u8], #[values(true, false)] polls: bool) {
    let (ours, mut theirs) = raw();
    theirs.write_all(bytes).unwrap();
    if polls {
        assert!(!ours.poll().unwrap(), "a receive would have to wait for the rest");
        assert!(!in_kernel(ours.fileno().unwrap()), "so the descriptor must be silent as well");
    }
    drop(theirs);
    assert!(ours.poll().unwrap());
    for _ in 0..2 {
        assert!(matches!(ours.recv_bytes(), Err(RecvError::Corrupt(_))));
    }
}

#[rstest]
#[case(&[0xff, 0xff, 0xff, 0xfe])]
#[case(&[0x80, 0, 0, 0])]
#[case(&[0xff; 12])]
fn an_impossible_length_is_corruption(#[case] bytes: &[u8], #[values(true, false)] polls: bool) {
    let (ours, mut theirs) = raw();
    theirs.write_all(bytes).unwrap();
    if polls {
        assert!(ours.poll().unwrap());
    }
    assert!(matches!(ours.recv_bytes(), Err(RecvError::Corrupt(_))));
    theirs.write_all(&[0, 0, 0, 1, b'x']).unwrap();
    assert!(matches!(ours.recv_bytes(), Err(RecvError::Corrupt(_))), "what follows cannot be trusted");
}

#[test]
fn a_length_beyond_all_memory_takes_no_memory() {
    let (ours, mut theirs) = raw();
    // 16 TiB are possible to announce; the stream ends long before.
    theirs.write_all(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0x10, 0, 0, 0, 0, 0, 1, 2, 3]).unwrap();
    drop(theirs);
    assert!(matches!(ours.recv_bytes(), Err(RecvError::Corrupt(_))));
}

#[test]
fn a_poll_sees_a_message_only_when_all_of_it_is_there() {
    let (ours, mut theirs) = raw();
    theirs.write_all(&[0, 0, 0, 10, b'a', b'b', b'c']).unwrap();
    assert!(!ours.poll().unwrap());
    assert!(!ours.poll_timeout(1).unwrap());
    theirs.write_all(b"defghij").unwrap();
    assert!(ours.poll().unwrap());
    assert!(in_kernel(ours.fileno().unwrap()));
    assert_eq!(ours.recv_bytes().unwrap(), b"abcdefghij");
}

#[rstest]
fn a_poll_takes_nothing_that_another_holder_of_the_end_could_read(#[values(true, false)] duplex: bool) {
    let (receiver, sender) = stream_pipe(duplex).unwrap();
    let holder = numbers::once_more(&receiver);
    sender.send_bytes(b"once").unwrap();
    assert!(receiver.poll().unwrap());
    assert!(receiver.poll().unwrap());
    assert_eq!(holder.recv_bytes().unwrap(), b"once");
    assert!(!receiver.poll().unwrap());
}

#[test]
fn descriptors_are_closed_with_the_connection_and_not_inherited_by_programs() {
    let (first, second) = stream_pipe(true).unwrap();
    for end in [&first, &second] {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", end.fileno().unwrap())).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap().trim();
        let flags = i32::from_str_radix(flags, 8).unwrap();
        assert_ne!(flags & 0o2000000, 0, "O_CLOEXEC");
    }
    drop(first);
    assert!(matches!(second.recv_bytes(), Err(RecvError::Eof)), "dropping closes");
}

#[test]
fn what_is_no_stream_of_these_directions_is_refused() {
    let (reader, writer) = os_pipe().unwrap();
    let (reader, writer) = (reader.into_fd().unwrap(), writer.into_fd().unwrap());
    let refused =
        |fd: OwnedFd, readable, writable| Connection::from_fd(fd, readable, writable).expect_err("refused");
    assert!(matches!(refused(reader.try_clone().unwrap(), false, false), FromFdError::NoDirection));
    assert!(matches!(refused(reader, true, true), FromFdError::BadDescriptor(_)));
    assert!(matches!(refused(writer, true, false), FromFdError::BadDescriptor(_)));
    let (datagram, _other) = UnixDatagram::pair().unwrap();
    assert!(datagram.as_raw_fd() >= 0);
    assert!(matches!(refused(datagram.into(), true, true), FromFdError::BadDescriptor(_)));
}

mod numbers {
    //! Descriptors that are only numbers.
    #![expect(unsafe_code, reason = "wraps numbers that nobody owns")]

    use std::os::fd::BorrowedFd;

    use super::*;

    /// The same end once more, as a forked process would have it.
    pub fn once_more(connection: &Connection) -> Connection {
        // SAFETY: the connection keeps its descriptor open through the call.
        let fd = unsafe { BorrowedFd::borrow_raw(connection.fileno().unwrap()) };
        let fd = fd.try_clone_to_owned().unwrap();
        Connection::from_fd(fd, connection.is_readable(), connection.is_writable()).unwrap()
    }

    #[rstest]
    #[case(-1, true, true)]
    #[case(i64::MIN, true, false)]
    #[case(1_000_000, true, true)]
    #[case(i64::MAX, false, true)]
    #[case(1_000_000, false, false)]
    fn a_bogus_number_is_refused(#[case] number: i64, #[case] readable: bool, #[case] writable: bool) {
        // SAFETY: the number is negative or beyond the limit of descriptors, so nobody owns it.
        let error = unsafe { Connection::from_number(number, readable, writable) }.unwrap_err();
        match error {
            FromFdError::Negative(named) => assert!(number < 0 && named == number),
            FromFdError::NoDirection => assert!(!readable && !writable),
            FromFdError::BadDescriptor(what) => assert!(what.contains(&number.to_string()), "{what}"),
            other => panic!("{other:?}"),
        }
    }
}
