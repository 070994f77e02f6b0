//! Each bound of a server is met with an error of its own, and the server serves on.

use std::time::Duration;

use procession_manager::server::Stored;
use procession_wire::message::Reply;

use crate::client::{Client, create, decref, once};
use crate::counter::{path_of, served, settings};

#[test]
fn sessions() {
    let mut settings = settings();
    settings.limits.sessions = 2;
    let serving = served(settings);
    let address = serving.address();
    let counter = create(address, "counter");
    let (mut one, two) = (Client::session(address), Client::session(address));
    let refused = once(address, "accept_connection", |builder| vec![builder.str("test")]);
    assert_eq!(refused.last_line(), "RuntimeError: the server has 2 sessions, and allows no more");
    assert_eq!(one.call(&counter, "get").int(), 0);
    drop(two);
    // Its place is free when its thread has seen the end.
    let mut asks = 0;
    loop {
        let mut client = Client::connect(address);
        let answer = client.ask(None, "accept_connection", |builder| vec![builder.str("test")]);
        match answer.reply() {
            Reply::Return(_) => break assert_eq!(client.call(&counter, "get").int(), 0),
            _ => asks += 1,
        }
        assert!(asks < 100_000, "a place was not given back");
    }
}

#[test]
fn connections() {
    let mut settings = settings();
    settings.limits.connections = 2;
    let serving = served(settings);
    let address = serving.address();
    let (mut one, other) = (Client::session(address), Client::session(address));
    // It has proved its key, and is let go without a word.
    assert!(Client::connect(address).is_over());
    assert_eq!(one.call("0", "get").last_line(), "KeyError: '0'");
    drop(other);
}

#[test]
fn strangers_that_are_silent() {
    let mut settings = settings();
    settings.limits.unproved = 3;
    let serving = served(settings);
    let address = serving.address();
    let connect = || std::os::unix::net::UnixStream::connect(path_of(address)).expect("it listens");
    let mut silent: Vec<_> = (0..4).map(|_| connect()).collect();
    // The first has waited for longest, and there is no room for a fourth.
    std::io::Read::read_to_end(&mut silent[0], &mut Vec::new()).expect("it is closed in order");
    create(address, "counter");
    once(address, "dummy", |_| Vec::new()).none();
}

#[test]
fn the_time_of_a_handshake() {
    let mut settings = settings();
    settings.limits.handshake = Duration::from_millis(1);
    let serving = served(settings);
    let mut silent = std::os::unix::net::UnixStream::connect(path_of(serving.address())).expect("it listens");
    let mut came = Vec::new();
    // Without a bound this would not return.
    std::io::Read::read_to_end(&mut silent, &mut came).expect("it is closed in order");
    assert!(came.windows(11).any(|part| part == b"#CHALLENGE#"));
}

#[test]
fn objects() {
    let mut settings = settings();
    settings.limits.objects = 2;
    let serving = served(settings);
    let address = serving.address();
    let maker = create(address, "maker");
    let second = create(address, "counter");
    let refused = once(address, "create", |builder| vec![builder.str("counter")]);
    assert_eq!(refused.last_line(), "MemoryError: the server holds 2 objects, and allows no more");
    let mut client = Client::session(address);
    assert_eq!(
        client.call(&maker, "twin").last_line(),
        "MemoryError: the server holds 2 objects, and allows no more"
    );
    decref(address, &second).none();
    assert!(matches!(client.call(&maker, "twin").reply(), Reply::Proxy { .. }));
}

#[test]
fn the_bytes_of_a_message() {
    let mut settings = settings();
    settings.limits.message = 10_000;
    let serving = served(settings);
    let address = serving.address();
    let counter = create(address, "counter");
    let mut client = Client::session(address);
    match client.ask(Some(&counter), "large", |builder| vec![builder.int(20_000)]).reply() {
        Reply::Unserializable(text) => {
            assert!(text.to_string().ends_with("expected at most 10000"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(client.call(&counter, "get").int(), 0);
    client.request(Some(&counter), "add", |builder| vec![builder.bytes(&[7; 12_000])]);
    let said = client.receive().expect("a reply").last_line();
    assert!(said.starts_with("ValueError: a request of 12"), "{said}");
    assert!(client.is_over());
    assert_eq!(Client::session(address).call(&counter, "get").int(), 0);
}

#[test]
fn what_all_objects_take_together() {
    let mut settings = settings();
    let numbers: Vec<i64> = (0..50_000).collect();
    let size = Stored::plain(procession_wire::to_value(&numbers).expect("plain values")).size();
    settings.limits.stored = size / 2 * 3;
    let serving = served(settings);
    let address = serving.address();
    let (one, other) = (create(address, "kept"), create(address, "kept"));
    let mut client = Client::session(address);
    let mut put = |ident: &str, count: usize| {
        let answer = client.ask(Some(ident), "put", |builder| {
            let items: Vec<_> = numbers[..count].iter().map(|number| builder.int(*number)).collect();
            vec![builder.list(&items)]
        });
        match answer.reply() {
            Reply::Return(_) => true,
            Reply::Error(error) => {
                assert_eq!(error.class.name, "MemoryError");
                false
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(put(&one, 50_000));
    assert!(!put(&other, 50_000));
    assert!(put(&other, 10));
    assert!(put(&one, 10));
    assert!(put(&other, 50_000));
    decref(address, &other).none();
    assert!(put(&one, 50_000));
}
