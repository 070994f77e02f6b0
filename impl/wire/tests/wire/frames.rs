//! Frames: the captured ones, and connections that hand over their bytes in odd pieces.

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use procession_wire::bridge::to_vec;
use procession_wire::frame::{
    Header, LongForm, ReadError, Receiver, SHORT, WriteError, write_in_parts, write_message,
};

use crate::known::{hex, unhex, vectors};

fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|index| (7 * index + length) as u8).collect()
}

#[test]
fn captured_frames_are_written_and_read() {
    for vector in vectors("framing") {
        let length = vector["length"].as_u64().unwrap();
        let Some(header) = vector["header_hex"].as_str() else {
            // CPython 3.6 and 3.7 refuse, and so does a writer for them; only the header decides.
            assert!(length > SHORT);
            continue;
        };
        assert_eq!(hex(Header::new(length).as_bytes()), header);
        if length < 1 << 20 {
            let payload = payload(length as usize);
            let mut wire = Vec::new();
            write_message(&mut wire, &payload, LongForm::Refused).unwrap();
            assert_eq!(hex(&wire), format!("{header}{}", hex(&payload)));
            if let Some(whole) = vector["wire_hex"].as_str() {
                assert_eq!(hex(&wire), whole);
            }
            let mut receiver = Receiver::new();
            let mut from = wire.as_slice();
            assert_eq!(receiver.receive(&mut from, u64::MAX).unwrap(), Some(payload));
            assert_eq!(receiver.receive(&mut from, u64::MAX).unwrap(), None);
        }
    }
}

#[test]
fn what_cpython_misreads_is_refused() {
    let [negative, long, too_long] = &vectors("framing_read")[..] else { panic!("three vectors") };
    let read = |vector: &serde_json::Value, most| {
        let bytes = unhex(&vector["wire_hex"]);
        let mut receiver = Receiver::new();
        let first = receiver.receive(&mut bytes.as_slice(), most);
        (first, receiver.receive(&mut bytes.as_slice(), most))
    };
    let (first, second) = read(negative, u64::MAX);
    assert!(matches!(first, Err(ReadError::NegativeLength { found: -2 })), "{first:?}");
    assert!(matches!(second, Err(ReadError::Unusable)), "{second:?}");
    assert_eq!(read(long, u64::MAX).0.unwrap().unwrap(), b"abc");
    let (first, second) = read(too_long, 256);
    assert!(matches!(first, Err(ReadError::TooLong { length: 300, allowed: 256 })), "{first:?}");
    assert!(matches!(second, Err(ReadError::Unusable)), "{second:?}");
}

#[test]
fn an_end_between_messages_is_told_from_one_inside() {
    let wire = [&[0, 0, 0, 3][..], b"abc"].concat();
    for cut in 0..=wire.len() {
        let mut receiver = Receiver::new();
        let found = receiver.receive(&mut &wire[..cut], 3);
        match cut {
            0 => assert!(matches!(found, Ok(None))),
            1..4 => {
                assert!(matches!(found, Err(ReadError::Ended { expected: 4, found }) if found == cut as u64))
            }
            4..7 => assert!(
                matches!(found, Err(ReadError::Ended { expected: 3, found }) if found == cut as u64 - 4)
            ),
            _ => assert_eq!(found.unwrap().unwrap(), b"abc"),
        }
    }
}

/// Hands over a few bytes at a time and says `WouldBlock` in between.
struct Reluctant<'b> {
    bytes: &'b [u8],
    piece: usize,
    ready: bool,
}

impl Read for Reluctant<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.ready = !self.ready;
        if !self.ready {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = self.piece.min(into.len()).min(self.bytes.len());
        into[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes = &self.bytes[count..];
        Ok(count)
    }
}

impl Write for Reluctant<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(slices.iter().map(|slice| slice.len()).sum::<usize>().min(self.piece))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_message_in_pieces_is_read_across_calls() {
    let mut wire = Vec::new();
    let messages = [payload(0), payload(5), payload(300), payload(70_000)];
    for message in &messages {
        write_message(&mut wire, message, LongForm::Refused).unwrap();
    }
    for piece in [1, 3, 7, 100_000] {
        let mut from = Reluctant { bytes: &wire, piece, ready: false };
        let mut receiver = Receiver::new();
        let mut found = Vec::new();
        loop {
            match receiver.receive(&mut from, 1 << 20) {
                Ok(Some(message)) => found.push(message),
                Ok(None) => break,
                Err(ReadError::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(found, messages, "in pieces of {piece}");
    }
}

/// Counts writes, and takes only some bytes of each.
struct Counting {
    taken: Vec<u8>,
    writes: usize,
    most: usize,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.writes += 1;
        let mut left = self.most;
        for slice in slices {
            let count = left.min(slice.len());
            self.taken.extend_from_slice(&slice[..count]);
            left -= count;
        }
        Ok(self.most - left)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_message_is_one_write_unless_the_connection_takes_less() {
    let message = payload(50_000);
    let mut to = Counting { taken: Vec::new(), writes: 0, most: usize::MAX };
    write_message(&mut to, &message, LongForm::Refused).unwrap();
    assert_eq!(to.writes, 1);
    let mut slow = Counting { taken: Vec::new(), writes: 0, most: 3 };
    write_message(&mut slow, &message, LongForm::Refused).unwrap();
    assert_eq!(slow.taken, to.taken);
    let mut full = Counting { taken: Vec::new(), writes: 0, most: 0 };
    let error = write_message(&mut full, &message, LongForm::Refused).unwrap_err();
    assert!(matches!(&error, WriteError::Io { error, written: 0 } if error.kind() == ErrorKind::WriteZero));
    let mut empty = Counting { taken: Vec::new(), writes: 0, most: usize::MAX };
    write_message(&mut empty, b"", LongForm::Refused).unwrap();
    assert_eq!((empty.taken, empty.writes), (vec![0; 4], 1));
}

/// Gives as much as is asked for, and counts how often that is.
struct Ready {
    left: Vec<u8>,
    reads: usize,
}

impl Read for Ready {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        self.left.as_slice().read(into).inspect(|&count| drop(self.left.drain(..count)))
    }
}

#[test]
fn a_pickle_of_64_kib_is_taken_at_once() {
    let message = to_vec(&"x".repeat(64 * 1024)).unwrap();
    let mut from = Ready { left: Vec::new(), reads: 0 };
    write_message(&mut from.left, &message, LongForm::Refused).unwrap();
    assert_eq!(Receiver::new().receive(&mut from, 1 << 20).unwrap(), Some(message));
    // The header, and what it announces.
    assert_eq!(from.reads, 2);
}

#[test]
fn lent_memory_takes_messages_of_any_length_and_keeps_nothing() {
    let (mut receiver, mut left) = (Receiver::new(), Vec::new());
    let lengths = [50_000, 3, 0, 90_000, 70_000, 100_000, 1];
    for length in lengths {
        write_message(&mut left, &payload(length), LongForm::Refused).unwrap();
    }
    let mut from = Ready { left, reads: 0 };
    for length in lengths {
        let message = receiver.receive(&mut from, 1 << 20).unwrap().unwrap();
        assert!(message == payload(length), "of {length} bytes");
        receiver.reuse(message);
    }
    assert_eq!(receiver.receive(&mut from, 1 << 20).unwrap(), None);
}

#[test]
fn a_message_in_parts_is_the_same_message() {
    // More than are written at once, and some that are empty.
    let parts: Vec<Vec<u8>> = (0..40).map(|part| payload(part * part % 7 * 100)).collect();
    let whole = parts.concat();
    let mut expected = Vec::new();
    write_message(&mut expected, &whole, LongForm::Refused).unwrap();
    for (most, writes) in [(1, expected.len()), (700, 20), (usize::MAX, 3)] {
        let mut to = Counting { taken: Vec::new(), writes: 0, most };
        let slices = parts.iter().map(Vec::as_slice);
        write_in_parts(&mut to, whole.len() as u64, slices, LongForm::Refused).unwrap();
        assert!(to.taken == expected, "{most} bytes at once");
        assert!(to.writes <= writes, "{} writes of {most} bytes", to.writes);
    }
}

#[test]
fn a_message_in_parts_that_breaks_off_tells_how_much_was_written() {
    let parts = vec![[7; 10]; 40];
    let mut space = [0; 234];
    let slices = parts.iter().map(|part| &part[..]);
    let error = write_in_parts(&mut &mut space[..], 400, slices, LongForm::Refused).unwrap_err();
    assert_eq!(error.written(), 234);
    let long = write_in_parts(&mut Vec::new(), 1 << 31, [&[][..]], LongForm::Refused);
    assert!(matches!(long, Err(WriteError::TooLong { length: 0x8000_0000 })));
}

/// Announces a great length and sends nothing of it.
struct Boaster(Vec<u8>);

impl Read for Boaster {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        assert!(into.len() <= 72 * 1024, "room for {} bytes before any came", into.len());
        let count = into.len().min(self.0.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        Ok(count)
    }
}

#[test]
fn an_announced_length_sets_no_memory_aside() {
    let header = Header::new(1 << 50);
    let mut from = Boaster(header.as_bytes().to_vec());
    let found = Receiver::new().receive(&mut from, u64::MAX);
    assert!(matches!(found, Err(ReadError::Ended { expected: 0x4_0000_0000_0000, found: 0 })), "{found:?}");
}
