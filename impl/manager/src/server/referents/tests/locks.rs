//! Locks and recursive locks.

use std::thread;

use rstest::rstest;

use super::*;

/// A client that acquires, and then has died without releasing.
fn dies_with(world: &World, lock: &Arc<Object>) {
    let dead = world.client();
    assert_eq!(dead.call(lock, "acquire", &[]), Said::TRUE);
    dead.die();
    dead.end(lock);
}

#[rstest]
fn whoever_waits_longest_is_next(#[values("Lock", "RLock")] typeid: &str) {
    let world = World::new();
    let lock = &world.create(typeid, &[]).unwrap();
    let (holder, order) = (world.client(), std::sync::Mutex::new(Vec::new()));
    assert_eq!(holder.call(lock, "acquire", &[]), Said::TRUE);
    thread::scope(|scope| {
        for number in 0..4 {
            let (client, order) = (world.client(), &order);
            scope.spawn(move || {
                assert_eq!(client.call(lock, "acquire", &[]), Said::TRUE);
                order.lock().unwrap().push(number);
                assert_eq!(client.call(lock, "release", &[]), Said::NONE);
            });
            until_waiting(lock, number + 1);
        }
        assert_eq!(try_acquire(&world.client(), lock), Said::FALSE);
        assert_eq!(holder.call(lock, "release", &[]), Said::NONE);
    });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
    assert_eq!(try_acquire(&holder, lock), Said::TRUE);
}

#[rstest]
fn nobody_is_in_it_with_another(#[values("Lock", "RLock")] typeid: &str) {
    let world = World::new();
    let lock = &world.create(typeid, &[]).unwrap();
    let inside = &std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            let client = world.client();
            scope.spawn(move || {
                for _ in 0..500 {
                    assert_eq!(client.call(lock, "acquire", &[]), Said::TRUE);
                    assert!(!inside.swap(true, std::sync::atomic::Ordering::Relaxed));
                    inside.store(false, std::sync::atomic::Ordering::Relaxed);
                    assert_eq!(client.call(lock, "release", &[]), Said::NONE);
                }
            });
        }
    });
}

#[test]
fn anybody_may_release_a_lock() {
    let world = World::new();
    let lock = &world.create("Lock", &[]).unwrap();
    let (one, other) = (world.client(), world.client());
    assert_eq!(one.call(lock, "release", &[]), Said::Raised(Class::Runtime));
    assert_eq!(one.call(lock, "acquire", &[]), Said::TRUE);
    assert_eq!(try_acquire(&one, lock), Said::FALSE);
    assert_eq!(other.call(lock, "release", &[]), Said::NONE);
    assert_eq!(try_acquire(&other, lock), Said::TRUE);
    // It is the other's now: the end of the first one takes nothing from him.
    one.end(lock);
    assert_eq!(try_acquire(&world.client(), lock), Said::FALSE);
}

#[test]
fn a_recursive_lock_belongs_to_a_session() {
    let world = World::new();
    let lock = &world.create("RLock", &[]).unwrap();
    let (owner, other) = (world.client(), world.client());
    for _ in 0..3 {
        assert_eq!(owner.call(lock, "acquire", &[]), Said::TRUE);
    }
    assert_eq!(other.call(lock, "release", &[]), Said::Raised(Class::Runtime));
    for _ in 0..3 {
        assert_eq!(try_acquire(&other, lock), Said::FALSE);
        assert_eq!(owner.call(lock, "release", &[]), Said::NONE);
    }
    assert_eq!(owner.call(lock, "release", &[]), Said::Raised(Class::Runtime));
    assert_eq!(try_acquire(&other, lock), Said::TRUE);
}

#[rstest]
fn what_a_dead_client_held_is_free(#[values("Lock", "RLock")] typeid: &str) {
    let world = World::new();
    let lock = &world.create(typeid, &[]).unwrap();
    let client = world.client();
    dies_with(&world, lock);
    assert_eq!(client.call(lock, "acquire_told", &[flag(false)]), Said::int(2));
    assert_eq!(world.client().call(lock, "acquire_told", &[flag(false)]), Said::int(0));
    assert_eq!(client.call(lock, "release", &[]), Said::NONE);
    assert_eq!(client.call(lock, "acquire_told", &[]), Said::int(1));
    assert_eq!(client.call(lock, "release", &[]), Said::NONE);
    dies_with(&world, lock);
    assert_eq!(client.call(lock, "acquire", &[]), Said::TRUE);
}

#[rstest]
fn whoever_waits_gets_what_a_dead_client_held(#[values("Lock", "RLock")] typeid: &str) {
    let world = World::new();
    let lock = &world.create(typeid, &[]).unwrap();
    let (dead, client) = (world.client(), world.client());
    assert_eq!(dead.call(lock, "acquire", &[]), Said::TRUE);
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(client.call(lock, "acquire_told", &[]), Said::int(2));
            assert_eq!(client.call(lock, "release", &[]), Said::NONE);
        });
        until_waiting(lock, 1);
        dead.die();
        dead.end(lock);
    });
    assert_eq!(try_acquire(&client, lock), Said::TRUE);
}

#[rstest]
fn a_dead_waiter_takes_nothing_along(#[values("Lock", "RLock")] typeid: &str) {
    let world = World::new();
    let lock = &world.create(typeid, &[]).unwrap();
    let (holder, dead, living) = (world.client(), world.client(), world.client());
    assert_eq!(holder.call(lock, "acquire", &[]), Said::TRUE);
    thread::scope(|scope| {
        let waits = scope.spawn(|| dead.call(lock, "acquire", &[]));
        until_waiting(lock, 1);
        scope.spawn(|| assert_eq!(living.call(lock, "acquire_told", &[]), Said::int(1)));
        until_waiting(lock, 2);
        dead.die();
        assert_eq!(waits.join().unwrap(), Said::Left);
        assert_eq!(waiting(lock), 1);
        assert_eq!(holder.call(lock, "release", &[]), Said::NONE);
    });
}

#[rstest]
fn a_waiter_that_dies_as_it_is_its_turn_hands_it_on(#[values("Lock", "RLock")] typeid: &str) {
    let world = World::new();
    let lock = &world.create(typeid, &[]).unwrap();
    let holder = world.client();
    for _ in 0..300 {
        let (dying, living) = (&world.client(), &world.client());
        assert_eq!(holder.call(lock, "acquire", &[]), Said::TRUE);
        thread::scope(|scope| {
            scope.spawn(|| {
                let said = dying.call(lock, "acquire", &[]);
                assert!(said == Said::Left || said == Said::TRUE, "{said:?}");
                dying.end(lock);
            });
            until_waiting(lock, 1);
            scope.spawn(|| {
                assert_eq!(living.call(lock, "acquire", &[]), Said::TRUE);
                assert_eq!(living.call(lock, "release", &[]), Said::NONE);
            });
            until_waiting(lock, 2);
            scope.spawn(|| dying.die());
            assert_eq!(holder.call(lock, "release", &[]), Said::NONE);
        });
        assert_eq!(waiting(lock), 0);
    }
    assert_eq!(try_acquire(&holder, lock), Said::TRUE);
}

#[rstest]
fn a_lock_that_comes_as_time_is_up_is_not_lost(#[values("Lock", "RLock")] typeid: &str) {
    let world = World::new();
    let lock = &world.create(typeid, &[]).unwrap();
    let (holder, hurried) = (&world.client(), &world.client());
    let mut acquired = 0;
    for round in 0..300 {
        assert_eq!(holder.call(lock, "acquire", &[]), Said::TRUE);
        thread::scope(|scope| {
            let waits = scope.spawn(move || {
                hurried.call(lock, "acquire", &[flag(true), seconds(1e-5 * f64::from(round))])
            });
            assert_eq!(holder.call(lock, "release", &[]), Said::NONE);
            if waits.join().unwrap() == Said::TRUE {
                acquired += 1;
                assert_eq!(try_acquire(holder, lock), Said::FALSE);
                assert_eq!(hurried.call(lock, "release", &[]), Said::NONE);
            }
        });
    }
    assert!(acquired > 0);
    assert_eq!(try_acquire(holder, lock), Said::TRUE);
}

#[test]
fn a_wait_for_a_lock_ends_with_its_time_and_with_the_server() {
    let world = World::new();
    let lock = &world.create("Lock", &[]).unwrap();
    let (holder, client) = (world.client(), world.client());
    assert_eq!(holder.call(lock, "acquire", &[]), Said::TRUE);
    assert_eq!(client.call(lock, "acquire", &[flag(true), seconds(0.01)]), Said::FALSE);
    assert_eq!(client.call_with(lock, "acquire", &[], &[("timeout", seconds(0.01))]), Said::FALSE);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(client.call(lock, "acquire", &[]), Said::Left));
        until_waiting(lock, 1);
        world.end();
    });
    assert_eq!(waiting(lock), 0);
}
