//! Managers whose servers are processes of their own.

#[path = "server/client.rs"]
#[expect(dead_code, reason = "the server's own tests use more of it")]
mod client;
#[path = "server/counter.rs"]
#[expect(dead_code, reason = "the server's own tests use more of it")]
mod counter;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use client::{Client, create};
use counter::{KEY, path_of};
use procession_manager::proxy::ListProxy;
use procession_manager::server::Settings;
use procession_manager::{
    Address, AskError, CallError, ConnectError, Manager, ManagerOptions, Proxy, Setup, ShutdownError,
    Standard, StartError,
};
use procession_reference::Process;
use procession_reference::connection::{Connection, stream_pipe};
use procession_reference::context::{Method, get_context};
use procession_reference::process::Exit;
use rstest::rstest;
use serde::{Deserialize, Serialize};

/// The types of the server's tests, or a setup that goes wrong.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Types {
    Own,
    Refuses,
    Panics,
    Dies,
}

impl Setup for Types {
    fn set_up(self, settings: &mut Settings) -> Result<(), String> {
        match self {
            Types::Own => settings.registry = counter::registry(),
            Types::Refuses => return Err("as asked".into()),
            // Not `panic!`, whose report among the output of the tests would look like a failure.
            Types::Panics => std::panic::resume_unwind(Box::new("as asked")),
            Types::Dies => {
                nix::sys::signal::raise(nix::sys::signal::SIGKILL).map_err(|error| error.to_string())?
            }
        }
        Ok(())
    }
}

fn options() -> ManagerOptions {
    ManagerOptions { key: Some(KEY.into()), ..ManagerOptions::default() }
}

fn started(options: ManagerOptions) -> Manager {
    let manager = Manager::new(options);
    manager.start(Types::Own).expect("it serves");
    manager
}

fn address_of(manager: &Manager) -> Address {
    manager.address().expect("it is started")
}

fn pid_of(manager: &Manager) -> i32 {
    manager.process().and_then(|process| process.pid().ok().flatten()).expect("it is started")
}

#[rstest]
fn a_server_is_a_process_of_its_own(#[values(Method::Spawn, Method::ForkServer)] method: Method) {
    let manager = started(ManagerOptions { method: Some(method), ..options() });
    let address = address_of(&manager);
    let counter = create(&address, "counter");
    let mut client = Client::session(&address);
    assert_eq!(client.call(&counter, "pid").int(), i64::from(pid_of(&manager)));
    assert_ne!(pid_of(&manager), nix::unistd::getpid().as_raw());
    assert_eq!(manager.number_of_objects().expect("it serves"), 1);
    assert!(manager.debug_info().expect("it serves").contains("a counter at 0"));
    assert!(!manager.join(Some(Duration::ZERO)).expect("it is ours"));
    manager.shutdown().expect("it ends");
    assert!(client.is_over());
    assert!(!path_of(&address).parent().expect("it has one").exists());
    assert_eq!(manager.process().expect("it was started").exit().expect("it is ours"), Some(Exit::Code(0)));
    manager.shutdown().expect("it has ended");
    assert!(manager.join(None).expect("it has ended"));
    assert!(matches!(manager.number_of_objects(), Err(AskError::NotServed)));
}

#[test]
fn a_manager_gives_its_clients_what_they_create() {
    let manager = Manager::new(options());
    assert!(matches!(manager.remote(), Err(AskError::NotServed)));
    manager.start(Standard).expect("it serves");
    let remote = manager.remote().expect("it is started");
    let fruits = remote.list(&["apple".to_owned(), "pear".to_owned()]).expect("it is created");
    fruits.append(&"plum".to_owned()).expect("it is there");
    assert_eq!(fruits.to_vec().expect("it is there"), ["apple", "pear", "plum"]);
    manager.shutdown().expect("it ends");
    assert!(matches!(manager.remote(), Err(AskError::NotServed)));
}

#[test]
fn a_proxy_that_is_given_away_arrives() {
    let manager = Manager::new(options());
    manager.start(Standard).expect("it serves");
    let remote = manager.remote().expect("it is started");
    let list = |number: i64| remote.list(&[number]).expect("it is created");
    // Each is the only proxy of its object, and gone when the call returns.
    let outer = remote.create("list", ([list(1)],), ()).expect("it is created");
    let () = outer.get("append", (list(2),)).expect("it is there");
    let () = outer.get("append", vec![list(3)]).expect("it is there");
    let space = remote.namespace([("inner", list(4))]).expect("it is created");
    let outer = ListProxy::<ListProxy<i64>>::from(outer);
    let inner = outer.iter().map(|inner| inner.and_then(|inner| inner.to_vec()));
    assert_eq!(inner.collect::<Result<Vec<_>, _>>().expect("they are there"), [[1], [2], [3]]);
    let inner = space.get::<ListProxy<i64>>("inner").expect("it is there");
    assert_eq!(inner.to_vec().expect("it is there"), [4]);
}

#[test]
fn each_state_has_its_errors() {
    let manager = Manager::new(options());
    assert!(manager.address().is_none() && manager.process().is_none() && !manager.is_usable());
    assert!(matches!(manager.shutdown(), Err(ShutdownError::NotStarted)));
    assert!(matches!(manager.number_of_objects(), Err(AskError::NotServed)));
    manager.start(Types::Own).expect("it serves");
    assert!(matches!(manager.start(Types::Own), Err(StartError::AlreadyStarted)));
    assert!(matches!(manager.server(Types::Own), Err(StartError::AlreadyStarted)));
    let other = Manager::connect(address_of(&manager), KEY).expect("it serves");
    assert_eq!(other.number_of_objects().expect("it serves"), 0);
    assert!(matches!(other.shutdown(), Err(ShutdownError::NotStarter)));
    drop(other);
    let refused = Manager::connect(address_of(&manager), &b"another key"[..]).map(|_| ());
    assert!(matches!(refused, Err(AskError::Connect(ConnectError::AuthenticationFailed(_)))), "{refused:?}");
    manager.shutdown().expect("it ends");
    assert!(matches!(manager.start(Types::Own), Err(StartError::ShutDown)));
    assert!(matches!(manager.server(Types::Own), Err(StartError::ShutDown)));
}

#[test]
fn what_keeps_a_server_from_starting_is_said() {
    let start = |types, options| Manager::new(options).start(types);
    let refused = start(Types::Refuses, options());
    assert!(matches!(&refused, Err(StartError::SetUp(what)) if what == "as asked"), "{refused:?}");
    assert!(matches!(start(Types::Panics, options()), Err(StartError::SetUp(_))));
    let died = start(Types::Dies, options());
    assert!(matches!(died, Err(StartError::Died(Some(Exit::Signal(9))))), "{died:?}");
    let empty = ManagerOptions { key: Some((&b""[..]).into()), ..options() };
    assert!(matches!(start(Types::Own, empty), Err(StartError::BadKey(_))));
    let manager = started(options());
    let taken = ManagerOptions { address: manager.address(), ..options() };
    let refused = start(Types::Own, taken);
    assert!(
        matches!(&refused, Err(StartError::AddressInUse(at)) if *at == address_of(&manager)),
        "{refused:?}"
    );
    assert_eq!(manager.number_of_objects().expect("it serves on"), 0);
}

#[test]
fn a_manager_that_is_dropped_ends_its_server() {
    let manager = started(options());
    let address = address_of(&manager);
    let mut client = Client::session(&address);
    drop(manager);
    assert!(client.is_over());
    assert!(!path_of(&address).parent().expect("it has one").exists());
}

#[test]
fn a_tcp_server_starts_again_at_its_port() {
    let manager = started(ManagerOptions { address: Some(Address::loopback(0)), ..options() });
    let address = address_of(&manager);
    assert_eq!(manager.number_of_objects().expect("it serves"), 0);
    manager.shutdown().expect("it ends");
    let again = started(ManagerOptions { address: Some(address.clone()), ..options() });
    assert_eq!(address_of(&again), address);
    assert_eq!(again.number_of_objects().expect("it serves"), 0);
}

#[rstest]
#[case(nix::sys::signal::SIGKILL)]
#[case(nix::sys::signal::SIGTERM)]
fn a_server_that_was_ended_by_a_signal_leaves_nothing(#[case] signal: nix::sys::signal::Signal) {
    let manager = started(options());
    let address = address_of(&manager);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid_of(&manager)), signal).expect("it runs");
    assert!(manager.join(None).expect("it ends"));
    assert!(!path_of(&address).parent().expect("it has one").exists());
    assert!(matches!(manager.number_of_objects(), Err(AskError::Call(CallError::ServerGone))));
    let refused = Manager::connect(address, KEY).map(|_| ());
    assert!(matches!(refused, Err(AskError::Connect(ConnectError::NotFound(_)))), "{refused:?}");
    manager.shutdown().expect("it has ended");
}

#[test]
fn an_interrupt_does_nothing() {
    let manager = started(options());
    let mut client = Client::session(&address_of(&manager));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid_of(&manager)), nix::sys::signal::SIGINT)
        .expect("it runs");
    let counter = create(&address_of(&manager), "counter");
    assert_eq!(client.call(&counter, "get").int(), 0);
}

#[test]
fn a_server_that_is_stuck_is_killed() {
    let manager = started(ManagerOptions { patience: Duration::from_millis(50), ..options() });
    let address = address_of(&manager);
    let stop = nix::sys::signal::SIGSTOP;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid_of(&manager)), stop).expect("it runs");
    manager.shutdown().expect("it is killed");
    assert_eq!(manager.process().expect("it was started").exit().expect("it is ours"), Some(Exit::Signal(9)));
    assert!(!path_of(&address).parent().expect("it has one").exists());
}

/// Starts a manager, tells where it is, and ends in this manner.
fn owner((end, tell): (i32, Connection)) {
    let manager = Manager::new(options());
    manager.start(Types::Own).expect("it serves");
    tell.send(&address_of(&manager).to_string()).expect("somebody listens");
    // Until the client is there.
    let _ = tell.recv::<()>();
    if end == 9 {
        nix::sys::signal::raise(nix::sys::signal::SIGKILL).expect("a signal");
    }
    // At the normal end of a process nothing is dropped that is not on the stack.
    std::mem::forget(manager);
}

#[rstest]
fn a_server_ends_with_its_owner(#[values(0, 9)] end: i32) {
    let (ours, theirs) = stream_pipe(true).expect("descriptors are left");
    let process = Process::new(owner, (end, theirs));
    process.start().expect("it starts");
    let address: Address = ours.recv::<String>().expect("it serves").parse().expect("an address");
    let mut client = Client::session(&address);
    ours.send(&()).expect("it waits");
    process.join().expect("it ends");
    assert!(client.is_over());
    assert!(!path_of(&address).exists());
}

/// A child that uses the manager when its owner's main program has ended.
fn late((address, gone): (String, Connection)) {
    assert!(gone.recv::<()>().is_err());
    let address: Address = address.parse().expect("an address");
    let counter = create(&address, "counter");
    assert_eq!(Client::session(&address).call(&counter, "get").int(), 0);
}

fn owner_with_a_child(tell: Connection) {
    let manager = Manager::new(options());
    manager.start(Types::Own).expect("it serves");
    let (ours, theirs) = stream_pipe(true).expect("descriptors are left");
    let child = Process::new(late, (address_of(&manager).to_string(), theirs));
    child.start().expect("it starts");
    std::mem::forget(manager);
    procession_reference::exit::at_exit_after_children(move || {
        // The child has ended by now.
        let _ = tell.send(&child.exitcode().ok().flatten());
    });
    procession_reference::exit::at_exit(move || drop(ours));
}

#[test]
fn it_serves_until_the_other_children_have_ended() {
    let (ours, theirs) = stream_pipe(true).expect("descriptors are left");
    let process = Process::new(owner_with_a_child, theirs);
    process.start().expect("it starts");
    assert_eq!(ours.recv::<Option<i32>>().expect("it ends in order"), Some(0));
    process.join().expect("it ends");
    assert_eq!(process.exitcode().expect("it is ours"), Some(0));
}

#[test]
fn the_server_itself_can_be_served_here() {
    let manager = Manager::new(options());
    let server = manager.server(Types::Own).expect("a path is free");
    let serving = server.serve_in_background().expect("threads are left");
    assert_eq!(&address_of(&manager), serving.address());
    assert_eq!(manager.number_of_objects().expect("it serves"), 0);
    assert!(matches!(manager.shutdown(), Err(ShutdownError::NotStarter)));
    serving.stop().expect("it ends");
}

#[test]
fn the_standard_types_are_there_without_a_word() {
    let manager = Manager::started().expect("it serves");
    assert_eq!(manager.number_of_objects().expect("it serves"), 0);
    let again = Manager::new(ManagerOptions::default());
    again.start(Standard).expect("it serves");
    assert_ne!(again.address(), manager.address());
}

/// What a forked process finds although nobody gave it to it.
static FOUND: Mutex<Option<Proxy>> = Mutex::new(None);

fn found() -> Option<Proxy> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Has the only reference to an object, forks a process that may claim one of its own, and lets go.
fn parent((object, claims): (Proxy, bool)) {
    object.claim().expect("it is ours already");
    FOUND.lock().unwrap_or_else(PoisonError::into_inner).replace(object);
    let (ours, theirs) = stream_pipe(true).expect("descriptors are left");
    let fork = get_context(Some("fork")).expect("it is offered");
    let child = fork.process(forked, (claims, theirs));
    child.start().expect("it starts");
    let () = ours.recv().expect("it has found the object");
    drop(found());
    ours.send(&()).expect("it waits");
    child.join().expect("it ends");
    assert_eq!(child.exitcode().expect("it is ours"), Some(0));
}

fn forked((claims, parents): (bool, Connection)) {
    let object = found().expect("it was there before the fork");
    if claims {
        object.claim().expect("it is there");
        object.claim().expect("it is ours already");
    }
    parents.send(&()).expect("the parent listens");
    let () = parents.recv().expect("the parent has let go");
    let value = object.get_value::<Vec<i64>>();
    match claims {
        true => assert_eq!(value.expect("it is there"), [1]),
        false => assert!(matches!(value, Err(CallError::Remote(_))), "{value:?}"),
    }
}

#[rstest]
fn a_forked_process_keeps_what_it_claims(#[values(false, true)] claims: bool) {
    let manager = Manager::started().expect("it serves");
    let object = manager.remote().and_then(|remote| Ok(remote.create("list", ([1],), ())?));
    let process = Process::new(parent, (object.expect("it is created"), claims));
    process.start().expect("it starts");
    process.join().expect("it ends");
    assert_eq!(process.exitcode().expect("it is ours"), Some(0));
    assert_eq!(
        manager.number_of_objects().expect("it serves"),
        0,
        "what was claimed is given back at the end"
    );
}
