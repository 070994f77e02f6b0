//! What the two sides of a proof write, byte by byte: for clauses that play one of the sides themselves.

use procession_contract::{Answer, Endpoint, Key, Outcome, Value};

use crate::program::build::*;
use crate::program::{Expect, Line, Program};

/// The key of the side that is under test.
pub const KEY: &str = "correct";

/// What a challenge begins with.
pub const CHALLENGE: &[u8] = b"#CHALLENGE#";

/// The verdict on a right response.
pub const WELCOME: &[u8] = b"#WELCOME#";

/// The verdict on a wrong one.
pub const FAILURE: &[u8] = b"#FAILURE#";

/// What is neither a challenge nor a response nor a verdict.
pub const BOGUS: &[u8] = b"something bogus";

/// The label of a challenge to be answered by SHA-256.
pub const SHA256: &[u8] = b"{sha256}";

/// The key, given.
pub fn the_key() -> Key {
    Key::Given(KEY.into())
}

/// The key of somebody else, given.
pub fn another_key() -> Key {
    Key::Given("another".into())
}

/// A challenge of the older form: twenty bytes without a label, here the numbers from 0.
pub fn older_challenge() -> Vec<u8> {
    CHALLENGE.iter().copied().chain(0..20).collect()
}

/// A challenge of the newer form: a label and forty bytes, here the numbers from 0.
pub fn newer_challenge(label: &[u8]) -> Vec<u8> {
    CHALLENGE.iter().chain(label).copied().chain(0..40).collect()
}

/// The response to the older challenge: HMAC-MD5 of the twenty bytes under the key, as Python's module
/// `hmac` computes it; so too for those that follow.
pub const TO_OLDER: &str = "84714d321a6402e2ff938d0f5bd99e63";

/// The response to a challenge labelled `{sha256}` by a side that knows labels, behind the label itself.
pub const TO_SHA256: &str = "275305bde2ceb76b761b95fbe8e3446fc63837ff3e13e58c374f0c38bcc31db8";

/// The response to the same challenge by a side that knows MD5 alone, and takes the label for a part of it.
pub const TO_SHA256_BY_MD5: &str = "f8dd20670300cee80e560a82160b3071";

/// The response to a challenge labelled `{md5}`, by a side that knows labels behind the label itself.
pub const TO_MD5: &str = "1ad375c7673442a98709f33165c62952";

/// The bytes that hexadecimal digits stand for.
pub fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| digit.to_digit(16).expect("a hexadecimal digit") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Bytes as hexadecimal digits.
pub fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A message as it stands on the wire, in hexadecimal digits.
pub fn frame(message: &[u8]) -> String {
    hex_of(&(message.len() as u32).to_be_bytes()) + &hex_of(message)
}

/// Writes a whole message.
pub fn writes(connection: &str, message: &[u8]) -> Line {
    write_raw(connection, &frame(message)).ok()
}

/// What is expected of a receive of raw bytes that gives exactly this message.
pub fn message(bytes: &[u8]) -> Expect {
    let Answer { value, aux, .. } = Answer::received(&Value::Bytes(bytes.to_vec()));
    Expect::Answer(Outcome::Ok, value, aux)
}

/// Receives exactly this message.
pub fn reads(connection: &str, bytes: &[u8]) -> Line {
    recv_bytes(connection).expect(message(bytes))
}

/// Receives one of two messages.
pub fn reads_either(connection: &str, one: &[u8], other: &[u8]) -> Line {
    recv_bytes(connection).expect(Expect::Any(vec![message(one), message(other)]))
}

/// A listener without a key in `main`, played as one that has the key, up to the end of the connection `c`;
/// `p` connects to it with the key.
pub fn played_listener(lines: impl IntoIterator<Item = Line>, connects: fn(Line) -> Line) -> Program {
    let accepted = accept("l", "c").ok();
    Program::new()
        .listener("l", Endpoint::Unix, Key::Unsaid)
        .main(std::iter::once(accepted).chain(lines).chain([close("c").ok()]))
        .role(holding("p", &[]), [connects(connect("d", Endpoint::Of("l".into()), the_key()))])
}

/// A listener with the key in `main`; `p` connects to it without one, and plays as if it had it.
pub fn played_client(accepts: fn(Line) -> Line, lines: impl IntoIterator<Item = Line>) -> Program {
    let connected = connect("d", Endpoint::Of("l".into()), Key::Absent).ok();
    Program::new()
        .listener("l", Endpoint::Unix, the_key())
        .main([accepts(accept("l", "c"))])
        .role(holding("p", &[]), std::iter::once(connected).chain(lines))
}
