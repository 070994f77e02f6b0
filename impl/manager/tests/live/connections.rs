//! Connections between a listener and a client, one of which is Python's.

use std::time::{Duration, Instant};

use procession_manager::{
    AcceptError, Address, ConnectError, ConnectOptions, Family, Listener, ListenerOptions, Unproved, connect,
};

use crate::console::{Console, key, shown, spelled};

tests! {
    a_python_client_is_accepted_at_a_path
    a_python_client_is_accepted_at_a_port
    a_python_client_is_accepted_at_an_abstract_name
    a_python_listener_accepts_at_a_path
    a_python_listener_accepts_at_a_port
    a_python_listener_accepts_at_an_abstract_name
    a_python_client_with_another_key_is_refused_and_the_next_accepted
    a_python_listener_with_another_key_refuses
    a_python_listener_without_a_key_is_silent
    a_python_client_without_a_key_delays_nobody
}

fn port() -> Option<Address> {
    Some(Address::loopback(0))
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

/// With a key and without.
const KEYS: [Option<&str>; 2] = [None, Some("secret")];

fn a_python_client_is_accepted_at_a_path(interpreter: &str) {
    for letters in KEYS {
        a_python_client_is_accepted(interpreter, None, letters);
    }
}

fn a_python_client_is_accepted_at_a_port(interpreter: &str) {
    for letters in KEYS {
        a_python_client_is_accepted(interpreter, port(), letters);
    }
}

fn a_python_client_is_accepted_at_an_abstract_name(interpreter: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let name = Address::Abstract(folder.path().to_string_lossy().as_bytes().to_vec());
    for letters in KEYS {
        a_python_client_is_accepted(interpreter, Some(name.clone()), letters);
    }
}

fn a_python_client_is_accepted(interpreter: &str, place: Option<Address>, letters: Option<&str>) {
    let mut python = Console::new(interpreter);
    let listener = Listener::bind(place, with_key(letters)).expect("the address is free");
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

fn a_python_listener_accepts_at_a_path(interpreter: &str) {
    for letters in KEYS {
        a_python_listener_accepts(interpreter, "None", letters);
    }
}

fn a_python_listener_accepts_at_a_port(interpreter: &str) {
    for letters in KEYS {
        a_python_listener_accepts(interpreter, "('127.0.0.1', 0)", letters);
    }
}

fn a_python_listener_accepts_at_an_abstract_name(interpreter: &str) {
    for letters in KEYS {
        a_python_listener_accepts(interpreter, "'\\0' + str(os.getpid())", letters);
    }
}

fn a_python_listener_accepts(interpreter: &str, place: &str, letters: Option<&str>) {
    let mut python = Console::new(interpreter);
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

fn a_python_client_with_another_key_is_refused_and_the_next_accepted(interpreter: &str) {
    let mut python = Console::new(interpreter);
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

fn a_python_listener_with_another_key_refuses(interpreter: &str) {
    let mut python = Console::new(interpreter);
    python.run("l = Listener(authkey=b'secret')");
    let address = shown(&python.run("l.address"));
    python.begin("l.accept()");
    let refused = connect(&address, &client(Some("other"))).expect_err("the key is another one");
    assert!(matches!(refused, ConnectError::AuthenticationFailed(_)), "{refused}");
    let said = python.answer();
    assert!(said.starts_with("! multiprocessing.context.AuthenticationError"), "{said}");
}

fn a_python_listener_without_a_key_is_silent(interpreter: &str) {
    let mut python = Console::new(interpreter);
    python.run("l = Listener()");
    let address = shown(&python.run("l.address"));
    let deadline = Some(Instant::now() + Duration::from_millis(100));
    let silent = connect(&address, &ConnectOptions { deadline, ..client(Some("secret")) });
    assert!(matches!(silent, Err(ConnectError::Silent(_))), "{silent:?}");
}

fn a_python_client_without_a_key_delays_nobody(interpreter: &str) {
    let (mut silent, mut good) = (Console::new(interpreter), Console::new(interpreter));
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
