//! Handshakes: the captured ones in both roles, and what must be refused.

use procession_wire::auth::{
    Digest, Digests, Error, Generation, Handshake, Key, Nonce, Options, Role, Step, run,
};
use serde_json::Value as Json;

use crate::known::{VECTORS, hex, unhex};

fn key() -> Key {
    Key::new(unhex(&VECTORS["handshake"]["authkey"])).unwrap()
}

fn nonce(role: Role) -> Nonce {
    let of = match role {
        Role::Listener => "server_random",
        Role::Connector => "client_random",
    };
    unhex(&VECTORS["handshake"][of]).try_into().unwrap()
}

/// The generation that sends this challenge.
fn generation(payload: &[u8]) -> Generation {
    let sent = payload.strip_prefix(b"#CHALLENGE#").expect("a challenge");
    let digest =
        Digest::ALL.into_iter().find(|digest| sent.starts_with(format!("{{{}}}", digest.name()).as_bytes()));
    digest.map_or(Generation::Legacy, Generation::Modern)
}

/// The messages of a captured case, without their headers.
fn wire(case: &Json) -> Vec<(Role, Vec<u8>)> {
    let message = |entry: &Json| {
        let role = if entry[0] == "server" { Role::Listener } else { Role::Connector };
        let bytes = unhex(&entry[1]);
        assert_eq!(bytes[..4], ((bytes.len() - 4) as u32).to_be_bytes());
        (role, bytes[4..].to_vec())
    };
    case["wire"].as_array().unwrap().iter().map(message).collect()
}

/// Plays one role of a captured exchange; every message of ours must be the captured one.
pub fn play(role: Role, messages: &[(Role, Vec<u8>)], name: &str) {
    let ours = messages.iter().filter(|(sender, _)| *sender == role);
    let generation =
        generation(&ours.clone().find(|(_, bytes)| bytes.starts_with(b"#CHALLENGE#")).unwrap().1);
    let mut handshake =
        Handshake::new(role, key(), Options { generation, digests: Digests::ALL }, &nonce(role));
    let mut due = handshake.begin();
    let mut finished = false;
    for (sender, bytes) in messages {
        if *sender == role {
            let sent = due.take().unwrap_or_else(|| panic!("{name}: nothing to send as {role:?}"));
            assert_eq!(hex(&sent), hex(bytes), "{name} as {role:?}");
        } else {
            assert!(due.is_none(), "{name} as {role:?}: left to send");
            match handshake.receive(bytes).unwrap_or_else(|error| panic!("{name} as {role:?}: {error}")) {
                Step::Send(message) => due = Some(message),
                Step::Finish(last) => (due, finished) = (last, true),
            }
        }
    }
    assert!(finished && due.is_none(), "{name} as {role:?}: not finished");
}

#[test]
fn captured_handshakes_play_in_both_roles() {
    let cases = VECTORS["handshake"]["cases"].as_array().unwrap();
    let mut played = 0;
    for case in cases.iter().filter(|case| case["result_of_client"] == "ok") {
        for role in [Role::Listener, Role::Connector] {
            play(role, &wire(case), &case["case"].to_string());
            played += 1;
        }
    }
    assert_eq!(played, 2 * 19);
    let refused: Vec<&Json> = cases.iter().filter(|case| case["result_of_client"] != "ok").collect();
    assert!(!refused.is_empty());
    for case in refused {
        let messages = wire(case);
        let options = Options { generation: generation(&messages[0].1), digests: Digests::ALL };
        let mut listener = Handshake::new(Role::Listener, key(), options, &nonce(Role::Listener));
        assert_eq!(listener.begin().unwrap(), messages[0].1);
        let error = listener.receive(&messages[1].1).unwrap_err();
        assert_eq!(listener.farewell(), Some(messages[2].1.as_slice()), "{error}");
        let another = Key::new("another").unwrap();
        let mut connector = Handshake::new(Role::Connector, another, options, &nonce(Role::Connector));
        connector.receive(&messages[0].1).unwrap();
        assert!(matches!(connector.receive(&messages[2].1), Err(Error::Rejected)));
    }
}

#[test]
fn whoever_answers_wrongly_is_told_in_whichever_form() {
    for response in [b"something bogus".as_slice(), &[0; 16], b"", b"{md4}0123456789abcdef", b"{sha256}"] {
        let mut listener = Handshake::new(Role::Listener, key(), Options::default(), &nonce(Role::Listener));
        assert!(listener.receive(response).is_err());
        assert_eq!(listener.farewell(), Some(b"#FAILURE#".as_slice()));
    }
    let mut connector = Handshake::new(Role::Connector, key(), Options::default(), &nonce(Role::Connector));
    assert!(connector.receive(b"something bogus").is_err());
    assert_eq!(connector.farewell(), None, "a challenge is not refused but left alone");
}

/// Both sides against each other, without a connection.
fn meet(listener: Options, connector: Options) -> Result<(bool, bool), Error> {
    let mut sides = [
        Handshake::new(Role::Listener, key(), listener, &nonce(Role::Listener)),
        Handshake::new(Role::Connector, key(), connector, &nonce(Role::Connector)),
    ];
    let mut message = sides[0].begin().unwrap();
    let (mut to, mut finished) = (1, [false; 2]);
    loop {
        match sides[to].receive(&message)? {
            Step::Send(next) => message = next,
            Step::Finish(last) => {
                finished[to] = true;
                match last {
                    Some(last) => message = last,
                    None => break,
                }
            }
        }
        to = 1 - to;
    }
    assert_eq!(finished, [true; 2]);
    Ok((sides[0].peer_is_legacy(), sides[1].peer_is_legacy()))
}

#[test]
fn every_pair_of_generations_works_and_md5_can_be_kept_out() {
    let mut generations = vec![Generation::Legacy];
    generations.extend(Digest::ALL.map(Generation::Modern));
    for &listener in &generations {
        for &connector in &generations {
            let options = |generation| Options { generation, digests: Digests::ALL };
            let legacy = meet(options(listener), options(connector)).unwrap();
            // One who is of the old generation, or is challenged in its way, answers in its way.
            let old = listener == Generation::Legacy || connector == Generation::Legacy;
            assert_eq!(legacy, (old, old));
            let strict = Options { generation: connector, digests: Digests::MODERN };
            let outcome = meet(options(listener), strict);
            let md5 = |generation| matches!(generation, Generation::Legacy | Generation::Modern(Digest::Md5));
            if md5(listener) || md5(connector) {
                assert!(
                    matches!(&outcome, Err(Error::DigestRefused { found }) if found == "md5"),
                    "{outcome:?}"
                );
            } else {
                outcome.unwrap();
            }
        }
    }
}

#[test]
fn malformed_messages_are_refused() {
    assert!(matches!(Key::new(""), Err(Error::EmptyKey)));
    assert_eq!(format!("{:?}", key()), "Key(..)");
    let side = |role| Handshake::new(role, key(), Options::default(), &nonce(role));
    let said = |role, message: &[u8]| side(role).receive(message).unwrap_err().to_string();
    assert_eq!(said(Role::Connector, b"#CHALLENGE#short"), "a challenge of 5 bytes, expected at least 20");
    assert_eq!(
        said(Role::Connector, &[b"#CHALLENGE#{sha512}", &[b'x'; 40][..]].concat()),
        "the digest \"sha512\" is not allowed"
    );
    let bare = [b"#CHALLENGE#", &[b'x'; 40][..]].concat();
    assert!(said(Role::Connector, &bare).ends_with("expected the name of a digest before the challenge"));
    assert_eq!(said(Role::Connector, b"\x80\x04N."), "found \"\\x80\\x04N.\", expected a challenge");
    assert_eq!(said(Role::Listener, &[0; 16]), "the response of the peer is wrong");
    assert_eq!(said(Role::Listener, b"{sha256}"), "the response of the peer is wrong");
    assert!(said(Role::Listener, b"").ends_with("expected the name of a digest before the response"));
}

#[test]
fn two_threads_shake_hands_over_a_socket() {
    let (mut here, mut there) = std::os::unix::net::UnixStream::pair().unwrap();
    let peer = std::thread::spawn(move || run(&mut there, Role::Connector, key(), Options::default()));
    run(&mut here, Role::Listener, key(), Options::default()).unwrap();
    peer.join().unwrap().unwrap();
    let (mut here, mut there) = std::os::unix::net::UnixStream::pair().unwrap();
    let another = Key::new("another").unwrap();
    let peer = std::thread::spawn(move || run(&mut there, Role::Connector, another, Options::default()));
    assert!(matches!(run(&mut here, Role::Listener, key(), Options::default()), Err(Error::WrongResponse)));
    assert!(matches!(peer.join().unwrap(), Err(Error::Rejected)));
}
