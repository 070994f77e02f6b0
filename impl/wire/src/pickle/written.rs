//! A pickle that has been written, with its long texts left where they stand in the value.

use crate::frame::WORTH_KEEPING;

/// The bytes of a pickle, in parts: long texts are not copied, but are those of the value itself.
///
/// ```
/// use procession_wire::{Builder, pickle};
///
/// let mut builder = Builder::new();
/// let text = builder.bytes(&[7; 100_000]);
/// let value = builder.finish(text);
/// let written = pickle::write_into(&value, Vec::new())?;
/// assert_eq!(written.parts().map(<[u8]>::len).max(), Some(100_000));
/// assert_eq!(written.parts().collect::<Vec<_>>().concat(), pickle::write(&value)?);
/// # Ok::<(), pickle::WriteError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written<'v> {
    /// Everything else, in order.
    pub(super) bytes: Vec<u8>,
    /// Each with its place among the bytes: those before it come first.
    pub(super) texts: Vec<(usize, &'v [u8])>,
}

impl Written<'_> {
    /// How many bytes all parts have together.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.texts.iter().map(|(_, text)| text.len()).sum::<usize>()
    }

    /// Whether there is nothing, which no pickle is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parts, in order. None is empty.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.texts.iter().map(|(place, _)| *place).chain([self.bytes.len()]);
        let texts = self.texts.iter().map(|(_, text)| *text).chain([&[][..]]);
        let mut begin = 0;
        let pairs = ends.zip(texts).flat_map(move |(end, text)| {
            let between = &self.bytes[begin..end];
            begin = end;
            [between, text]
        });
        pairs.filter(|part| !part.is_empty())
    }

    /// All of it in one piece.
    pub fn into_bytes(self) -> Vec<u8> {
        if self.texts.is_empty() {
            return self.bytes;
        }
        let mut all = Vec::with_capacity(self.len());
        self.parts().for_each(|part| all.extend_from_slice(part));
        all
    }

    /// The memory that it takes, for another: none where it is more than is [worth keeping](WORTH_KEEPING).
    pub fn into_space(self) -> Vec<u8> {
        if self.bytes.capacity() > WORTH_KEEPING { Vec::new() } else { self.bytes }
    }
}
