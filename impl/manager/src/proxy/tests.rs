//! Clients of a server that answers whatever a test tells it.

use procession_wire::Builder;
use procession_wire::message::{Created, Reply};
use procession_wire::pickle;
use procession_wire::value::Id;

use super::*;
use crate::client::ConnectError;
use crate::listener::{Listener, ListenerOptions};
use crate::stream::Stream;
use procession_wire::auth::Key;

fn key() -> Key {
    Key::new("secret").expect("it has letters")
}

fn encoded(build: impl FnOnce(&mut Builder) -> Id) -> Vec<u8> {
    let mut builder = Builder::new();
    let root = build(&mut builder);
    pickle::write(&builder.finish(root)).expect("it is plain")
}

/// What the server says to a request.
fn answer(request: &[u8], odd: &[u8]) -> Vec<u8> {
    let asked = |name: &[u8]| request.windows(name.len()).any(|window| window == name);
    if asked(b"create") {
        return encoded(|builder| {
            let created = Created::add(builder, "an object", &["odd"]);
            Reply::add_return(builder, created)
        });
    }
    if asked(b"odd") {
        return odd.to_vec();
    }
    encoded(|builder| Reply::add_return(builder, builder.none()))
}

/// Answers each request of a connection until it ends.
fn serve(mut stream: Stream, odd: &[u8]) {
    while let Ok(request) = stream.receive(1 << 20, None) {
        if stream.send(&answer(&request, odd), None).is_err() {
            return;
        }
    }
}

/// What a call gives that the server answers by this.
fn called(odd: &[u8]) -> Result<Answer, CallError> {
    let options = ListenerOptions { key: Some(key()), backlog: 9, ..ListenerOptions::default() };
    let listener = Listener::bind(None, options).expect("a path is free");
    std::thread::scope(|scope| {
        let listener = &listener;
        scope.spawn(move || {
            while let Ok(accepted) = listener.accept_stream() {
                scope.spawn(move || serve(accepted.stream, odd));
            }
        });
        // In a thread of its own, whose connection ends with it.
        let client = scope.spawn(|| {
            let proxy = Remote::at(listener.address().clone(), key()).create("odd", (), ())?;
            let given = proxy.call("odd", (), ());
            // What was odd about it is over.
            let () = proxy.get("even", ())?;
            given
        });
        let given = client.join();
        listener.close();
        given.expect("no panic")
    })
}

#[test]
fn what_no_server_says_is_nonsense_and_no_panic() {
    let of_kind = |kind: &'static str| {
        encoded(move |builder| {
            let (kind, seven) = (builder.str(kind), builder.int(7));
            builder.tuple(&[kind, seven])
        })
    };
    let rebuild = encoded(|builder| {
        let rebuild = builder.global("multiprocessing.managers", "RebuildProxy");
        let seven = builder.int(7);
        let proxy = builder.call(rebuild, &[seven]);
        Reply::add_return(builder, proxy)
    });
    let cases = [
        Vec::new(),
        b"no pickle".to_vec(),
        encoded(|builder| builder.none()),
        of_kind("#NONSENSE"),
        of_kind("#ERROR"),
        of_kind("#PROXY"),
        of_kind("#TRACEBACK"),
        of_kind("#UNSERIALIZABLE"),
        rebuild,
    ];
    for odd in cases {
        let given = called(&odd);
        assert!(matches!(given, Err(CallError::Nonsense(_))), "{odd:?}: {given:?}");
    }
}

#[test]
fn what_a_value_names_is_carried_and_never_run() {
    let odd = encoded(|builder| {
        let system = builder.global("os", "system");
        let command = builder.str("false");
        let call = builder.call(system, &[command]);
        Reply::add_return(builder, call)
    });
    let received = called(&odd).and_then(Answer::value).expect("a value");
    assert!(matches!(received.value().root().kind(), procession_wire::Kind::Object(_)));
    assert!(matches!(received.to::<i64>(), Err(CallError::Result(_))));
}

#[test]
fn an_error_of_any_class_is_told_by_its_name() {
    let odd = encoded(|builder| {
        let (what, count) = (builder.str("what"), builder.int(2));
        let error = procession_wire::message::Exception::add(builder, "theirs.own", "Error", &[what, count]);
        Reply::add_error(builder, error)
    });
    let failed = called(&odd).expect_err("it is an error");
    assert!(failed.is("theirs.own.Error"), "{failed}");
    assert_eq!(failed.to_string(), "theirs.own.Error: ('what', 2)");
}

#[test]
fn a_server_that_ends_is_gone() {
    let options = ListenerOptions { key: Some(key()), ..ListenerOptions::default() };
    let listener = Listener::bind(None, options).expect("a path is free");
    let remote = Remote::at(listener.address().clone(), key());
    // It ends after the handshake, and before it has answered.
    let ending = std::thread::spawn(move || listener.accept_stream().map(drop));
    let gone = remote.number_of_objects();
    assert!(matches!(gone, Err(CallError::ServerGone)), "{gone:?}");
    assert!(matches!(ending.join(), Ok(Ok(()))));
    let gone = remote.create("list", (), ());
    assert!(matches!(gone, Err(CallError::ServerGone)), "{gone:?}");
    let missing = crate::client::connect(remote.address(), &key().into());
    assert!(matches!(missing, Err(ConnectError::NotFound(_))), "{missing:?}");
}

/// A server that ends each connection after two requests, and a client that makes one call of it.
fn visit() {
    let text = encoded(|builder| {
        let text = builder.str("longer than the reply that says nothing, which would not be believed");
        Reply::add_return(builder, text)
    });
    let options = ListenerOptions { key: Some(key()), backlog: 9, ..ListenerOptions::default() };
    let listener = Listener::bind(None, options).expect("a path is free");
    let called = std::thread::scope(|scope| {
        scope.spawn(|| {
            while let Ok(mut accepted) = listener.accept_stream() {
                for _ in 0..2 {
                    let Ok(request) = accepted.stream.receive(1 << 20, None) else { break };
                    let _ = accepted.stream.send(&answer(&request, &text), None);
                }
            }
        });
        let created = Remote::at(listener.address().clone(), key()).create("odd", (), ());
        let called = created.and_then(|proxy| proxy.get::<String>("odd", ()));
        listener.close();
        called
    });
    assert!(called.expect("it serves").starts_with("longer"));
}

#[test]
fn connections_to_servers_that_have_ended_are_closed() {
    // In a process of its own, where no other test opens any, and all in one thread.
    let work = |()| {
        let count = || std::fs::read_dir("/proc/self/fd").expect("proc is there").count();
        visit();
        let before = count();
        (0..5).for_each(|_| visit());
        assert_eq!(count(), before);
    };
    let child = procession_reference::Process::new(work, ());
    child.start().expect("it starts");
    child.join().expect("it ends");
    assert_eq!(child.exitcode().expect("it has ended"), Some(0));
}
