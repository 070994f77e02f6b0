//! Objects of CPython's own manager, without a type of theirs.

use procession_manager::{
    Answer, CallError, ConnectOptions, Listener, ListenerOptions, PickleExt, Proxy, Remote, connect,
};
use procession_reference::{Process, Queue, context, pipe};
use procession_wire::{Kind, Value};

use crate::console::{Console, key, shown, spelled};

tests! {
    methods_take_and_give_values_of_rust_types
    every_failure_has_its_kind_and_the_connection_goes_on
    references_are_counted_and_let_go
    a_result_that_stays_with_the_server_is_a_proxy
    a_call_that_waits_stops_no_other_thread
    after_the_shutdown_every_call_says_that_the_server_is_gone
    a_proxy_travels_to_python_and_back
    a_proxy_in_a_value_keeps_its_object
    a_proxy_travels_to_another_process
    a_connection_carries_python_values
    a_forked_process_has_references_and_connections_of_its_own
    a_proxy_that_is_under_way_keeps_its_object
}

/// How many references the server counts for the object.
fn references(remote: &Remote, proxy: &Proxy) -> usize {
    let info = remote.debug_info().expect("it serves");
    let line = info.lines().find(|line| line.contains(proxy.ident())).expect("it is there");
    let (_, count) = line.split_once("refcount=").expect("a count");
    count.trim().parse().expect("a number")
}

fn methods_take_and_give_values_of_rust_types(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let list = remote.create("list", (vec![3, 1, 2],), ()).expect("it is created");
    let () = list.get("append", (10,)).expect("it takes anything");
    let () = list.get("sort", ()).expect("they are numbers");
    assert_eq!(list.get_value::<Vec<i64>>().expect("they are numbers"), [1, 2, 3, 10]);
    let () = list.get("extend", (["a", "b"],)).expect("it takes anything");
    assert_eq!(list.display(), "[1, 2, 3, 10, 'a', 'b']");
    let oddity = remote.create("Oddity", (), ()).expect("it is created");
    let echoed =
        oddity.call("echo", (1, "two"), [("three", 3.5)]).and_then(Answer::value).expect("it echoes");
    assert_eq!(format!("{:?}", echoed.value()), r#"[(1, "two"), {"three": 3.5}]"#);
    type Echoed = ((i64, String), std::collections::BTreeMap<String, f64>);
    let (args, named): Echoed = echoed.to().expect("of this type");
    assert_eq!((args.0, args.1.as_str(), named["three"]), (1, "two", 3.5));
}

fn every_failure_has_its_kind_and_the_connection_goes_on(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let oddity = remote.create("Oddity", (), ()).expect("it is created");
    let failed = oddity.get::<()>("fail", ("KeyError", "k", 7)).expect_err("it raises");
    let raised = failed.raised().expect("it is raised");
    assert!(raised.is("KeyError") && failed.is("builtins.KeyError") && !failed.is("ValueError"));
    assert_eq!(raised.to_string(), "KeyError: ('k', 7)");
    let failed = oddity.get::<()>("fail", ("ValueError", "so it is")).expect_err("it raises");
    assert_eq!(failed.to_string(), "ValueError: so it is");
    assert!(matches!(oddity.get::<()>("lock", ()), Err(CallError::Unserializable(_))));
    let missing = oddity.get::<()>("missing", ()).expect_err("there is no such method");
    assert!(matches!(&missing, CallError::Remote(text) if text.contains("AttributeError")), "{missing}");
    assert!(matches!(oddity.get::<u8>("echo", ()), Err(CallError::Result(_))));
    let mut deep = builder_none();
    for _ in 0..3 {
        deep = procession_wire::to_value(&vec![deep]).expect("any value");
    }
    assert_eq!(
        oddity.get::<(Vec<Value<'static>>, Value<'static>)>("echo", (deep.clone(),)).unwrap().0,
        [deep]
    );
    let unknown = remote.create("nothing", (), ()).expect_err("there is no such type");
    assert!(matches!(&unknown, CallError::Remote(text) if text.contains("KeyError: 'nothing'")), "{unknown}");
    let wrong = Remote::connect(remote.address().clone(), key("other")).expect_err("it is another key");
    assert!(matches!(wrong, CallError::KeyRefused(_)), "{wrong}");
    let queue = remote.create("Queue", (), ()).expect("it is created");
    assert!(queue.get::<()>("get_nowait", ()).expect_err("it is empty").is("queue.Empty"));
    assert_eq!(oddity.get::<(Vec<u8>, Value<'static>)>("echo", (5,)).expect("it goes on").0, [5]);
}

fn builder_none() -> Value<'static> {
    procession_wire::to_value(&()).expect("None")
}

fn references_are_counted_and_let_go(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let before = remote.number_of_objects().expect("it serves");
    let list = remote.create("list", (), ()).expect("it is created");
    let clone = list.clone();
    assert_eq!(references(&remote, &list), 1);
    let outer = remote.create("list", ([&list, &list],), ()).expect("it is created");
    let held = outer.get::<Vec<Proxy>>("#GETVALUE", ()).expect("they are proxies");
    assert_eq!(references(&remote, &list), 2, "one for the list and one for both that were received");
    assert!(held[0].is(&held[1]) && !held[0].is(&list));
    let () = held[1].get("append", (5,)).expect("it is a list");
    assert_eq!(clone.get_value::<Vec<i64>>().expect("numbers"), [5]);
    drop(held);
    assert_eq!(references(&remote, &list), 1);
    drop(list);
    assert_eq!(remote.number_of_objects().expect("it serves"), before + 2);
    drop(clone);
    drop(outer);
    assert_eq!(remote.number_of_objects().expect("it serves"), before);
}

fn a_result_that_stays_with_the_server_is_a_proxy(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let before = remote.number_of_objects().expect("it serves");
    let dict = remote.create("dict", ([("a", 1), ("b", 2)],), ()).expect("it is created");
    let iterator = dict.call("__iter__", (), ()).and_then(Answer::proxy).expect("it stays there");
    assert_eq!((iterator.typeid(), references(&remote, &iterator)), ("Iterator", 1));
    let next = || iterator.get::<String>("__next__", ());
    assert_eq!((next().expect("the first"), next().expect("the second")), ("a".into(), "b".into()));
    assert!(next().expect_err("there is no more").is("StopIteration"));
    assert!(dict.methods().expect("it was told").iter().any(|name| &**name == "setdefault"));
    drop((iterator, dict));
    assert_eq!(remote.number_of_objects().expect("it serves"), before);
}

fn a_call_that_waits_stops_no_other_thread(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let queue = remote.create("Queue", (), ()).expect("it is created");
    let waiting = std::thread::spawn({
        let queue = queue.clone();
        move || queue.get::<i64>("get", ())
    });
    assert!(queue.get::<bool>("empty", ()).expect("it answers"));
    let () = queue.get("put", (7,)).expect("there is room");
    assert!(matches!(waiting.join(), Ok(Ok(7))));
}

fn after_the_shutdown_every_call_says_that_the_server_is_gone(interpreter: &str) {
    let (mut python, remote) = Console::managing(interpreter);
    let barrier = remote.create("Barrier", (2,), ()).expect("it is created");
    let unused = remote.create("list", (), ()).expect("it is created");
    let waiting = std::thread::spawn({
        let barrier = barrier.clone();
        move || (barrier.get::<i64>("wait", ()), barrier.get::<i64>("wait", ()))
    });
    while barrier.get::<u64>("__getattribute__", ("n_waiting",)).expect("it serves") == 0 {
        std::thread::yield_now();
    }
    remote.shutdown().expect("it serves");
    python.run("manager.join() if hasattr(manager, 'join') else None");
    let waited = waiting.join().expect("no panic");
    assert!(matches!(waited, (Err(CallError::ServerGone), Err(CallError::ServerGone))), "{waited:?}");
    for proxy in [&barrier, &unused] {
        let gone = proxy.get::<i64>("__len__", ());
        assert!(matches!(gone, Err(CallError::ServerGone)), "{gone:?}");
    }
    assert!(matches!(remote.create("list", (), ()), Err(CallError::ServerGone)));
    assert!(unused.display().contains("no server answers"));
}

fn a_proxy_travels_to_python_and_back(interpreter: &str) {
    let (mut python, remote) = Console::managing(interpreter);
    let listener = Listener::bind(None, ListenerOptions { key: Some(key("secret")), ..Default::default() })
        .expect("a path is free");
    python.begin(&format!("c = Client({}, authkey=b'secret')", spelled(listener.address())));
    let connection = listener.accept().expect("it connects");
    assert_eq!(python.answer(), "= None");
    let list = remote.create("list", (), ()).expect("it is created");
    connection.send_pickle(&("here it is", &list)).expect("it receives");
    python.run("text, l = c.recv()");
    assert_eq!(references(&remote, &list), 2);
    python.run("l.append(text)");
    // Python's sender has to keep what it sends until it has arrived.
    python.run("q = manager.Queue()");
    python.run("c.send({'back': l, 'queue': q})");
    let mut back: std::collections::BTreeMap<String, Proxy> = connection.recv_pickle().expect("it was sent");
    assert_eq!(back["back"].get_value::<Vec<String>>().expect("texts"), ["here it is"]);
    assert_eq!(references(&remote, &list), 3);
    let queue = back.remove("queue").expect("it was sent");
    let () = queue.get("put", (1,)).expect("there is room");
    drop(back);
    python.run("l = None");
    assert_eq!(references(&remote, &list), 1);
}

fn a_proxy_in_a_value_keeps_its_object(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let queue = remote.create("Queue", (), ()).expect("it is created");
    let inner = remote.create("dict", (), ()).expect("it is created");
    let () = queue.get("put", (("x", &inner),)).expect("there is room");
    let ident = inner.ident().to_string();
    let received = queue.call("get", (), ()).and_then(Answer::value).expect("one is there");
    drop(inner);
    let Kind::Tuple(parts) = received.value().root().kind() else { panic!("a tuple was put") };
    let proxy = parts.get(1).and_then(|node| received.proxy_at(node)).expect("a proxy was put");
    assert_eq!((proxy.ident(), received.proxies().len()), (ident.as_str(), 1));
    let () = proxy.get("__setitem__", ("k", 1)).expect("it is a dict");
}

fn a_proxy_travels_to_another_process(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let list = remote.create("list", (), ()).expect("it is created");
    let queue = Queue::<Proxy>::new().expect("memory is left");
    let (here, there) = pipe(true).expect("memory is left");
    let work = |(list, queue, end): (Proxy, Queue<Proxy>, procession_reference::Connection)| {
        let () = list.get("append", (1,)).expect("it is a list");
        let queued = queue.get().expect("it was put");
        let () = queued.get("append", (2,)).expect("it is a list");
        let sent: Proxy = end.recv().expect("it was sent");
        let () = sent.get("append", (3,)).expect("it is a list");
        end.send(&sent).expect("it receives");
        assert!(end.recv::<()>().is_ok(), "the sender has it");
    };
    let child = Process::new(work, (list.clone(), queue.clone(), there));
    child.start().expect("it starts");
    queue.put(&list).expect("there is room");
    here.send(&list).expect("it receives");
    let back: Proxy = here.recv().expect("it was sent");
    here.send(&()).expect("it receives");
    child.join().expect("it ends");
    assert_eq!(child.exitcode().expect("it has ended"), Some(0));
    assert_eq!(back.get_value::<Vec<i64>>().expect("numbers"), [1, 2, 3]);
    assert_eq!(references(&remote, &list), 2);
    drop(back);
    assert_eq!(references(&remote, &list), 1);
}

fn a_connection_carries_python_values(interpreter: &str) {
    let mut python = Console::new(interpreter);
    python.run("l = Listener()");
    let address = shown(&python.run("l.address"));
    python.begin("c = l.accept()");
    let connection = connect(&address, &ConnectOptions::default()).expect("it listens");
    assert_eq!(python.answer(), "= None");
    connection.send_pickle(&(1, "two", [3.5], None::<u8>)).expect("it receives");
    assert_eq!(python.run("c.recv()"), "(1, 'two', (3.5,), None)");
    python.run("c.send({'k': [1, 2], 'n': None})");
    let got: std::collections::BTreeMap<String, Option<Vec<u8>>> =
        connection.recv_pickle().expect("it was sent");
    assert_eq!((got["k"].as_deref(), got["n"].as_deref()), (Some(&[1, 2][..]), None));
    python.run("c.send(range(3))");
    let range: Value<'static> = connection.recv_pickle().expect("it was sent");
    connection.send_pickle(&range).expect("it receives");
    assert_eq!(python.run("c.recv()"), "range(0, 3)");
}

fn a_forked_process_has_references_and_connections_of_its_own(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    // A fork copies one thread; this is a process that has no more.
    let work = |(list, event): (Proxy, Proxy)| {
        let fork = context::get_context(Some("fork")).expect("it is offered");
        // This process has a connection already, which its copy must not use.
        let () = list.get("append", (1,)).expect("it is a list");
        let copy = fork.process(
            |(list, event): (Proxy, Proxy)| {
                let () = event.get("set", ()).expect("it is an event");
                let _ = event.get::<bool>("wait", ()).expect("it is an event");
                let () = list.get("append", (2,)).expect("it is a list");
            },
            (list.clone(), event),
        );
        copy.start().expect("it starts");
        drop(list);
        copy.join().expect("it ends");
        assert_eq!(copy.exitcode().expect("it has ended"), Some(0));
    };
    let list = remote.create("list", (), ()).expect("it is created");
    let event = remote.create("Event", (), ()).expect("it is created");
    let child = Process::new(work, (list.clone(), event));
    child.start().expect("it starts");
    child.join().expect("it ends");
    assert_eq!(child.exitcode().expect("it has ended"), Some(0));
    assert_eq!(list.get_value::<Vec<i64>>().expect("numbers"), [1, 2]);
    assert_eq!(references(&remote, &list), 1);
}

fn a_proxy_that_is_under_way_keeps_its_object(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let before = remote.number_of_objects().expect("it serves");
    let list = || remote.create("list", ([1],), ()).expect("it is created");
    let queue = Queue::<Proxy>::new().expect("memory is left");
    let (here, there) = pipe(true).expect("memory is left");
    queue.put(&list()).expect("there is room");
    here.send(&list()).expect("it receives");
    assert_eq!(remote.number_of_objects().expect("it serves"), before + 2);
    let work = |(queue, end): (Queue<Proxy>, procession_reference::Connection)| {
        let arrived = [queue.get().expect("it was put"), end.recv::<Proxy>().expect("it was sent")];
        end.send(&()).expect("it receives");
        let () = end.recv().expect("it was sent");
        for list in arrived {
            assert_eq!(list.get_value::<Vec<i64>>().expect("numbers"), [1]);
        }
    };
    let child = Process::new(work, (queue.clone(), there));
    child.start().expect("it starts");
    let () = here.recv().expect("it was sent");
    // They have arrived, so nobody else keeps them.
    here.send(&()).expect("it receives");
    child.join().expect("it ends");
    assert_eq!(child.exitcode().expect("it has ended"), Some(0));
    assert_eq!(remote.number_of_objects().expect("it serves"), before);
}
