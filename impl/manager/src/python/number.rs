//! Python's numbers as one line: truth values, integers of any size and floats, compared exactly.

use std::cmp::Ordering;

use procession_wire::{Int, Kind, Node};

/// A number. A truth value is the integer 0 or 1.
#[derive(Clone, Copy, Debug)]
pub enum Number<'v> {
    /// An integer.
    Int(Int<'v>),
    /// A float.
    Float(f64),
}

impl<'v> Number<'v> {
    /// The number that this is, if it is one.
    pub fn of(node: Node<'v>) -> Option<Number<'v>> {
        match node.kind() {
            Kind::Bool(flag) => Some(Number::Int(Int::from(i64::from(flag)))),
            Kind::Int(number) => Some(Number::Int(number)),
            Kind::Float(number) => Some(Number::Float(number)),
            _ => None,
        }
    }

    /// How it compares with another, neither rounded; `None` where one is not a number.
    pub fn compare(self, other: Number<'_>) -> Option<Ordering> {
        match (self, other) {
            (Number::Int(one), Number::Int(other)) => Some(integers(one, other)),
            (Number::Float(one), Number::Float(other)) => one.partial_cmp(&other),
            (Number::Int(one), Number::Float(other)) => with_float(one, other),
            (Number::Float(one), Number::Int(other)) => with_float(other, one).map(Ordering::reverse),
        }
    }
}

fn integers(one: Int<'_>, other: Int<'_>) -> Ordering {
    if let (Some(one), Some(other)) = (one.to_i64(), other.to_i64()) {
        return one.cmp(&other);
    }
    bytes(&one.to_le_bytes(), &other.to_le_bytes())
}

/// Compares two numbers in two's complement of the shortest length, little endian.
fn bytes(one: &[u8], other: &[u8]) -> Ordering {
    let negative = |bytes: &[u8]| bytes.last().is_some_and(|last| last & 0x80 != 0);
    match (negative(one), negative(other)) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        // The longer of two positive numbers is the larger one, of two negative ones the smaller.
        (sign, _) => {
            let length = one.len().cmp(&other.len());
            let length = if sign { length.reverse() } else { length };
            length.then_with(|| one.iter().rev().cmp(other.iter().rev()))
        }
    }
}

fn with_float(int: Int<'_>, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float.is_infinite() {
        return Some(if float > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    let whole = integer_of(float.trunc());
    let compared = integers(int, Int::from_le_bytes(&whole));
    // Equal to the float's whole part: what is behind its point decides.
    Some(compared.then_with(|| 0.0.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal)))
}

/// A whole and finite float as an integer: two's complement, little endian, perhaps with redundant bytes.
pub fn integer_of(float: f64) -> Vec<u8> {
    let bits = float.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32 - 1075;
    let mantissa = (bits & ((1 << 52) - 1)) | if exponent == -1075 { 0 } else { 1 << 52 };
    let mut magnitude = Vec::new();
    if exponent <= 0 {
        // A whole number has no bits below its point, so none is lost.
        let shifted = if exponent > -64 { mantissa >> -exponent } else { 0 };
        magnitude.extend_from_slice(&shifted.to_le_bytes());
    } else {
        magnitude.resize(exponent as usize / 8, 0);
        magnitude.extend_from_slice(&(u128::from(mantissa) << (exponent % 8)).to_le_bytes());
    }
    // Room for the sign.
    magnitude.push(0);
    if float < 0.0 {
        let mut carry = true;
        for byte in &mut magnitude {
            let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, over);
        }
    }
    magnitude
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn int(number: i128) -> Vec<u8> {
        number.to_le_bytes().to_vec()
    }

    #[rstest]
    #[case(1 << 53, 9007199254740992.0, Ordering::Equal)]
    #[case((1 << 53) + 1, 9007199254740992.0, Ordering::Greater)]
    #[case(i128::from(i64::MAX), 9223372036854775808.0, Ordering::Less)]
    #[case(1 << 63, 9223372036854775808.0, Ordering::Equal)]
    #[case(-(1 << 63) - 1, -9223372036854775808.0, Ordering::Less)]
    #[case(1 << 100, 1.2676506002282294e30, Ordering::Equal)]
    #[case((1 << 100) + 1, 1.2676506002282294e30, Ordering::Greater)]
    #[case(0, -0.0, Ordering::Equal)]
    #[case(0, 5e-324, Ordering::Less)]
    #[case(-3, -3.5, Ordering::Greater)]
    #[case(3, 3.5, Ordering::Less)]
    #[case(3, f64::INFINITY, Ordering::Less)]
    #[case(3, f64::NEG_INFINITY, Ordering::Greater)]
    fn an_integer_and_a_float_compare_exactly(
        #[case] number: i128,
        #[case] float: f64,
        #[case] expected: Ordering,
    ) {
        let bytes = int(number);
        let number = Number::Int(Int::from_le_bytes(&bytes));
        assert_eq!(number.compare(Number::Float(float)), Some(expected));
        assert_eq!(Number::Float(float).compare(number), Some(expected.reverse()));
    }

    #[test]
    fn nothing_compares_with_what_is_no_number() {
        assert!(Number::Int(Int::from(0)).compare(Number::Float(f64::NAN)).is_none());
    }

    proptest! {
        #[test]
        fn integers_compare_as_they_do(one: i128, other: i128, shift in 0..127u32) {
            let (one, other) = (one >> shift, other >> shift);
            let (a, b) = (int(one), int(other));
            prop_assert_eq!(integers(Int::from_le_bytes(&a), Int::from_le_bytes(&b)), one.cmp(&other));
        }

        #[test]
        fn a_float_is_the_integer_it_is(number: i128, shift in 0..127u32) {
            let float = (number >> shift) as f64;
            // The largest rounds up to 2^127, which an i128 does not hold.
            prop_assume!(float.abs() < 1.7e38);
            let bytes = integer_of(float);
            prop_assert_eq!(Int::from_le_bytes(&bytes).to_i128(), Some(float as i128));
        }
    }
}
