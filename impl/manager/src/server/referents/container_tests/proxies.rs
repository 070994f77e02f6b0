//! Proxies as arguments and as elements.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use procession_wire::Kind;
use procession_wire::value::Id;
use rstest::rstest;

use super::bench::{Bench, Sent, proxy, shown, slice, whole};
use crate::python::{Raise, Work};
use crate::server::{Call, Fault, Given, Object, Referent, Whole};

/// One argument: a proxy of this object.
fn of(object: &Arc<Object>) -> Sent {
    Sent::built(|b| (vec![proxy(b, object)], vec![]))
}

#[test]
fn a_container_is_gone_through_by_its_proxy_also_if_it_is_the_same() {
    let bench = Bench::new();
    let (list, dict) = (bench.of("list", ([1, 2],)), bench.of("dict", ([("a", 1)],)));
    let array = bench.of("Array", ("h", [7, 8]));
    for (other, expected) in
        [(&list, "[1, 2, 1, 2]"), (&dict, "[1, 2, 1, 2, 'a']"), (&array, "[1, 2, 1, 2, 'a', 7, 8]")]
    {
        assert_eq!(bench.shown_of(&list, "extend", &of(other)), "None");
        assert_eq!(bench.now(&list), expected);
    }
    assert_eq!(bench.now(&bench.make("list", &of(&dict)).unwrap()), "['a']");
    assert_eq!(bench.now(&bench.make("dict", &of(&dict)).unwrap()), "{'a': 1}");
    assert_eq!(bench.shown_of(&dict, "update", &of(&dict)), "None");
    let whole_slice = Sent::built(|b| (vec![slice(b, [None, None, None]), proxy(b, &list)], vec![]));
    assert_eq!(bench.shown_of(&list, "__setitem__", &whole_slice), "None");
    assert_eq!(bench.now(&list), "[1, 2, 1, 2, 'a', 7, 8]");
    let numbers = Sent::built(|b| (vec![b.str("q"), proxy(b, &array)], vec![]));
    assert_eq!(bench.now(&bench.make("Array", &numbers).unwrap()), "array('q', [7, 8])");
}

#[test]
fn a_dict_is_updated_by_proxies_of_pairs() {
    let bench = Bench::new();
    let (dict, pair) = (bench.of("dict", ()), bench.of("list", (("k", 5),)));
    let pairs = Sent::built(|b| {
        let pair = proxy(b, &pair);
        (vec![b.list(&[pair])], vec![])
    });
    assert_eq!(bench.shown_of(&dict, "update", &pairs), "None");
    assert_eq!(bench.now(&dict), "{'k': 5}");
    let sequence = bench.of("list", ([("x", 1)],));
    assert_eq!(bench.shown_of(&dict, "update", &of(&sequence)), "None");
    assert_eq!(bench.now(&dict), "{'k': 5, 'x': 1}");
}

/// Python asks for a list or an array and finds a proxy.
#[test]
fn a_proxy_is_no_list_where_one_is_wanted() {
    let bench = Bench::new();
    let (list, array) = (bench.of("list", ([1],)), bench.of("Array", ("i", [1])));
    assert_eq!(
        bench.shown_of(&list, "__add__", &of(&list)),
        "TypeError: can only concatenate list (not \"ListProxy\") to list"
    );
    let slice = Sent::built(|b| (vec![slice(b, [None, None, None]), proxy(b, &array)], vec![]));
    assert_eq!(
        bench.shown_of(&array, "__setitem__", &slice),
        "TypeError: can only assign array (not \"ArrayProxy\") to array slice"
    );
    for (typeid, arguments) in [("Namespace", Sent::of(())), ("Value", Sent::of((1, 2)))] {
        let object = bench.make(typeid, &arguments).unwrap();
        let raised = bench.send(&list, "extend", &of(&object)).err().unwrap();
        assert_eq!(raised.to_string(), format!("TypeError: '{typeid}Proxy' object is not iterable"));
    }
}

#[test]
fn what_is_stored_stays_until_it_is_taken_out() {
    let bench = Bench::new();
    let (outer, inner) = (bench.of("list", ()), bench.of("list", ([1],)));
    let kept = Arc::downgrade(&inner);
    assert_eq!(bench.shown_of(&outer, "append", &of(&inner)), "None");
    bench.let_go(inner);
    assert!(kept.upgrade().is_some(), "the outer list holds it");
    let popped = bench.call(&outer, "pop", ()).unwrap();
    assert!(kept.upgrade().is_some(), "the reply holds it");
    assert!(matches!(popped.root().kind(), Kind::Object(_)), "{}", shown(&popped));
    drop(popped);
    assert!(kept.upgrade().is_none());
}

/// An object whose end looks at the container that it was in, which it finds unlocked.
struct Last {
    was_in: Weak<Object>,
    has_ended: Arc<AtomicBool>,
}

impl Referent for Last {
    fn exposed(&self) -> &[&'static str] {
        &[]
    }

    fn call(&self, _call: &mut Call<'_>) -> Result<Given, Fault> {
        Err(Fault::Failed("it has no methods".into()))
    }

    fn whole(&self) -> Whole {
        Whole::Unserializable("it is no value")
    }

    fn repr(&self, _most: usize, _work: &mut Work) -> Result<String, Raise> {
        Ok("<last>".into())
    }

    fn size(&self) -> usize {
        0
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(was_in) = self.was_in.upgrade() {
            was_in.referent.size();
        }
        self.has_ended.store(true, Ordering::Relaxed);
    }
}

/// The arguments of what puts an object in, behind those that are the same for all.
fn entry(key: Option<&str>, object: &Arc<Object>) -> Sent {
    Sent::built(|b| {
        let mut arguments: Vec<Id> = key.iter().map(|key| b.str(*key)).collect();
        arguments.push(proxy(b, object));
        (arguments, vec![])
    })
}

/// A slice, and a list of so many zeros.
fn replaced(parts: [Option<i64>; 3], zeros: usize) -> Sent {
    Sent::built(|b| {
        let zeros: Vec<Id> = (0..zeros).map(|_| b.int(0)).collect();
        (vec![slice(b, parts), b.list(&zeros)], vec![])
    })
}

#[rstest]
#[case("list", "append", "__delitem__", Sent::of((0,)))]
#[case("list", "append", "__delitem__", Sent::built(|b| (vec![slice(b, [None, None, Some(-1)])], vec![])))]
#[case("list", "append", "__setitem__", Sent::of((0, 0)))]
#[case("list", "append", "__setitem__", replaced([None, None, None], 0))]
#[case("list", "append", "__setitem__", replaced([None, None, Some(-1)], 1))]
#[case("list", "append", "pop", Sent::of(()))]
#[case("list", "append", "clear", Sent::of(()))]
#[case("list", "append", "__imul__", Sent::of((0,)))]
#[case("dict", "__setitem__", "__delitem__", Sent::of(("k",)))]
#[case("dict", "__setitem__", "__setitem__", Sent::of(("k", 0)))]
#[case("dict", "__setitem__", "update", Sent::of(([("k", 0)],)))]
#[case("dict", "__setitem__", "pop", Sent::of(("k",)))]
#[case("dict", "__setitem__", "popitem", Sent::of(()))]
#[case("dict", "__setitem__", "clear", Sent::of(()))]
#[case("Namespace", "__setattr__", "__setattr__", Sent::of(("k", 0)))]
#[case("Namespace", "__setattr__", "__delattr__", Sent::of(("k",)))]
#[case("Value", "set", "set", Sent::of((0,)))]
fn what_ends_an_object_holds_no_lock(
    #[case] typeid: &str,
    #[case] put: &str,
    #[case] change: &str,
    #[case] sent: Sent,
) {
    let bench = Bench::new();
    let outer = match typeid {
        "Value" => bench.of(typeid, ("i", 0)),
        _ => bench.of(typeid, ()),
    };
    let has_ended = Arc::new(AtomicBool::new(false));
    let last = Last { was_in: Arc::downgrade(&outer), has_ended: has_ended.clone() };
    let last = bench.put("list", Arc::new(last));
    let key = ["dict", "Namespace"].contains(&typeid).then_some("k");
    assert_eq!(bench.shown_of(&outer, put, &entry(key, &last)), "None");
    bench.let_go(last);
    assert!(!has_ended.load(Ordering::Relaxed), "the container holds it");
    drop(bench.send(&outer, change, &sent).unwrap());
    assert!(has_ended.load(Ordering::Relaxed), "{change} has let it go");
}

#[test]
fn what_is_refused_is_not_kept() {
    let mut bench = Bench::new();
    bench.quota.elements = 0;
    for (typeid, put, key) in [
        ("list", "append", None),
        ("dict", "__setitem__", Some("k")),
        ("dict", "setdefault", Some("k")),
        ("Namespace", "__setattr__", Some("k")),
    ] {
        let outer = bench.of(typeid, ());
        let has_ended = Arc::new(AtomicBool::new(false));
        let last = Last { was_in: Arc::downgrade(&outer), has_ended: has_ended.clone() };
        let last = bench.put("list", Arc::new(last));
        let sent = entry(key, &last);
        assert!(bench.send(&outer, put, &sent).is_err(), "{put}");
        bench.let_go(last);
        assert!(has_ended.load(Ordering::Relaxed), "{put}");
    }
}

#[test]
fn a_copy_of_a_container_holds_what_is_in_it() {
    let bench = Bench::new();
    let (outer, inner) = (bench.of("list", ()), bench.of("list", ([1],)));
    bench.shown_of(&outer, "append", &of(&inner));
    let copy = bench.make("list", &of(&outer)).unwrap();
    let kept = Arc::downgrade(&inner);
    bench.let_go(outer);
    bench.let_go(inner);
    assert!(kept.upgrade().is_some());
    assert_eq!(whole(&copy).holds().len(), 1);
    drop(copy);
}
