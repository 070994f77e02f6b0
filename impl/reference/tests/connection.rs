//! Pipes of both transports, shared memory and streams: the promises of the `pipe` clauses that do not
//! depend on what carries the messages.

use std::io;
use std::thread;

use procession_reference::connection::{
    Connection, PollError, RecvError, RecvIntoError, SendError, pipe, stream_pipe,
};
use procession_reference::wait::{Descriptor, wait};
use rstest::rstest;

/// What makes a pipe: shared memory or a stream.
type Transport = fn(bool) -> io::Result<(Connection, Connection)>;

/// Whether the descriptor itself is readable, whatever the connection knows.
fn in_kernel(number: i32) -> bool {
    !wait(&[&Descriptor(number)], Some(0)).unwrap().is_empty()
}

#[rstest]
fn what_is_sent_at_one_end_is_received_at_the_other_and_never_at_the_same(
    #[values(pipe, stream_pipe)] transport: Transport,
) {
    let (first, second) = transport(true).unwrap();
    first.send(&(1, 2.25, None::<u8>)).unwrap();
    assert!(!first.poll().unwrap());
    assert_eq!(second.recv::<(i32, f64, Option<u8>)>().unwrap(), (1, 2.25, None));
    second.send_bytes(b"back").unwrap();
    second.send_bytes(b"").unwrap();
    assert_eq!(first.recv_bytes().unwrap(), b"back");
    assert!(first.poll().unwrap());
    assert_eq!(first.recv_bytes().unwrap(), b"");
    assert!(!first.poll().unwrap());
}

#[rstest]
fn a_one_way_pipe_has_a_receiving_and_a_sending_end(#[values(pipe, stream_pipe)] transport: Transport) {
    let (receiver, sender) = transport(false).unwrap();
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
    #[values(pipe, stream_pipe)] transport: Transport,
    #[case] offset: i64,
    #[case] size: Option<i64>,
    #[case] expected: Option<std::ops::Range<usize>>,
) {
    let (receiver, sender) = transport(false).unwrap();
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

#[rstest]
fn an_empty_message_is_a_message(#[values(pipe, stream_pipe)] transport: Transport) {
    for (receiver, sender) in [transport(false).unwrap(), transport(true).unwrap()] {
        sender.send_bytes(b"").unwrap();
        assert!(receiver.poll().unwrap());
        assert!(in_kernel(receiver.fileno().unwrap()), "polling took nothing");
        assert_eq!(receiver.recv_bytes().unwrap(), b"");
        assert!(!receiver.poll().unwrap());
    }
}

#[rstest]
fn a_value_that_cannot_be_serialised_writes_nothing(#[values(pipe, stream_pipe)] transport: Transport) {
    struct Refuses;
    impl serde::Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::{Error, SerializeSeq};
            // Fails after something has been serialised: none of it may leave.
            serializer.serialize_seq(Some(2))?.serialize_element(&1)?;
            Err(S::Error::custom("no"))
        }
    }
    let (receiver, sender) = transport(true).unwrap();
    assert!(matches!(sender.send(&Refuses), Err(SendError::Encode(_))));
    sender.send(&7).unwrap();
    assert_eq!(receiver.recv::<i32>().unwrap(), 7);
}

#[rstest]
fn a_message_that_is_no_such_value_is_consumed(#[values(pipe, stream_pipe)] transport: Transport) {
    let (receiver, sender) = transport(true).unwrap();
    sender.send_bytes(b"\xff").unwrap();
    sender.send(&7_u8).unwrap();
    assert!(matches!(receiver.recv::<String>(), Err(RecvError::Decode(_))));
    assert_eq!(receiver.recv::<u8>().unwrap(), 7);
}

#[rstest]
fn both_directions_of_an_end_work_at_once(#[values(pipe, stream_pipe)] transport: Transport) {
    let (first, second) = transport(true).unwrap();
    let message = vec![7; 200_000];
    thread::scope(|scope| {
        for (sender, receiver) in [(&first, &second), (&second, &first)] {
            let message = &message;
            scope.spawn(move || (0..20).for_each(|_| sender.send_bytes(message).unwrap()));
            scope.spawn(move || (0..20).for_each(|_| assert_eq!(&receiver.recv_bytes().unwrap(), message)));
        }
    });
}

#[rstest]
fn threads_that_send_and_receive_at_one_end_never_mix_messages(
    #[values(pipe, stream_pipe)] transport: Transport,
) {
    let (receiver, sender) = transport(true).unwrap();
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
fn what_was_sent_before_the_end_is_received_before_it(
    #[values(pipe, stream_pipe)] transport: Transport,
    #[values(true, false)] duplex: bool,
) {
    let (receiver, sender) = transport(duplex).unwrap();
    if duplex {
        receiver.send_bytes(b"never read").unwrap();
    }
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

#[rstest]
fn sending_to_nobody_is_a_broken_pipe_and_no_signal(
    #[values(pipe, stream_pipe)] transport: Transport,
    #[values(true, false)] duplex: bool,
) {
    let (receiver, sender) = transport(duplex).unwrap();
    drop(receiver);
    for _ in 0..2 {
        assert!(matches!(sender.send_bytes(b"x"), Err(SendError::BrokenPipe)));
    }
}

#[rstest]
#[case(10, true)]
#[case(11, true)]
#[case(9, false)]
fn a_limit_holds_up_to_and_including_itself(
    #[values(pipe, stream_pipe)] transport: Transport,
    #[case] max: i64,
    #[case] fits: bool,
) {
    let (first, second) = transport(true).unwrap();
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

#[rstest]
fn a_message_too_long_closes_a_receiving_end(#[values(pipe, stream_pipe)] transport: Transport) {
    let (receiver, sender) = transport(false).unwrap();
    sender.send_bytes(b"").unwrap();
    assert_eq!(receiver.recv_bytes_max(0).unwrap(), b"");
    sender.send_bytes(b"x").unwrap();
    assert!(matches!(receiver.recv_bytes_max(-1), Err(RecvError::BadValue(_))));
    assert!(matches!(receiver.recv_bytes_max(0), Err(RecvError::TooLong(1))));
    assert!(receiver.is_closed());
    assert!(matches!(receiver.recv_bytes(), Err(RecvError::Closed)));
    assert!(matches!(sender.send_bytes(b"x"), Err(SendError::BrokenPipe)), "really closed");
}

#[rstest]
fn receiving_into_a_buffer_touches_only_the_message_s_place(
    #[values(pipe, stream_pipe)] transport: Transport,
) {
    let (receiver, sender) = transport(false).unwrap();
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

#[rstest]
fn a_message_that_does_not_fit_comes_with_the_error(#[values(pipe, stream_pipe)] transport: Transport) {
    let (receiver, sender) = transport(false).unwrap();
    sender.send_bytes(b"0123456789").unwrap();
    sender.send_bytes(b"next").unwrap();
    let mut buffer = [0xEE; 9];
    match receiver.recv_bytes_into(&mut buffer, 0) {
        Err(RecvIntoError::BufferTooShort(message)) => assert_eq!(message, b"0123456789"),
        other => panic!("{other:?}"),
    }
    assert_eq!(buffer, [0xEE; 9]);
    assert_eq!(receiver.recv_bytes_into(&mut buffer, 5).unwrap(), 4);
    assert_eq!(buffer, *b"\xEE\xEE\xEE\xEE\xEEnext");
}

#[rstest]
fn a_bad_offset_is_refused_before_anything_is_read(#[values(pipe, stream_pipe)] transport: Transport) {
    let (receiver, sender) = transport(false).unwrap();
    sender.send_bytes(b"").unwrap();
    let mut buffer = [0; 4];
    for offset in [-1, 5, i64::MIN, i64::MAX] {
        assert!(matches!(receiver.recv_bytes_into(&mut buffer, offset), Err(RecvIntoError::BadValue(_))));
    }
    assert_eq!(receiver.recv_bytes_into(&mut buffer, 4).unwrap(), 0);
}

#[rstest]
fn every_call_on_a_closed_end_says_so(#[values(pipe, stream_pipe)] transport: Transport) {
    let (end, peer) = transport(true).unwrap();
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
