//! An unmodified CPython at the other side of an inherited descriptor.

use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, ExitCode};

use libtest_mimic::{Arguments, Failed};
use procession_reference::connection::{Connection, RecvError, SendError, stream_pipe};

#[path = "../../../conformance/tests/pythons/mod.rs"]
mod pythons;

fn main() -> ExitCode {
    let tests: [pythons::Test; 6] = [
        ("python_echoes_messages_of_every_size", python_echoes_messages_of_every_size),
        ("python_reads_a_one_way_pipe_to_its_end", python_reads_a_one_way_pipe_to_its_end),
        ("python_reads_a_long_header", python_reads_a_long_header),
        ("python_s_end_is_our_end_of_file", |python| python_s_end_is_our_end_of_file(python, true)),
        ("python_s_end_is_our_end_of_file_one_way", |python| python_s_end_is_our_end_of_file(python, false)),
        ("a_python_killed_inside_a_message_is_a_torn_message", a_python_killed_inside_a_message),
    ];
    libtest_mimic::run(&Arguments::from_args(), pythons::plain(6.., &tests)).exit_code()
}

/// Starts a script that finds `conn`, a `multiprocessing.connection.Connection` on our peer.
fn python(interpreter: &str, peer: Connection, script: &str) -> Child {
    let (readable, writable) = (peer.is_readable(), peer.is_writable());
    let flag = |on| if on { "True" } else { "False" };
    let script = format!(
        "from multiprocessing.connection import Connection\n\
         conn = Connection(0, readable={}, writable={})\n{script}",
        flag(readable),
        flag(writable)
    );
    let fd: OwnedFd = peer.into_fd().unwrap();
    assert!(fd.as_raw_fd() > 2);
    // The child's standard input is the one descriptor that the standard library hands over.
    Command::new(interpreter).arg("-c").arg(script).stdin(fd).spawn().expect("a python that ran before")
}

fn python_echoes_messages_of_every_size(interpreter: &str) -> Result<(), Failed> {
    let (ours, theirs) = stream_pipe(true).unwrap();
    let mut child = python(
        interpreter,
        theirs,
        "try:\n    while True: conn.send_bytes(conn.recv_bytes())\nexcept EOFError: pass",
    );
    for length in [0, 1, 4, 16_384, 16_385, 65_537, 3_000_000_u32] {
        let message: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| ours.send_bytes(&message).unwrap());
            ours.poll_forever().unwrap();
            assert!(ours.recv_bytes().unwrap() == message, "{length} bytes");
        });
    }
    drop(ours);
    assert!(child.wait().unwrap().success());
    Ok(())
}

fn python_reads_a_one_way_pipe_to_its_end(interpreter: &str) -> Result<(), Failed> {
    let (theirs, ours) = stream_pipe(false).unwrap();
    let mut child = python(
        interpreter,
        theirs,
        "assert conn.recv_bytes() == b'one'\nassert conn.poll(None)\nassert conn.recv_bytes() == b''\n\
         assert conn.poll(None)\ntry: conn.recv_bytes()\nexcept EOFError: raise SystemExit(7)",
    );
    ours.send_bytes(b"one").unwrap();
    ours.send_bytes(b"").unwrap();
    drop(ours);
    assert_eq!(child.wait().unwrap().code(), Some(7));
    Ok(())
}

fn python_reads_a_long_header(interpreter: &str) -> Result<(), Failed> {
    use std::io::Write;
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let theirs = Connection::from_fd(theirs.into(), true, true).unwrap();
    let mut child = python(interpreter, theirs, "conn.send_bytes(conn.recv_bytes()[::-1])");
    let mut raw = ours.try_clone().unwrap();
    raw.write_all(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 3, b'a', b'b', b'c']).unwrap();
    let ours = Connection::from_fd(ours.into(), true, true).unwrap();
    assert_eq!(ours.recv_bytes().unwrap(), b"cba");
    assert!(child.wait().unwrap().success());
    Ok(())
}

fn python_s_end_is_our_end_of_file(interpreter: &str, duplex: bool) -> Result<(), Failed> {
    let (ours, theirs) = stream_pipe(duplex).unwrap();
    let mut child = python(interpreter, theirs, "conn.send_bytes(b'last')");
    assert_eq!(ours.recv_bytes().unwrap(), b"last");
    assert!(matches!(ours.recv_bytes(), Err(RecvError::Eof)));
    assert!(child.wait().unwrap().success());
    Ok(())
}

fn a_python_killed_inside_a_message(interpreter: &str) -> Result<(), Failed> {
    let (ours, theirs) = stream_pipe(true).unwrap();
    // The message is larger than the socket's buffer and nobody reads on, so the child is inside of it.
    let mut child = python(interpreter, theirs, "conn.send_bytes(bytes(8_000_000))");
    // The first bytes are there, so the child has begun.
    procession_reference::wait::wait(
        &[&procession_reference::wait::Descriptor(ours.fileno().unwrap())],
        None,
    )
    .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(ours.poll().unwrap());
    assert!(matches!(ours.recv_bytes(), Err(RecvError::Corrupt(_))));
    assert!(matches!(ours.send_bytes(b"x"), Err(SendError::BrokenPipe)));
    Ok(())
}
