//! Connections over streams: the promises of the `pipe` clauses that a stream of bytes can keep.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::thread;

use procession_reference::connection::{
    Connection, FromFdError, PollError, RecvError, RecvIntoError, SendError, stream_pipe,
};
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

#[test]
fn what_is_sent_at_one_end_is_received_at_the_other_and_never_at_the_same() {
    let (first, second) = stream_pipe(true).unwrap();
    first.send(&(1, 2.25, None::<u8>)).unwrap();
    assert!(!first.poll().unwrap());
    assert_eq!(second.recv::<(i32, f64, Option<u8>)>().unwrap(), (1, 2.25, None));
    second.send_bytes(b"back").unwrap();
    assert_eq!(first.recv_bytes().unwrap(), b"back");
}

#[test]
fn a_one_way_pipe_has_a_receiving_and_a_sending_end() {
    let (receiver, sender) = stream_pipe(false).unwrap();
    assert_eq!((receiver.is_readable(), receiver.is_writable()), (true, false));
    assert_eq!((sender.is_readable(), sender.is_writable()), (false, true));
    assert!(matches!(receiver.send(&1), Err(SendError::WrongDirection)));
    assert!(matches!(receiver.send_bytes(b""), Err(SendError::WrongDirection)));
    assert!(matches!(sender.recv::<u8>(), Err(RecvError::WrongDirection)));
    assert!(matches!(sender.recv_bytes(), Err(RecvError::WrongDirection)));
    assert!(matches!(sender.poll(), Err(PollError::WrongDirection)));
    assert!(!receiver.poll().unwrap(), "the refused sends wrote nothing");
}

#[rstest]
#[case(0, None, Some(0..6))]
#[case(2, None, Some(2..6))]
#[case(6, None, Some(6..6))]
#[case(7, None, None)]
#[case(-1, None, None)]
#[case(0, Some(0), Some(0..0))]
#[case(1, Some(3), Some(1..4))]
#[case(6, Some(0), Some(6..6))]
#[case(4, Some(3), None)]
#[case(0, Some(-1), None)]
#[case(i64::MAX, Some(i64::MAX), None)]
fn send_bytes_takes_an_offset_and_a_size(
    #[case] offset: i64,
    #[case] size: Option<i64>,
    #[case] expected: Option<std::ops::Range<usize>>,
) {
    let (receiver, sender) = stream_pipe(false).unwrap();
    let result = sender.send_bytes_range(b"abcdef", offset, size);
    match expected {
        Some(range) => {
            result.unwrap();
            assert_eq!(receiver.recv_bytes().unwrap(), b"abcdef"[range]);
        }
        None => {
            assert!(matches!(result, Err(SendError::BadValue(_))), "{result:?}");
            assert!(!receiver.poll().unwrap(), "nothing was sent");
        }
    }
}

#[test]
fn an_empty_message_is_a_message() {
    for (receiver, sender) in [stream_pipe(false).unwrap(), stream_pipe(true).unwrap()] {
        sender.send_bytes(b"").unwrap();
        assert!(receiver.poll().unwrap());
        assert!(in_kernel(receiver.fileno().unwrap()), "polling took nothing");
        assert_eq!(receiver.recv_bytes().unwrap(), b"");
        assert!(!receiver.poll().unwrap());
    }
}

#[test]
fn a_value_that_cannot_be_serialised_writes_nothing() {
    struct Refuses;
    impl serde::Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::{Error, SerializeSeq};
            // Fails after something has been serialised: none of it may leave.
            serializer.serialize_seq(Some(2))?.serialize_element(&1)?;
            Err(S::Error::custom("no"))
        }
    }
    let (receiver, sender) = stream_pipe(true).unwrap();
    assert!(matches!(sender.send(&Refuses), Err(SendError::Encode(_))));
    sender.send(&7).unwrap();
    assert_eq!(receiver.recv::<i32>().unwrap(), 7);
}

#[test]
fn a_message_that_is_no_such_value_is_consumed() {
    let (receiver, sender) = stream_pipe(true).unwrap();
    sender.send_bytes(b"\xff").unwrap();
    sender.send(&7_u8).unwrap();
    assert!(matches!(receiver.recv::<String>(), Err(RecvError::Decode(_))));
    assert_eq!(receiver.recv::<u8>().unwrap(), 7);
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
fn both_directions_of_an_end_work_at_once() {
    let (first, second) = stream_pipe(true).unwrap();
    let message = vec![7; 200_000];
    thread::scope(|scope| {
        for (sender, receiver) in [(&first, &second), (&second, &first)] {
            let message = &message;
            scope.spawn(move || (0..20).for_each(|_| sender.send_bytes(message).unwrap()));
            scope.spawn(move || (0..20).for_each(|_| assert_eq!(&receiver.recv_bytes().unwrap(), message)));
        }
    });
}

#[test]
fn threads_that_send_and_receive_at_one_end_never_mix_messages() {
    let (receiver, sender) = stream_pipe(true).unwrap();
    let mut seen: Vec<u8> = thread::scope(|scope| {
        for id in 0..2 {
            let sender = &sender;
            scope.spawn(move || (0..20).for_each(|_| sender.send_bytes(&vec![id; 100_000]).unwrap()));
        }
        let receivers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let take = |_| {
                        let message = receiver.recv_bytes().unwrap();
                        assert_eq!(message, vec![message[0]; 100_000]);
                        message[0]
                    };
                    (0..20).map(take).collect::<Vec<u8>>()
                })
            })
            .collect();
        receivers.into_iter().flat_map(|receiver| receiver.join().unwrap()).collect()
    });
    seen.sort_unstable();
    assert_eq!(seen, [vec![0; 20], vec![1; 20]].concat());
}

#[rstest]
fn what_was_sent_before_the_end_is_received_before_it(#[values(true, false)] duplex: bool) {
    let (receiver, sender) = stream_pipe(duplex).unwrap();
    sender.send(&1).unwrap();
    sender.send(&2).unwrap();
    drop(sender);
    assert_eq!(receiver.recv::<i32>().unwrap(), 1);
    assert_eq!(receiver.recv::<i32>().unwrap(), 2);
    for _ in 0..2 {
        assert!(receiver.poll().unwrap());
        assert!(matches!(receiver.recv_bytes(), Err(RecvError::Eof)));
        assert!(matches!(receiver.recv_bytes_into(&mut [0; 4], 0), Err(RecvIntoError::Eof)));
    }
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
fn sending_to_nobody_is_a_broken_pipe_and_no_signal(#[values(true, false)] duplex: bool) {
    let (receiver, sender) = stream_pipe(duplex).unwrap();
    drop(receiver);
    for _ in 0..2 {
        assert!(matches!(sender.send_bytes(b"x"), Err(SendError::BrokenPipe)));
    }
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

#[rstest]
#[case(10, true)]
#[case(11, true)]
#[case(9, false)]
fn a_limit_holds_up_to_and_including_itself(#[case] max: i64, #[case] fits: bool) {
    let (first, second) = stream_pipe(true).unwrap();
    second.send_bytes(b"0123456789").unwrap();
    let result = first.recv_bytes_max(max);
    if fits {
        assert_eq!(result.unwrap(), b"0123456789");
        return;
    }
    assert!(matches!(result, Err(RecvError::TooLong(10))));
    assert!(matches!(first.recv_bytes(), Err(RecvError::WrongDirection)), "no longer readable");
    assert!(!first.is_readable() && !first.is_closed());
    first.send_bytes(b"still sends").unwrap();
    assert_eq!(second.recv_bytes().unwrap(), b"still sends");
}

#[test]
fn a_message_too_long_closes_a_receiving_end() {
    let (receiver, sender) = stream_pipe(false).unwrap();
    sender.send_bytes(b"").unwrap();
    assert_eq!(receiver.recv_bytes_max(0).unwrap(), b"");
    sender.send_bytes(b"x").unwrap();
    assert!(matches!(receiver.recv_bytes_max(-1), Err(RecvError::BadValue(_))));
    assert!(matches!(receiver.recv_bytes_max(0), Err(RecvError::TooLong(1))));
    assert!(receiver.is_closed());
    assert!(matches!(receiver.recv_bytes(), Err(RecvError::Closed)));
    assert!(matches!(sender.send_bytes(b"x"), Err(SendError::BrokenPipe)), "really closed");
}

#[test]
fn receiving_into_a_buffer_touches_only_the_message_s_place() {
    let (receiver, sender) = stream_pipe(false).unwrap();
    let message = *b"0123456789abcdef";
    for offset in [0, 12] {
        sender.send_bytes(&message).unwrap();
        let mut buffer = [0xEE; 40];
        assert_eq!(receiver.recv_bytes_into(&mut buffer, offset as i64).unwrap(), 16);
        let mut expected = [0xEE; 40];
        expected[offset..offset + 16].copy_from_slice(&message);
        assert_eq!(buffer, expected);
    }
}

#[test]
fn a_message_that_does_not_fit_comes_with_the_error() {
    let (receiver, sender) = stream_pipe(false).unwrap();
    sender.send_bytes(b"0123456789").unwrap();
    sender.send_bytes(b"next").unwrap();
    let mut buffer = [0xEE; 9];
    match receiver.recv_bytes_into(&mut buffer, 0) {
        Err(RecvIntoError::BufferTooShort(message)) => assert_eq!(message, b"0123456789"),
        other => panic!("{other:?}"),
    }
    assert_eq!(buffer, [0xEE; 9]);
    assert_eq!(receiver.recv_bytes_into(&mut buffer, 5).unwrap(), 4);
}

#[test]
fn a_bad_offset_is_refused_before_anything_is_read() {
    let (receiver, sender) = stream_pipe(false).unwrap();
    sender.send_bytes(b"").unwrap();
    let mut buffer = [0; 4];
    for offset in [-1, 5, i64::MIN, i64::MAX] {
        assert!(matches!(receiver.recv_bytes_into(&mut buffer, offset), Err(RecvIntoError::BadValue(_))));
    }
    assert_eq!(receiver.recv_bytes_into(&mut buffer, 4).unwrap(), 0);
}

#[test]
fn every_call_on_a_closed_end_says_so() {
    let (end, peer) = stream_pipe(true).unwrap();
    end.close();
    end.close();
    assert!(end.is_closed());
    assert!(matches!(end.send(&1), Err(SendError::Closed)));
    assert!(matches!(end.send_bytes(b""), Err(SendError::Closed)));
    assert!(matches!(end.send_bytes_range(b"", -1, None), Err(SendError::Closed)));
    assert!(matches!(end.recv::<u8>(), Err(RecvError::Closed)));
    assert!(matches!(end.recv_bytes(), Err(RecvError::Closed)));
    assert!(matches!(end.recv_bytes_max(-1), Err(RecvError::Closed)));
    assert!(matches!(end.recv_bytes_into(&mut [], 0), Err(RecvIntoError::Closed)));
    assert!(matches!(end.poll(), Err(PollError::Closed)));
    assert!(matches!(end.poll_timeout(5), Err(PollError::Closed)));
    assert!(matches!(end.poll_forever(), Err(PollError::Closed)));
    assert!(matches!(end.fileno(), Err(PollError::Closed)));
    assert!(matches!(peer.recv_bytes(), Err(RecvError::Eof)));
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
