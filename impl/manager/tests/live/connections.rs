//! Connections between a listener and a client, one of which is Python's.

use std::time::{Duration, Instant};

use procession_manager::{
    AcceptError, Address, ConnectError, ConnectOptions, Family, Listener, ListenerOptions, Unproved, connect,
};
use rstest::rstest;

use crate::console::{Console, key, shown, spelled};

fn abstract_name() -> Option<Address> {
    let folder = tempfile::tempdir().expect("a folder");
    Some(Address::Abstract(folder.path().to_string_lossy().as_bytes().to_vec()))
}

fn port() -> Option<Address> {
    Some(Address::loopback(0))
}

fn nothing_said() -> Option<Address> {
    None
}

fn with_key(letters: Option<&str>) -> ListenerOptions {
    ListenerOptions { key: letters.map(key), ..ListenerOptions::default() }
}

fn client(letters: Option<&str>) -> ConnectOptions {
    ConnectOptions { key: letters.map(key), ..ConnectOptions::default() }
}

fn repr(letters: Option<&str>) -> String {
    letters.map_or("None".into(), |letters| format!("b{letters:?}"))
}

#[rstest]
fn a_python_client_is_accepted(
    #[values(nothing_said, port, abstract_name)] place: fn() -> Option<Address>,
    #[values(None, Some("secret"))] letters: Option<&str>,
) {
    let Some(mut python) = Console::new() else { return };
    let listener = Listener::bind(place(), with_key(letters)).expect("the address is free");
    python.begin(&format!("c = Client({}, authkey={})", spelled(listener.address()), repr(letters)));
    let connection = listener.accept().expect("a client connects");
    assert_eq!(python.answer(), "= None");
    let from_tcp = listener.address().family() == Family::Tcp;
    assert_eq!(listener.last_accepted().expect("one was accepted").to_string().starts_with("tcp:"), from_tcp);
    python.run("c.send_bytes(b'abc')");
    assert_eq!(connection.recv_bytes().expect("it was sent"), b"abc");
    let large = vec![b'x'; 300_000];
    python.begin("c.recv_bytes() == b'x' * 300000");
    connection.send_bytes(&large).expect("it receives");
    assert_eq!(python.answer(), "= True");
    python.run("c.close()");
    assert!(matches!(connection.recv_bytes(), Err(procession_reference::connection::RecvError::Eof)));
}

#[rstest]
fn a_python_listener_accepts(
    #[values("None", "('127.0.0.1', 0)", "'\\0' + str(os.getpid())")] place: &str,
    #[values(None, Some("secret"))] letters: Option<&str>,
) {
    let Some(mut python) = Console::new() else { return };
    python.run(&format!("l = Listener({place}, authkey={})", repr(letters)));
    let address = shown(&python.run("l.address"));
    python.begin("c = l.accept()");
    let connection = connect(&address, &client(letters)).expect("it listens");
    assert_eq!(python.answer(), "= None");
    python.run("c.send_bytes(b'abc')");
    assert_eq!(connection.recv_bytes().expect("it was sent"), b"abc");
    connection.send_bytes(b"def").expect("it receives");
    assert_eq!(python.run("c.recv_bytes()"), "b'def'");
    drop(connection);
    assert_eq!(python.ask("c.recv_bytes()"), "! builtins.EOFError:");
}

#[test]
fn a_python_client_with_another_key_is_refused_and_the_next_accepted() {
    let Some(mut python) = Console::new() else { return };
    let listener = Listener::bind(None, with_key(Some("secret"))).expect("a path is free");
    let address = spelled(listener.address());
    python.begin(&format!("c = Client({address}, authkey=b'other')"));
    let refused = listener.accept().expect_err("its key is another one");
    assert!(matches!(refused, AcceptError::AuthenticationFailed(Unproved::Failed(_))), "{refused}");
    let said = python.answer();
    assert!(said.starts_with("! multiprocessing.context.AuthenticationError"), "{said}");
    python.begin(&format!("c = Client({address}, authkey=b'secret')"));
    listener.accept().expect("its key is the same");
    assert_eq!(python.answer(), "= None");
}

#[test]
fn a_python_listener_with_another_key_refuses() {
    let Some(mut python) = Console::new() else { return };
    python.run("l = Listener(authkey=b'secret')");
    let address = shown(&python.run("l.address"));
    python.begin("l.accept()");
    let refused = connect(&address, &client(Some("other"))).expect_err("the key is another one");
    assert!(matches!(refused, ConnectError::AuthenticationFailed(_)), "{refused}");
    let said = python.answer();
    assert!(said.starts_with("! multiprocessing.context.AuthenticationError"), "{said}");
}

#[test]
fn a_python_listener_without_a_key_is_silent() {
    let Some(mut python) = Console::new() else { return };
    python.run("l = Listener()");
    let address = shown(&python.run("l.address"));
    let deadline = Some(Instant::now() + Duration::from_millis(100));
    let silent = connect(&address, &ConnectOptions { deadline, ..client(Some("secret")) });
    assert!(matches!(silent, Err(ConnectError::Silent(_))), "{silent:?}");
}

#[test]
fn a_python_client_without_a_key_delays_nobody() {
    let (Some(mut silent), Some(mut good)) = (Console::new(), Console::new()) else { return };
    let options = ListenerOptions { backlog: 5, ..with_key(Some("secret")) };
    let listener = Listener::bind(port(), options).expect("a port is free");
    let address = spelled(listener.address());
    silent.run(&format!("c = Client({address})"));
    good.begin(&format!("c = Client({address}, authkey=b'secret')"));
    listener.accept().expect("the second proves itself");
    assert_eq!(good.answer(), "= None");
    // The first one leaves, and only now has it failed.
    silent.run("c.close()");
    let left = listener.accept().expect_err("nobody proved himself");
    assert!(matches!(left, AcceptError::AuthenticationFailed(Unproved::Left)), "{left}");
}
