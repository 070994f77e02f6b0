//! How long an object lives: by the references of clients, by the values that name it, by the last reply.

use std::os::fd::AsFd;
use std::sync::Arc;

use procession_manager::server::{Bell, Departed, Objects, Registry, Stored, UnknownType};
use procession_reference::Process;
use procession_wire::message::{Address, Proxy, Reply, Token};
use procession_wire::value::Id;
use procession_wire::{Builder, Text};

use crate::client::{Client, create, decref, incref, number, once};
use crate::counter::{Kept, path_of, served, settings};

/// Puts a proxy of one object into another, spelling the address as it likes.
fn put(client: &mut Client, into: &str, ident: &str) {
    let answer = client.ask(Some(into), "put", |builder| {
        let (one, again) = (proxy(builder, ident), proxy(builder, ident));
        vec![builder.list(&[one, again])]
    });
    answer.none();
}

/// A proxy, as CPython writes it.
pub fn proxy(builder: &mut Builder, ident: &str) -> Id {
    proxy_at(builder, "/elsewhere", ident)
}

fn proxy_at(builder: &mut Builder, path: &str, ident: &str) -> Id {
    let token = Token {
        typeid: Text::from("kept"),
        address: Address::Unix(Text::from(path)),
        ident: Text::from(ident),
    };
    Proxy::add(builder, "AutoProxy", &token, &[])
}

#[test]
fn references_are_counted_and_names_are_new() {
    let serving = served(settings());
    let address = serving.address();
    let mut names = Vec::new();
    for _ in 0..3 {
        let ident = create(address, "counter");
        assert!(!names.contains(&ident) && ident != "0");
        assert_eq!(number(address), 1);
        incref(address, &ident).none();
        decref(address, &ident).none();
        assert_eq!(number(address), 1);
        decref(address, &ident).none();
        assert_eq!(number(address), 0);
        assert_eq!(decref(address, &ident).last_line(), format!("KeyError: '{ident}'"));
        assert_eq!(incref(address, &ident).last_line(), format!("KeyError: '{ident}'"));
        names.push(ident);
    }
}

#[test]
fn a_shared_name_is_one_object_and_free_when_its_holder_is_gone() {
    let mut settings = settings();
    settings.registry = Registry::standard();
    assert_eq!(settings.registry.share("door", "Lok"), Err(UnknownType("Lok".into())));
    settings.registry.share("door", "Lock").expect("there is such a type");
    let serving = served(settings);
    let address = serving.address();
    let door = create(address, "door");
    assert_eq!(create(address, "door"), door);
    let mut holder = Client::session(address);
    assert_eq!(holder.call(&door, "acquire").value(), "True");
    // Nobody refers to it any more, so its name goes; who holds it holds it on.
    decref(address, &door).none();
    decref(address, &door).none();
    assert_eq!(number(address), 0);
    let again = create(address, "door");
    assert_ne!(again, door);
    let mut other = Client::session(address);
    assert_eq!(other.ask(Some(&again), "acquire", |builder| vec![builder.bool(false)]).value(), "False");
    drop(holder);
    assert_eq!(other.call(&again, "acquire").value(), "True");
}

/// A client that has ended may have left requests, which are read when its references have been taken back.
#[test]
fn what_the_dead_ask_for_costs_the_living_nothing() {
    let objects = Objects::new(8, Bell::new().expect("a descriptor")).expect("random bytes");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).expect("it is free");
    let client = Process::new(
        |path: std::path::PathBuf| {
            let stream = std::os::unix::net::UnixStream::connect(path).expect("it listens");
            let _ = std::io::Read::read(&mut &stream, &mut [0]);
        },
        path,
    );
    client.start().expect("it starts");
    let (stream, _) = listener.accept().expect("it connects");
    let peer = objects.peer(stream.as_fd()).expect("it lives").expect("the kernel knows it");
    let create = |peer| objects.create("kept", Arc::new(Kept::default()), peer).expect("there is room");
    let (living, own) = (create(None), create(Some(&peer)));
    assert_eq!(objects.number(), 2);
    client.kill().expect("it is ours");
    client.join().expect("it is ours");
    objects.decref(&living.ident, Some(&peer)).expect("it is there");
    assert_eq!(objects.number(), 2, "the reference of somebody else was given back");
    objects.collect();
    assert_eq!(objects.number(), 1);
    objects.decref(&own.ident, Some(&peer)).expect("it is there still");
    objects.incref(&own.ident, Some(&peer)).expect("it is there still");
    create(Some(&peer));
    assert_eq!(objects.number(), 1, "somebody who has ended was given a reference");
    assert_eq!(objects.peer(stream.as_fd()).expect_err("it has ended"), Departed);
}

#[test]
fn what_is_gone_cannot_be_stored() {
    let serving = served(settings());
    let address = serving.address();
    let path = path_of(address).to_str().expect("a plain path").to_owned();
    let (outer, inner) = (create(address, "kept"), create(address, "kept"));
    let mut client = Client::session(address);
    let put = |client: &mut Client| {
        client.ask(Some(&outer), "put", |builder| vec![proxy_at(builder, &path, &inner)])
    };
    put(&mut client).none();
    client.call(&outer, "take");
    decref(address, &inner).none();
    client.call(&outer, "get").none();
    assert_eq!(put(&mut client).last_line(), format!("KeyError: '{inner}'"));
    client.call(&outer, "get").none();
}

#[test]
fn a_token_by_itself_names_its_object_however_long_the_request_is() {
    let serving = served(settings());
    let address = serving.address();
    let path = path_of(address).to_str().expect("a plain path").to_owned();
    let (outer, inner) = (create(address, "kept"), create(address, "kept"));
    let mut client = Client::session(address);
    let put = |client: &mut Client, length: usize| {
        client.ask(Some(&outer), "put", |builder| {
            let address = Address::Unix(Text::from(&*path));
            let (typeid, ident) = (Text::from("kept"), Text::from(&*inner));
            let parts = [Token { typeid, address, ident }.add(builder), builder.bytes(&vec![0; length])];
            vec![builder.tuple(&parts)]
        })
    };
    for length in [1, 5000] {
        put(&mut client, length).none();
    }
    // The value that was put holds it, until that is taken out and the reply is read.
    decref(address, &inner).none();
    put(&mut client, 1).none();
    client.call(&outer, "take");
    client.call(&outer, "get").none();
    for length in [1, 5000] {
        assert_eq!(put(&mut client, length).last_line(), format!("KeyError: '{inner}'"));
    }
}

#[test]
fn one_object_that_is_given_twice_has_one_name() {
    let serving = served(settings());
    let address = serving.address();
    let (one, same) = (create(address, "shared_counter"), create(address, "shared_counter"));
    assert_eq!(one, same);
    assert_eq!(number(address), 1);
    let info = once(address, "debug_info", |_| Vec::new()).value();
    assert_eq!(info, format!("\"  {one}:       refcount=2\\n    a counter at 0\""));
    decref(address, &one).none();
    let mut client = Client::session(address);
    assert_eq!(client.ask(Some(&same), "add", |builder| vec![builder.int(3)]).int(), 3);
    decref(address, &one).none();
    assert_eq!(number(address), 0);
    // It is the same one still, under a new name.
    let again = create(address, "shared_counter");
    assert_ne!(again, one);
    assert_eq!(client.call(&again, "get").int(), 3);
    assert_eq!(client.call(&one, "get").last_line(), format!("KeyError: '{one}'"));
}

#[test]
fn a_value_keeps_what_it_names() {
    let serving = served(settings());
    let address = serving.address();
    let (outer, inner) = (create(address, "kept"), create(address, "kept"));
    let mut client = Client::session(address);
    put(&mut client, &outer, &inner);
    decref(address, &inner).none();
    assert_eq!(number(address), 1);
    client.call(&inner, "get").none();
    // Nobody has a reference, so there is none to give back.
    decref(address, &inner).none();
    client.call(&inner, "get").none();
    // Whoever reads it takes one.
    client.call(&outer, "get");
    incref(address, &inner).none();
    assert_eq!(number(address), 2);
    client.call(&outer, "take");
    client.call(&outer, "get").none();
    client.call(&inner, "get").none();
    decref(address, &inner).none();
    assert_eq!(number(address), 1);
    assert!(client.call(&inner, "get").last_line().starts_with("KeyError: "));
}

#[test]
fn what_the_last_reply_named_lives_until_the_next_request() {
    let serving = served(settings());
    let address = serving.address();
    let (outer, inner) = (create(address, "kept"), create(address, "kept"));
    let (mut client, mut other) = (Client::session(address), Client::session(address));
    put(&mut client, &outer, &inner);
    decref(address, &inner).none();
    client.call(&outer, "take");
    other.call(&outer, "get").none();
    // Only the reply to `take` holds it now.
    incref(address, &inner).none();
    client.call(&outer, "get").none();
    client.call(&inner, "get").none();
    put(&mut client, &outer, &inner);
    decref(address, &inner).none();
    client.call(&outer, "take");
    client.call(&outer, "get").none();
    assert!(incref(address, &inner).last_line().starts_with("KeyError: "));
}

#[test]
fn a_long_chain_goes_at_once() {
    const LONG: usize = 50_000;
    let objects = Objects::new(LONG + 2, Bell::new().expect("descriptors are left")).expect("random bytes");
    let kept = || Arc::new(Kept::default());
    let mut last = kept();
    let mut ident = objects.create("kept", last.clone(), None).expect("there is room").ident.clone();
    let first = (last.clone(), ident.clone());
    for _ in 0..LONG {
        let next = kept();
        let named = objects.create("kept", next.clone(), None).expect("there is room").ident.clone();
        let mut builder = Builder::new();
        let token = proxy(&mut builder, &named);
        let value = builder.finish(token);
        last.keep(Stored::of(value.root(), &objects));
        // Nothing holds the next but the one before.
        objects.decref(&named, None).expect("it is there");
        (last, ident) = (next, named);
    }
    assert_eq!(objects.number(), 1);
    assert!(objects.find(&ident).is_some());
    drop((last, first.0));
    objects.decref(&first.1, None).expect("it is there");
    assert!(objects.find(&ident).is_none());
    assert_eq!(objects.number(), 0);
}

#[test]
fn proxies_that_methods_give_are_objects_of_their_own() {
    let serving = served(settings());
    let address = serving.address();
    let maker = create(address, "maker");
    let mut client = Client::session(address);
    client.ask(Some(&maker), "add", |builder| vec![builder.int(5)]);
    for (method, typeid) in [("twin", "counter"), ("again", "maker")] {
        let answer = client.call(&maker, method);
        let Reply::Proxy { exposed, token } = answer.reply() else { panic!("a proxy was made") };
        assert_eq!(token.typeid, typeid);
        assert!(exposed.iter().any(|name| *name == "get"));
        let ident = token.ident.to_string();
        assert_eq!(client.ask(Some(&ident), "add", |builder| vec![builder.int(1)]).int(), 6);
        assert_eq!(client.call(&maker, "get").int(), 5);
        assert_eq!(number(address), 2);
        decref(address, &ident).none();
        assert_eq!(number(address), 1);
    }
    assert_eq!(client.call(&maker, "plain").value(), "[5]");
    let refused = once(address, "create", |builder| vec![builder.str("result_only")]);
    assert!(refused.last_line().starts_with("AttributeError: 'result_only' objects are results"));
}
