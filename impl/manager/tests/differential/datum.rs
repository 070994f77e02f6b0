//! Values to call methods with, such as meet each other often.

use procession_wire::Builder;
use procession_wire::value::Id;
use proptest::prelude::*;

/// A value of Python.
#[derive(Clone, Debug)]
pub enum Datum {
    None,
    Bool(bool),
    Int(i64),
    /// In two's complement.
    Large(Vec<u8>),
    Float(f64),
    Str(String),
    /// A lone surrogate.
    Surrogate,
    Bytes(Vec<u8>),
    List(Vec<Datum>),
    Tuple(Vec<Datum>),
    Dict(Vec<(Datum, Datum)>),
    /// Of one item, since the order of more is nobody's business.
    Set(Option<i64>),
    Slice([Option<i64>; 3]),
    Range(i64, i64, i64),
    /// A type code, and numbers that are all in its range.
    Array(char, Vec<i8>),
}

impl Datum {
    /// Adds the value.
    pub fn add(&self, builder: &mut Builder) -> Id {
        match self {
            Datum::None => builder.none(),
            Datum::Bool(flag) => builder.bool(*flag),
            Datum::Int(number) => builder.int(*number),
            Datum::Large(bytes) => builder.int_from_le_bytes(bytes),
            Datum::Float(number) => builder.float(*number),
            Datum::Str(text) => builder.str(text.as_str()),
            Datum::Surrogate => {
                builder.str(procession_wire::Text::new(b"\xed\xa0\xbd").expect("surrogates pass"))
            }
            Datum::Bytes(bytes) => builder.bytes(bytes),
            Datum::List(items) => {
                let items = added(items, builder);
                builder.list(&items)
            }
            Datum::Tuple(items) => {
                let items = added(items, builder);
                builder.tuple(&items)
            }
            Datum::Dict(pairs) => {
                let pairs: Vec<(Id, Id)> =
                    pairs.iter().map(|(key, value)| (key.add(builder), value.add(builder))).collect();
                builder.dict(&pairs).expect("keys are hashable")
            }
            Datum::Set(item) => {
                let items: Vec<Id> = item.iter().map(|item| builder.int(*item)).collect();
                builder.set(&items).expect("numbers are hashable")
            }
            Datum::Slice(parts) => super::bench::slice(builder, *parts),
            Datum::Range(start, stop, step) => {
                let class = builder.global("builtins", "range");
                let parts = [*start, *stop, *step].map(|part| builder.int(part));
                builder.call(class, &parts)
            }
            Datum::Array(code, numbers) => {
                let class = builder.global("array", "array");
                let bytes: Vec<u8> = numbers.iter().flat_map(|number| cell(*code, *number)).collect();
                let parts = [builder.str(code.to_string().as_str()), builder.bytes(&bytes)];
                builder.call(class, &parts)
            }
        }
    }
}

fn added(items: &[Datum], builder: &mut Builder) -> Vec<Id> {
    items.iter().map(|item| item.add(builder)).collect()
}

fn cell(code: char, number: i8) -> Vec<u8> {
    let wide = i64::from(number).to_le_bytes();
    match code {
        'f' => f32::from(number).to_le_bytes().to_vec(),
        'd' => f64::from(number).to_le_bytes().to_vec(),
        'b' | 'B' => wide[..1].to_vec(),
        'h' | 'H' => wide[..2].to_vec(),
        'i' | 'I' => wide[..4].to_vec(),
        'u' => u32::from(number.unsigned_abs()).to_le_bytes().to_vec(),
        _ => wide.to_vec(),
    }
}

/// What can be a key: few, so that keys meet, also in different clothes.
pub fn key() -> impl Strategy<Value = Datum> {
    let simple = prop_oneof![
        4 => (-3..4_i64).prop_map(Datum::Int),
        1 => any::<bool>().prop_map(Datum::Bool),
        2 => prop::sample::select(vec![0.0, -0.0, 1.0, 2.5, f64::INFINITY, f64::NAN, 9007199254740992.0])
            .prop_map(Datum::Float),
        2 => prop::sample::select(vec![1 << 53, (1 << 53) + 1, i64::MAX, i64::MIN]).prop_map(Datum::Int),
        1 => prop::sample::select(vec![1_i128 << 63, 1 << 100, -(1 << 63) - 1])
            .prop_map(|number| Datum::Large(number.to_le_bytes().to_vec())),
        3 => prop::sample::select(vec!["", "a", "b", "ab", "\u{e9}", "\u{1f600}", "1", "it's", "\n"])
            .prop_map(|text| Datum::Str(text.into())),
        1 => Just(Datum::Surrogate),
        1 => prop::sample::select(vec![&b""[..], b"a", b"\x00\xff"]).prop_map(|bytes| Datum::Bytes(bytes.into())),
        1 => Just(Datum::None),
    ];
    simple.prop_recursive(2, 4, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Datum::Tuple))
}

/// Any value.
pub fn datum() -> impl Strategy<Value = Datum> {
    let simple = prop_oneof![9 => key(), 1 => prop::option::of(0..3_i64).prop_map(Datum::Set)];
    simple.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..3).prop_map(Datum::List),
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Datum::Tuple),
            1 => prop::collection::vec((key(), inner), 0..2).prop_map(Datum::Dict),
        ]
    })
}

/// What has an order, most of it, at least among its own.
pub fn sortable() -> impl Strategy<Value = Vec<Datum>> {
    let number = prop_oneof![
        4 => (-9..9_i64).prop_map(Datum::Int),
        1 => any::<bool>().prop_map(Datum::Bool),
        1 => (-9..9_i32).prop_map(|number| Datum::Float(f64::from(number) / 2.0)),
        1 => prop::sample::select(vec![1_i128 << 63, 1 << 100, -(1 << 90)])
            .prop_map(|number| Datum::Large(number.to_le_bytes().to_vec())),
    ];
    let text = prop_oneof![
        9 => "[ab\u{e9}\u{ffff}\u{1f600}]{0,3}".prop_map(Datum::Str),
        1 => Just(Datum::Surrogate),
    ];
    let pair =
        (0..3_i64, 0..3_i64).prop_map(|(one, other)| Datum::Tuple(vec![Datum::Int(one), Datum::Int(other)]));
    let bytes = prop::collection::vec(0..3_u8, 0..3).prop_map(Datum::Bytes);
    prop_oneof![
        4 => prop::collection::vec(number, 0..40),
        2 => prop::collection::vec(text, 0..12),
        1 => prop::collection::vec(pair, 0..12),
        1 => prop::collection::vec(bytes, 0..12),
        1 => prop::collection::vec(datum(), 0..4),
    ]
}

/// An index, mostly one that short sequences have.
pub fn index() -> impl Strategy<Value = Datum> {
    prop_oneof![
        12 => (-7..7_i64).prop_map(Datum::Int),
        1 => prop::sample::select(vec![i64::MAX, i64::MIN]).prop_map(Datum::Int),
        1 => Just(Datum::Large((1_i128 << 70).to_le_bytes().to_vec())),
        1 => any::<bool>().prop_map(Datum::Bool),
        1 => datum(),
    ]
}

/// A slice of a short sequence.
pub fn slice() -> impl Strategy<Value = Datum> {
    let part = || prop_oneof![2 => Just(None), 5 => (-7..7_i64).prop_map(Some), 1 => Just(Some(i64::MAX))];
    let step = prop_oneof![
        4 => Just(None),
        2 => Just(Some(1)),
        3 => (-3..4_i64).prop_map(Some),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX]).prop_map(Some),
    ];
    (part(), part(), step).prop_map(|(start, stop, step)| Datum::Slice([start, stop, step]))
}

/// What can mostly be gone through.
pub fn iterable() -> impl Strategy<Value = Datum> {
    prop_oneof![
        5 => prop::collection::vec(datum(), 0..5).prop_map(Datum::List),
        2 => prop::collection::vec(datum(), 0..4).prop_map(Datum::Tuple),
        1 => prop::collection::vec((key(), datum()), 0..3).prop_map(Datum::Dict),
        1 => (-3..4_i64, -3..9_i64, prop::sample::select(vec![-2_i64, -1, 1, 3]))
            .prop_map(|(start, stop, step)| Datum::Range(start, stop, step)),
        1 => array(),
        2 => datum(),
    ]
}

/// An array.
pub fn array() -> impl Strategy<Value = Datum> {
    (
        prop::sample::select("bBhHiIlLqQfdu".chars().collect::<Vec<_>>()),
        prop::collection::vec(0..100_i8, 0..5),
    )
        .prop_map(|(code, numbers)| Datum::Array(code, numbers))
}
