//! Objects of CPython's own manager, by the proxies of their types.

use std::collections::BTreeMap;
use std::time::Duration;

use procession_manager::CallError;
use procession_manager::proxy::*;
use procession_wire::{Value, to_value};

use crate::console::Console;

tests! {
    a_list_is_used_like_a_local_one
    a_dict_is_used_like_a_local_one
    a_namespace_a_value_and_an_array_hold_what_they_are_given
    a_queue_has_an_end_and_a_beginning
    locks_keep_others_out
    conditions_events_and_barriers_wake_who_waits
    typed_proxies_are_parts_of_values
    an_update_goes_by_what_is_there_when_it_is_stored
}

const SOON: Duration = Duration::from_millis(20);
const LATER: Duration = Duration::from_secs(60);

fn a_list_is_used_like_a_local_one(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let list = remote.list(&[3, 1]).expect("it is created");
    list.append(&2).expect("it is a list");
    list.extend(&[5, 4]).expect("it is a list");
    list.insert(0, &9).expect("it is a list");
    assert_eq!(list.to_vec().expect("numbers"), [9, 3, 1, 2, 5, 4]);
    assert_eq!((list.get(-1).expect("the last"), list.get(0).expect("the first")), (4, 9));
    assert!(matches!(list.get(6), Err(ItemError::OutOfRange)));
    assert!(matches!(list.set(6, &1), Err(ItemError::OutOfRange)));
    assert!(matches!(list.delete(-7), Err(ItemError::OutOfRange)));
    list.set(1, &30).expect("it is there");
    list.delete(0).expect("it is there");
    assert_eq!((list.pop().expect("the last"), list.pop_at(0).expect("the first")), (4, 30));
    assert_eq!(list.index(&5).expect("it is there"), 2);
    assert!(matches!(list.index(&7), Err(FindError::NotFound)));
    assert!(matches!(list.remove(&7), Err(FindError::NotFound)));
    list.remove(&1).expect("it is there");
    list.repeat(2).expect("it is a list");
    assert_eq!(list.slice(1..9).expect("numbers"), [5, 2, 5]);
    assert_eq!((list.count(&5).expect("a number"), list.len().expect("a number")), (2, 4));
    list.sort().expect("they have an order");
    list.reverse().expect("it is a list");
    assert_eq!(list.iter().collect::<Result<Vec<_>, _>>().expect("numbers"), [5, 5, 2, 2]);
    assert!(list.contains(&2).expect("it answers") && !list.contains(&3).expect("it answers"));
    assert!(!list.is_empty().expect("it answers"));
    list.repeat(0).expect("it is a list");
    assert!(matches!(list.pop(), Err(ItemError::OutOfRange)));
    let mixed = remote.list(&[to_value(&1).unwrap(), to_value("a").unwrap()]).expect("it is created");
    assert!(matches!(mixed.sort(), Err(SortError::NotComparable)));
    assert!(matches!(list.update(0, |item| item), Err(UpdateError::NotAtomicHere)));
}

fn a_dict_is_used_like_a_local_one(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let dict: DictProxy<String, i64> = remote.dict([("b", 2)]).expect("it is created");
    let key = |name: &str| name.to_string();
    dict.set(&key("a"), &1).expect("it is a key");
    dict.extend(BTreeMap::from([("c", 3)])).expect("they are keys");
    assert_eq!(dict.keys().expect("texts"), ["b", "a", "c"]);
    assert_eq!(dict.values().expect("numbers"), [2, 1, 3]);
    assert_eq!(dict.items().expect("pairs")[0], (key("b"), 2));
    assert_eq!(dict.get(&key("c")).expect("it is there"), 3);
    assert!(matches!(dict.get(&key("d")), Err(EntryError::Missing)));
    assert!(matches!(dict.delete(&key("d")), Err(EntryError::Missing)));
    assert_eq!(dict.set_default(&key("d"), &4).expect("it is put there"), 4);
    assert_eq!(dict.set_default(&key("d"), &5).expect("it is there"), 4);
    assert_eq!(dict.pop_item().expect("the last"), (key("d"), 4));
    assert_eq!(dict.pop(&key("a")).expect("it is there"), 1);
    dict.delete(&key("b")).expect("it is there");
    assert_eq!(dict.to_map::<BTreeMap<String, i64>>().expect("a map"), BTreeMap::from([(key("c"), 3)]));
    let mut keys = dict.iter().expect("an iterator");
    assert_eq!(keys.next().expect("one").expect("a text"), "c");
    assert!(keys.next().is_none() && keys.next().is_none());
    let mut keys = dict.iter().expect("an iterator");
    dict.set(&key("e"), &5).expect("it is a key");
    assert!(matches!(keys.next(), Some(Err(DictIterError::Changed))));
    assert!(keys.next().is_none());
    assert!(dict.contains(&key("e")).expect("it answers"));
    dict.clear().expect("it is a dict");
    assert!(dict.is_empty().expect("it answers"));
    let odd: DictProxy<Vec<u8>, u8> = DictProxy::from(dict.proxy().clone());
    assert!(matches!(odd.set(&vec![1], &1), Err(EntryError::Unhashable)));
    assert!(matches!(dict.update(&key("c"), |value| value), Err(UpdateError::NotAtomicHere)));
}

fn a_namespace_a_value_and_an_array_hold_what_they_are_given(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let namespace = remote.namespace([("x", 1)]).expect("it is created");
    namespace.set("y", "two").expect("it takes anything");
    assert_eq!(namespace.get::<i64>("x").expect("it is there"), 1);
    assert_eq!(namespace.get::<String>("y").expect("it is there"), "two");
    assert!(matches!(namespace.get::<i64>("z"), Err(AttributeError::Missing)));
    let all: BTreeMap<String, Value<'static>> =
        [("x".into(), to_value(&1).unwrap()), ("y".into(), to_value("two").unwrap())].into();
    assert_eq!(namespace.to_map().expect("a map"), all);
    namespace.delete("x").expect("it is there");
    assert!(matches!(namespace.delete("x"), Err(AttributeError::Missing)));
    assert!(matches!(namespace.update("y", |text: String| text), Err(UpdateError::NotAtomicHere)));
    let nothing = remote.namespace(()).expect("it is created");
    assert!(nothing.to_map().expect("a map").is_empty());

    let value = remote.value("i", &5).expect("it is created");
    value.set(&(value.get().expect("a number") + 1)).expect("it takes anything");
    assert_eq!(value.get().expect("a number"), 6);

    let array = remote.array('h', &[1, -2, 3]).expect("it is created");
    array.set(1, &300).expect("it fits");
    assert_eq!((array.get(-2).expect("it is there"), array.len().expect("a number")), (300, 3));
    assert_eq!(array.to_vec().expect("numbers"), [1, 300, 3]);
    assert_eq!(array.slice(1..9).expect("numbers"), [300, 3]);
    assert!(matches!(array.get(3), Err(ItemError::OutOfRange)));
    assert!(matches!(array.set(3, &0), Err(ElementError::OutOfRange)));
    assert!(matches!(array.set(0, &100_000), Err(ElementError::TooLarge)));
    let floats = remote.array('d', &[0.5, -1.25]).expect("it is created");
    assert_eq!(floats.to_vec().expect("numbers"), [0.5, -1.25]);
    let wrong: ArrayProxy<String> = ArrayProxy::from(array.proxy().clone());
    assert!(matches!(wrong.set(0, &"x".to_string()), Err(ElementError::WrongType)));
}

fn a_queue_has_an_end_and_a_beginning(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let queue = remote.queue(2).expect("it is created");
    queue.put(&"a".to_string()).expect("there is room");
    queue.put_timeout(&"b".to_string(), LATER).expect("there is room");
    assert!(matches!(queue.try_put(&"c".to_string()), Err(PutError::Full)));
    assert!(matches!(queue.put_timeout(&"c".to_string(), SOON), Err(PutError::Full)));
    assert!(queue.is_full().expect("it answers") && !queue.is_empty().expect("it answers"));
    assert_eq!(queue.len().expect("a number"), 2);
    assert_eq!((queue.get().expect("one"), queue.get_timeout(LATER).expect("one")), ("a".into(), "b".into()));
    assert!(matches!(queue.try_get(), Err(GetError::Empty)));
    assert!(matches!(queue.get_timeout(SOON), Err(GetError::Empty)));

    let joinable = remote.joinable_queue(0).expect("it is created");
    joinable.put(&1).expect("there is room");
    let joining = std::thread::spawn({
        let joinable = joinable.clone();
        move || joinable.join()
    });
    assert_eq!(joinable.get().expect("one"), 1);
    joinable.task_done().expect("one was put");
    assert!(matches!(joining.join(), Ok(Ok(()))));
    assert!(matches!(joinable.task_done(), Err(TaskDoneError::TooOften)));
}

fn locks_keep_others_out(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let lock = remote.lock().expect("it is created");
    assert!(matches!(lock.release(), Err(ReleaseError::NotHeld)));
    {
        let guard = lock.hold().expect("it is free");
        assert!(!lock.try_acquire().expect("it answers"));
        assert!(!lock.acquire_timeout(SOON).expect("it answers"));
        guard.release().expect("it is held");
        let _guard = lock.hold().expect("it is free");
    }
    assert!(lock.acquire_timeout(LATER).expect("it is free"));
    // Anybody may release it.
    assert!(matches!(std::thread::scope(|scope| scope.spawn(|| lock.release()).join()), Ok(Ok(()))));

    let rlock = remote.rlock().expect("it is created");
    let _outer = rlock.hold().expect("it is free");
    let _inner = rlock.hold().expect("it is ours");
    let elsewhere = std::thread::scope(|scope| {
        scope.spawn(|| (rlock.try_acquire(), rlock.release())).join().expect("no panic")
    });
    assert!(matches!(elsewhere, (Ok(false), Err(ReleaseError::NotHeld))), "{elsewhere:?}");

    let semaphore = remote.semaphore(1).expect("it is created");
    semaphore.release().expect("it is no bounded one");
    assert!(semaphore.try_acquire().expect("two") && semaphore.try_acquire().expect("two"));
    assert!(!semaphore.acquire_timeout(SOON).expect("it answers"));
    let bounded = remote.bounded_semaphore(1).expect("it is created");
    assert!(matches!(bounded.release(), Err(ReleaseError::TooOften)));
    drop(bounded.hold().expect("one is left"));
    assert!(bounded.try_acquire().expect("it was released"));
}

fn conditions_events_and_barriers_wake_who_waits(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    // CPython's conditions do not know who owns a recursive lock of a manager.
    let lock = remote.lock().expect("it is created");
    let condition = remote.condition_on(&lock).expect("it is created");
    assert!(matches!(condition.notify(1), Err(ConditionError::NotHeld)));
    assert!(matches!(condition.wait(None), Err(ConditionError::NotHeld)));
    let ready = remote.value("b", &false).expect("it is created");
    let waiting = std::thread::spawn({
        let (condition, ready) = (condition.clone(), ready.clone());
        move || {
            let _held = condition.hold().expect("it is free");
            condition.wait_for(|| ready.get().unwrap_or(false), Some(LATER)).expect("it is held")
        }
    });
    {
        let _held = lock.hold().expect("it is the condition's");
        ready.set(&true).expect("it takes anything");
        condition.notify_all().expect("it is held");
    }
    assert!(waiting.join().expect("no panic"));
    {
        let _held = remote.condition().expect("it is created");
        let own = remote.condition().expect("it is created");
        let _held = own.hold().expect("it is free");
        let others = std::thread::scope(|scope| {
            scope.spawn(|| (own.try_acquire(), own.acquire_timeout(SOON))).join().expect("no panic")
        });
        assert!(matches!(others, (Ok(false), Ok(false))), "{others:?}");
        assert!(!own.wait(Some(SOON)).expect("it is held"));
        assert!(!own.wait_for(|| false, Some(SOON)).expect("it is held"));
    }

    let event = remote.event().expect("it is created");
    assert!(!event.wait(Some(SOON)).expect("it answers") && !event.is_set().expect("it answers"));
    let waiting = std::thread::spawn({
        let event = event.clone();
        move || event.wait(None)
    });
    event.set().expect("it answers");
    assert!(matches!(waiting.join(), Ok(Ok(true))));
    event.clear().expect("it answers");
    assert!(!event.is_set().expect("it answers"));

    let barrier = remote.barrier(2, None).expect("it is created");
    let waiting = std::thread::spawn({
        let barrier = barrier.clone();
        move || barrier.wait(Some(LATER))
    });
    let here = barrier.wait(None).expect("both come");
    let there = waiting.join().expect("no panic").expect("both come");
    assert_eq!((here + there, barrier.parties().expect("a number")), (1, 2));
    assert!(matches!(barrier.wait(Some(SOON)), Err(BarrierError::Broken)));
    assert!(barrier.is_broken().expect("it answers"));
    barrier.reset().expect("it answers");
    assert!(!barrier.is_broken().expect("it answers"));
    assert_eq!(barrier.waiting().expect("a number"), 0);
    barrier.abort().expect("it answers");
    assert!(barrier.is_broken().expect("it answers"));
}

fn typed_proxies_are_parts_of_values(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let inner = remote.list(&[1]).expect("it is created");
    let outer: DictProxy<String, ListProxy<i64>> = remote.dict([(); 0]).expect("it is created");
    outer.set(&"k".into(), &inner).expect("it takes anything");
    drop(inner);
    outer.get(&"k".into()).expect("it is there").append(&2).expect("it is a list");
    assert_eq!(outer.values().expect("lists")[0].to_vec().expect("numbers"), [1, 2]);
    let gone = outer.proxy().get::<ListProxy<i64>>("clear", ());
    assert!(matches!(gone, Err(CallError::Result(_))), "{gone:?}");
}

fn an_update_goes_by_what_is_there_when_it_is_stored(interpreter: &str) {
    let (_python, remote) = Console::managing(interpreter);
    let cell = ValueProxy::from(remote.create("Cell", (1,), ()).expect("it is created"));
    assert_eq!(cell.update(|value: i64| value + 1).expect("it can exchange"), 2);
    // Somebody else is faster, once.
    let () = cell.proxy().get("meddle", (40,)).expect("it is there");
    let mut seen = Vec::new();
    let stored = cell.update(|value| {
        seen.push(value);
        value + 2
    });
    assert_eq!((stored.expect("it can exchange"), seen), (42, vec![2, 40]));
    assert_eq!(cell.get().expect("a number"), 42);
    let texts: ValueProxy<String> = ValueProxy::from(cell.proxy().clone());
    assert!(matches!(texts.update(|text| text), Err(UpdateError::Call(CallError::Result(_)))));
}
