//! The framing of CPython's `Connection`: a signed 32-bit big-endian length, or -1 and an unsigned
//! 64-bit one, then that many bytes. Pure: bytes in, messages out, whatever pieces they arrive in.
//!
//! Source: the observed wire of CPython 3.8 to 3.13.

/// The longest message with a short header.
const LONGEST_SHORT: usize = 0x7fff_ffff;

/// At most so many bytes are set aside for a payload before any of it has arrived: a header alone
/// must not be able to take memory.
const FIRST_ROOM: usize = 64 * 1024;

/// A header, ready to be written.
pub(crate) struct Header {
    bytes: [u8; 12],
    len: usize,
}

impl Header {
    /// The header of a message of this length.
    pub(crate) fn of(length: usize) -> Header {
        let mut bytes = [0; 12];
        if let Ok(short) = i32::try_from(length)
            && length <= LONGEST_SHORT
        {
            bytes[..4].copy_from_slice(&short.to_be_bytes());
            return Header { bytes, len: 4 };
        }
        bytes[..4].copy_from_slice(&(-1_i32).to_be_bytes());
        bytes[4..].copy_from_slice(&(length as u64).to_be_bytes());
        Header { bytes, len: 12 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A header that no sender writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImpossibleLength(pub(crate) i128);

/// The length that the beginning of a header announces; `Ok(None)` while bytes are missing.
fn announced(header: &[u8]) -> Result<Option<usize>, ImpossibleLength> {
    let Some((short, rest)) = header.split_first_chunk::<4>() else { return Ok(None) };
    match i32::from_be_bytes(*short) {
        -1 => {}
        short => return usize::try_from(short).map(Some).map_err(|_| ImpossibleLength(short.into())),
    }
    let Some(long) = rest.first_chunk::<8>() else { return Ok(None) };
    let long = u64::from_be_bytes(*long);
    // No memory object can be longer than `isize::MAX`.
    isize::try_from(long).map(|long| Some(long as usize)).map_err(|_| ImpossibleLength(long.into()))
}

/// How much of a message is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// At least so many bytes of the header; the length is not known.
    Header(usize),
    /// So many bytes of the payload, perhaps none.
    Payload(usize),
}

/// One message being put together.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    header: [u8; 12],
    header_len: usize,
    length: Option<usize>,
    payload: Vec<u8>,
    filled: usize,
}

impl Assembler {
    /// Whether nothing of the message has arrived.
    pub(crate) fn is_at_boundary(&self) -> bool {
        self.header_len == 0
    }

    /// The length of the message, once its header is there.
    pub(crate) fn length(&self) -> Option<usize> {
        self.length
    }

    /// What is missing to a whole message.
    pub(crate) fn missing(&self) -> Result<Missing, ImpossibleLength> {
        self.missing_after(&[])
    }

    /// What will be missing once these bytes, the next of the stream, have been taken. Bytes beyond
    /// the header count as not seen.
    pub(crate) fn missing_after(&self, ahead: &[u8]) -> Result<Missing, ImpossibleLength> {
        if let Some(length) = self.length {
            return Ok(Missing::Payload(length - self.filled));
        }
        let mut header = self.header;
        let count = ahead.len().min(header.len() - self.header_len);
        header[self.header_len..][..count].copy_from_slice(&ahead[..count]);
        let header = &header[..self.header_len + count];
        Ok(match announced(header)? {
            Some(length) => Missing::Payload(length),
            None => Missing::Header(if header.len() < 4 { 4 } else { 12 } - header.len()),
        })
    }

    /// How many header bytes a message with these next bytes has that have not been taken.
    pub(crate) fn header_left(&self, ahead: &[u8]) -> usize {
        let mut first = [0; 4];
        let known = self.header[..self.header_len].iter().chain(ahead);
        for (byte, known) in first.iter_mut().zip(known) {
            *byte = *known;
        }
        let whole = if first == (-1_i32).to_be_bytes() { 12 } else { 4 };
        if self.length.is_some() { 0 } else { whole - self.header_len }
    }

    /// Room for the next bytes of this message and of nothing after it; empty when it is whole.
    pub(crate) fn space(&mut self) -> Result<&mut [u8], ImpossibleLength> {
        match self.missing()? {
            Missing::Header(count) => Ok(&mut self.header[self.header_len..][..count]),
            Missing::Payload(_) => {
                let length = self.length.unwrap_or(0);
                // Doubles as data arrives, so a header alone takes 64 KiB at most.
                if self.filled == self.payload.len() {
                    let room = length.min(self.filled.saturating_mul(2).max(FIRST_ROOM));
                    self.payload.resize(room, 0);
                }
                Ok(&mut self.payload[self.filled..])
            }
        }
    }

    /// Says that so many bytes of `space` have been filled.
    pub(crate) fn filled(&mut self, count: usize) -> Result<(), ImpossibleLength> {
        if self.length.is_some() {
            self.filled += count;
        } else {
            self.header_len += count;
            self.length = announced(&self.header[..self.header_len])?;
        }
        Ok(())
    }

    /// The message, if it is whole; the next one can be begun then.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        self.length.filter(|length| *length == self.filled)?;
        Some(std::mem::take(self).payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(assembler: &mut Assembler, mut bytes: &[u8]) -> Result<(), ImpossibleLength> {
        while !bytes.is_empty() {
            let space = assembler.space()?;
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            assembler.filled(count)?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    #[test]
    fn headers_are_those_of_cpython() {
        assert_eq!(Header::of(0).as_bytes(), [0; 4]);
        assert_eq!(Header::of(0x7fff_ffff).as_bytes(), [0x7f, 0xff, 0xff, 0xff]);
        let long = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0];
        assert_eq!(Header::of(0x8000_0000).as_bytes(), long);
    }

    #[test]
    fn a_long_header_is_read_also_for_a_short_message() {
        let mut assembler = Assembler::default();
        feed(&mut assembler, &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, b'o', b'k']).unwrap();
        assert_eq!(assembler.take().unwrap(), b"ok");
        assert!(assembler.is_at_boundary());
    }

    #[test]
    fn a_negative_length_and_one_beyond_memory_are_impossible() {
        let mut assembler = Assembler::default();
        assert_eq!(feed(&mut assembler, &(-2_i32).to_be_bytes()), Err(ImpossibleLength(-2)));
        assert_eq!(assembler.space().unwrap_err(), ImpossibleLength(-2), "and stay so");

        let mut assembler = Assembler::default();
        assert_eq!(feed(&mut assembler, &[0xff; 12]), Err(ImpossibleLength(u64::MAX.into())));
    }

    #[test]
    fn a_header_alone_takes_little_memory() {
        let mut assembler = Assembler::default();
        feed(&mut assembler, &[0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0, 0, 0, 0, 0]).unwrap();
        assert!(assembler.space().unwrap().len() <= FIRST_ROOM);
    }

    #[test]
    fn what_is_missing_is_known_from_bytes_not_taken() {
        let mut assembler = Assembler::default();
        assert_eq!(assembler.missing(), Ok(Missing::Header(4)));
        assert_eq!(assembler.missing_after(&[0, 0, 0, 9, 1]), Ok(Missing::Payload(9)));
        assert_eq!(assembler.header_left(&[0, 0, 0, 9]), 4);
        feed(&mut assembler, &[0xff, 0xff]).unwrap();
        assert_eq!(assembler.missing_after(&[0xff, 0xff]), Ok(Missing::Header(8)));
        assert_eq!(assembler.header_left(&[0xff, 0xff]), 10);
    }
}
