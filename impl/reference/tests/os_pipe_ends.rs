//! Pipes of the operating system: bytes, the end, and writing to nobody.

use std::thread;

use procession_reference::connection::PollError;
use procession_reference::os_pipe::{ReadError, WriteError, os_pipe};

#[test]
fn bytes_come_out_in_order_and_without_boundaries() {
    let (reader, writer) = os_pipe().unwrap();
    writer.write(b"ab").unwrap();
    writer.write(b"").unwrap();
    writer.write(b"cd").unwrap();
    let mut buffer = [0; 3];
    assert_eq!(reader.read(&mut buffer).unwrap(), 3);
    assert_eq!(&buffer, b"abc");
    assert_eq!(reader.read(&mut buffer).unwrap(), 1);
    assert_eq!(reader.read(&mut []).unwrap(), 0);
}

#[test]
fn what_was_written_before_the_end_is_read_before_it() {
    let (reader, writer) = os_pipe().unwrap();
    writer.write(b"last").unwrap();
    drop(writer);
    let mut buffer = [0; 10];
    assert_eq!(reader.read_until_full(&mut buffer).unwrap(), 4);
    for _ in 0..2 {
        assert!(matches!(reader.read(&mut buffer), Err(ReadError::Eof)));
        assert!(matches!(reader.read_until_full(&mut buffer), Err(ReadError::Eof)));
    }
}

#[test]
fn more_than_the_pipe_holds_is_written_whole() {
    let (reader, writer) = os_pipe().unwrap();
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
    let mut read = vec![0; bytes.len()];
    thread::scope(|scope| {
        scope.spawn(|| writer.write(&bytes).unwrap());
        assert_eq!(reader.read_until_full(&mut read).unwrap(), bytes.len());
    });
    assert_eq!(read, bytes);
}

#[test]
fn writing_to_nobody_is_a_broken_pipe() {
    let (reader, writer) = os_pipe().unwrap();
    reader.close();
    assert!(matches!(writer.write(b"x"), Err(WriteError::BrokenPipe { written: 0 })));
}

#[test]
fn every_call_on_a_closed_end_says_so() {
    let (reader, writer) = os_pipe().unwrap();
    for _ in 0..2 {
        reader.close();
        writer.close();
    }
    assert!(reader.is_closed() && writer.is_closed());
    assert!(matches!(reader.read(&mut [0]), Err(ReadError::Closed)));
    assert!(matches!(writer.write(b"x"), Err(WriteError::Closed)));
    assert!(matches!(reader.fileno(), Err(PollError::Closed)));
    assert!(matches!(writer.fileno(), Err(PollError::Closed)));
    assert!(reader.into_fd().is_none());
}
