//! What a managed object holds, is given and gives: plain values at any depth, and other objects in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Answer, Scalar, Value};

/// A value as a script writes it. A scalar is written as itself, a list as a list of JSON; the rest are
/// objects with one field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Datum {
    /// A scalar.
    Scalar(Scalar),
    /// A plain list.
    List(Vec<Datum>),
    /// A plain tuple.
    Tuple {
        /// Its elements.
        tuple: Vec<Datum>,
    },
    /// A plain dictionary, in order.
    Dict {
        /// Its entries, each a key and a value.
        dict: Vec<(Datum, Datum)>,
    },
    /// What the worker knows by this name: a managed object, whose proxy it is, or a plain value of its own.
    Known {
        /// The name.
        object: String,
    },
    /// A slice of a sequence, as an index.
    Slice {
        /// The first element, the one behind the last, and how far from one to the next; null for nothing
        /// said.
        slice: (Option<i64>, Option<i64>, Option<i64>),
    },
    /// Refuses to be encoded (in Python a lambda).
    Unencodable {
        /// Always true.
        unencodable: bool,
    },
}

impl Datum {
    /// A plain list.
    pub fn list(elements: impl IntoIterator<Item = impl Into<Datum>>) -> Datum {
        Datum::List(elements.into_iter().map(Into::into).collect())
    }

    /// A plain tuple.
    pub fn tuple(elements: impl IntoIterator<Item = impl Into<Datum>>) -> Datum {
        Datum::Tuple { tuple: elements.into_iter().map(Into::into).collect() }
    }

    /// A plain dictionary.
    pub fn dict(entries: impl IntoIterator<Item = (impl Into<Datum>, impl Into<Datum>)>) -> Datum {
        Datum::Dict { dict: entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect() }
    }

    /// What the worker knows by this name.
    pub fn known(object: &str) -> Datum {
        Datum::Known { object: object.into() }
    }

    /// The slice from one element to before another, by steps of one.
    pub fn slice(from: Option<i64>, to: Option<i64>) -> Datum {
        Datum::Slice { slice: (from, to, None) }
    }

    /// A value that no encoding takes.
    pub fn unencodable() -> Datum {
        Datum::Unencodable { unencodable: true }
    }

    /// The plain value, without names, slices and what refuses to be encoded: `None` if there is one of
    /// these in it.
    pub fn value(&self) -> Option<Value> {
        Some(match self {
            Datum::Scalar(scalar) => scalar.value(),
            Datum::List(elements) => Value::List(Datum::values(elements)?),
            Datum::Tuple { tuple } => Value::Tuple(Datum::values(tuple)?),
            Datum::Dict { dict } => Value::Dict(
                dict.iter()
                    .map(|(key, value)| Some((key.value()?, value.value()?)))
                    .collect::<Option<_>>()?,
            ),
            Datum::Known { .. } | Datum::Slice { .. } | Datum::Unencodable { .. } => return None,
        })
    }

    fn values(data: &[Datum]) -> Option<Vec<Value>> {
        data.iter().map(Datum::value).collect()
    }

    /// The answer that reports it: of a scalar as [`Scalar::answer`] says; of a list, tuple or dictionary
    /// the number of its elements and its fingerprint. `None` for what is no plain value.
    pub fn answer(&self) -> Option<Answer> {
        self.value().as_ref().map(Answer::result)
    }
}

impl<T: Into<Scalar>> From<T> for Datum {
    fn from(scalar: T) -> Datum {
        Datum::Scalar(scalar.into())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::number(Datum::from(5), "5")]
    #[case::none(Datum::Scalar(Scalar::None(())), "null")]
    #[case::bytes(Datum::Scalar(Scalar::bytes(b"\x00\xff")), r#"{"bytes":"00ff"}"#)]
    #[case::list(Datum::List(vec![1.into(), Datum::list(["x"])]), r#"[1,["x"]]"#)]
    #[case::tuple(Datum::tuple([1, 2]), r#"{"tuple":[1,2]}"#)]
    #[case::dict(Datum::dict([("a", 1)]), r#"{"dict":[["a",1]]}"#)]
    #[case::known(Datum::known("q"), r#"{"object":"q"}"#)]
    #[case::slice(Datum::slice(Some(1), None), r#"{"slice":[1,null,null]}"#)]
    #[case::unencodable(Datum::unencodable(), r#"{"unencodable":true}"#)]
    fn each_has_its_form_in_json(#[case] datum: Datum, #[case] json: &str) {
        assert_eq!(serde_json::to_string(&datum).unwrap(), json);
        assert_eq!(serde_json::from_str::<Datum>(json).unwrap(), datum);
    }

    #[test]
    fn what_looks_alike_is_told_apart() {
        let alike = [
            Datum::list([1, 2]),
            Datum::tuple([1, 2]),
            Datum::dict([(1, 2)]),
            Datum::list([2, 1]),
            Datum::List(vec![Datum::list([1, 2])]),
            Datum::List(vec![true.into(), 2.into()]),
            Datum::List(vec![1.0.into(), 2.into()]),
            Datum::list(["1", "2"]),
        ];
        let prints: std::collections::BTreeSet<u64> =
            alike.iter().map(|datum| datum.answer().unwrap().aux).collect();
        assert_eq!(prints.len(), alike.len());
    }

    #[test]
    fn what_is_no_plain_value_has_no_answer() {
        assert_eq!(Datum::known("x").answer(), None);
        assert_eq!(Datum::List(vec![Datum::unencodable()]).answer(), None);
    }
}
