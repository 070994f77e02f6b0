//! What a shared value, an array's element, a record's field or a list's slot holds, as a script
//! writes it and an answer reports it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Answer, Value};

/// One plain value. In JSON it is itself (`null`, `true`, `5`, `2.5`, `"text"`), and bytes are an
/// object with their hexadecimal digits: `{"bytes":"00ff"}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// Nothing (`None`).
    None(()),
    /// A truth value.
    Flag(bool),
    /// An integer. One of 64 bits without a sign is written as the signed one with the same bits.
    Int(i64),
    /// A floating-point number.
    Real(Real),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes {
        /// Their hexadecimal digits, two for each.
        bytes: String,
    },
}

/// A floating-point number that is equal to another if its bits are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Real(pub f64);

impl PartialEq for Real {
    fn eq(&self, other: &Real) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

impl std::hash::Hash for Real {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Scalar {
    /// A floating-point number.
    pub fn real(number: f64) -> Scalar {
        Scalar::Real(Real(number))
    }

    /// Bytes.
    pub fn bytes(bytes: &[u8]) -> Scalar {
        Scalar::Bytes { bytes: bytes.iter().map(|byte| format!("{byte:02x}")).collect() }
    }

    /// The bytes of `Bytes`, if its digits are such.
    pub fn as_bytes(&self) -> Option<Vec<u8>> {
        let Scalar::Bytes { bytes } = self else { return None };
        let digits = bytes.as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(byte).collect()).flatten()
    }

    /// The value. Digits that are no bytes give none.
    pub fn value(&self) -> Value {
        match self {
            Scalar::None(()) => Value::None,
            Scalar::Flag(flag) => Value::Flag(*flag),
            Scalar::Int(number) => Value::Int(*number),
            Scalar::Real(number) => Value::Float(number.0),
            Scalar::Text(text) => Value::Text(text.clone()),
            Scalar::Bytes { .. } => Value::Bytes(self.as_bytes().unwrap_or_default()),
        }
    }

    /// What the answer that reports it has as `(value, aux)`: an integer or a truth value as it is,
    /// 0 for everything else; and the fingerprint by which any two can be told apart.
    pub fn expected(&self) -> (i64, u64) {
        let answer = Answer::result(&self.value());
        (answer.value, answer.aux)
    }

    /// The answer that reports it.
    pub fn answer(&self) -> Answer {
        let (value, aux) = self.expected();
        Answer { value, aux, ..Answer::ok() }
    }

    /// The answer that reports several; `value` is their number.
    pub fn answer_many(scalars: &[Scalar]) -> Answer {
        let items: Vec<_> = scalars.iter().map(Scalar::expected).collect();
        Answer { value: items.len() as i64, items, ..Answer::ok() }
    }
}

impl From<i64> for Scalar {
    fn from(number: i64) -> Scalar {
        Scalar::Int(number)
    }
}

impl From<f64> for Scalar {
    fn from(number: f64) -> Scalar {
        Scalar::real(number)
    }
}

impl From<bool> for Scalar {
    fn from(flag: bool) -> Scalar {
        Scalar::Flag(flag)
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Scalar {
        Scalar::Text(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_what_a_scalar_is() {
        let each: [(Scalar, &str); 6] = [
            (Scalar::None(()), "null"),
            (true.into(), "true"),
            (5.into(), "5"),
            (2.0.into(), "2.0"),
            ("5".into(), "\"5\""),
            (Scalar::bytes(&[0, 255]), r#"{"bytes":"00ff"}"#),
        ];
        for (scalar, json) in each {
            assert_eq!(serde_json::to_string(&scalar).unwrap(), json);
            assert_eq!(serde_json::from_str::<Scalar>(json).unwrap(), scalar, "{json}");
        }
    }

    #[test]
    fn no_two_of_different_kinds_look_alike() {
        let each: Vec<Scalar> = vec![
            Scalar::None(()),
            true.into(),
            1.into(),
            1.0.into(),
            "1".into(),
            "true".into(),
            Scalar::bytes(b"1"),
        ];
        for (index, one) in each.iter().enumerate() {
            for other in &each[index + 1..] {
                assert_ne!(one.expected().1, other.expected().1, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn bytes_come_back() {
        assert_eq!(Scalar::bytes(&[1, 2, 254]).as_bytes(), Some(vec![1, 2, 254]));
        assert_eq!(Scalar::Bytes { bytes: "0".into() }.as_bytes(), None);
        assert_eq!(Scalar::Bytes { bytes: "0x".into() }.as_bytes(), None);
    }
}
