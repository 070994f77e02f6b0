//! What a shareable list holds, and how a slot says which kind of thing is in it.

/// An element of a [`ShareableList`](crate::ShareableList).
///
/// Two are equal if they are of one kind and equal in it: the integer 1 is not the number 1.0.
#[derive(Clone, Debug, PartialEq)]
pub enum ListItem {
    /// Nothing.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

macro_rules! from {
    ($($type:ty => $kind:ident),* $(,)?) => {
        $(
            impl From<$type> for ListItem {
                fn from(value: $type) -> ListItem {
                    ListItem::$kind(value.into())
                }
            }
        )*
    };
}

from! {
    bool => Bool,
    i64 => Int,
    i32 => Int,
    u32 => Int,
    f64 => Float,
    &str => Text,
    String => Text,
    &[u8] => Bytes,
    Vec<u8> => Bytes,
}

impl From<()> for ListItem {
    fn from((): ()) -> ListItem {
        ListItem::None
    }
}

/// The most bytes that a slot can have: its number has seven digits.
pub(super) const LARGEST: usize = 9_999_992;

/// How CPython's `struct` module would pack the content of a slot: eight characters.
pub(super) type Format = [u8; 8];

const INT: Format = *b"q\0\0\0\0\0\0\0";
const FLOAT: Format = *b"d\0\0\0\0\0\0\0";
const BOOL: Format = *b"xxxxxxx?";
const NONE: Format = *b"xxxxxx?x";

/// What is done with what has been unpacked.
pub(super) const AS_IT_IS: u8 = 0;
pub(super) const AS_TEXT: u8 = 1;
pub(super) const AS_BYTES: u8 = 2;
pub(super) const AS_NONE: u8 = 3;

impl ListItem {
    /// The bytes of a text or of bytes.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            ListItem::Text(text) => Some(text.as_bytes()),
            ListItem::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// How many bytes a slot gets that is made for it.
    pub(super) fn capacity(&self) -> usize {
        self.bytes().map_or(8, |bytes| 8 * (bytes.len() / 8 + 1))
    }

    /// How it is packed in a slot of this many bytes, and what is done with what is unpacked.
    pub(super) fn format(&self, capacity: usize) -> (Format, u8) {
        match self {
            ListItem::None => (NONE, AS_NONE),
            ListItem::Bool(_) => (BOOL, AS_IT_IS),
            ListItem::Int(_) => (INT, AS_IT_IS),
            ListItem::Float(_) => (FLOAT, AS_IT_IS),
            ListItem::Text(_) => (of_bytes(capacity), AS_TEXT),
            ListItem::Bytes(_) => (of_bytes(capacity), AS_BYTES),
        }
    }

    /// The eight bytes of anything but a text or bytes.
    pub(super) fn word(&self) -> [u8; 8] {
        match self {
            ListItem::Int(number) => number.to_ne_bytes(),
            ListItem::Float(number) => number.to_ne_bytes(),
            ListItem::Bool(flag) => [0, 0, 0, 0, 0, 0, 0, (*flag).into()],
            _ => [0; 8],
        }
    }

    /// What eight bytes are that are packed like this, if that is possible.
    pub(super) fn of_word(format: Format, word: [u8; 8]) -> Option<ListItem> {
        match format {
            INT => Some(ListItem::Int(i64::from_ne_bytes(word))),
            FLOAT => Some(ListItem::Float(f64::from_ne_bytes(word))),
            BOOL => Some(ListItem::Bool(word[7] != 0)),
            _ => None,
        }
    }
}

fn of_bytes(capacity: usize) -> Format {
    let mut format = [0; 8];
    let text = format!("{capacity}s");
    format[..text.len()].copy_from_slice(text.as_bytes());
    format
}

/// How many bytes a format takes, if it is one of bytes.
pub(super) fn len_of_bytes(format: Format) -> Option<usize> {
    let text = text_of(&format);
    text.strip_suffix('s').filter(|digits| digits.bytes().all(|it| it.is_ascii_digit()))?.parse().ok()
}

/// A format as text, without the zero bytes behind it.
pub(super) fn text_of(format: &Format) -> &str {
    let end = format.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    std::str::from_utf8(&format[..end]).unwrap_or("")
}

/// The zero bytes at the end of bytes, which CPython cannot tell from the slot's filling: what there is
/// to be noted of them, and where they begin. The note holds how many they are, and a digest of what is
/// in front of them, by which it is seen to be outdated when somebody else has written the slot.
pub(super) fn note_of_zeros(bytes: &[u8]) -> (u64, usize) {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let zeros = bytes.len() - end;
    if zeros == 0 { (0, end) } else { (u64::from(digest(&bytes[..end])) << 32 | zeros as u64, end) }
}

/// How many zero bytes belong to the end of bytes that have none, by a note.
pub(super) fn noted_zeros(note: u64, bytes: &[u8]) -> usize {
    if note != 0 && (note >> 32) as u32 == digest(bytes) { note as u32 as usize } else { 0 }
}

/// FNV-1a.
fn digest(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |digest, byte| (digest ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_python() {
        assert_eq!(ListItem::from("abc").format(8), (*b"8s\0\0\0\0\0\0", AS_TEXT));
        assert_eq!(ListItem::from(&b"abc"[..]).format(LARGEST), (*b"9999992s", AS_BYTES));
        assert_eq!(len_of_bytes(*b"9999992s"), Some(LARGEST));
        for bad in
            [b"s\0\0\0\0\0\0\0", b"-8s\0\0\0\0\0", b"8\0s\0\0\0\0\0", b"q\0\0\0\0\0\0\0", b"\xFF8s\0\0\0\0\0"]
        {
            assert_eq!(len_of_bytes(*bad), None, "{bad:?}");
        }
        assert_eq!(ListItem::from("").capacity(), 8);
        assert_eq!(ListItem::from("1234567").capacity(), 8);
        assert_eq!(ListItem::from("12345678").capacity(), 16);
        assert_eq!(ListItem::from("€€€").capacity(), 16);
    }

    #[test]
    fn words_come_back() {
        for item in
            [ListItem::Int(i64::MIN), ListItem::Float(-0.5), ListItem::Bool(true), ListItem::Bool(false)]
        {
            assert_eq!(ListItem::of_word(item.format(8).0, item.word()), Some(item));
        }
    }

    #[test]
    fn a_note_is_believed_only_of_what_it_was_made_for() {
        let (note, end) = note_of_zeros(b"ab\0c\0\0");
        assert_eq!((end, noted_zeros(note, b"ab\0c")), (4, 2));
        assert_eq!(noted_zeros(note, b"ab"), 0);
        assert_eq!(note_of_zeros(b"abc"), (0, 3));
        assert_eq!(note_of_zeros(b""), (0, 0));
        let (note, end) = note_of_zeros(b"\0");
        assert_eq!((end, noted_zeros(note, b"")), (0, 1));
    }
}
