//! `<`.

use std::cmp::Ordering;
use std::collections::HashSet;

use procession_wire::{Kind, Node};

use super::{Key, Number, Raise, Work, equal, key_of};

/// Whether one value is less than another as Python's `sort` asks: numbers by what they are, texts by code points,
/// bytes by bytes, lists and tuples by their first difference, sets if they are a smaller part.
///
/// # Errors
/// A `TypeError` where Python knows no order; those of [`Work::spend`].
pub fn less(one: Node<'_>, other: Node<'_>, work: &mut Work) -> Result<bool, Raise> {
    let (mut one, mut other) = (one, other);
    loop {
        work.spend(1)?;
        if let (Some(one), Some(other)) = (Number::of(one), Number::of(other)) {
            return Ok(one.compare(other) == Some(Ordering::Less));
        }
        let (left, right) = match (one.kind(), other.kind()) {
            (Kind::Str(one), Kind::Str(other)) => {
                work.spend(one.as_bytes().len() / 64)?;
                // Generalised UTF-8 has the order of its code points.
                return Ok(one < other);
            }
            (Kind::Bytes(one) | Kind::ByteArray(one), Kind::Bytes(other) | Kind::ByteArray(other)) => {
                work.spend(one.len() / 64)?;
                return Ok(one < other);
            }
            (Kind::Set(one) | Kind::FrozenSet(one), Kind::Set(other) | Kind::FrozenSet(other)) => {
                if one.len() >= other.len() {
                    return Ok(false);
                }
                let keys: HashSet<Key> =
                    other.iter().map(|item| key_of(item, work)).collect::<Result<_, _>>()?;
                for item in one.iter() {
                    if !keys.contains(&key_of(item, work)?) {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
            (Kind::List(left), Kind::List(right)) | (Kind::Tuple(left), Kind::Tuple(right)) => (left, right),
            _ => {
                let (one, other) = (one.type_name(), other.type_name());
                return Err(Raise::type_error(format!(
                    "'<' not supported between instances of '{one}' and '{other}'"
                )));
            }
        };
        let mut difference = None;
        for pair in left.iter().zip(right.iter()) {
            if !equal(pair.0, pair.1, work)? {
                difference = Some(pair);
                break;
            }
        }
        match difference {
            Some(pair) => (one, other) = pair,
            None => return Ok(left.len() < right.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use procession_wire::value::Id;
    use procession_wire::{Builder, Value};
    use rstest::rstest;

    use super::*;

    fn value(build: impl FnOnce(&mut Builder) -> Id) -> Value<'static> {
        let mut builder = Builder::new();
        let root = build(&mut builder);
        builder.finish(root)
    }

    fn list(numbers: &[f64]) -> Value<'static> {
        value(|b| {
            let items: Vec<Id> = numbers.iter().map(|number| b.float(*number)).collect();
            b.list(&items)
        })
    }

    #[rstest]
    #[case(value(|b| b.int(1)), value(|b| b.float(1.5)), true)]
    #[case(value(|b| b.bool(true)), value(|b| b.int(1)), false)]
    #[case(value(|b| b.str("a")), value(|b| b.str("b")), true)]
    #[case(value(|b| b.bytes(b"b")), value(|b| b.byte_array(b"a")), false)]
    #[case(list(&[1.0, 2.0]), list(&[1.0, 3.0]), true)]
    #[case(list(&[1.0]), list(&[1.0, 3.0]), true)]
    #[case(list(&[1.0, 3.0]), list(&[1.0]), false)]
    #[case(list(&[]), list(&[]), false)]
    #[case(list(&[f64::NAN]), list(&[1.0]), false)]
    fn order(#[case] one: Value<'static>, #[case] other: Value<'static>, #[case] expected: bool) {
        assert_eq!(less(one.root(), other.root(), &mut Work::of(100)).unwrap(), expected);
    }

    #[test]
    fn types_without_an_order_say_so() {
        let (one, other) = (value(|b| b.int(1)), value(|b| b.str("a")));
        let error = less(one.root(), other.root(), &mut Work::of(100)).unwrap_err();
        assert_eq!(error.to_string(), "TypeError: '<' not supported between instances of 'int' and 'str'");
    }
}
