//! Sums and conversions of Python's numbers.

use procession_wire::{Int, Kind, Node};

use super::argument::type_name;
use crate::python::{Class, Number, Raise};
use crate::server::Stored;

/// The sum of two numbers, as `+` gives it.
///
/// # Errors
/// A `TypeError` for what is no number, an `OverflowError` for integers beyond 127 bits, which Python would add.
pub fn sum(one: Node<'_>, other: Node<'_>) -> Result<Stored, Raise> {
    let (Some(left), Some(right)) = (Number::of(one), Number::of(other)) else {
        return Err(Raise::type_error(format!(
            "unsupported operand type(s) for +: '{}' and '{}'",
            type_name(one),
            type_name(other)
        )));
    };
    if let (Number::Int(left), Number::Int(right)) = (left, right) {
        let sum = left.to_i128().zip(right.to_i128()).and_then(|(left, right)| left.checked_add(right));
        let sum =
            sum.ok_or_else(|| Raise::text(Class::Overflow, "the server adds integers of at most 127 bits"))?;
        return Ok(Stored::build(|builder| builder.int_from_le_bytes(&sum.to_le_bytes())));
    }
    let sum = float(left)? + float(right)?;
    Ok(Stored::float(sum))
}

/// The number as a float, rounded to the nearest.
///
/// # Errors
/// An `OverflowError` for an integer beyond all floats.
pub fn float(number: Number<'_>) -> Result<f64, Raise> {
    match number {
        Number::Float(number) => Ok(number),
        Number::Int(number) => {
            let float = match number.to_i128() {
                Some(number) => number as f64,
                None => long(number),
            };
            match float.is_finite() {
                true => Ok(float),
                false => Err(Raise::text(Class::Overflow, "int too large to convert to float")),
            }
        }
    }
}

/// Rounded by way of its decimal digits, since ties depend on all of them.
fn long(number: Int<'_>) -> f64 {
    // The largest float has 128 bytes; what is longer need not be written out.
    if number.to_le_bytes().len() > 129 {
        return f64::INFINITY;
    }
    number.to_string().parse().unwrap_or(f64::INFINITY)
}

/// The integer that this is, truth values included.
pub fn integer(node: Node<'_>) -> Option<Int<'_>> {
    match node.kind() {
        Kind::Bool(flag) => Some(Int::from(i64::from(flag))),
        Kind::Int(number) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use procession_wire::{Builder, Value, value::Id};
    use rstest::rstest;

    use super::*;

    fn value(build: impl FnOnce(&mut Builder) -> Id) -> Value<'static> {
        let mut builder = Builder::new();
        let root = build(&mut builder);
        builder.finish(root)
    }

    #[rstest]
    #[case(value(|b| b.int(i64::MAX)), value(|b| b.int(1)), value(|b| b.int_from_le_bytes(&(1_i128 << 63).to_le_bytes())))]
    #[case(value(|b| b.bool(true)), value(|b| b.bool(true)), value(|b| b.int(2)))]
    #[case(value(|b| b.int(1)), value(|b| b.float(0.5)), value(|b| b.float(1.5)))]
    #[case(value(|b| b.float(-0.0)), value(|b| b.float(-0.0)), value(|b| b.float(-0.0)))]
    fn sums(#[case] one: Value<'static>, #[case] other: Value<'static>, #[case] expected: Value<'static>) {
        assert!(sum(one.root(), other.root()).unwrap().root() == expected.root());
    }

    #[test]
    fn what_cannot_be_added_says_so() {
        let (one, text) = (value(|b| b.int(1)), value(|b| b.str("a")));
        let raised = sum(one.root(), text.root()).err().unwrap();
        assert_eq!(raised.to_string(), "TypeError: unsupported operand type(s) for +: 'int' and 'str'");
        let most = value(|b| b.int_from_le_bytes(&i128::MAX.to_le_bytes()));
        assert_eq!(sum(most.root(), one.root()).err().unwrap().class, Class::Overflow);
    }

    #[test]
    fn a_long_integer_is_rounded_to_the_nearest_float() {
        let power = |bits: usize, below: bool| {
            let mut bytes = vec![0; bits / 8 + 2];
            bytes[bits / 8] = 1 << (bits % 8);
            if below {
                bytes = bytes.iter().map(|&byte| if byte == 0 { 0 } else { byte - 1 }).collect();
                bytes[..bits / 8].fill(0xff);
            }
            bytes
        };
        let of = |bytes: &[u8]| float(Number::Int(Int::from_le_bytes(bytes)));
        assert_eq!(of(&power(1000, false)).unwrap(), 2_f64.powi(1000));
        assert_eq!(of(&power(1023, true)).unwrap(), 2_f64.powi(1023));
        assert_eq!(of(&power(1024, false)).unwrap_err().class, Class::Overflow);
        assert_eq!(of(&power(80_000, false)).unwrap_err().class, Class::Overflow);
    }
}
