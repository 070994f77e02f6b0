//! Sequences of calls, here and on Python's own objects: the same results, and the same classes of errors.

use std::cell::RefCell;
use std::sync::Arc;

use libtest_mimic::Failed;
use procession_wire::pickle::{read, write};
use procession_wire::value::Id;
use procession_wire::{Builder, Kind, Node, Value};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::bench::{Bench, Sent, whole};
use super::datum::{Datum, array, datum, index, iterable, key, slice, sortable};
use super::oracle::{Oracle, decoded};
use super::pythons::Test;
use super::server::{Given, Object, Stored};

pub const TESTS: [Test; 7] = [
    ("arrays_do_what_pythons_do", |python| beside(python, arrays_do_what_pythons_do)),
    ("dicts_do_what_pythons_do", |python| beside(python, dicts_do_what_pythons_do)),
    ("lists_do_what_pythons_do", |python| beside(python, lists_do_what_pythons_do)),
    ("namespaces_do_what_pythons_do", |python| beside(python, namespaces_do_what_pythons_do)),
    ("values_do_what_pythons_do", |python| beside(python, values_do_what_pythons_do)),
    ("what_is_sorted_is_sorted_as_python_sorts", |python| {
        beside(python, what_is_sorted_is_sorted_as_python_sorts)
    }),
    ("what_went_wrong_once_goes_well", |python| beside(python, what_went_wrong_once_goes_well)),
];

/// One call of a sequence.
#[derive(Clone, Debug)]
struct Step {
    /// The iterator of this number, or the object.
    on: Option<i64>,
    method: &'static str,
    arguments: Vec<Datum>,
    names: Vec<(&'static str, Datum)>,
}

fn step(method: &'static str, arguments: impl Into<Vec<Datum>>) -> Step {
    Step { on: None, method, arguments: arguments.into(), names: Vec::new() }
}

/// A step with these arguments.
macro_rules! call {
    ($method:literal) => {
        Just(step($method, [])).boxed()
    };
    ($method:literal, $one:expr) => {
        $one.prop_map(|one| step($method, [one])).boxed()
    };
    ($method:literal, $one:expr, $other:expr) => {
        ($one, $other).prop_map(|(one, other)| step($method, [one, other])).boxed()
    };
    ($method:literal, $one:expr, $other:expr, $third:expr) => {
        ($one, $other, $third).prop_map(|(one, other, third)| step($method, [one, other, third])).boxed()
    };
}

fn list_step() -> impl Strategy<Value = Step> {
    let times = || prop_oneof![9 => (-1..4_i64).prop_map(Datum::Int), 1 => index()];
    // Since 3.12 any value will do, before only an integer of C.
    let reverse =
        prop_oneof![3 => any::<bool>().prop_map(Datum::Bool), 1 => (-2..3_i64).prop_map(Datum::Int)];
    let sort = prop::option::of(reverse).prop_map(|reverse| Step {
        names: reverse.into_iter().map(|reverse| ("reverse", reverse)).collect(),
        ..step("sort", [])
    });
    let some = || datum().boxed();
    proptest::strategy::Union::new_weighted(vec![
        (2, call!("__add__", iterable())),
        (2, call!("__contains__", some())),
        (2, call!("__delitem__", index())),
        (2, call!("__delitem__", slice())),
        (2, call!("__getitem__", index())),
        (2, call!("__getitem__", slice())),
        (1, call!("__len__")),
        (1, call!("__mul__", times())),
        (1, call!("__rmul__", times())),
        (1, call!("__imul__", times())),
        (1, call!("__reversed__")),
        (3, call!("__setitem__", index(), some())),
        (4, call!("__setitem__", slice(), iterable())),
        (4, call!("append", some())),
        (2, call!("count", some())),
        (3, call!("extend", iterable())),
        (1, call!("extend", sortable().prop_map(Datum::List))),
        (2, call!("index", some())),
        (1, call!("index", some(), index())),
        (1, call!("index", some(), index(), index())),
        (3, call!("insert", index(), some())),
        (2, call!("pop")),
        (2, call!("pop", index())),
        (2, call!("remove", some())),
        (1, call!("reverse")),
        (2, sort.boxed()),
        (1, call!("clear")),
        (1, call!("copy")),
        // A wrong number of arguments.
        (1, call!("append", some(), some())),
        (1, call!("count")),
    ])
}

fn dict_step() -> impl Strategy<Value = Step> {
    let named = || prop_oneof![9 => key(), 1 => datum()].boxed();
    let some = || datum().boxed();
    let pair = || (key(), datum()).prop_map(|(key, value)| Datum::Tuple(vec![key, value]));
    let pairs = || {
        prop_oneof![
            4 => prop::collection::vec(pair(), 0..4).prop_map(Datum::List),
            1 => prop::collection::vec(iterable(), 0..3).prop_map(Datum::List),
            3 => prop::collection::vec((key(), datum()), 0..4).prop_map(Datum::Dict),
            1 => datum(),
        ]
    };
    let names = (prop::option::of(pairs()), datum()).prop_map(|(pairs, value)| Step {
        names: vec![("a", value), ("new", Datum::None)],
        ..step("update", pairs.into_iter().collect::<Vec<_>>())
    });
    let next = (0..2_i64).prop_map(|on| Step { on: Some(on), ..step("__next__", []) });
    proptest::strategy::Union::new_weighted(vec![
        (2, call!("__contains__", named())),
        (3, call!("__delitem__", named())),
        (3, call!("__getitem__", named())),
        (2, call!("__iter__")),
        (6, next.boxed()),
        (1, call!("__len__")),
        (6, call!("__setitem__", named(), some())),
        (1, call!("clear")),
        (1, call!("copy")),
        (2, call!("get", named())),
        (2, call!("get", named(), some())),
        (1, call!("items")),
        (1, call!("keys")),
        (1, call!("values")),
        (2, call!("pop", named())),
        (2, call!("pop", named(), some())),
        (2, call!("popitem")),
        (2, call!("setdefault", named())),
        (2, call!("setdefault", named(), some())),
        (5, call!("update", pairs())),
        (2, names.boxed()),
        (1, call!("get")),
        (1, call!("update", some(), some())),
    ])
}

fn array_step() -> impl Strategy<Value = Step> {
    proptest::strategy::Union::new_weighted(vec![
        (1, call!("__len__")),
        (3, call!("__getitem__", index())),
        (3, call!("__getitem__", slice())),
        (5, call!("__setitem__", index(), item())),
        (4, call!("__setitem__", slice(), array())),
        (1, call!("__setitem__", slice(), item())),
    ])
}

/// What an array may or may not take.
fn item() -> impl Strategy<Value = Datum> {
    let limits = [7, 8, 15, 16, 31, 32, 63, 64].into_iter().flat_map(|bits| {
        let power = 1_i128 << bits;
        [power - 1, power, -power, -power - 1]
    });
    let limits: Vec<i128> = limits.collect();
    prop_oneof![
        4 => (0..100_i64).prop_map(Datum::Int),
        4 => prop::sample::select(limits).prop_map(|number| Datum::Large(number.to_le_bytes().to_vec())),
        1 => Just(Datum::Large([[0; 127], [1; 127]].concat())),
        2 => prop::sample::select(vec![0.5, 1e300, -0.0, f64::NAN, f64::INFINITY, 0.1]).prop_map(Datum::Float),
        2 => datum(),
    ]
}

fn typecode() -> impl Strategy<Value = Datum> {
    prop::sample::select("bBhHiIlLqQfdu".chars().collect::<Vec<_>>()).prop_map(|code| Datum::Str(code.into()))
}

fn namespace_step() -> impl Strategy<Value = Step> {
    let name = || {
        prop_oneof![
            9 => prop::sample::select(vec!["a", "b", "c", "\u{e9}", "_p"]).prop_map(|name| Datum::Str(name.into())),
            1 => datum().prop_filter("is a name", |name| !matches!(name, Datum::Str(_) | Datum::Surrogate)),
        ]
    };
    proptest::strategy::Union::new_weighted(vec![
        (3, call!("__getattribute__", name())),
        (4, call!("__setattr__", name(), datum())),
        (2, call!("__delattr__", name())),
        (1, call!("__setattr__", name())),
    ])
}

fn value_step() -> impl Strategy<Value = Step> {
    prop_oneof![call!("get"), call!("set", datum()), call!("set")]
}

thread_local! {
    /// One for all cases of a test.
    static ORACLE: RefCell<Option<Oracle>> = const { RefCell::new(None) };
}

/// Plays all cases of a test beside this interpreter.
fn beside(interpreter: &str, cases: fn()) -> Result<(), Failed> {
    ORACLE.set(Some(Oracle::start(interpreter)));
    cases();
    ORACLE.set(None);
    Ok(())
}

/// Runs a case there and here.
fn compare(typeid: &str, arguments: &[Datum], names: &[(&str, Datum)], steps: &[Step]) -> TestCaseResult {
    ORACLE.with_borrow_mut(|oracle| {
        let oracle = oracle.as_mut().expect("it is started before the cases are played");
        compare_with(oracle, typeid, arguments, names, steps)
    })
}

fn compare_with(
    oracle: &mut Oracle,
    typeid: &str,
    arguments: &[Datum],
    names: &[(&str, Datum)],
    steps: &[Step],
) -> TestCaseResult {
    let answer = oracle.ask(&question(typeid, arguments, names, steps));
    let [outcomes, end, text] = answer.root().tuple().and_then(|parts| parts.array()).expect("three parts");
    let Kind::List(outcomes) = outcomes.kind() else { panic!("a list of outcomes") };
    let bench = Bench::new();
    let object = bench.make(typeid, &sent(arguments, names));
    let Kind::Bytes(end) = end.kind() else {
        let raised = object.err().map(|raised| raised.class.name().to_string());
        prop_assert_eq!(raised, outcomes.get(0).map(class_of), "making it");
        return Ok(());
    };
    let object = match object {
        Ok(object) => object,
        Err(raised) => return Err(TestCaseError::fail(format!("making it: {raised}"))),
    };
    let mut iterators: Vec<Arc<Object>> = Vec::new();
    for (number, (step, outcome)) in steps.iter().zip(outcomes.iter()).enumerate() {
        let parts = outcome.tuple().expect("an outcome is a tuple");
        let kind = parts.get(0).and_then(Node::text).and_then(|kind| kind.to_str()).expect("a kind");
        if kind == "skip" {
            continue;
        }
        let on = match step.on {
            None => &object,
            Some(on) => &iterators[on as usize],
        };
        let given = bench.send(on, step.method, &sent(&step.arguments, &step.names));
        match (given, kind) {
            (Ok(Given::Value(given)), "value") => {
                let Some(Kind::Bytes(pickle)) = parts.get(1).map(Node::kind) else { panic!("a pickle") };
                let expected = decoded(pickle);
                prop_assert!(
                    given.root() == expected.root(),
                    "step {number}, {step:?}: {} here, {} there",
                    super::bench::shown(&given),
                    super::bench::shown(&Stored::plain(expected))
                );
            }
            (Ok(Given::Proxy { typeid: "Iterator", referent }), "iterator") => {
                iterators.push(bench.put("Iterator", referent));
            }
            (Err(raised), "error") => {
                prop_assert_eq!(raised.class.name(), class_of(outcome), "step {}, {:?}", number, step);
            }
            (Ok(_), _) => prop_assert!(false, "step {number}, {step:?}: a result here, {outcome:?} there"),
            (Err(raised), _) => prop_assert!(false, "step {number}, {step:?}: {raised} here, a result there"),
        }
    }
    let expected = decoded(end);
    prop_assert!(whole(&object).root() == expected.root(), "at the end: {} here", bench.now(&object));
    let text = text.text().expect("a text").to_str_lossy().into_owned();
    prop_assert_eq!(bench.now(&object), text);
    Ok(())
}

fn class_of(outcome: Node<'_>) -> String {
    let parts = outcome.tuple().expect("an outcome is a tuple");
    parts.get(1).and_then(Node::text).expect("a class").to_string()
}

fn sent(arguments: &[Datum], names: &[(&str, Datum)]) -> Sent {
    // By way of a pickle, as it comes from a client.
    let sent = Sent::built(|builder| (positional(arguments, builder), named(names, builder)));
    let pickle = write(&sent.0).expect("protocol 4 writes everything");
    Sent(read(&pickle).expect("our own pickle").into_owned())
}

fn positional(arguments: &[Datum], builder: &mut Builder) -> Vec<Id> {
    arguments.iter().map(|argument| argument.add(builder)).collect()
}

fn named(names: &[(&str, Datum)], builder: &mut Builder) -> Vec<(Id, Id)> {
    names.iter().map(|(name, value)| (builder.str(*name), value.add(builder))).collect()
}

/// The case as the oracle is told it.
fn question(typeid: &str, arguments: &[Datum], names: &[(&str, Datum)], steps: &[Step]) -> Value<'static> {
    let pickled = |build: &dyn Fn(&mut Builder) -> Id| {
        let mut builder = Builder::new();
        let root = build(&mut builder);
        write(&builder.finish(root)).expect("protocol 4 writes everything")
    };
    let tuple = |arguments: &[Datum], builder: &mut Builder| {
        let arguments = positional(arguments, builder);
        builder.tuple(&arguments)
    };
    let dict = |names: &[(&str, Datum)], builder: &mut Builder| {
        let names = named(names, builder);
        builder.dict(&names).expect("names")
    };
    let mut builder = Builder::new();
    let steps: Vec<Id> = steps
        .iter()
        .map(|step| {
            let call = pickled(&|builder| {
                let parts = [
                    step.on.map_or(builder.none(), |on| builder.int(on)),
                    builder.str(step.method),
                    tuple(&step.arguments, builder),
                    dict(&step.names, builder),
                ];
                builder.tuple(&parts)
            });
            builder.bytes(&call)
        })
        .collect();
    let parts = [
        builder.str(typeid),
        builder.bytes(&pickled(&|builder| tuple(arguments, builder))),
        builder.bytes(&pickled(&|builder| dict(names, builder))),
        builder.list(&steps),
    ];
    let root = builder.tuple(&parts);
    builder.finish(root)
}

fn config(cases: u32) -> ProptestConfig {
    // More of them where somebody asks for more.
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(1000))]

    fn lists_do_what_pythons_do(
        initial in prop::option::of(iterable()),
        steps in prop::collection::vec(list_step(), 0..20),
    ) {
        compare("list", &initial.into_iter().collect::<Vec<_>>(), &[], &steps)?;
    }

    fn dicts_do_what_pythons_do(
        initial in prop::option::of(prop::collection::vec((key(), datum()), 0..6).prop_map(Datum::Dict)),
        steps in prop::collection::vec(dict_step(), 0..25),
    ) {
        compare("dict", &initial.into_iter().collect::<Vec<_>>(), &[], &steps)?;
    }
}

proptest! {
    #![proptest_config(config(500))]

    fn what_is_sorted_is_sorted_as_python_sorts(items in sortable(), reverse: bool) {
        let sort = Step { names: vec![("reverse", Datum::Bool(reverse))], ..step("sort", []) };
        compare("list", &[Datum::List(items)], &[], &[sort])?;
    }

    fn arrays_do_what_pythons_do(
        code in typecode(),
        initial in prop_oneof![
            4 => prop::collection::vec((0..100_i64).prop_map(Datum::Int), 0..7).prop_map(Datum::List),
            1 => prop::collection::vec(item(), 0..4).prop_map(Datum::List),
            1 => iterable(),
            1 => array(),
        ],
        steps in prop::collection::vec(array_step(), 0..12),
    ) {
        compare("Array", &[code, initial], &[], &steps)?;
    }

    fn namespaces_do_what_pythons_do(
        initial in prop::option::of(datum()),
        steps in prop::collection::vec(namespace_step(), 0..12),
    ) {
        let names: Vec<_> = initial.into_iter().map(|value| ("a", value)).collect();
        compare("Namespace", &[], &names, &steps)?;
    }

    fn values_do_what_pythons_do(initial in datum(), steps in prop::collection::vec(value_step(), 0..6)) {
        compare("Value", &[Datum::Str("i".into()), initial], &[], &steps)?;
    }
}

/// The smallest cases of what random ones have found.
fn what_went_wrong_once_goes_well() {
    let one_zero = vec![Datum::Str("h".into()), Datum::List(vec![Datum::Int(0)])];
    let nothing_far_away =
        [Datum::Slice([None, Some(i64::MAX), Some(i64::MAX)]), Datum::Array('h', Vec::new())];
    let setdefault = || step("setdefault", [Datum::Int(0)]);
    let next = || Step { on: Some(0), ..step("__next__", []) };
    // It fails, and the iterator goes on.
    let failing_update =
        Step { names: vec![("a", Datum::Int(0)), ("new", Datum::None)], ..step("update", [Datum::Int(0)]) };
    let dict_steps = vec![
        setdefault(),
        step("__iter__", []),
        next(),
        step("popitem", []),
        failing_update,
        setdefault(),
        next(),
    ];
    let cases =
        [("Array", one_zero, vec![step("__setitem__", nothing_far_away)]), ("dict", Vec::new(), dict_steps)];
    for (typeid, arguments, steps) in cases {
        compare(typeid, &arguments, &[], &steps).unwrap_or_else(|error| panic!("{typeid}: {error}"));
    }
}
