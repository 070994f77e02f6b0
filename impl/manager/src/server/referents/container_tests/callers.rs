//! Several callers at once: each call is one step.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use procession_wire::{from_node, from_value, to_value};

use super::bench::{Bench, Sent, value, whole};
use crate::server::{Object, Stored};

const CALLERS: i64 = 4;
const TURNS: i64 = 300;

/// Runs this in several threads, each with its number.
fn at_once(bench: &Bench, run: impl Fn(&Bench, i64) + Sync) {
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let run = &run;
            scope.spawn(move || run(bench, caller));
        }
    });
}

fn read<T: serde::de::DeserializeOwned>(stored: &Stored) -> T {
    from_node(stored.root()).expect("what was stored")
}

#[test]
fn what_is_appended_and_popped_is_there_once() {
    let bench = Bench::new();
    let list = bench.of("list", ());
    at_once(&bench, |bench, caller| {
        for turn in 0..TURNS {
            bench.call(&list, "append", (caller * TURNS + turn,)).unwrap();
            if turn % 3 == 0 {
                let popped = bench.call(&list, "pop", (0,)).unwrap();
                bench.call(&list, "insert", (0, read::<i64>(&popped))).unwrap();
            }
        }
    });
    let all: Vec<i64> = read(&whole(&list));
    assert_eq!(all.iter().copied().collect::<HashSet<_>>(), (0..CALLERS * TURNS).collect());
    assert_eq!(all.len() as i64, CALLERS * TURNS);
}

#[test]
fn no_addition_is_lost() {
    let bench = Bench::new();
    let list = bench.of("list", ([0],));
    let dict = bench.of("dict", ([("k", 0)],));
    let number = bench.of("Value", ("i", 0));
    let array = bench.of("Array", ("i", [0]));
    let namespace = bench.of("Namespace", ());
    bench.call(&namespace, "__setattr__", ("k", 0)).unwrap();
    at_once(&bench, |bench, _| {
        for _ in 0..TURNS {
            bench.call(&list, "fetch_add", (0, 1)).unwrap();
            bench.call(&dict, "fetch_add", ("k", 1)).unwrap();
            bench.call(&number, "fetch_add", (1,)).unwrap();
            bench.call(&array, "fetch_add", (0, 1)).unwrap();
            bench.call(&namespace, "fetch_add", ("k", 1)).unwrap();
        }
    });
    let end = (CALLERS * TURNS).to_string();
    assert_eq!(bench.shown(&list, "__getitem__", (0,)), end);
    assert_eq!(bench.shown(&dict, "__getitem__", ("k",)), end);
    assert_eq!(bench.shown(&number, "get", ()), end);
    assert_eq!(bench.shown(&array, "__getitem__", (0,)), end);
    assert_eq!(bench.shown(&namespace, "__getattribute__", ("k",)), end);
}

/// `update(f)` as a client builds it, also where there is nothing at first.
#[test]
fn no_update_is_lost() {
    let bench = Bench::new();
    let dict = bench.of("dict", ());
    at_once(&bench, |bench, caller| {
        for _ in 0..TURNS {
            push(bench, &dict, caller);
        }
    });
    let mut all: Vec<i64> = read(&bench.call(&dict, "__getitem__", ("k",)).unwrap());
    all.sort_unstable();
    let expected: Vec<i64> = (0..CALLERS).flat_map(|caller| vec![caller; TURNS as usize]).collect();
    assert_eq!(all, expected);
}

fn push(bench: &Bench, dict: &Arc<Object>, caller: i64) {
    let mut present: Option<Vec<i64>> = None;
    loop {
        let new = [present.clone().unwrap_or_default(), vec![caller]].concat();
        let new = to_value(&new).unwrap();
        let expected = present.as_ref().map(|present| to_value(present).unwrap());
        let sent = Sent::built(|b| {
            let mut named = vec![(b.str("new"), b.copy(new.root()))];
            named.extend(expected.iter().map(|expected| (b.str("expected"), b.copy(expected.root()))));
            (vec![b.str("k")], named)
        });
        let outcome = value(bench.send(dict, "compare_exchange", &sent).unwrap());
        let parts = outcome.root().tuple().expect("a tuple");
        let stored: bool = from_node(parts.get(0).expect("whether")).unwrap();
        if stored {
            return;
        }
        present = parts.get(1).map(|found| from_node(found).expect("numbers"));
    }
}

/// Two lists that are extended by each other at the same time: neither waits for the other's lock.
#[test]
fn lists_that_take_from_each_other_do_not_wait_for_each_other() {
    let bench = Bench::new();
    let (one, other) = (bench.of("list", ([1],)), bench.of("list", ([2],)));
    at_once(&bench, |bench, caller| {
        let (into, from) = if caller % 2 == 0 { (&one, &other) } else { (&other, &one) };
        for _ in 0..50 {
            let sent = Sent::built(|b| (vec![super::bench::proxy(b, from)], vec![]));
            bench.send(into, "extend", &sent).unwrap();
            let shorten = Sent::built(|b| (vec![super::bench::slice(b, [Some(20), None, None])], vec![]));
            bench.send(into, "__delitem__", &shorten).unwrap();
        }
    });
    for list in [&one, &other] {
        let all: Vec<i64> = read(&whole(list));
        assert!(all.iter().all(|item| [1, 2].contains(item)));
    }
}

/// Nobody sees a list while it is sorted or half replaced.
#[test]
fn what_is_read_was_there_at_one_moment() {
    let bench = Bench::new();
    let list = bench.of("list", ((0..50).collect::<Vec<i64>>(),));
    at_once(&bench, |bench, caller| {
        for _ in 0..TURNS {
            match caller {
                0 => drop(bench.call(&list, "reverse", ()).unwrap()),
                1 => drop(bench.call(&list, "sort", ()).unwrap()),
                _ => {
                    let mut all: Vec<i64> = from_value(&whole(&list).root().to_value()).unwrap();
                    let is_reversed = all.is_sorted_by(|one, other| one > other);
                    if is_reversed {
                        all.reverse();
                    }
                    assert_eq!(all, (0..50).collect::<Vec<i64>>());
                }
            }
        }
    });
}
