//! A listener and its clients, both ours.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use procession_wire::auth::Role;

use super::*;
use crate::client::{ConnectError, ConnectOptions, connect, connect_stream};
use crate::handshake::prove;

const LATER: Duration = Duration::from_secs(60);

fn secret() -> Key {
    Key::new("secret").expect("it has letters")
}

fn keyed() -> ListenerOptions {
    ListenerOptions { key: Some(secret()), backlog: 9, ..ListenerOptions::default() }
}

#[test]
fn the_directory_is_private_and_goes_with_the_listener() {
    let listener = Listener::bind(None, ListenerOptions::default()).expect("a path is free");
    let Address::Unix(path) = listener.address().clone() else { panic!("a path is the usual address") };
    let directory = path.parent().expect("it has one").to_path_buf();
    let mode = std::fs::metadata(&directory).expect("it exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    listener.close();
    listener.close();
    assert!(!directory.exists());
    assert!(matches!(listener.accept(), Err(AcceptError::Closed)));
    let missing = connect(listener.address(), &ConnectOptions::default());
    assert!(matches!(missing, Err(ConnectError::NotFound(_))), "{missing:?}");
}

#[test]
fn an_address_is_in_use_and_of_its_family() {
    let first = Listener::bind(Address::loopback(0), ListenerOptions::default()).expect("a port is free");
    let second = Listener::bind(first.address().clone(), ListenerOptions::default());
    assert!(matches!(second, Err(BindError::AddressInUse(_))), "{second:?}");
    let options = ListenerOptions { family: Some(Family::Unix), ..ListenerOptions::default() };
    let other = Listener::bind(Address::loopback(0), options);
    assert!(matches!(other, Err(BindError::BadAddress(_))), "{other:?}");
    let options = ListenerOptions { family: Some(Family::Tcp), ..ListenerOptions::default() };
    let free = Listener::bind(None, options).expect("a port is free");
    assert!(matches!(free.address(), Address::Tcp { port, .. } if *port != 0));
}

#[test]
fn close_wakes_an_accept_that_waits() {
    let listener = Arc::new(Listener::bind(None, keyed()).expect("a path is free"));
    let accepting = std::thread::spawn({
        let listener = Arc::clone(&listener);
        move || listener.accept()
    });
    listener.close();
    assert!(matches!(accepting.join(), Ok(Err(AcceptError::Closed))));
}

#[test]
fn the_silent_are_let_go_when_their_time_is_over() {
    let options = ListenerOptions { proof_time: Duration::from_millis(20), ..keyed() };
    let listener = Arc::new(Listener::bind(None, options).expect("a path is free"));
    let mut silent = connect_stream(listener.address(), &ConnectOptions::default()).expect("it listens");
    let accepting = std::thread::spawn({
        let listener = Arc::clone(&listener);
        move || listener.accept()
    });
    let deadline = Some(Instant::now() + LATER);
    silent.receive(256, deadline).expect("a challenge");
    let ended = silent.receive(256, deadline);
    assert!(matches!(ended, Err(crate::ReceiveError::Ended)), "{ended:?}");
    // Nobody was told of it: the accept still waits, for somebody better.
    connect(listener.address(), &secret().into()).expect("the key is the same");
    assert!(matches!(accepting.join(), Ok(Ok(_))));
}

#[test]
fn of_too_many_silent_ones_the_first_is_let_go() {
    let options = ListenerOptions { most_unproved: 2, proof_time: LATER, ..keyed() };
    let listener = Arc::new(Listener::bind(None, options).expect("a path is free"));
    let plain = ConnectOptions::default();
    let mut silent: Vec<Stream> =
        (0..2).map(|_| connect_stream(listener.address(), &plain).expect("it listens")).collect();
    let accepting = std::thread::spawn({
        let listener = Arc::clone(&listener);
        move || listener.accept()
    });
    connect(listener.address(), &secret().into()).expect("the key is the same");
    assert!(matches!(accepting.join(), Ok(Ok(_))));
    let deadline = Some(Instant::now() + LATER);
    for stream in &mut silent {
        stream.receive(256, deadline).expect("a challenge");
    }
    assert!(matches!(silent[0].receive(256, deadline), Err(crate::ReceiveError::Ended)));
    assert!(!silent[1].is_stale(), "the second may still prove itself");
}

#[test]
fn a_client_that_was_there_first_and_proves_late_is_accepted() {
    let listener = Listener::bind(None, keyed()).expect("a path is free");
    let early = crate::socket::connect(listener.address(), None).expect("it listens");
    let client = std::thread::spawn({
        let address = listener.address().clone();
        move || connect(&address, &secret().into())
    });
    listener.accept().expect("the second proves itself at once");
    assert!(matches!(client.join(), Ok(Ok(_))));
    let late =
        std::thread::spawn(move || prove(&early, Role::Connector, &secret(), auth::Options::default(), None));
    let accepted = listener.accept_stream().expect("the first proves itself at last");
    assert!(matches!(late.join(), Ok(Ok(()))));
    assert_eq!(accepted.process, Some(nix::unistd::getpid().as_raw()));
    assert_eq!(accepted.origin, Origin::Local);
}

#[test]
fn who_asks_goes_before_those_who_take_their_time() {
    let listener = Listener::bind(None, keyed()).expect("a path is free");
    let (address, deadline) = (listener.address().clone(), Some(Instant::now() + LATER));
    let client = std::thread::spawn(move || {
        let silent = connect_stream(&address, &secret().into()).expect("the key is the same");
        let mut asking = connect_stream(&address, &secret().into()).expect("the key is the same");
        asking.send(b"a question", deadline).expect("there is room");
        (silent, asking)
    });
    let (mut asked, has_asked) = listener.accept_asking(LATER).expect("the second asks");
    assert!(has_asked);
    assert_eq!(asked.receive(256, deadline).expect("it was sent"), b"a question");
    let (mut silent, asking) = client.join().expect("no panic");
    silent.send(b"at last", deadline).expect("there is room");
    let (mut asked, has_asked) = listener.accept_asking(LATER).expect("the first asks");
    assert!(has_asked);
    assert_eq!(asked.receive(256, deadline).expect("it was sent"), b"at last");
    drop((silent, asking));
}

#[test]
fn who_asks_nothing_is_let_in_when_the_time_for_it_is_over() {
    let listener = Listener::bind(None, keyed()).expect("a path is free");
    let address = listener.address().clone();
    let client = std::thread::spawn(move || connect_stream(&address, &secret().into()));
    let (mut late, has_asked) = listener.accept_asking(Duration::ZERO).expect("it has proved the key");
    assert!(!has_asked);
    let mut client = client.join().expect("no panic").expect("the key is the same");
    client.send(b"at last", None).expect("there is room");
    assert_eq!(late.receive(256, None).expect("it was sent"), b"at last");
}

#[test]
fn an_empty_key_is_a_key() {
    let key = Some(Key::even_empty(""));
    let options = ListenerOptions { key: key.clone(), ..ListenerOptions::default() };
    let listener = Arc::new(Listener::bind(None, options).expect("a path is free"));
    let accepting = std::thread::spawn({
        let listener = Arc::clone(&listener);
        move || (listener.accept(), listener.accept())
    });
    let other = connect(listener.address(), &secret().into());
    assert!(matches!(other, Err(ConnectError::AuthenticationFailed(_))), "{other:?}");
    connect(listener.address(), &ConnectOptions { key, ..ConnectOptions::default() })
        .expect("both are empty");
    let (first, second) = accepting.join().expect("it ends");
    assert!(matches!(first, Err(AcceptError::AuthenticationFailed(_))), "{first:?}");
    assert!(second.is_ok(), "{second:?}");
}

#[test]
fn who_answers_wrongly_is_told_and_reported() {
    let listener = Listener::bind(None, keyed()).expect("a path is free");
    let deadline = Some(Instant::now() + LATER);
    for response in [b"something bogus".as_slice(), &[0; 16], b""] {
        let mut client = connect_stream(listener.address(), &ConnectOptions::default()).expect("it listens");
        client.send(response, deadline).expect("there is room");
        let refused = listener.accept().expect_err("it is no response");
        assert!(matches!(refused, AcceptError::AuthenticationFailed(Unproved::Failed(_))), "{refused}");
        assert!(client.receive(256, deadline).expect("the challenge").starts_with(b"#CHALLENGE#{sha256}"));
        assert_eq!(client.receive(256, deadline).expect("the verdict"), b"#FAILURE#");
        assert!(matches!(client.receive(256, deadline), Err(crate::ReceiveError::Ended)));
    }
    let mut client = connect_stream(listener.address(), &ConnectOptions::default()).expect("it listens");
    client.send(&[7; 300], deadline).expect("there is room");
    let refused = listener.accept().expect_err("it is too long");
    assert!(matches!(refused, AcceptError::AuthenticationFailed(Unproved::Failed(_))), "{refused}");
}

#[test]
fn who_leaves_before_he_is_accepted_has_been_there() {
    let listener = Listener::bind(None, ListenerOptions::default()).expect("a path is free");
    let client = connect(listener.address(), &ConnectOptions::default()).expect("it listens");
    client.send_bytes(b"a message").expect("there is room");
    drop(client);
    let accepted = listener.accept().expect("it was there");
    assert_eq!(accepted.recv_bytes().expect("it was sent"), b"a message");
    assert!(matches!(accepted.recv_bytes(), Err(procession_reference::connection::RecvError::Eof)));
}

/// A client with another key, and a listener at an address that is taken.
fn fail_twice() {
    let listener = Listener::bind(None, keyed()).expect("a path is free");
    let address = listener.address().clone();
    let client = std::thread::spawn(move || {
        let other = Key::new("another").expect("it has letters");
        connect(&address, &other.into()).map(drop)
    });
    assert!(matches!(listener.accept(), Err(AcceptError::AuthenticationFailed(_))));
    let refused = client.join().expect("no panic");
    assert!(matches!(refused, Err(ConnectError::AuthenticationFailed(_))), "{refused:?}");
    assert!(Listener::bind(listener.address().clone(), keyed()).is_err());
}

#[test]
fn what_failed_leaves_no_descriptors() {
    let work = |()| {
        let count = || std::fs::read_dir("/proc/self/fd").expect("proc is there").count();
        fail_twice();
        let before = count();
        (0..5).for_each(|_| fail_twice());
        assert_eq!(count(), before);
    };
    // In a process of its own, where no other test opens any.
    let child = procession_reference::Process::new(work, ());
    child.start().expect("it starts");
    child.join().expect("it ends");
    assert_eq!(child.exitcode().expect("it has ended"), Some(0));
}
