//! What stands on the wire, for defects that look at bytes or write them.

/// What a challenge begins with.
pub const CHALLENGE: &[u8] = b"#CHALLENGE#";

/// The verdict on a wrong response.
pub const FAILURE: &[u8] = b"#FAILURE#";

/// Bytes as hexadecimal digits.
pub fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A message as it stands on the wire, in hexadecimal digits.
pub fn frame(message: &[u8]) -> String {
    hex_of(&(message.len() as u32).to_be_bytes()) + &hex_of(message)
}

/// A challenge of the older form, always the same one.
pub fn challenge() -> Vec<u8> {
    CHALLENGE.iter().copied().chain([0; 20]).collect()
}
