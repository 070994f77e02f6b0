//! Framing against a model: however the bytes of a stream are cut into pieces, the messages that
//! come out are those that went in, and a poll is true exactly when the model has a whole one.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use procession_reference::connection::{Connection, RecvError};
use procession_reference::os_pipe::os_pipe;
use proptest::prelude::*;

/// CPython's framing, written down once more and as plainly as possible.
fn frame(message: &[u8], long: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    if long {
        bytes.extend((-1_i32).to_be_bytes());
        bytes.extend((message.len() as u64).to_be_bytes());
    } else {
        bytes.extend((message.len() as i32).to_be_bytes());
    }
    bytes.extend(message);
    bytes
}

/// The most pieces that a message comes in.
const MOST_PIECES: usize = 64;

/// A message and whether its header is the long one.
fn message() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let length = prop_oneof![4 => 0..20_usize, 1 => 100..3000_usize];
    (length.prop_flat_map(|length| proptest::collection::vec(any::<u8>(), length)), any::<bool>())
}

/// Both transports of bytes that the kernel has: our receiving end and what feeds it.
fn ends(socket: bool) -> (Connection, Box<dyn Write>) {
    if socket {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Connection::from_fd(OwnedFd::from(ours), true, true).unwrap(), Box::new(theirs))
    } else {
        let (reader, writer) = os_pipe().unwrap();
        (Connection::from_fd(reader.into_fd().unwrap(), true, false).unwrap(), Box::new(writer))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_cut_of_the_stream_gives_the_same_messages(
        messages in proptest::collection::vec(message(), 0..8),
        cuts in proptest::collection::vec(1..40_usize, 1..20),
        polls in any::<bool>(),
        socket in any::<bool>(),
        // How many bytes are missing at the end of the stream, if any.
        torn in prop_oneof![2 => Just(0), 1 => 1..50_usize],
    ) {
        let (connection, mut feed) = ends(socket);
        let mut stream = Vec::new();
        let mut boundaries = Vec::new();
        for (message, long) in &messages {
            stream.extend(frame(message, *long));
            boundaries.push(stream.len());
        }
        let whole = stream.len().saturating_sub(torn);
        stream.truncate(whole);

        let mut written = 0;
        let mut received = 0;
        let mut cut = cuts.iter().cycle();
        while written < stream.len() {
            // Each piece takes a part of a socket's buffer far above its size, and nobody else reads: no
            // message may come in more pieces than the buffer holds.
            let begin = if received == 0 { 0 } else { boundaries[received - 1] };
            let least = boundaries.get(received).map_or(1, |end| (end - begin).div_ceil(MOST_PIECES));
            let piece = (*cut.next().unwrap()).max(least).min(stream.len() - written);
            feed.write_all(&stream[written..][..piece]).unwrap();
            written += piece;
            if polls {
                let expected = boundaries.get(received).is_some_and(|boundary| *boundary <= written);
                prop_assert_eq!(connection.poll().unwrap(), expected, "poll after {} bytes", written);
            }
            while boundaries.get(received).is_some_and(|boundary| *boundary <= written) {
                prop_assert_eq!(&connection.recv_bytes().unwrap(), &messages[received].0);
                received += 1;
            }
        }
        drop(feed);
        prop_assert!(connection.poll().unwrap(), "the end is ready");
        let at_boundary = stream.is_empty() || boundaries.contains(&stream.len());
        for _ in 0..2 {
            match connection.recv_bytes() {
                Err(RecvError::Eof) => prop_assert!(at_boundary, "a torn message is not the end"),
                Err(RecvError::Corrupt(_)) => prop_assert!(!at_boundary, "the end is not a torn message"),
                other => prop_assert!(false, "unexpected {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_sent_is_the_model_s_bytes(messages in proptest::collection::vec(message(), 0..8)) {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let connection = Connection::from_fd(ours.into(), false, true).unwrap();
        let mut expected = Vec::new();
        for (message, _) in &messages {
            connection.send_bytes(message).unwrap();
            expected.extend(frame(message, false));
        }
        drop(connection);
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).unwrap();
        prop_assert_eq!(sent, expected);
    }
}
