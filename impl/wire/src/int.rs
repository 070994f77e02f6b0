//! Integers of any size: a word where it fits, two's complement bytes where it does not.

use std::fmt;

/// A Python `int`, borrowed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Int<'a>(Repr<'a>);

/// One number has one representation, so that comparing representations compares numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Repr<'a> {
    Small(i64),
    /// Two's complement, little endian, without redundant bytes, and too large for the other.
    Large(&'a [u8]),
}

impl<'a> Int<'a> {
    /// The number in these bytes: two's complement, little endian, of any length; no bytes are zero.
    pub fn from_le_bytes(bytes: &'a [u8]) -> Self {
        let bytes = shortest(bytes);
        match small(bytes) {
            Some(number) => Int(Repr::Small(number)),
            None => Int(Repr::Large(bytes)),
        }
    }

    /// The shortest two's complement, little endian; zero has no bytes.
    pub fn to_le_bytes(self) -> Vec<u8> {
        match self.0 {
            Repr::Small(number) => shortest(&number.to_le_bytes()).to_vec(),
            Repr::Large(bytes) => bytes.to_vec(),
        }
    }

    /// The number as `i64`, if it fits.
    pub fn to_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Small(number) => Some(number),
            Repr::Large(_) => None,
        }
    }

    /// The number as `u64`, if it fits.
    pub fn to_u64(self) -> Option<u64> {
        self.to_i128().and_then(|number| u64::try_from(number).ok())
    }

    /// The number as `i128`, if it fits.
    pub fn to_i128(self) -> Option<i128> {
        match self.0 {
            Repr::Small(number) => Some(i128::from(number)),
            Repr::Large(bytes) if bytes.len() <= 16 => {
                let mut wide = [if is_negative(bytes) { 0xff } else { 0 }; 16];
                wide[..bytes.len()].copy_from_slice(bytes);
                Some(i128::from_le_bytes(wide))
            }
            Repr::Large(_) => None,
        }
    }

    /// The number as `u128`, if it fits.
    pub fn to_u128(self) -> Option<u128> {
        match self.0 {
            Repr::Large(bytes) if bytes.len() == 17 && bytes[16] == 0 => {
                let mut wide = [0; 16];
                wide.copy_from_slice(&bytes[..16]);
                Some(u128::from_le_bytes(wide))
            }
            _ => self.to_i128().and_then(|number| u128::try_from(number).ok()),
        }
    }

    /// Whether the number is below zero.
    pub fn is_negative(self) -> bool {
        match self.0 {
            Repr::Small(number) => number < 0,
            Repr::Large(bytes) => is_negative(bytes),
        }
    }
}

impl From<i64> for Int<'_> {
    fn from(number: i64) -> Self {
        Int(Repr::Small(number))
    }
}

impl fmt::Display for Int<'_> {
    /// Decimal. Costs the square of the length, which [`Limits::integer`](crate::Limits::integer) bounds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Small(number) => fmt::Display::fmt(&number, f),
            Repr::Large(bytes) => f.pad_integral(!is_negative(bytes), "", &digits(bytes)),
        }
    }
}

impl fmt::Debug for Int<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number, if eight bytes hold it.
pub(crate) fn small(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 8 {
        return None;
    }
    let mut wide = [if is_negative(bytes) { 0xff } else { 0 }; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    Some(i64::from_le_bytes(wide))
}

/// The same number without redundant bytes at its end.
pub(crate) fn shortest(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., last] = bytes {
        let below = rest.last().is_some_and(|byte| byte & 0x80 != 0);
        if *last == 0 && !below || *last == 0xff && below {
            bytes = rest;
        } else {
            break;
        }
    }
    bytes
}

fn is_negative(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|byte| byte & 0x80 != 0)
}

/// The decimal digits of the absolute value.
fn digits(bytes: &[u8]) -> String {
    let negative = is_negative(bytes);
    // The absolute value in words of 32 bits: two's complement is inverted and incremented on the way.
    let mut carry = u64::from(negative);
    let word = |chunk: &[u8]| {
        let mut wide = [if negative { 0xff } else { 0 }; 4];
        wide[..chunk.len()].copy_from_slice(chunk);
        let word =
            u64::from(if negative { !u32::from_le_bytes(wide) } else { u32::from_le_bytes(wide) }) + carry;
        carry = word >> 32;
        word as u32
    };
    let mut words: Vec<u32> = bytes.chunks(4).map(word).collect();
    let mut parts = Vec::new();
    while let Some(last) = words.last() {
        if *last == 0 {
            words.pop();
            continue;
        }
        let mut rest = 0;
        for word in words.iter_mut().rev() {
            let wide = rest << 32 | u64::from(*word);
            *word = (wide / 1_000_000_000) as u32;
            rest = wide % 1_000_000_000;
        }
        parts.push(rest);
    }
    let mut text = parts.pop().unwrap_or_default().to_string();
    for part in parts.iter().rev() {
        text.push_str(&format!("{part:09}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_reads_back_and_prints() {
        for number in
            [0, 1, -1, 127, 128, -128, -129, i128::from(i64::MAX) + 1, i128::MIN, i128::MAX, -(1 << 80)]
        {
            let bytes = number.to_le_bytes();
            let int = Int::from_le_bytes(&bytes);
            assert_eq!(int.to_i128(), Some(number));
            assert_eq!(int.to_string(), number.to_string());
            assert_eq!(Int::from_le_bytes(&int.to_le_bytes()), int);
        }
        let mut bytes = u128::MAX.to_le_bytes().to_vec();
        bytes.push(0);
        assert_eq!(Int::from_le_bytes(&bytes).to_u128(), Some(u128::MAX));
        assert_eq!(Int::from_le_bytes(&bytes).to_i128(), None);
        assert_eq!(Int::from_le_bytes(&bytes).to_string(), u128::MAX.to_string());
    }

    #[test]
    fn redundant_bytes_change_nothing() {
        assert_eq!(Int::from_le_bytes(&[5, 0, 0]), Int::from(5));
        assert_eq!(Int::from_le_bytes(&[0xff; 40]), Int::from(-1));
        assert_eq!(Int::from_le_bytes(&[]), Int::from(0));
    }
}
