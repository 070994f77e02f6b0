//! Shared values and records between processes: locks, compound changes, copies, deaths.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use procession_reference::context::{Context, Method};
use procession_reference::process::Process;
use procession_reference::transfer::{self, Descriptor};
use procession_reference::value::{ValueError, ValueLock};
use procession_reference::{Array, Lock, RLock, RawArray, RawValue, Value, record};
use rstest::rstest;

record! {
    /// Two numbers that belong together, with a gap between them.
    pub struct Pair {
        /// The one.
        pub small: i32,
        /// The other.
        pub large: f64,
        count: u8,
    }
}

const PAIR: Pair = Pair { small: 1, large: 0.5, count: 3 };

/// The ends of a pipe: one for us, one to hand on.
fn pipe() -> (std::io::PipeReader, Descriptor) {
    let (reader, writer) = std::io::pipe().unwrap();
    (reader, Descriptor::from(OwnedFd::from(writer)))
}

fn say(to: Descriptor) {
    File::from(to.into_inner()).write_all(b".").unwrap();
}

fn finished(child: &Process) {
    child.join().unwrap();
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

#[rstest]
fn what_a_child_writes_is_read(#[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method) {
    fn body((value, raw, pair): (Value<i32>, RawValue<f64>, Value<Pair>)) {
        assert_eq!((value.get().unwrap(), raw.get(), pair.get().unwrap()), (1, 2.5, PAIR));
        value.set(-7).unwrap();
        raw.set(f64::MAX);
        pair.field(Pair::large).set(-1.0).unwrap();
    }
    let shared = (Value::new(1_i32).unwrap(), RawValue::new(2.5).unwrap(), Value::new(PAIR).unwrap());
    let child = Context::from(method).process(body, shared.clone());
    child.start().unwrap();
    finished(&child);
    assert_eq!((shared.0.get().unwrap(), shared.1.get()), (-7, f64::MAX));
    assert_eq!(shared.2.get().unwrap(), Pair { large: -1.0, ..PAIR });
}

#[rstest]
fn updates_of_several_processes_are_all_counted(#[values(false, true)] given: bool) {
    fn body((value, array): (Value<u64>, Array<u16>)) {
        for _ in 0..2_000 {
            value.update(|count| *count += 1).unwrap();
            array.element(1).unwrap().update(|count| *count += 1).unwrap();
        }
    }
    let lock = Lock::new().unwrap();
    let value = if given { Value::with_lock(0_u64, &lock) } else { Value::new(0) }.unwrap();
    let array = Array::<u16>::zeroed(3).unwrap();
    let children: Vec<_> = (0..3).map(|_| Process::new(body, (value.clone(), array.clone()))).collect();
    children.iter().for_each(|child| child.start().unwrap());
    body((value.clone(), array.clone()));
    children.iter().for_each(finished);
    assert_eq!(value.get().unwrap(), 8_000);
    assert_eq!(array.to_vec().unwrap(), [0, 8_000, 0]);
}

#[test]
fn a_guard_holds_the_lock_for_several_steps() {
    let value = Value::new([1_u64, 2]).unwrap();
    let mut guard = value.lock().unwrap();
    assert!(!guard.owner_died());
    std::thread::scope(|scope| {
        let ValueLock::RLock(lock) = value.get_lock() else { panic!("its own lock is re-entrant") };
        scope.spawn(|| assert!(lock.try_acquire().is_err()));
    });
    // The holder itself does not wait.
    assert_eq!(value.get().unwrap(), [1, 2]);
    guard.set([3, 4]);
    assert_eq!(guard.update(|pair| pair.iter().sum::<u64>()), 7);
    drop(guard);
    assert_eq!(value.get().unwrap(), [3, 4]);
}

#[test]
fn a_given_lock_is_the_one_that_is_used() {
    let (plain, recursive) = (Lock::new().unwrap(), RLock::new().unwrap());
    let first = Value::with_lock(1, &plain).unwrap();
    let second = Value::with_lock(2, &recursive).unwrap();
    let third = RawValue::new(3).unwrap().with(&recursive);
    let held = second.lock().unwrap();
    assert!(recursive.is_mine());
    assert_eq!(third.get().unwrap(), 3);
    drop(held);
    assert!(!recursive.is_mine());
    let _held = first.lock().unwrap();
    assert!(plain.try_acquire().is_err());
}

#[test]
fn what_is_below_the_lock_is_the_same_memory_and_a_copy_is_not() {
    let value = Value::new(PAIR).unwrap();
    let below = value.get_obj().clone();
    let copy = value.copy().unwrap();
    below.field(Pair::count).set(9);
    assert_eq!(value.field(Pair::count).get().unwrap(), 9);
    assert!(below.is_same(value.get_obj()) && !below.is_same(copy.get_obj()));
    assert_eq!(copy.get().unwrap(), PAIR);
    copy.set(Pair { small: 0, ..PAIR }).unwrap();
    assert_eq!(value.get().unwrap(), Pair { count: 9, ..PAIR });
    assert_eq!(below.copy().unwrap().get().count, 9);
}

#[test]
fn bare_storage_gets_the_lock_that_belongs_to_it() {
    let raw = RawValue::new(1_u8).unwrap();
    let first = Value::synchronise(raw.clone());
    let second = Value::synchronise(raw);
    let _held = first.lock().unwrap();
    std::thread::scope(|scope| {
        let ValueLock::RLock(lock) = second.get_lock() else { panic!("its own lock is re-entrant") };
        scope.spawn(|| assert!(lock.try_acquire().is_err(), "two locks for one value"));
    });
}

#[test]
fn memory_is_zero_at_first_however_often_it_is_used() {
    for _ in 0..50 {
        let value = Value::<[u64; 100]>::zeroed().unwrap();
        assert_eq!(value.get().unwrap(), [0; 100]);
        value.set([u64::MAX; 100]).unwrap();
    }
}

#[test]
fn a_change_that_panics_changes_nothing() {
    let value = Value::new(5).unwrap();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = value.update(|number| {
            *number = 6;
            panic!("in the middle");
        });
    }));
    assert!(caught.is_err());
    assert_eq!(value.get().unwrap(), 5, "and the lock is free");
}

#[test]
fn a_value_travels_only_to_a_process_being_started() {
    let value = Value::new(1).unwrap();
    assert!(transfer::encode(&value).is_err());
    assert!(transfer::encode(value.get_obj()).is_err());
    assert!(transfer::encode(&RawArray::new(&[1]).unwrap()).is_err());
}

/// Acquires, changes one of two fields, and is killed.
fn half_an_update((pair, ready): (Value<Pair>, Descriptor)) {
    let _held = pair.lock().unwrap();
    pair.field(Pair::small).set(100).unwrap();
    say(ready);
    loop {
        std::thread::park();
    }
}

#[rstest]
fn who_comes_after_a_killed_updater_is_told_once(#[values(Method::Spawn, Method::Fork)] method: Method) {
    let pair = Value::new(PAIR).unwrap();
    let (mut reader, ready) = pipe();
    let child = Context::from(method).process(half_an_update, (pair.clone(), ready));
    child.start().unwrap();
    reader.read_exact(&mut [0]).unwrap();
    child.kill().unwrap();
    child.join().unwrap();
    let Err(ValueError::OwnerDied(found)) = pair.get() else { panic!("nobody was told") };
    assert_eq!(found, Pair { small: 100, ..PAIR });
    assert_eq!(pair.get().unwrap(), found, "told once");
    pair.update(|pair| pair.large = 100.0).unwrap();
    assert_eq!(pair.get().unwrap(), Pair { small: 100, large: 100.0, count: 3 });
}

#[test]
fn a_guard_is_told_of_a_death() {
    let pair = Value::new(PAIR).unwrap();
    let (mut reader, ready) = pipe();
    let child = Process::new(half_an_update, (pair.clone(), ready));
    child.start().unwrap();
    reader.read_exact(&mut [0]).unwrap();
    child.kill().unwrap();
    let mut guard = pair.lock().unwrap();
    assert!(guard.owner_died());
    guard.set(PAIR);
    drop(guard);
    assert!(!pair.lock().unwrap().owner_died());
    child.join().unwrap();
}

/// The creator's handle is dropped while the child uses its own: new memory is not the old one.
#[test]
fn what_one_process_drops_is_never_used_again_below_another() {
    fn body((value, ready, go): (Value<u64>, Descriptor, Descriptor)) {
        say(ready);
        File::from(go.into_inner()).read_exact(&mut [0]).unwrap();
        assert_eq!(value.get().unwrap(), 1);
        value.set(99).unwrap();
    }
    let value = Value::new(1_u64).unwrap();
    let (mut reader, ready) = pipe();
    let (go, mut say_go) = std::io::pipe().unwrap();
    let child = Process::new(body, (value.clone(), ready, Descriptor::from(OwnedFd::from(go))));
    child.start().unwrap();
    reader.read_exact(&mut [0]).unwrap();
    drop(value);
    let others: Vec<Value<u64>> = (0..20).map(|_| Value::zeroed().unwrap()).collect();
    say_go.write_all(b".").unwrap();
    finished(&child);
    assert!(others.iter().all(|other| other.get().unwrap() == 0));
}

#[test]
fn a_value_outlives_its_killed_creator() {
    fn creator((to, ready): (Descriptor, Descriptor)) {
        let value = Value::new(7).unwrap();
        let heir = Process::new(heir, (value, to));
        heir.start().unwrap();
        say(ready);
        loop {
            std::thread::park();
        }
    }
    fn heir((value, to): (Value<i32>, Descriptor)) {
        procession_reference::process::parent_process().unwrap().join().unwrap();
        value.update(|number| *number += 1).unwrap();
        let text = value.get().unwrap().to_string();
        File::from(to.into_inner()).write_all(text.as_bytes()).unwrap();
    }
    let (mut answer, to) = pipe();
    let (mut reader, ready) = pipe();
    let child = Process::new(creator, (to, ready));
    child.start().unwrap();
    reader.read_exact(&mut [0]).unwrap();
    child.kill().unwrap();
    child.join().unwrap();
    let mut text = String::new();
    answer.read_to_string(&mut text).unwrap();
    assert_eq!(text, "8");
}
