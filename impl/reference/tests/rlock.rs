//! Re-entrant locks: owned by one thread of one process, as often as it has acquired them.

use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, raise};
use procession_reference::context::{Context, Method};
use procession_reference::{AcquireError, Acquired, Event, Holder, NotOwner, Process, RLock};
use rstest::rstest;

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

#[track_caller]
fn ends_well(child: &Process) {
    assert!(child.join_timeout(LONG).unwrap(), "the child hangs");
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

#[track_caller]
fn is_refused(lock: &RLock) {
    assert!(matches!(lock.try_acquire(), Err(AcquireError::TimedOut)));
    let waited = lock.acquire_timeout(Duration::from_millis(1));
    assert!(matches!(waited, Err(AcquireError::TimedOut)));
    assert_eq!(lock.release(), Err(NotOwner));
}

#[test]
fn its_owner_acquires_it_again_and_releases_it_as_often() {
    let lock = RLock::new().unwrap();
    assert_eq!(lock.release(), Err(NotOwner));
    assert_eq!(lock.acquire().unwrap(), Acquired::Clean);
    assert_eq!(lock.try_acquire().unwrap(), Acquired::Clean);
    assert_eq!(lock.acquire_timeout(Duration::ZERO).unwrap(), Acquired::Clean);
    assert_eq!((lock.depth(), lock.holder(), lock.is_mine()), (3, Holder::This, true));
    for _ in 0..3 {
        thread::scope(|scope| scope.spawn(|| is_refused(&lock)).join().unwrap());
        lock.release().unwrap();
    }
    assert_eq!(lock.release(), Err(NotOwner));
    assert_eq!((lock.depth(), lock.holder(), lock.is_mine()), (0, Holder::Nobody, false));
    thread::scope(|scope| {
        scope.spawn(|| lock.acquire().map(drop)).join().unwrap().unwrap();
    });
    assert_eq!(lock.holder(), Holder::OtherThread);
}

#[rstest]
fn another_process_does_not_own_it(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    let lock = RLock::new().unwrap();
    let guard = lock.lock().unwrap();
    let child = Context::from(method).process(|lock: RLock| is_refused(&lock), lock.clone());
    child.start().unwrap();
    ends_well(&child);
    assert_eq!((lock.depth(), lock.is_mine()), (1, true));
    drop(guard);
    assert_eq!(lock.holder(), Holder::Nobody);
}

#[test]
fn a_forked_child_does_not_own_what_its_parent_owns() {
    let lock = RLock::new().unwrap();
    let guard = lock.lock().unwrap();
    let child = Process::forked({
        let lock = lock.clone();
        move || {
            is_refused(&lock);
            assert_eq!(lock.holder(), Holder::OtherProcess);
        }
    });
    child.start().unwrap();
    ends_well(&child);
    drop(guard);
}

#[test]
fn the_heir_of_an_owner_that_died_deep_owns_it_once() {
    fn body((lock, held): (RLock, Event)) {
        for _ in 0..3 {
            assert_eq!(lock.acquire().unwrap(), Acquired::Clean);
        }
        held.set();
        raise(Signal::SIGKILL).unwrap();
    }
    let lock = RLock::new().unwrap();
    let held = Event::new().unwrap();
    let child = Context::from(Method::Spawn).process(body, (lock.clone(), held.clone()));
    child.start().unwrap();
    assert!(held.wait_timeout(LONG));
    assert_eq!(lock.acquire_timeout(LONG).unwrap(), Acquired::OwnerDied);
    assert_eq!(lock.depth(), 1);
    assert_eq!(lock.acquire().unwrap(), Acquired::Clean, "told once");
    lock.release().unwrap();
    lock.release().unwrap();
    assert_eq!(lock.holder(), Holder::Nobody);
    child.join().unwrap();
}

#[test]
fn threads_of_the_heirs_process_are_not_taken_for_the_dead_one() {
    // The dead owner's thread has the number that a thread of ours may have: neither owns it by that.
    let lock = RLock::new().unwrap();
    let child = Process::forked({
        let lock = lock.clone();
        move || {
            lock.acquire().unwrap();
            raise(Signal::SIGKILL).unwrap();
        }
    });
    child.start().unwrap();
    child.join().unwrap();
    assert!(!lock.is_mine());
    assert_eq!(lock.release(), Err(NotOwner));
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert_eq!(lock.release(), Err(NotOwner)));
        }
    });
    assert_eq!(lock.holder(), Holder::DeadProcess);
    assert_eq!(lock.try_acquire().unwrap(), Acquired::OwnerDied);
}

#[test]
fn one_thread_at_a_time_is_inside() {
    let lock = RLock::new().unwrap();
    let inside = std::sync::atomic::AtomicU32::new(0);
    let order = std::sync::atomic::Ordering::Relaxed;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    let outer = lock.lock().unwrap();
                    let inner = lock.lock().unwrap();
                    assert_eq!(inside.fetch_add(1, order), 0);
                    assert_eq!(inside.fetch_sub(1, order), 1);
                    drop((inner, outer));
                }
            });
        }
    });
}
