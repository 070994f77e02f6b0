//! Bounds: what is too much is refused with an error, costs nothing, and changes nothing.

use rstest::rstest;

use super::bench::{Bench, Sent, slice};
use crate::python::Class;
use crate::server::Stored;

fn small() -> Bench {
    let mut bench = Bench::new();
    bench.quota.elements = 10;
    bench
}

#[rstest]
#[case("append", Sent::of((0,)))]
#[case("insert", Sent::of((0, 0)))]
#[case("extend", Sent::of(([1, 2],)))]
#[case("__add__", Sent::of((vec![1, 2],)))]
#[case("__mul__", Sent::of((2,)))]
#[case("__imul__", Sent::of((1_000_000_000,)))]
#[case("__mul__", Sent::of((i64::MAX,)))]
#[case("__setitem__", Sent::built(|b| {
    let items = [0, 1].map(|item| b.int(item));
    (vec![slice(b, [Some(0), Some(1), None]), b.list(&items)], vec![])
}))]
#[case("extend", Sent::built(|b| {
    let class = b.global("builtins", "range");
    let parts = [i64::MIN, i64::MAX, 1].map(|part| b.int(part));
    (vec![b.call(class, &parts)], vec![])
}))]
#[case("extend", Sent::of(("a".repeat(1 << 16),)))]
fn a_list_has_no_more_elements_than_it_may(#[case] method: &str, #[case] sent: Sent) {
    let bench = small();
    let list = bench.of("list", ((0..10).collect::<Vec<i64>>(),));
    let raised = bench.send(&list, method, &sent).err().unwrap_or_else(|| panic!("{method} passed"));
    assert_eq!(raised.class, Class::Memory, "{raised}");
    assert_eq!(bench.now(&list), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]");
}

#[test]
fn nothing_times_anything_is_nothing() {
    let bench = small();
    let list = bench.of("list", ());
    assert_eq!(bench.shown(&list, "__mul__", (i64::MAX,)), "[]");
    assert_eq!(bench.shown(&list, "__imul__", (i64::MAX,)), "[]");
}

#[test]
fn a_dict_has_no_more_entries_than_it_may() {
    let bench = small();
    let dict = bench.of("dict", ((0..10).map(|key| (key, 0)).collect::<Vec<(i64, i64)>>(),));
    for (method, sent) in [
        ("__setitem__", Sent::of((10, 0))),
        ("setdefault", Sent::of((10, 0))),
        ("update", Sent::of(([(10, 0), (11, 0)],))),
        ("compare_exchange", Sent::built(|b| (vec![b.int(10)], vec![(b.str("new"), b.int(0))]))),
    ] {
        let raised = bench.send(&dict, method, &sent).err().unwrap_or_else(|| panic!("{method} passed"));
        assert_eq!(raised.class, Class::Memory, "{raised}");
        assert_eq!(bench.shown(&dict, "__len__", ()), "10");
    }
    // What is there already may have another value, also often.
    let again: Vec<(i64, i64)> = (0..10).map(|turn| (turn % 2, turn)).collect();
    assert_eq!(bench.shown(&dict, "update", (again,)), "None");
    assert_eq!(bench.shown(&dict, "setdefault", (3, 9)), "0");
}

#[test]
fn a_namespace_and_an_array_have_bounds_too() {
    let bench = small();
    let namespace = bench.of("Namespace", ());
    for turn in 0..10 {
        assert_eq!(bench.shown(&namespace, "__setattr__", (format!("a{turn}"), 0)), "None");
    }
    let raised = bench.call(&namespace, "__setattr__", ("b", 0)).err().unwrap();
    assert_eq!(raised.class, Class::Memory);
    let array = bench.of("Array", ("b", [0; 10]));
    let part = Sent::built(|b| (vec![slice(b, [None, Some(2), None])], vec![]));
    let part = bench.send(&array, "__getitem__", &part).map(super::bench::value).unwrap();
    let grow = Sent::built(|b| (vec![slice(b, [Some(0), Some(0), None]), b.copy(part.root())], vec![]));
    assert_eq!(bench.send(&array, "__setitem__", &grow).err().unwrap().class, Class::Memory);
    assert_eq!(bench.make("Array", &Sent::of(("b", [0; 11]))).err().unwrap().class, Class::Memory);
}

#[test]
fn bytes_are_counted_as_they_come_and_go() {
    let mut bench = Bench::new();
    bench.quota.bytes = 1 << 20;
    let (list, dict) = (bench.of("list", ()), bench.of("dict", ()));
    let text = "x".repeat(400_000);
    for _ in 0..20 {
        assert_eq!(bench.shown(&list, "append", (&text,)), "None");
        assert_eq!(bench.shown(&list, "append", (&text,)), "None");
        assert_eq!(bench.call(&list, "append", (&text,)).err().unwrap().class, Class::Memory);
        assert_eq!(bench.shown(&list, "clear", ()), "None");
        for method in ["__setitem__", "setdefault"] {
            assert_eq!(bench.call(&dict, method, (1, &text)).err().map(|error| error.class), None);
            assert_eq!(bench.call(&dict, method, (2, &text)).err().map(|error| error.class), None);
            assert_eq!(bench.call(&dict, method, (3, &text)).err().unwrap().class, Class::Memory);
        }
        // One value replaced often counts once, and not less than nothing.
        let often: Vec<(i64, &str)> = vec![(1, "a"), (1, "b"), (1, &text), (3, &text)];
        assert_eq!(bench.call(&dict, "update", (often,)).err().unwrap().class, Class::Memory);
        assert_eq!(bench.shown(&dict, "clear", ()), "None");
    }
    assert_eq!((list.referent.size(), dict.referent.size()), (0, 0));
    let value = bench.of("Value", ("i", 0));
    let long = "x".repeat(2 << 20);
    assert_eq!(bench.call(&value, "set", (long,)).err().unwrap().class, Class::Memory);
    assert_eq!(bench.shown(&value, "get", ()), "0");
}

#[test]
fn numbers_take_no_more_than_their_places() {
    let bench = Bench::new();
    let list = bench.of("list", ((0..1000).collect::<Vec<i64>>(),));
    assert_eq!(bench.call(&list, "append", (0.5,)).err().map(|error| error.class), None);
    assert_eq!(list.referent.size(), 1001 * size_of::<Stored>());
    assert_eq!(size_of::<Stored>(), 16);
    assert_eq!(bench.shown(&list, "__getitem__", (999,)), "999");
}

#[test]
fn a_text_is_no_longer_than_it_may_be() {
    let bench = Bench::new();
    for (typeid, sent) in [
        ("list", Sent::of((vec!["long"; 100],))),
        ("dict", Sent::of(((0..100).map(|key| (key, "long")).collect::<Vec<_>>(),))),
        ("Value", Sent::of(("i", "long".repeat(100)))),
        ("Array", Sent::of(("b", vec![1; 100]))),
        ("Array", Sent::of(("u", "long".repeat(100)))),
        (
            "Namespace",
            Sent::built(|b| (vec![], (0..50).map(|at| (b.str(&*format!("a{at}")), b.int(at))).collect())),
        ),
    ] {
        let object = bench.make(typeid, &sent).unwrap();
        let raised = object.referent.repr(100, &mut crate::python::Work::of(10_000)).err().unwrap();
        assert_eq!(raised.class, Class::Memory, "{typeid}");
        assert!(object.referent.repr(10_000, &mut crate::python::Work::of(10_000)).is_ok(), "{typeid}");
    }
}

/// 60 levels that each name the one below twice are small on the wire and huge when gone through.
#[test]
fn what_unfolds_without_end_is_not_gone_through() {
    let mut bench = Bench::new();
    bench.steps = 100_000;
    let bomb = || {
        Sent::built(|b| {
            let mut tuple = b.tuple(&[]);
            for _ in 0..60 {
                tuple = b.tuple(&[tuple, tuple]);
            }
            (vec![tuple], vec![])
        })
    };
    let list = bench.of("list", ());
    assert_eq!(bench.shown_of(&list, "append", &bomb()), "None");
    for method in ["__contains__", "count", "index", "remove"] {
        let raised = bench.send(&list, method, &bomb()).err().unwrap();
        assert_eq!(raised.class, Class::Memory, "{method}");
    }
    let dict = bench.of("dict", ());
    assert_eq!(bench.send(&dict, "__contains__", &bomb()).err().unwrap().class, Class::Memory);
    assert!(list.referent.repr(1 << 20, &mut crate::python::Work::of(100_000)).is_err());
}
