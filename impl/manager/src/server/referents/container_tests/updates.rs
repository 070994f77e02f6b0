//! `compare_exchange` and `fetch_add`.

use super::bench::{Bench, Sent, shown, value};
use crate::python::Class;

#[test]
fn an_exchange_stores_if_what_was_read_is_there() {
    let bench = Bench::new();
    let list = bench.of("list", ((1, "a"),));
    assert_eq!(bench.shown(&list, "compare_exchange", (0, 1, "new")), "(True, 1)");
    assert_eq!(bench.shown(&list, "compare_exchange", (0, 1, "newer")), "(False, 'new')");
    assert_eq!(bench.shown(&list, "compare_exchange", (-1, "a", "b")), "(True, 'a')");
    assert_eq!(bench.shown(&list, "compare_exchange", (2, 0, 0)), "IndexError: list index out of range");
    assert_eq!(bench.now(&list), "['new', 'b']");
    let value = bench.of("Value", ("i", 1));
    assert_eq!(bench.shown(&value, "compare_exchange", (1, 2)), "(True, 1)");
    assert_eq!(bench.shown(&value, "compare_exchange", (1, 3)), "(False, 2)");
    let array = bench.of("Array", ("b", [1, 2]));
    assert_eq!(bench.shown(&array, "compare_exchange", (1, 2, 3)), "(True, 2)");
    assert_eq!(bench.shown(&array, "compare_exchange", (1, 2, 4)), "(False, 3)");
    assert_eq!(bench.call(&array, "compare_exchange", (1, 3, 200)).err().unwrap().class, Class::Overflow);
    assert_eq!(bench.now(&array), "array('b', [1, 3])");
}

/// What Python takes for equal is not what was read: an update of it would be an update of something else.
#[test]
fn only_the_very_value_counts() {
    let bench = Bench::new();
    let value = bench.of("Value", ("i", 1));
    assert_eq!(bench.shown(&value, "compare_exchange", (1.0, 2)), "(False, 1)");
    assert_eq!(bench.shown(&value, "compare_exchange", (true, 2)), "(False, 1)");
    let nan = bench.of("Value", ("d", f64::NAN));
    assert_eq!(bench.shown(&nan, "compare_exchange", (f64::NAN, 2)), "(True, nan)");
}

#[test]
fn a_missing_entry_is_one_that_was_not_expected() {
    let bench = Bench::new();
    let new = |value: i64| Sent::built(|b| (vec![b.str("k")], vec![(b.str("new"), b.int(value))]));
    for typeid in ["dict", "Namespace"] {
        let object = bench.of(typeid, ());
        assert_eq!(bench.shown(&object, "compare_exchange", ("k", 1, 2)), "(False,)", "{typeid}");
        assert_eq!(bench.shown_of(&object, "compare_exchange", &new(1)), "(True,)");
        assert_eq!(bench.shown_of(&object, "compare_exchange", &new(2)), "(False, 1)");
        assert_eq!(bench.shown(&object, "compare_exchange", ("k", 1, 3)), "(True, 1)");
        assert_eq!(bench.shown(&object, "compare_exchange", ("k", 1)), "(False, 3)");
        assert_eq!(bench.shown(&object, "compare_exchange", ("k", 3)), "(True, 3)", "it is taken out");
        assert_eq!(bench.shown(&object, "compare_exchange", ("k", 3)), "(False,)");
    }
}

#[test]
fn an_addition_gives_what_was_before() {
    let bench = Bench::new();
    let list = bench.of("list", ((1, 0.5, "a"),));
    assert_eq!(bench.shown(&list, "fetch_add", (0, 2)), "1");
    assert_eq!(bench.shown(&list, "fetch_add", (1, 1)), "0.5");
    assert_eq!(bench.call(&list, "fetch_add", (2, 1)).err().unwrap().class, Class::Type);
    assert_eq!(bench.shown(&list, "fetch_add", (0, i64::MAX)), "3");
    assert_eq!(bench.now(&list), "[9223372036854775810, 1.5, 'a']");
    let dict = bench.of("dict", ([("k", 1)],));
    assert_eq!(bench.shown(&dict, "fetch_add", ("k", -2)), "1");
    assert_eq!(bench.shown(&dict, "fetch_add", ("x", 1)), "KeyError: 'x'");
    assert_eq!(bench.now(&dict), "{'k': -1}");
    let namespace = bench.of("Namespace", ());
    assert_eq!(
        bench.shown(&namespace, "fetch_add", ("x", 1)),
        "AttributeError: 'Namespace' object has no attribute 'x'"
    );
    let array = bench.of("Array", ("B", [250]));
    assert_eq!(bench.shown(&array, "fetch_add", (0, 5)), "250");
    assert_eq!(bench.call(&array, "fetch_add", (0, 1)).err().unwrap().class, Class::Overflow);
    assert_eq!(bench.now(&array), "array('B', [255])");
}

/// A dict in a dict comes back in its order, and a set in whatever order it was sent.
#[test]
fn what_was_read_can_be_sent_back() {
    let bench = Bench::new();
    let list = bench.of("list", ([vec![("a", 1), ("b", 2)]],));
    let read = value(bench.send(&list, "__getitem__", &Sent::of((0,))).unwrap());
    let sent = Sent::built(|b| (vec![b.int(0), b.copy(read.root()), b.none()], vec![]));
    assert_eq!(bench.shown_of(&list, "compare_exchange", &sent), format!("(True, {})", shown(&read)));
    let set = |items: [i64; 2], b: &mut procession_wire::Builder| {
        let items = items.map(|item| b.int(item));
        b.set(&items).expect("numbers are hashable")
    };
    let first = Sent::built(|b| (vec![b.int(0), set([1, 2], b)], vec![]));
    assert_eq!(bench.shown_of(&list, "__setitem__", &first), "None");
    let again = Sent::built(|b| (vec![b.int(0), set([2, 1], b), b.none()], vec![]));
    assert!(bench.shown_of(&list, "compare_exchange", &again).starts_with("(True, "));
}
