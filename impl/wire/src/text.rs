//! Text as Python has it: UTF-8 in which surrogates, lone or in pairs, are let through.

use std::borrow::Cow;
use std::fmt;

/// A Python `str`, borrowed: generalised UTF-8, in which a surrogate is encoded as any other code point.
///
/// Most texts are ordinary UTF-8 and [`Text::to_str`] gives them without a copy. `'\ud83d\ude00'` is two
/// surrogates here and not U+1F600, as in Python.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// The text in these bytes, or the position of the first byte that is not generalised UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self, usize> {
        check(bytes).map(|()| Text(bytes))
    }

    /// Bytes that were checked when they came in.
    pub(crate) fn checked(bytes: &'a [u8]) -> Self {
        Text(bytes)
    }

    /// The generalised UTF-8.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text, if it holds no surrogate.
    pub fn to_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    /// The text, with each surrogate replaced by U+FFFD.
    pub fn to_str_lossy(self) -> Cow<'a, str> {
        match self.to_str() {
            Some(text) => Cow::Borrowed(text),
            None => {
                Cow::Owned(self.chars().map(|point| char::from_u32(point).unwrap_or('\u{fffd}')).collect())
            }
        }
    }

    /// The code points, surrogates included.
    pub fn chars(self) -> impl Iterator<Item = u32> + 'a {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (&first, after) = rest.split_first()?;
            let (bits, more) = match first {
                0..=0x7f => (u32::from(first), 0),
                0x80..=0xdf => (u32::from(first & 0x1f), 1),
                0xe0..=0xef => (u32::from(first & 0x0f), 2),
                _ => (u32::from(first & 0x07), 3),
            };
            let more = more.min(after.len());
            let (tail, remaining) = after.split_at(more);
            rest = remaining;
            Some(tail.iter().fold(bits, |point, byte| point << 6 | u32::from(byte & 0x3f)))
        })
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text(text.as_bytes())
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Text<'_> {
    /// Surrogates show as U+FFFD.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_str_lossy())
    }
}

impl fmt::Debug for Text<'_> {
    /// Surrogates show as `\u{d800}`, everything else as in a Rust literal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for point in self.chars() {
            match char::from_u32(point) {
                Some('\'') => f.write_str("'")?,
                Some(char) => write!(f, "{}", char.escape_debug())?,
                None => write!(f, "\\u{{{point:x}}}")?,
            }
        }
        f.write_str("\"")
    }
}

/// Whether the bytes are generalised UTF-8, or the position of the first that is not.
fn check(bytes: &[u8]) -> Result<(), usize> {
    let mut from = 0;
    loop {
        match std::str::from_utf8(&bytes[from..]) {
            Ok(_) => return Ok(()),
            Err(error) => {
                let at = from + error.valid_up_to();
                // Exactly the surrogates: the three bytes that strict UTF-8 leaves out.
                if !matches!(bytes[at..], [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..]) {
                    return Err(at);
                }
                from = at + 3;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_pass_and_everything_else_is_strict() {
        assert!(Text::new(b"a\xed\xa0\x80b\xed\xb0\x80").is_ok());
        assert_eq!(Text::new(b"ab\xc0\x80"), Err(2));
        assert_eq!(Text::new(b"a\xed\xa0"), Err(1));
        assert_eq!(Text::new(b"\xf4\x90\x80\x80"), Err(0));
    }

    #[test]
    fn a_pair_of_surrogates_is_not_the_character() {
        let pair = Text::new(b"\xed\xa0\xbd\xed\xb8\x80").unwrap();
        assert_eq!(pair.to_str(), None);
        assert_eq!(pair.chars().collect::<Vec<_>>(), [0xd83d, 0xde00]);
        assert_eq!(Text::from("\u{1f600}").chars().collect::<Vec<_>>(), [0x1f600]);
        assert_ne!(pair, "\u{1f600}");
        assert_eq!(format!("{pair:?} {pair}"), "\"\\u{d83d}\\u{de00}\" \u{fffd}\u{fffd}");
    }
}
