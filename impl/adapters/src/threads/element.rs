//! The types of elements by their letters: what they accept, and what becomes of it.

use procession_contract::{Answer, Outcome, Scalar};

/// A type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Element {
    /// An integer of so many bits.
    Integer { bits: u32, signed: bool },
    /// A floating-point number of 32 or of 64 bits.
    Real { wide: bool },
    /// One byte that is a character.
    Byte,
    /// One character.
    Character,
}

impl Element {
    /// The type that a letter means.
    ///
    /// # Errors
    /// `bad_type` for what means none.
    pub(super) fn of(code: &str) -> Result<Element, Answer> {
        let integer = |bits, signed| Ok(Element::Integer { bits, signed });
        match code {
            "b" => integer(8, true),
            "B" => integer(8, false),
            "h" => integer(16, true),
            "H" => integer(16, false),
            "i" => integer(32, true),
            "I" => integer(32, false),
            "l" | "q" => integer(64, true),
            "L" | "Q" => integer(64, false),
            "f" => Ok(Element::Real { wide: false }),
            "d" => Ok(Element::Real { wide: true }),
            "c" => Ok(Element::Byte),
            "u" => Ok(Element::Character),
            _ => Err(Answer::error(Outcome::BadType, format!("there is no type {code:?}"))),
        }
    }

    /// Its zero.
    pub(super) fn zero(self) -> Scalar {
        match self {
            Element::Integer { .. } => Scalar::Int(0),
            Element::Real { .. } => Scalar::real(0.0),
            Element::Byte => Scalar::bytes(&[0]),
            Element::Character => "\0".into(),
        }
    }

    /// What a value becomes in it: an integer is reduced to its bits, a floating-point number rounded.
    ///
    /// # Errors
    /// `bad_type` for one of another kind.
    pub(super) fn accept(self, value: &Scalar) -> Result<Scalar, Answer> {
        match (self, value) {
            (Element::Integer { bits, signed }, Scalar::Int(number)) => {
                let unused = 64 - bits;
                Ok(Scalar::Int(match signed {
                    true => number << unused >> unused,
                    false => ((*number as u64) << unused >> unused) as i64,
                }))
            }
            (Element::Integer { .. }, Scalar::Flag(flag)) => Ok(Scalar::Int((*flag).into())),
            (Element::Real { wide: true }, Scalar::Real(number)) => Ok(Scalar::Real(*number)),
            (Element::Real { wide: false }, Scalar::Real(number)) => {
                Ok(Scalar::real(f64::from(number.0 as f32)))
            }
            (Element::Real { .. }, Scalar::Int(number)) => self.accept(&Scalar::real(*number as f64)),
            (Element::Byte, Scalar::Bytes { bytes }) if bytes.len() == 2 => Ok(value.clone()),
            (Element::Character, Scalar::Text(text)) if text.chars().count() == 1 => Ok(value.clone()),
            (_, other) => Err(Answer::error(Outcome::BadType, format!("{other:?} is no value of {self:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_wrap_and_reals_round() {
        let stored = |code: &str, value: Scalar| Element::of(code).and_then(|it| it.accept(&value));
        assert_eq!(stored("i", Scalar::Int(1 << 31)), Ok(Scalar::Int(-1 << 31)));
        assert_eq!(stored("b", Scalar::Int(300)), Ok(Scalar::Int(44)));
        assert_eq!(stored("B", Scalar::Int(-1)), Ok(Scalar::Int(255)));
        assert_eq!(stored("Q", Scalar::Int(-1)), Ok(Scalar::Int(-1)));
        assert_eq!(stored("f", Scalar::real(0.1)), Ok(Scalar::real(f64::from(0.1_f32))));
        assert_eq!(stored("d", Scalar::Int(2)), Ok(Scalar::real(2.0)));
        assert!(stored("i", "5".into()).is_err() && stored("z", Scalar::Int(1)).is_err());
    }
}
