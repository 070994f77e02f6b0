//! Method by method: results, and errors in Python's words.

use procession_wire::message::MANAGERS;
use rstest::rstest;

use super::bench::{Bench, Sent, shown, slice, whole};
use crate::python::Class;
use crate::server::Given;

/// Exactly what Python has, in its order, and ours behind it.
#[rstest]
#[case("list", ([1],), "__add__ __contains__ __delitem__ __getitem__ __len__ __mul__ __reversed__ __rmul__ \
    __setitem__ append count extend index insert pop remove reverse sort __imul__ clear copy compare_exchange \
    fetch_add")]
#[case("Namespace", (), "__getattribute__ __setattr__ __delattr__ compare_exchange fetch_add")]
#[case("Value", ("i", 0), "get set compare_exchange fetch_add")]
#[case("Array", ("i", [1]), "__len__ __getitem__ __setitem__ compare_exchange fetch_add")]
fn methods_are_exposed(
    #[case] typeid: &str,
    #[case] arguments: impl serde::Serialize,
    #[case] expected: &str,
) {
    let object = Bench::new().of(typeid, arguments);
    assert_eq!(object.referent.exposed().join(" "), expected);
}

#[test]
fn a_dict_exposes_its_iterator_once_more_behind_the_rest() {
    let object = Bench::new().of("dict", ());
    assert_eq!(
        object.referent.exposed().join(" "),
        "__contains__ __delitem__ __getitem__ __iter__ __len__ __setitem__ clear copy get items keys pop popitem \
         setdefault update values __iter__ compare_exchange fetch_add"
    );
}

#[test]
fn a_list_says_what_pythons_says() {
    let bench = Bench::new();
    let list = bench.of("list", ([1, 2, 3],));
    let said = |method: &str, sent: Sent| bench.shown_of(&list, method, &sent);
    assert_eq!(said("__getitem__", Sent::of((3,))), "IndexError: list index out of range");
    assert_eq!(said("__setitem__", Sent::of((-4, 0))), "IndexError: list assignment index out of range");
    assert_eq!(said("__delitem__", Sent::of((3,))), "IndexError: list assignment index out of range");
    assert_eq!(
        said("__getitem__", Sent::of(("a",))),
        "TypeError: list indices must be integers or slices, not str"
    );
    assert_eq!(said("pop", Sent::of((3,))), "IndexError: pop index out of range");
    assert_eq!(said("remove", Sent::of((7,))), "ValueError: list.remove(x): x not in list");
    assert_eq!(said("index", Sent::of(("x",))), "ValueError: 'x' is not in list");
    assert_eq!(said("extend", Sent::of((5,))), "TypeError: 'int' object is not iterable");
    assert_eq!(said("extend", Sent::of((None::<i64>,))), "TypeError: 'NoneType' object is not iterable");
    assert_eq!(
        said("__add__", Sent::of(((1,),))),
        "TypeError: can only concatenate list (not \"tuple\") to list"
    );
    assert_eq!(
        said("__mul__", Sent::of((1.5,))),
        "TypeError: 'float' object cannot be interpreted as an integer"
    );
    assert_eq!(said("pop", Sent::of((1, 2))), "TypeError: pop expected at most 1 argument, got 2");
    let by_steps = Sent::built(|b| (vec![slice(b, [None, None, Some(2)]), b.list(&[])], vec![]));
    assert_eq!(
        said("__setitem__", by_steps),
        "ValueError: attempt to assign sequence of size 0 to extended slice of size 2"
    );
    let no_step = Sent::built(|b| (vec![slice(b, [None, None, Some(0)])], vec![]));
    assert_eq!(said("__getitem__", no_step), "ValueError: slice step cannot be zero");
    let no_iterable = Sent::built(|b| (vec![slice(b, [None, None, None]), b.int(5)], vec![]));
    assert_eq!(said("__setitem__", no_iterable), "TypeError: can only assign an iterable");
    assert_eq!(bench.now(&list), "[1, 2, 3]");
    assert_eq!(said("clear", Sent::of(())), "None");
    assert_eq!(said("pop", Sent::of(())), "IndexError: pop from empty list");
}

#[test]
fn a_reversed_list_is_an_iterator_with_its_place() {
    let bench = Bench::new();
    let list = bench.of("list", ([1, 2, 3],));
    let reversed = bench.call(&list, "__reversed__", ()).unwrap();
    let other = bench.of("list", ());
    let sent = Sent::built(|b| (vec![b.copy(reversed.root())], vec![]));
    assert_eq!(bench.shown_of(&other, "extend", &sent), "None");
    assert_eq!(bench.now(&other), "[3, 2, 1]");
    let partly = Sent::built(|b| {
        let items = [4, 5, 6].map(|item| b.int(item));
        let (items, class) = (b.list(&items), b.global("builtins", "iter"));
        let (iterator, next) = (b.call(class, &[items]), b.int(1));
        b.set_state(iterator, next);
        (vec![iterator], vec![])
    });
    assert_eq!(bench.shown_of(&other, "extend", &partly), "None");
    assert_eq!(bench.now(&other), "[3, 2, 1, 5, 6]");
}

#[test]
fn sorting_takes_names_only_and_no_function() {
    let bench = Bench::new();
    let list = bench.of("list", ([2, 3, 1],));
    let named = |name: &str, value: i64| Sent::built(|b| (vec![], vec![(b.str(name), b.int(value))]));
    assert_eq!(bench.shown(&list, "sort", (1,)), "TypeError: sort() takes no positional arguments");
    let said = bench.shown_of(&list, "sort", &named("foo", 1));
    assert_eq!(said, "TypeError: 'foo' is an invalid keyword argument for sort()");
    let key = Sent::built(|b| (vec![], vec![(b.str("key"), b.global("builtins", "len"))]));
    let raised = bench.send(&list, "sort", &key).err().unwrap();
    assert_eq!(raised.class, Class::NotImplemented);
    assert_eq!(bench.now(&list), "[2, 3, 1]");
    assert_eq!(bench.shown_of(&list, "sort", &named("reverse", 7)), "None");
    assert_eq!(bench.now(&list), "[3, 2, 1]");
}

/// Python's list may be left half sorted.
#[test]
fn a_list_that_cannot_be_sorted_stays_as_it_is() {
    let bench = Bench::new();
    let list = bench.of("list", ((9, 5, "a", 3, 1),));
    assert_eq!(
        bench.shown(&list, "sort", ()),
        "TypeError: '<' not supported between instances of 'int' and 'str'"
    );
    assert_eq!(bench.now(&list), "[9, 5, 'a', 3, 1]");
}

#[test]
fn an_element_is_a_copy_that_keeps_its_sharing() {
    let bench = Bench::new();
    let list = bench.of("list", (vec![vec![1]],));
    assert_eq!(bench.shown(&list, "__imul__", (2,)), "[[1], [1]]");
    let whole = whole(&list);
    let procession_wire::Kind::List(items) = whole.root().kind() else { panic!("a list") };
    assert!(items.get(0).unwrap().is(items.get(1).unwrap()), "one list twice, as Python sends it");
}

#[test]
fn a_dict_says_what_pythons_says() {
    let bench = Bench::new();
    let dict = bench.of("dict", ([(1, "one"), (2, "two")],));
    assert_eq!(bench.shown(&dict, "__getitem__", (1.0,)), "'one'");
    assert_eq!(bench.shown(&dict, "__getitem__", ("x",)), "KeyError: 'x'");
    assert_eq!(bench.shown(&dict, "__delitem__", ((1, 2),)), "KeyError: (1, 2)");
    assert_eq!(bench.shown(&dict, "pop", ("x",)), "KeyError: 'x'");
    assert_eq!(bench.shown(&dict, "__getitem__", ([1],)).as_str(), "KeyError: (1,)");
    let unhashable = Sent::of((vec![1], 2));
    assert_eq!(bench.shown_of(&dict, "__setitem__", &unhashable), "TypeError: unhashable type: 'list'");
    assert_eq!(
        bench.shown(&dict, "update", (vec![5],)),
        "TypeError: cannot convert dictionary update sequence element #0 to a sequence"
    );
    assert_eq!(
        bench.shown(&dict, "update", (vec!["ab", "abc"],)),
        "ValueError: dictionary update sequence element #1 has length 3; 2 is required"
    );
    assert_eq!(bench.now(&dict), "{1: 'one', 2: 'two'}", "what fails changes nothing");
    assert_eq!(bench.shown(&dict, "popitem", ()), "(2, 'two')");
    assert_eq!(bench.shown(&dict, "popitem", ()), "(1, 'one')");
    assert_eq!(bench.shown(&dict, "popitem", ()), "KeyError: 'popitem(): dictionary is empty'");
}

#[test]
fn names_given_to_update_are_keys() {
    let bench = Bench::new();
    let dict = bench.of("dict", ([("a", 1)],));
    let sent = Sent::built(|b| (vec![], vec![(b.str("a"), b.int(2)), (b.str("b"), b.int(3))]));
    assert_eq!(bench.shown_of(&dict, "update", &sent), "None");
    assert_eq!(bench.now(&dict), "{'a': 2, 'b': 3}");
}

#[test]
fn an_iterator_gives_each_key_once_and_minds_changes() {
    let bench = Bench::new();
    let dict = bench.of("dict", ([("a", 1), ("b", 2)],));
    let iterator = || match bench.send(&dict, "__iter__", &Sent::of(())).unwrap() {
        Given::Proxy { typeid, referent } => bench.put(typeid, referent),
        Given::Value(_) | Given::Taken(_) => panic!("a value"),
    };
    let (one, other) = (iterator(), iterator());
    assert_eq!(&*one.typeid, "Iterator");
    assert_eq!(one.referent.exposed(), ["__next__", "send", "throw", "close"]);
    assert_eq!(bench.shown(&one, "__next__", ()), "'a'");
    assert_eq!(shown(&whole(&one)), "iter(['b'])");
    assert_eq!(bench.shown(&dict, "__setitem__", ("a", 9)), "None");
    assert_eq!(bench.shown(&one, "__next__", ()), "'b'");
    assert_eq!(bench.shown(&one, "__next__", ()), "StopIteration");
    assert_eq!(bench.shown(&dict, "__setitem__", ("c", 3)), "None");
    assert_eq!(bench.shown(&one, "__next__", ()), "StopIteration", "the end stays the end");
    let changed = "RuntimeError: dictionary changed size during iteration";
    assert_eq!(bench.shown(&other, "__next__", ()), changed);
    assert_eq!(bench.shown(&dict, "pop", ("c",)), "3");
    assert_eq!(bench.shown(&other, "__next__", ()), changed, "said again");
    let third = iterator();
    assert_eq!(bench.shown(&dict, "pop", ("a",)), "9");
    assert_eq!(bench.shown(&dict, "__setitem__", ("z", 3)), "None");
    assert_eq!(bench.shown(&third, "__next__", ()), "'b'");
    assert_eq!(bench.shown(&third, "__next__", ()), "'z'");
    for method in ["send", "throw", "close"] {
        let raised = bench.send(&third, method, &Sent::of((0,))).err().unwrap();
        assert_eq!(raised.class, Class::Attribute);
    }
}

#[test]
fn an_iterator_keeps_the_entries_of_a_dict_that_is_gone() {
    let bench = Bench::new();
    let dict = bench.of("dict", ([("a", 1)],));
    let Given::Proxy { typeid, referent } = bench.send(&dict, "__iter__", &Sent::of(())).unwrap() else {
        panic!("a value")
    };
    let iterator = bench.put(typeid, referent);
    bench.let_go(dict);
    assert_eq!(bench.shown(&iterator, "__next__", ()), "'a'");
}

#[test]
fn a_namespace_shows_its_public_names_in_order() {
    let bench = Bench::new();
    let sent = Sent::built(|b| (vec![], ["b", "_hidden", "a"].map(|name| (b.str(name), b.int(1))).to_vec()));
    let namespace = bench.make("Namespace", &sent).unwrap();
    assert_eq!(bench.now(&namespace), "Namespace(a=1, b=1)");
    assert_eq!(
        bench.shown(&namespace, "__getattribute__", ("c",)),
        "AttributeError: 'Namespace' object has no attribute 'c'"
    );
    assert_eq!(
        bench.shown(&namespace, "__delattr__", ("c",)),
        "AttributeError: 'Namespace' object has no attribute 'c'"
    );
    assert_eq!(
        bench.shown(&namespace, "__setattr__", (5, 1)),
        "TypeError: attribute name must be string, not 'int'"
    );
    let whole = whole(&namespace);
    let procession_wire::Kind::Object(object) = whole.root().kind() else { panic!("an object") };
    let procession_wire::Kind::Global(class) = object.function.kind() else { panic!("a class") };
    assert!(class.module == MANAGERS && class.name == "Namespace");
    assert!(bench.make("Namespace", &Sent::of((1,))).is_err());
}

#[test]
fn a_value_shows_its_type_code() {
    let bench = Bench::new();
    let value = bench.of("Value", ("i", 5));
    assert_eq!(bench.now(&value), "Value('i', 5)");
    assert_eq!(bench.shown(&value, "set", ("text",)), "None");
    assert_eq!(bench.shown(&value, "get", ()), "'text'");
    assert!(bench.make("Value", &Sent::of(("i",))).is_err());
}

#[test]
fn an_array_says_what_pythons_says() {
    let bench = Bench::new();
    let array = bench.of("Array", ("i", [1, 2, 3]));
    assert_eq!(bench.now(&array), "array('i', [1, 2, 3])");
    assert_eq!(bench.shown(&array, "__getitem__", (3,)), "IndexError: array index out of range");
    assert_eq!(
        bench.shown(&array, "__setitem__", (3, "a")),
        "IndexError: array assignment index out of range"
    );
    assert_eq!(
        bench.shown(&array, "__setitem__", (0, 1_i64 << 40)),
        "OverflowError: signed integer is greater than maximum"
    );
    assert_eq!(
        bench.shown(&array, "__setitem__", (0, "a")),
        "TypeError: 'str' object cannot be interpreted as an integer"
    );
    let list = Sent::built(|b| (vec![slice(b, [None, None, None]), b.list(&[])], vec![]));
    assert_eq!(
        bench.shown_of(&array, "__setitem__", &list),
        "TypeError: can only assign array (not \"list\") to array slice"
    );
    let part = Sent::built(|b| (vec![slice(b, [Some(1), None, None])], vec![]));
    let part = bench.send(&array, "__getitem__", &part).map(super::bench::value).unwrap();
    let grow = Sent::built(|b| (vec![slice(b, [Some(0), Some(0), None]), b.copy(part.root())], vec![]));
    assert_eq!(bench.shown_of(&array, "__setitem__", &grow), "None");
    assert_eq!(bench.now(&array), "array('i', [2, 3, 1, 2, 3])");
    let raised = bench.make("Array", &Sent::of(("x", [1]))).err().unwrap();
    assert_eq!(raised.class, Class::Value);
    // Python's since 3.13.
    assert_eq!(bench.now(&bench.of("Array", ("w", "h\u{e9}"))), "array('w', 'h\u{e9}')");
}
