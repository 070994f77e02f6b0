//! Type codes of `array.array`, and the bytes of one element of each.

use procession_wire::Node;

use crate::python::{Class, Number, Raise};
use crate::server::Stored;
use crate::server::referents::argument::type_name;
use crate::server::referents::arithmetic::{float, integer};
use crate::server::referents::iterable::character;

/// The type of an array's elements, by its letter. Widths are those of 64-bit Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typecode(char);

impl Typecode {
    /// The type code that this value is.
    ///
    /// # Errors
    /// A `TypeError` for what is no single character, a `ValueError` for one that is no type code.
    pub fn of(node: Node<'_>) -> Result<Typecode, Raise> {
        let letter = node.text().and_then(|text| {
            let mut points = text.chars();
            points.next().filter(|_| points.next().is_none())
        });
        let Some(letter) = letter else {
            return Err(Raise::type_error(format!(
                "array() argument 1 must be a unicode character, not {}",
                type_name(node)
            )));
        };
        match char::from_u32(letter) {
            Some(letter) if "bBuwhHiIlLqQfd".contains(letter) => Ok(Typecode(letter)),
            _ => Err(Raise::value_error("bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)")),
        }
    }

    /// Its letter.
    pub fn letter(self) -> char {
        self.0
    }

    /// Bytes of one element.
    pub fn width(self) -> usize {
        match self.0 {
            'b' | 'B' => 1,
            'h' | 'H' => 2,
            'i' | 'I' | 'f' | 'u' | 'w' => 4,
            _ => 8,
        }
    }

    /// Whether its elements are characters.
    pub fn is_text(self) -> bool {
        matches!(self.0, 'u' | 'w')
    }

    fn is_signed(self) -> bool {
        self.0.is_ascii_lowercase()
    }

    /// Appends an element.
    ///
    /// # Errors
    /// A `TypeError` for what is of another kind, an `OverflowError` for a number out of range.
    pub fn write(self, node: Node<'_>, bytes: &mut Vec<u8>) -> Result<(), Raise> {
        match self.0 {
            'u' | 'w' => {
                let text = node.text().map(|text| text.chars().take(2).collect::<Vec<u32>>());
                match text.as_deref() {
                    Some(&[point]) => bytes.extend(point.to_ne_bytes()),
                    _ => return Err(Raise::type_error("array item must be unicode character")),
                }
            }
            'f' | 'd' => {
                let Some(number) = Number::of(node) else {
                    let found = type_name(node);
                    return Err(Raise::type_error(format!("must be real number, not {found}")));
                };
                let number = float(number)?;
                match self.0 {
                    'f' => bytes.extend((number as f32).to_ne_bytes()),
                    _ => bytes.extend(number.to_ne_bytes()),
                }
            }
            _ => {
                let Some(number) = integer(node) else {
                    let found = type_name(node);
                    return Err(Raise::type_error(format!(
                        "'{found}' object cannot be interpreted as an integer"
                    )));
                };
                let (least, most) = self.range();
                let number = match number.to_i128() {
                    Some(number) if number < least => return Err(self.beyond("less than minimum")),
                    Some(number) if number > most => return Err(self.beyond("greater than maximum")),
                    Some(number) => number,
                    None if number.is_negative() => return Err(self.beyond("less than minimum")),
                    None => return Err(self.beyond("greater than maximum")),
                };
                // Two's complement, of which the lowest bytes come first on this machine.
                bytes.extend(&number.to_le_bytes()[..self.width()]);
            }
        }
        Ok(())
    }

    fn range(self) -> (i128, i128) {
        let bits = 8 * self.width() as u32;
        match self.is_signed() {
            true => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
            false => (0, (1 << bits) - 1),
        }
    }

    fn beyond(self, how: &str) -> Raise {
        let name = match self.0 {
            'b' => "signed char",
            'B' => "unsigned byte integer",
            'h' => "signed short integer",
            'H' => "unsigned short",
            'i' => "signed integer",
            'I' => "unsigned int",
            'l' => "long integer",
            'L' => "unsigned long integer",
            'q' => "long long integer",
            _ => "unsigned long long integer",
        };
        Raise::text(Class::Overflow, format!("{name} is {how}"))
    }

    /// The element in these bytes, of which there are as many as its width.
    ///
    /// # Errors
    /// A `ValueError` for what is no character.
    pub fn read(self, bytes: &[u8]) -> Result<Stored, Raise> {
        let mut wide = [0; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        let half = [wide[0], wide[1], wide[2], wide[3]];
        Ok(match self.0 {
            'u' | 'w' => match u32::from_ne_bytes(half) {
                point @ 0..=0x10ffff => character(point),
                point => {
                    return Err(Raise::value_error(format!(
                        "character U+{point:x} is not in range [U+0000; U+10ffff]"
                    )));
                }
            },
            'f' => Stored::float(f64::from(f32::from_ne_bytes(half))),
            'd' => Stored::float(f64::from_ne_bytes(wide)),
            _ => {
                let negative = self.is_signed() && bytes.last().is_some_and(|last| last & 0x80 != 0);
                let mut number = [if negative { 0xff } else { 0 }; 9];
                number[..bytes.len()].copy_from_slice(bytes);
                Stored::build(|builder| builder.int_from_le_bytes(&number))
            }
        })
    }
}
