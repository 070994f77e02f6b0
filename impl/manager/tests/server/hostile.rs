//! What nobody should send, and what methods should not do.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Barrier};

use procession_wire::message::Reply;
use procession_wire::{Builder, pickle};
use rstest::rstest;

use crate::client::{Client, create, once};
use crate::counter::{Kept, path_of, served, settings};

#[rstest]
#[case(b"", "EOFError: ")]
#[case(b"nonsense", "_pickle.UnpicklingError: ")]
#[case(b"\x80\x04K\x01.", "ValueError: a request: found a int, expected a tuple of four")]
#[case(b"\x80\x04\x8c\x02os\x8c\x06system\x93)R.", "_pickle.UnpicklingError: ")]
#[case(b"\x80\x04(NK\x01)}t.", "ValueError: ")]
#[case(b"\x80\x04(N\x8c\x01x)}t.", "ValueError: a request of a session names an object")]
#[case(b"\x80\x04(\x8c\x010\x8c\x01x)}t.", "KeyError: '0'")]
fn a_request_that_is_none_is_answered_and_the_session_goes_on(#[case] message: &[u8], #[case] said: &str) {
    let serving = served(settings());
    let counter = create(serving.address(), "counter");
    let mut client = Client::session(serving.address());
    client.send(message);
    let answer = client.receive().expect("a reply");
    assert!(answer.last_line().starts_with(said), "{}", answer.last_line());
    assert_eq!(client.call(&counter, "get").int(), 0);
}

#[rstest]
#[case(b"", "EOFError: ")]
#[case(b"nonsense", "_pickle.UnpicklingError: ")]
#[case(b"\x80\x04(N\x8c\x03abc)}t.", "AssertionError: 'abc' unrecognized")]
#[case(b"\x80\x04(N\x8c\x06create)}t.", "TypeError: create() missing required argument: 'typeid'")]
#[case(b"\x80\x04(N\x8c\x06createK\x01\x85}t.", "TypeError: create() expected a str")]
#[case(b"\x80\x04(N\x8c\x06create\x8c\x01x\x85}t.", "KeyError: 'x'")]
#[case(b"\x80\x04(N\x8c\x06create\x8c\x07failing\x85}t.", "ValueError: nothing is made")]
#[case(
    b"\x80\x04(N\x8c\x06create\x8c\x04Pool\x85}t.",
    "NotImplementedError: a Pool runs functions of Python"
)]
#[case(b"\x80\x04(N\x8c\x06incref\x8c\x010\x85}t.", "KeyError: '0'")]
#[case(b"\x80\x04(N\x8c\x06decref\x8c\x01x\x85}t.", "KeyError: 'x'")]
#[case(b"\x80\x04(N\x8c\x05dummyK\x01\x85}t.", "TypeError: dummy() takes")]
#[case(b"\x80\x04(N\x8c\x0dtrack_segment\x8c\x04../x\x85}t.", "ValueError: \"../x\" names no shared memory")]
fn a_function_that_fails_says_so_on_the_last_line(#[case] message: &[u8], #[case] said: &str) {
    let serving = served(settings());
    let mut client = Client::connect(serving.address());
    client.send(message);
    let answer = client.receive().expect("a reply");
    assert!(answer.last_line().starts_with(said), "{}", answer.last_line());
    assert!(client.is_over());
    once(serving.address(), "dummy", |_| Vec::new()).none();
}

#[test]
fn a_torn_frame_ends_its_connection_alone() {
    let serving = served(settings());
    let address = serving.address();
    let counter = create(address, "counter");
    let mut other = Client::session(address);
    // Strangers who speak something else, or nothing.
    let silent = UnixStream::connect(path_of(address)).expect("it listens");
    let mut stranger = UnixStream::connect(path_of(address)).expect("it listens");
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("there is room");
    for header in [&[0xff, 0xff, 0xff, 0xfe][..], &[0x7f, 0xff, 0xff, 0xff], &[0, 0, 0, 9, b'x']] {
        let mut client = Client::session(address);
        client.write(header);
        client.leave_writing();
        // A reply may say why, and then nothing follows.
        if let Some(answer) = client.receive() {
            assert!(answer.last_line().starts_with("ValueError: a request of 2147483647 bytes"));
        }
        assert!(client.is_over());
        assert_eq!(other.call(&counter, "get").int(), 0);
    }
    drop((silent, stranger));
}

#[test]
fn an_object_that_takes_its_time_to_be_made_delays_nobody() {
    const CLIENTS: usize = 4;
    let meeting = Barrier::new(CLIENTS);
    let mut settings = settings();
    settings.registry.add("meeting", move |_| {
        // Nobody goes on before all are asked for.
        meeting.wait();
        Ok(Arc::new(Kept::default()))
    });
    let serving = served(settings);
    for _ in 0..3 {
        std::thread::scope(|scope| {
            (0..CLIENTS).for_each(|_| drop(scope.spawn(|| create(serving.address(), "meeting"))));
        });
        create(serving.address(), "counter");
    }
}

#[test]
fn who_proves_the_key_and_asks_nothing_delays_nobody() {
    let serving = served(settings());
    let address = serving.address();
    let silent: Vec<_> = (0..3).map(|_| Client::connect(address)).collect();
    let mut torn = Client::connect(address);
    torn.write(&[0, 0, 0, 9, b'x']);
    create(address, "counter");
    for mut client in silent {
        client.request(None, "dummy", |_| Vec::new());
        client.receive().expect("a reply").none();
    }
    torn.leave_writing();
    assert!(torn.is_over());
}

#[test]
fn a_panic_is_an_error_for_its_client_alone() {
    let serving = served(settings());
    let counter = create(serving.address(), "counter");
    let (mut one, mut other) = (Client::session(serving.address()), Client::session(serving.address()));
    for _ in 0..3 {
        let answer = one.ask(Some(&counter), "fail", |builder| vec![builder.str("panic")]);
        assert_eq!(answer.last_line(), "RuntimeError: the method panicked: as asked");
    }
    assert_eq!(one.ask(Some(&counter), "add", |builder| vec![builder.int(5)]).int(), 5);
    assert_eq!(other.call(&counter, "get").int(), 5);
}

#[test]
fn an_argument_that_is_none_is_a_type_error() {
    let serving = served(settings());
    let counter = create(serving.address(), "counter");
    let mut client = Client::session(serving.address());
    let mut raised = |arguments: fn(&mut Builder) -> Vec<_>| {
        let answer = client.ask(Some(&counter), "add", arguments);
        match answer.reply() {
            Reply::Error(exception) => {
                assert_eq!(exception.class.name, "TypeError");
                exception.args.get(0).and_then(|text| text.text()).map(|text| text.to_string())
            }
            other => panic!("{other:?} is no error"),
        }
        .expect("it says why")
    };
    assert!(raised(|builder| vec![builder.str("x")]).starts_with("add() argument 1: "));
    assert_eq!(raised(|_| vec![]), "add() missing required argument 1");
    assert!(raised(|builder| vec![builder.int(1), builder.int(2)]).starts_with("add() takes 1 argument"));
}

#[test]
fn what_is_not_exposed_is_not_called() {
    let serving = served(settings());
    let reserved = create(serving.address(), "reserved");
    let counter = create(serving.address(), "counter");
    let mut client = Client::session(serving.address());
    let answer = client.ask(Some(&reserved), "add", |builder| vec![builder.int(1)]);
    let said = "AttributeError: method 'add' of 'reserved' object is not in exposed=('get', '_secret')";
    assert_eq!(answer.last_line(), said);
    assert_eq!(client.call(&reserved, "_secret").int(), 42);
    assert!(client.call(&counter, "_secret").last_line().starts_with("AttributeError: "));
    assert_eq!(client.call(&counter, "__str__").value(), "\"a counter at 0\"");
    assert!(matches!(client.call(&counter, "#GETVALUE").reply(), Reply::Unserializable(_)));
    assert!(matches!(client.call(&counter, "unserialisable").reply(), Reply::Unserializable(_)));
    assert_eq!(client.call(&counter, "get").int(), 0);
    // A value that no class of the list is in is kept and comes back, whatever it would be in Python.
    let kept = create(serving.address(), "kept");
    let cyclic = {
        let mut builder = Builder::new();
        let list = builder.list(&[]);
        builder.append(list, &[list]);
        builder.finish(list)
    };
    client.ask(Some(&kept), "put", |builder| vec![builder.copy(cyclic.root())]).none();
    let back = client.call(&kept, "get");
    let Reply::Return(value) = back.reply() else { panic!("it was kept") };
    assert_eq!(pickle::write_as(value, pickle::Protocol::Four), pickle::write(&cyclic));
}
