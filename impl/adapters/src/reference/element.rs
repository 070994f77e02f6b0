//! The types of shared values by their letters, and what a script's scalar is in them.

use procession_contract::{Answer, Outcome, Scalar};
use procession_reference::value::Plain;
use serde::{Deserialize, Serialize};

/// A letter that means a type, as in Python's module `array`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Code(char);

impl Code {
    /// The letter of a script.
    pub(super) fn of(code: &str) -> Result<Code, Answer> {
        let mut letters = code.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) if "cubBhHiIlLqQfd".contains(letter) => Ok(Code(letter)),
            _ => Err(Answer::error(Outcome::BadType, format!("there is no type {code:?}"))),
        }
    }

    pub(super) fn letter(self) -> char {
        self.0
    }

    /// Whether it is a byte that is a character.
    pub(super) fn is_byte_character(self) -> bool {
        self.0 == 'c'
    }

    /// How many bytes it has in memory, which is its alignment too.
    pub(super) fn size(self) -> usize {
        match self.0 {
            'c' | 'b' | 'B' => 1,
            'h' | 'H' => 2,
            'u' | 'i' | 'I' | 'f' => 4,
            _ => 8,
        }
    }

    /// A scalar as a value of this type: integers are reduced to its width.
    pub(super) fn value_of<T: Element>(self, scalar: &Scalar) -> Result<T, Answer> {
        let of_kind = || match (self.0, scalar) {
            ('c', Scalar::Bytes { .. }) => match scalar.as_bytes()?[..] {
                [byte] => Some(T::from_integer(byte.into())),
                _ => None,
            },
            ('u', Scalar::Text(text)) => {
                let mut characters = text.chars();
                let first = characters.next().filter(|_| characters.next().is_none())?;
                Some(T::from_integer(u32::from(first).into()))
            }
            ('c' | 'u', _) => None,
            ('f' | 'd', Scalar::Real(number)) => Some(T::from_real(number.0)),
            (_, Scalar::Int(number)) => Some(T::from_integer(*number)),
            (_, Scalar::Flag(flag)) => Some(T::from_integer((*flag).into())),
            _ => None,
        };
        let wrong = || Answer::error(Outcome::BadType, format!("{scalar:?} is no {:?}", self.0));
        of_kind().ok_or_else(wrong)
    }

    /// A value of this type as a scalar.
    pub(super) fn scalar_of<T: Element>(self, value: T) -> Scalar {
        match self.0 {
            'c' => Scalar::bytes(&[value.integer() as u8]),
            'u' => {
                let character = u32::try_from(value.integer()).ok().and_then(char::from_u32);
                Scalar::Text(character.unwrap_or(char::REPLACEMENT_CHARACTER).into())
            }
            'f' | 'd' => Scalar::real(value.real()),
            _ => Scalar::Int(value.integer()),
        }
    }
}

/// The type of the reference that a letter means: several may mean the same.
pub(super) trait Element: Plain {
    fn from_integer(number: i64) -> Self;
    fn from_real(number: f64) -> Self;
    /// Without a fraction; of 64 bits without a sign the signed one with the same bits.
    fn integer(self) -> i64;
    fn real(self) -> f64;
    /// With so much added, as the type does it.
    fn plus(self, amount: i64) -> Self;
}

macro_rules! elements {
    ($($integer:ty),*; $($real:ty),*) => {
        $(
            impl Element for $integer {
                fn from_integer(number: i64) -> Self {
                    number as $integer
                }

                fn from_real(number: f64) -> Self {
                    number as $integer
                }

                fn integer(self) -> i64 {
                    self as i64
                }

                fn real(self) -> f64 {
                    self as f64
                }

                fn plus(self, amount: i64) -> Self {
                    self.wrapping_add(amount as $integer)
                }
            }
        )*
        $(
            impl Element for $real {
                fn from_integer(number: i64) -> Self {
                    number as $real
                }

                fn from_real(number: f64) -> Self {
                    number as $real
                }

                fn integer(self) -> i64 {
                    self as i64
                }

                fn real(self) -> f64 {
                    self.into()
                }

                fn plus(self, amount: i64) -> Self {
                    (f64::from(self) + amount as f64) as $real
                }
            }
        )*
    };
}

elements!(u8, i8, u16, i16, u32, i32, u64, i64; f32, f64);

#[cfg(test)]
mod tests {
    use super::*;

    fn stored<T: Element>(code: &str, scalar: impl Into<Scalar>) -> Result<Scalar, Answer> {
        let code = Code::of(code)?;
        code.value_of::<T>(&scalar.into()).map(|value| code.scalar_of(value))
    }

    #[test]
    fn integers_wrap_and_reals_are_rounded() {
        assert_eq!(stored::<i32>("i", 1 << 31), Ok((-1 << 31).into()));
        assert_eq!(stored::<i8>("b", 300), Ok(44.into()));
        assert_eq!(stored::<u8>("B", -1), Ok(255.into()));
        assert_eq!(stored::<u64>("Q", -1), Ok((-1).into()));
        assert_eq!(stored::<f32>("f", 0.1), Ok(f64::from(0.1_f32).into()));
        assert_eq!(stored::<f64>("d", 2), Ok(2.0.into()));
        assert_eq!(stored::<u32>("u", "é"), Ok("é".into()));
        assert_eq!(stored::<u8>("c", Scalar::bytes(b"x")), Ok(Scalar::bytes(b"x")));
    }

    #[test]
    fn wrong_kinds_and_unknown_letters_are_refused() {
        assert!(stored::<i32>("i", "5").is_err() && stored::<i32>("i", 1.5).is_err());
        assert!(stored::<u8>("c", 5).is_err() && stored::<u8>("c", Scalar::bytes(b"xy")).is_err());
        assert!(stored::<u32>("u", "ab").is_err() && stored::<f64>("d", "1").is_err());
        assert!(Code::of("z").is_err() && Code::of("").is_err() && Code::of("ii").is_err());
    }
}
