//! Rust types as Python values and back.

use std::collections::BTreeMap;

use procession_wire::bridge::{DEEPEST, Problem};
use procession_wire::{Builder, Value, from_slice, from_value, to_value, to_vec};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Line(i32, i32),
    Rectangle { width: u8, height: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    name: String,
    prices: Vec<u32>,
    shape: Shape,
    note: Option<char>,
    sides: (i8, u64),
    large: [i128; 2],
    larger: u128,
    by_number: BTreeMap<i16, bool>,
    by_pair: BTreeMap<(u8, char), ()>,
}

fn order() -> Order {
    Order {
        name: "zwölf".into(),
        prices: vec![1, 300, 70_000],
        shape: Shape::Rectangle { width: 3, height: 4 },
        note: Some('ß'),
        sides: (-1, u64::MAX),
        large: [i128::MIN, 7],
        larger: u128::MAX,
        by_number: [(-3, true), (4, false)].into(),
        by_pair: [((1, 'a'), ())].into(),
    }
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T) {
    assert_eq!(from_slice::<T>(&to_vec(&value).unwrap()).as_ref(), Ok(&value));
    assert_eq!(from_value::<T>(&to_value(&value).unwrap()), Ok(value));
}

#[test]
fn every_kind_of_type_comes_back() {
    comes_back(order());
    for shape in [Shape::Point, Shape::Circle(0.5), Shape::Line(1, -2)] {
        comes_back(shape);
    }
    comes_back(Option::<u8>::None);
    comes_back((true, (), 1.5_f32, -0.0_f64));
    comes_back(Vec::<String>::new());
}

#[test]
fn the_table_of_the_module_is_what_is_written() {
    let shown = |value: Value<'_>| format!("{value:?}");
    assert_eq!(
        shown(to_value(&order()).unwrap()),
        "{\"name\": \"zwölf\", \"prices\": [1, 300, 70000], \"shape\": {\"Rectangle\": {\"width\": 3, \"height\": 4}}, \
         \"note\": \"ß\", \"sides\": (-1, 18446744073709551615), \
         \"large\": (-170141183460469231731687303715884105728, 7), \
         \"larger\": 340282366920938463463374607431768211455, \"by_number\": {-3: True, 4: False}, \
         \"by_pair\": {(1, \"a\"): None}}"
    );
    assert_eq!(shown(to_value(&Shape::Point).unwrap()), "\"Point\"");
    assert_eq!(shown(to_value(&Shape::Line(1, -2)).unwrap()), "{\"Line\": (1, -2)}");
    assert_eq!(shown(to_value(&Shape::Circle(2.0)).unwrap()), "{\"Circle\": 2.0}");
}

#[test]
fn texts_and_bytes_are_borrowed() {
    let pickle = to_vec(&("text", 5)).unwrap();
    let (text, _): (&str, u8) = from_slice(&pickle).unwrap();
    assert!(pickle.as_ptr_range().contains(&text.as_ptr()));
    let value = to_value(&["a", "b"]).unwrap();
    assert_eq!(from_value::<Vec<&str>>(&value).unwrap(), ["a", "b"]);
    let bytes: &[u8] = from_slice(b"\x80\x04C\x02ab.").unwrap();
    assert_eq!(bytes, b"ab");
}

#[test]
fn errors_name_the_place() {
    let mut wrong = to_value(&order()).unwrap();
    let said = |value: &Value<'_>| from_value::<Order>(value).unwrap_err().to_string();
    assert!(from_value::<Order>(&wrong).is_ok());
    wrong = to_value(&BTreeMap::from([("name", vec!["x"])])).unwrap();
    assert_eq!(said(&wrong), "at name: invalid type: sequence, expected a string");
    let orders: Vec<BTreeMap<&str, Vec<i64>>> = vec![BTreeMap::new(), [("prices", vec![1, -2])].into()];
    let orders = to_value(&orders).unwrap();
    #[derive(Debug, Deserialize)]
    struct Priced {
        #[serde(default)]
        #[expect(dead_code, reason = "read by the test's error only")]
        prices: Vec<u8>,
    }
    let error = from_value::<Vec<Priced>>(&orders).unwrap_err();
    assert_eq!(error.path(), "[1].prices[1]");
    assert_eq!(error.to_string(), "at [1].prices[1]: invalid value: integer `-2`, expected u8");
    let short = from_value::<(u8, u8)>(&to_value(&[1, 2, 3]).unwrap()).unwrap_err();
    assert_eq!(short.to_string(), "3 items, expected 2");
    let key = BTreeMap::from([(vec![1], 2)]);
    assert_eq!(
        to_value(&[key]).unwrap_err().to_string(),
        "at [0]: a list cannot be a key or an item of a set; expected a value that can be hashed"
    );
    let surrogate = from_slice::<Vec<String>>(b"\x80\x04]\x8c\x03\xed\xa0\x80a.").unwrap_err();
    assert_eq!(surrogate.path(), "[0]");
    assert!(matches!(surrogate.problem(), Problem::NoType { found: "a text with surrogates" }));
    assert!(matches!(from_slice::<u8>(b"\x80\x04").unwrap_err().problem(), Problem::Read(_)));
    let object = from_slice::<IgnoredAny>(b"\x80\x04\x8c\x08builtins\x8c\x05slice\x93NNN\x87R.");
    assert!(object.is_ok());
    let object = from_slice::<Vec<u8>>(b"\x80\x04\x8c\x08builtins\x8c\x05slice\x93NNN\x87R.").unwrap_err();
    assert_eq!(object.to_string(), "found an object, for which there is no Rust type");
}

/// Lists in lists to any depth.
#[derive(Debug, Serialize, Deserialize)]
struct Nest(Vec<Nest>);

#[test]
fn depth_cycles_and_unfolding_end_in_errors() {
    let mut deep = Nest(Vec::new());
    for _ in 1..DEEPEST {
        deep = Nest(vec![deep]);
    }
    let pickle = to_vec(&deep).unwrap();
    assert!(from_slice::<Nest>(&pickle).is_ok());
    let deeper = Nest(vec![Nest(vec![deep])]);
    assert!(matches!(to_vec(&deeper).unwrap_err().problem(), Problem::TooDeep));
    let cyclic = from_slice::<Nest>(b"\x80\x04]\x94h\x00a.").unwrap_err();
    assert!(matches!(cyclic.problem(), Problem::TooDeep));
    assert!(cyclic.path().starts_with("[0][0]"));
    // Each list holds the one before twice: a few hundred bytes that unfold to 2^60 lists.
    let mut builder = Builder::new();
    let mut list = builder.list(&[]);
    for _ in 0..60 {
        list = builder.list(&[list, list]);
    }
    #[derive(Debug)]
    struct Count;
    impl<'de> Deserialize<'de> for Count {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Each;
            impl<'de> serde::de::Visitor<'de> for Each {
                type Value = Count;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("lists")
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Count, A::Error> {
                    while seq.next_element::<Count>()?.is_some() {}
                    Ok(Count)
                }
            }
            from.deserialize_seq(Each)
        }
    }
    let error = from_value::<Count>(&builder.finish(list)).unwrap_err();
    assert!(matches!(error.problem(), Problem::TooMany { .. }), "{error}");
}

#[test]
fn a_field_can_hold_any_value() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Labelled {
        name: String,
        value: Value<'static>,
    }
    let mut builder = Builder::new();
    let class = builder.global("datetime", "date");
    let (year, month) = (builder.int(2026), builder.int(11));
    let date = builder.call(class, &[year, month]);
    let value = builder.finish(date);
    let labelled = Labelled { name: "today".into(), value };
    let written = to_value(&labelled).expect("any value");
    assert_eq!(format!("{written:?}"), r#"{"name": "today", "value": call(<datetime.date>, *(2026, 11))}"#);
    assert_eq!(from_value::<Labelled>(&written), Ok(labelled));
}

#[test]
fn another_format_carries_the_pickle_of_a_value() {
    let value = to_value(&(1, "two")).expect("any value");
    let json = serde_json::to_string(&value).expect("bytes");
    assert!(json.starts_with("[128,4,"), "{json}");
    assert_eq!(serde_json::from_str::<Value<'static>>(&json).expect("the same"), value);
    assert!(serde_json::from_str::<Value<'static>>("[1,2]").is_err());
}
