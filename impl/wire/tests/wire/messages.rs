//! Conversations of clients with CPython's manager, as captured: each message read, rebuilt and written
//! again.

use procession_wire::auth::Role;
use procession_wire::message::{
    Address, Created, Exception, MANAGERS, MessageError, Proxy, Reply, Request, Token,
};
use procession_wire::pickle::{Protocol, read, write_as};
use procession_wire::{Builder, Kind, Node, Text, Value};

use crate::handshakes::play;
use crate::known::{VECTORS, expected, to_json, unhex};

/// Messages of a connection before the first pickle.
const HANDSHAKE: usize = 6;

fn built(build: impl FnOnce(&mut Builder) -> procession_wire::value::Id) -> Value<'static> {
    let mut builder = Builder::new();
    let root = build(&mut builder);
    builder.finish(root)
}

/// The request built anew from its parts.
fn request_again(request: &Request<'_>) -> Value<'static> {
    built(|builder| {
        let args: Vec<_> = request.args.iter().map(|arg| builder.copy(arg)).collect();
        let names: Vec<_> = request.kwargs.iter().map(|(name, _)| name.text().unwrap().to_string()).collect();
        let values: Vec<_> = request.kwargs.iter().map(|(_, value)| builder.copy(value)).collect();
        let kwargs: Vec<_> = names.iter().map(String::as_str).zip(values).collect();
        Request::add(builder, request.ident, request.method.to_str().unwrap(), &args, &kwargs)
    })
}

fn strs<'v>(names: &[Text<'v>]) -> Vec<&'v str> {
    names.iter().map(|name| name.to_str().unwrap()).collect()
}

/// The reply built anew from its parts.
fn reply_again(reply: &Reply<'_>) -> Value<'static> {
    built(|builder| match reply {
        Reply::Return(result) => {
            let result = builder.copy(*result);
            Reply::add_return(builder, result)
        }
        Reply::Error(Exception { class, args, state }) => {
            let args: Vec<_> = args.iter().map(|arg| builder.copy(arg)).collect();
            let exception = match class.module == "_queue" {
                // Its name is put right on the way out; this test wants what came in.
                true => {
                    let class = builder.global(class.module, class.name);
                    builder.call(class, &args)
                }
                false => {
                    let (module, name) = (class.module.to_str().unwrap(), class.name.to_str().unwrap());
                    Exception::add(builder, module, name, &args)
                }
            };
            if let Some(state) = state {
                let state = builder.copy(*state);
                builder.set_state(exception, state);
            }
            Reply::add_error(builder, exception)
        }
        Reply::Proxy { exposed, token } => Reply::add_proxy(builder, &strs(exposed), token),
        Reply::Traceback(text) => Reply::add_traceback(builder, text.to_str().unwrap()),
        Reply::Unserializable(text) => Reply::add_unserializable(builder, text.to_str().unwrap()),
        other => panic!("a reply of a new kind: {other:?}"),
    })
}

/// Every proxy in the value, read and built anew.
fn proxies(node: Node<'_>) -> usize {
    let Some(items) = node.tuple() else {
        return match Proxy::read(node).unwrap() {
            None => 0,
            Some(proxy) => {
                assert!(proxy.class.name.to_string().ends_with("Proxy") && proxy.class.module == MANAGERS);
                assert!(matches!(proxy.token.address, Address::Unix(_)));
                assert_eq!(proxy.exposed(), Ok(None));
                let class = proxy.class.name.to_str().unwrap();
                let again = built(|builder| Proxy::add(builder, class, &proxy.token, &[]));
                assert_eq!(again.root(), node);
                1
            }
        };
    };
    items.iter().map(proxies).sum()
}

#[test]
fn captured_conversations_are_read_and_rebuilt() {
    let (mut exact, mut pickles, mut found_proxies) = (0, 0, 0);
    let mut kinds = [0; 5];
    for run in VECTORS["manager_transcripts"]["runs"].as_array().unwrap() {
        let version = run["python"].as_str().unwrap();
        for connection in run["connections"].as_array().unwrap() {
            let frames = connection["frames"].as_array().unwrap();
            let message = |frame: &serde_json::Value| {
                let role = if frame["dir"] == "s2c" { Role::Listener } else { Role::Connector };
                (role, unhex(&frame["hex"]))
            };
            let handshake: Vec<_> = frames[..HANDSHAKE].iter().map(message).collect();
            play(Role::Listener, &handshake, version);
            play(Role::Connector, &handshake, version);
            let mut asked = String::new();
            for frame in &frames[HANDSHAKE..] {
                let step = format!("{version}: {}", frame["step"]);
                let (from, bytes) = message(frame);
                // Only names of the list occur.
                let value = read(&bytes).unwrap_or_else(|error| panic!("{step}: {error}"));
                if let Some(given) = frame.get("value") {
                    assert_eq!(to_json(&value), expected(given, 4), "{step}");
                }
                pickles += 1;
                let protocol = if bytes[1] == 3 { Protocol::Three } else { Protocol::Four };
                exact += usize::from(write_as(value.root(), protocol).unwrap() == bytes);
                let again = if from == Role::Connector {
                    let request =
                        Request::read(value.root()).unwrap_or_else(|error| panic!("{step}: {error}"));
                    asked = request.method.to_string();
                    found_proxies += request.args.iter().map(proxies).sum::<usize>();
                    request_again(&request)
                } else {
                    let reply = Reply::read(value.root()).unwrap_or_else(|error| panic!("{step}: {error}"));
                    match &reply {
                        Reply::Return(result) if asked == "create" => {
                            let created = Created::read(*result).unwrap();
                            let ident = created.ident.to_str().unwrap();
                            let again = built(|b| Created::add(b, ident, &strs(&created.exposed)));
                            assert_eq!(again.root(), *result, "{step}");
                        }
                        Reply::Return(result) => found_proxies += proxies(*result),
                        _ => {}
                    }
                    kinds[match &reply {
                        Reply::Return(_) => 0,
                        Reply::Error(_) => 1,
                        Reply::Proxy { .. } => 2,
                        Reply::Traceback(_) => 3,
                        _ => 4,
                    }] += 1;
                    reply_again(&reply)
                };
                assert_eq!(again, value, "{step}");
            }
        }
    }
    assert!(kinds.iter().all(|count| *count >= 5), "kinds of reply: {kinds:?}");
    assert!(found_proxies >= 10, "{found_proxies} proxies");
    assert!(exact * 10 >= pickles * 9, "{exact} of {pickles} byte for byte");
}

#[test]
fn addresses_and_proxies_of_every_form_come_back() {
    let addresses = [
        Address::Tcp { host: "127.0.0.1".into(), port: 50000 },
        Address::Unix("/tmp/sock".into()),
        Address::Unix("\0abstract".into()),
        Address::UnixBytes(b"\0abs"),
    ];
    for address in addresses {
        let token = Token { typeid: "Queue".into(), address, ident: "7f00".into() };
        let value = built(|builder| {
            let method = builder.str("put");
            let exposed = builder.tuple(&[method]);
            let key = builder.bytes(b"key");
            Proxy::add(builder, "AutoProxy", &token, &[("exposed", exposed), ("authkey", key)])
        });
        let bytes = write_as(value.root(), Protocol::Four).unwrap();
        let value = read(&bytes).unwrap();
        let proxy = Proxy::read(value.root()).unwrap().unwrap();
        assert_eq!(proxy.token, token);
        assert_eq!(proxy.exposed().unwrap().unwrap(), ["put"]);
        assert!(matches!(proxy.kwargs.get("authkey").unwrap().kind(), Kind::Bytes(b"key")));
    }
}

#[test]
fn messages_of_the_wrong_form_say_what_is_wrong() {
    let said = |pickle: &[u8]| Request::read(read(pickle).unwrap().root()).unwrap_err().to_string();
    assert_eq!(said(b"\x80\x04]."), "a request: found a list, expected a tuple of four");
    assert_eq!(said(b"\x80\x04(NN)}t."), "the method of a request: found a None, expected a text");
    assert_eq!(
        said(b"\x80\x04(N\x8c\x01f]}t."),
        "the arguments of a request: found a list, expected a tuple"
    );
    assert_eq!(
        said(b"\x80\x04(N\x8c\x01f)}K\x01Nst."),
        "the keyword arguments of a request: found a int, expected a text as key"
    );
    let strange = b"\x80\x04\x8c\x05#WHATN\x86.";
    let error = Reply::read(read(strange).unwrap().root()).map(drop).unwrap_err();
    assert_eq!(error, MessageError::UnknownKind { found: "#WHAT".into() });
    let empty = built(|builder| Exception::add(builder, "_queue", "Empty", &[]));
    assert_eq!(format!("{empty:?}"), "call(<queue.Empty>, *())");
}
