//! How a server ends, and what becomes of its clients.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use procession_manager::BindError;
use procession_manager::server::{Server, Settings};
use procession_wire::message::Reply;

use crate::client::{Client, create, once};
use crate::counter::{Kept, path_of, served, settings};

#[test]
fn a_shutdown_is_answered_and_ends_it() {
    let serving = served(settings());
    let address = serving.address().clone();
    let path = path_of(&address).to_path_buf();
    let directory = path.parent().expect("it has one").to_path_buf();
    let mode = std::fs::metadata(&directory).expect("it exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    once(&address, "shutdown", |_| Vec::new()).none();
    serving.wait().expect("it has ended in order");
    assert!(!path.exists());
    assert!(!directory.exists());
}

#[test]
fn clients_that_wait_in_a_call_are_cut_off() {
    let serving = served(settings());
    let address = serving.address().clone();
    let kept = create(&address, "kept");
    let mut waiting = Client::session(&address);
    waiting.request(Some(&kept), "wait", |_| Vec::new());
    let mut idle = Client::session(&address);
    assert!(idle.call(&kept, "get").value() == "None");
    once(&address, "shutdown", |_| Vec::new()).none();
    assert!(waiting.is_over());
    assert!(idle.is_over());
    serving.wait().expect("it has ended in order");
}

#[test]
fn whoever_stops_it_waits_for_its_end() {
    let serving = served(settings());
    let path = path_of(serving.address()).to_path_buf();
    serving.stop().expect("it has ended in order");
    assert!(!path.exists());
    let serving = served(settings());
    let path = path_of(serving.address()).to_path_buf();
    drop(serving);
    assert!(!path.exists());
}

#[test]
fn it_ends_while_an_object_is_being_made() {
    let (begun, begins) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let goes_on = Mutex::new(goes_on);
    let mut settings = settings();
    settings.registry.add("slow", move |_| {
        begun.send(()).expect("the test waits for it");
        // Until the test has ended.
        let _ = goes_on.lock().expect("nobody panics with it").recv();
        Ok(Arc::new(Kept::default()))
    });
    let serving = served(settings);
    let mut client = Client::connect(serving.address());
    client.request(None, "create", |builder| vec![builder.str("slow")]);
    begins.recv().expect("it is asked for");
    serving.stop().expect("it has ended in order");
    drop(go_on);
    assert!(client.is_over());
}

#[test]
fn it_ends_with_what_it_was_told_to_watch() {
    let (watched, other) = nix::unistd::pipe().expect("descriptors are left");
    let server = Server::bind(settings()).expect("a path is free");
    let path = path_of(server.address()).to_path_buf();
    let serving = std::thread::spawn(move || server.serve_while(vec![watched]));
    assert!(path.exists());
    drop(other);
    serving.join().expect("no panic").expect("it has ended in order");
    assert!(!path.exists());
}

#[test]
fn a_server_that_never_serves_leaves_nothing() {
    let server = Server::bind(settings()).expect("a path is free");
    let path = path_of(server.address()).to_path_buf();
    drop(server);
    assert!(!path.parent().expect("it has one").exists());
}

#[test]
fn an_address_in_use_is_said_to_be() {
    let serving = served(settings());
    let mut again: Settings = settings();
    again.address = Some(serving.address().clone());
    match Server::bind(again) {
        Err(BindError::AddressInUse(address)) => assert_eq!(&address, serving.address()),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two servers at one address"),
    }
    // The failure has not taken the other's path away.
    assert!(matches!(once(serving.address(), "dummy", |_| Vec::new()).reply(), Reply::Return(_)));
}

#[test]
fn a_client_that_leaves_is_told_to_what_it_called() {
    let serving = served(settings());
    let address = serving.address();
    let kept = create(address, "kept");
    let mut other = Client::session(address);
    for _ in 0..3 {
        let mut leaving = Client::session(address);
        leaving.call(&kept, "get").none();
    }
    let mut waiting = Client::session(address);
    waiting.request(Some(&kept), "wait", |_| Vec::new());
    drop(waiting);
    let mut asks = 0;
    while other.call(&kept, "left").int() < 4 {
        // They leave when their threads get to it; a server that forgets one fails here.
        asks += 1;
        assert!(asks < 1_000_000, "a client that left was not told of");
    }
    let mut exits = Client::session(address);
    exits.request(Some(&kept), "exit", |_| Vec::new());
    assert!(exits.is_over());
    other.call(&kept, "get").none();
}
