//! Descriptors and connections handed over, to Python and from it.

use std::fs::File;
use std::io::{Read, Write};

use libtest_mimic::Trial;
use procession_manager::reduction::{Passed, RecvHandleError, recv_handle, send_handle};
use procession_manager::{Listener, ListenerOptions, PickleExt};
use procession_reference::connection::{RecvError, SendError, stream_pipe};
use procession_reference::process::current_process;
use procession_reference::{Connection, pipe};

use crate::console::{Console, spelled};

tests! {
    a_descriptor_goes_to_python_and_comes_back
    a_connection_goes_to_python_once
    a_connection_comes_from_python_once
    a_process_of_another_family_fetches_nothing
}

/// What nobody in Python is needed for.
pub fn refused() -> [Trial; 2] {
    [
        Trial::test("what_is_no_descriptor_is_told_apart", || {
            what_is_no_descriptor_is_told_apart();
            Ok(())
        }),
        Trial::test("a_connection_in_shared_memory_does_not_go_to_python", || {
            a_connection_in_shared_memory_does_not_go_to_python();
            Ok(())
        }),
    ]
}

/// A connection to a new Python that has the key of this process.
fn connected(interpreter: &str) -> (Console, Connection) {
    let mut python = Console::new(interpreter);
    let key = current_process().authkey().as_bytes().to_vec();
    python.run(&format!("multiprocessing.current_process().authkey = bytes({key:?})"));
    let listener = Listener::bind(None, ListenerOptions::default()).expect("a path is free");
    python.begin(&format!("c = Client({})", spelled(listener.address())));
    let connection = listener.accept().expect("it connects");
    assert_eq!(python.answer(), "= None");
    (python, connection)
}

fn a_descriptor_goes_to_python_and_comes_back(interpreter: &str) {
    let (mut python, connection) = connected(interpreter);
    let (mut read, write) = std::io::pipe().expect("descriptors are left");
    send_handle(&connection, &write).expect("it is a Unix-domain socket");
    drop(write);
    python.run("fd = multiprocessing.reduction.recv_handle(c)");
    assert_eq!(python.run("os.write(fd, b'from there')"), "10");
    python.run("multiprocessing.reduction.send_handle(c, fd, os.getppid())");
    python.run("os.close(fd)");
    let mut back = File::from(recv_handle(&connection).expect("it was sent"));
    back.write_all(b" and here").expect("it can be read");
    drop(back);
    let mut text = String::new();
    read.read_to_string(&mut text).expect("it ends");
    assert_eq!(text, "from there and here");
    // The messages are where they were.
    python.run("c.send('x')");
    assert_eq!(connection.recv_pickle::<String>().expect("it was sent"), "x");
}

fn what_is_no_descriptor_is_told_apart() {
    let (one, other) = stream_pipe(true).expect("descriptors are left");
    one.send_bytes(b"a message").expect("there is room");
    assert!(matches!(recv_handle(&other), Err(RecvHandleError::Corrupt(_))));
    let (one, other) = stream_pipe(true).expect("descriptors are left");
    drop(one);
    assert!(matches!(recv_handle(&other), Err(RecvHandleError::Eof)));
    let (shared, _other) = pipe(true).expect("memory is left");
    assert!(matches!(recv_handle(&shared), Err(RecvHandleError::NoSocket)));
    let (read, _write) = stream_pipe(false).expect("descriptors are left");
    assert!(matches!(recv_handle(&read), Err(RecvHandleError::NoSocket)));
}

fn a_connection_goes_to_python_once(interpreter: &str) {
    let (mut python, connection) = connected(interpreter);
    let (here, there) = stream_pipe(true).expect("descriptors are left");
    let there = Passed(there);
    connection.send_pickle(&("a connection", &there)).expect("it receives");
    python.run("text, d = c.recv()");
    drop(there);
    python.run("d.send((text, d.readable, d.writable))");
    let got: (String, bool, bool) = here.recv_pickle().expect("it was sent");
    assert_eq!(got, ("a connection".into(), true, true));
    python.run("d.close()");
    assert!(matches!(here.recv_bytes(), Err(RecvError::Eof)), "no duplicate is left here");

    let (receiving, sending) = stream_pipe(false).expect("descriptors are left");
    let sending = Passed(sending);
    let pickle = procession_wire::to_vec(&sending).expect("it is on a pipe");
    drop(sending);
    for _ in 0..2 {
        connection.send_bytes(&pickle).expect("it receives");
    }
    python.run("d = c.recv()");
    assert_eq!(python.run("(d.readable, d.writable)"), "(False, True)");
    let again = python.ask("c.recv()");
    assert!(again.starts_with("! "), "{again}");
    python.run("d.send_bytes(b'x')");
    assert_eq!(receiving.recv_bytes().expect("it was sent"), b"x");
}

fn a_connection_comes_from_python_once(interpreter: &str) {
    let (mut python, connection) = connected(interpreter);
    python.run("a, b = multiprocessing.Pipe()");
    python.run("c.send([b])");
    let pickle = connection.recv_bytes().expect("it was sent");
    let fetched: Vec<Passed> =
        procession_wire::bridge::from_slice_with(&trusting(), &pickle).expect("it is there");
    let again: Result<Vec<Passed>, _> = procession_wire::bridge::from_slice_with(&trusting(), &pickle);
    let said = again.expect_err("it is gone").to_string();
    assert!(said.contains("has been fetched before"), "{said}");
    let end = &fetched[0].0;
    end.send_pickle(&5).expect("it receives");
    assert_eq!(python.run("a.recv()"), "5");
    python.run("r, w = multiprocessing.Pipe(duplex=False)");
    python.run("c.send(w)");
    let Passed(end) = connection.recv_pickle().expect("it was sent");
    assert!(!end.is_readable() && end.is_writable());
    python.run("w.close()");
    drop(end);
    assert_eq!(python.ask("r.recv()"), "! builtins.EOFError:");
}

fn trusting() -> procession_wire::pickle::Reader {
    procession_wire::pickle::Reader { globals: procession_wire::Globals::everything(), ..Default::default() }
}

fn a_process_of_another_family_fetches_nothing(interpreter: &str) {
    let (mut python, connection) = connected(interpreter);
    python.run("multiprocessing.current_process().authkey = b'another'");
    let (here, there) = stream_pipe(true).expect("descriptors are left");
    connection.send_pickle(&Passed(there)).expect("it receives");
    let said = python.ask("c.recv()");
    assert!(said.starts_with("! multiprocessing.context.AuthenticationError"), "{said}");
    drop(here);
}

fn a_connection_in_shared_memory_does_not_go_to_python() {
    let (one, _other) = pipe(true).expect("memory is left");
    let (here, _there) = stream_pipe(true).expect("descriptors are left");
    let refused = here.send_pickle(&Passed(one));
    assert!(matches!(&refused, Err(SendError::Encode(why)) if why.contains("shared memory")), "{refused:?}");
}
