//! Any frames are messages of a handshake or errors, to both roles; nobody gets in without the key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use procession_wire::auth::{Handshake, Key, LONGEST, Options, Role, Step};
use procession_wire::frame::Receiver;

fuzz_target!(|bytes: &[u8]| {
    for role in [Role::Connector, Role::Listener] {
        let key = Key::new("a key that no input knows").expect("it is not empty");
        let mut handshake = Handshake::new(role, key, Options::default(), &[7; 40]);
        let (mut from, mut receiver) = (bytes, Receiver::new());
        while let Ok(Some(message)) = receiver.receive(&mut from, LONGEST) {
            match handshake.receive(&message) {
                Ok(Step::Send(_)) => {}
                Ok(Step::Finish(_)) => panic!("in without the key"),
                Err(_) => break,
            }
        }
    }
});
