//! Values as bytes: postcard, with buffers that are used again.

use std::cell::Cell;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::transfer::undo;

/// A value could not be turned into bytes, or bytes not into a value of the type; the text says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError(pub String);

impl std::fmt::Display for CodecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CodecError {}

/// A buffer that has grown beyond this is not kept.
const KEEP: usize = 2 << 20;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Runs `work` with an empty buffer, which may have been used before. A nested call, from within
/// somebody's `Serialize`, gets another buffer.
pub(crate) fn with_buffer<R>(work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // At the end of the process the main thread has no such buffer any more.
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    buffer.clear();
    let result = work(&mut buffer);
    if buffer.capacity() <= KEEP {
        let _ = BUFFER.try_with(|kept| kept.set(buffer));
    }
    result
}

/// Appends a value's encoding to `into`; part of it if that fails.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
    append(value, into).map_err(|error| CodecError(format!("the value cannot be encoded: {error}")))
}

/// As [`encode`], with postcard's own error.
#[inline]
pub(crate) fn append<T: Serialize + ?Sized>(value: &T, into: &mut Vec<u8>) -> postcard::Result<()> {
    // Single bytes go into an array at a third of what they cost in a vector.
    let mut stage = [0; STAGE];
    let begin = undo::mark();
    match postcard::to_slice(value, &mut stage) {
        Ok(encoded) => into.extend_from_slice(encoded),
        Err(postcard::Error::SerializeBufferFull) => {
            undo::since(begin);
            let encoded = postcard::to_extend(value, std::mem::take(into));
            *into = encoded.inspect_err(|_| undo::since(begin))?;
        }
        Err(error) => {
            undo::since(begin);
            return Err(error);
        }
    }
    Ok(())
}

/// The length up to which a value is encoded in the stack; a longer one is encoded once more.
const STAGE: usize = 128;

/// The value that these bytes encode, all of them.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => {
            Err(CodecError(format!("{} bytes follow the value: another type was put", rest.len())))
        }
        Err(error) => Err(CodecError(format!("the bytes are no value of the type: {error}"))),
    }
}
