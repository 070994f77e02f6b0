//! What is measured, as a way to pass messages between two sides.

/// The sequence number of the message that ends a consumer.
pub const END: u64 = u64::MAX;

/// A way to pass messages. Side 0 sends to side 1 and the other way round; opened before the roles
/// are forked, so that both inherit it.
pub trait Link {
    /// Sends a message from a side, blocking while there is no room.
    fn send(&self, side: usize, message: &[u8]) -> Result<(), String>;

    /// Receives the next message at a side into an empty buffer, waiting for it; `size` is its length.
    fn receive(&self, side: usize, size: usize, into: &mut Vec<u8>) -> Result<(), String>;
}

/// An error as a complaint.
pub fn complaint(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A message of one producer, and its next sequence number.
#[derive(Debug)]
pub struct Message {
    /// The bytes: sequence number, producer, filling, and the sequence number again.
    pub bytes: Vec<u8>,
}

impl Message {
    /// A message of at least 24 bytes.
    pub fn new(size: usize, producer: usize) -> Message {
        let mut bytes = vec![0x5a; size];
        bytes[8..16].copy_from_slice(&(producer as u64).to_le_bytes());
        Message { bytes }
    }

    /// Gives it a sequence number.
    #[inline]
    pub fn stamp(&mut self, sequence: u64) {
        let end = self.bytes.len();
        self.bytes[..8].copy_from_slice(&sequence.to_le_bytes());
        self.bytes[end - 8..].copy_from_slice(&sequence.to_le_bytes());
    }
}

/// The sequence number and the producer of a received message, if it is whole.
#[inline]
pub fn read_stamp(bytes: &[u8], size: usize) -> Result<(u64, usize), String> {
    if bytes.len() != size {
        return Err(format!("a message of {} bytes arrived instead of {size}", bytes.len()));
    }
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let sequence = word(0);
    if sequence != word(size - 8) {
        return Err(format!("message {sequence} is torn"));
    }
    Ok((sequence, word(8) as usize))
}
