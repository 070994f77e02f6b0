//! The bytes being written, in frames as CPython's own pickler cuts them.

use super::opcode::FRAME;
use super::written::Written;

/// A frame is closed when it holds this much; a text this long stands outside of frames.
pub(crate) const FULL: usize = 64 * 1024;
/// Less than this is not worth a frame.
const LEAST: usize = 4;
/// The opcode and a length of eight bytes.
const HEADER: usize = 9;

/// The pickle so far.
#[derive(Debug, Default)]
pub(crate) struct Output<'v> {
    pub(crate) bytes: Vec<u8>,
    /// The texts outside of frames, as [`Written`] has them.
    texts: Vec<(usize, &'v [u8])>,
    framing: bool,
    /// Where the header of the frame under way stands.
    frame: Option<usize>,
}

impl<'v> Output<'v> {
    /// Nothing so far, to be written into this memory.
    pub(crate) fn into(mut space: Vec<u8>) -> Output<'v> {
        space.clear();
        Output { bytes: space, ..Output::default() }
    }

    /// From here on in frames.
    pub(crate) fn begin_framing(&mut self) {
        self.framing = true;
    }

    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if self.framing && self.frame.is_none() {
            self.frame = Some(self.bytes.len());
            self.bytes.extend_from_slice(&[0; HEADER]);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// A header and a text, which stands outside of frames if it is long.
    pub(crate) fn write_text(&mut self, header: &[u8], text: &'v [u8]) {
        if text.len() < FULL {
            self.write(header);
            self.bytes.extend_from_slice(text);
            return;
        }
        self.close();
        self.bytes.extend_from_slice(header);
        self.texts.push((self.bytes.len(), text));
    }

    /// All of it.
    pub(crate) fn finish(mut self) -> Written<'v> {
        self.close();
        Written { bytes: self.bytes, texts: self.texts }
    }

    /// How many bytes may be written before a full frame can end.
    pub(crate) fn room(&self) -> usize {
        match self.frame {
            _ if !self.framing => usize::MAX,
            Some(start) => FULL.saturating_sub(self.bytes.len() - start - HEADER),
            None => FULL,
        }
    }

    /// A place where a full frame can end.
    #[inline]
    pub(crate) fn boundary(&mut self) {
        if self.frame.is_some_and(|start| self.bytes.len() - start - HEADER >= FULL) {
            self.close();
        }
    }

    /// Ends the frame under way.
    pub(crate) fn close(&mut self) {
        let Some(start) = self.frame.take() else { return };
        let len = self.bytes.len() - start - HEADER;
        if len < LEAST {
            self.bytes.drain(start..start + HEADER);
            return;
        }
        self.bytes[start] = FRAME;
        self.bytes[start + 1..start + HEADER].copy_from_slice(&(len as u64).to_le_bytes());
    }
}
