//! Conditions.

use std::thread;

use super::*;

const NOT_HELD: Said = Said::Raised(Class::Runtime);

/// Acquires, waits, and releases when it has been notified.
fn waits(client: &Client, condition: &Arc<Object>) {
    assert_eq!(client.call(condition, "acquire", &[]), Said::TRUE);
    assert_eq!(client.call(condition, "wait", &[Datum::None]), Said::TRUE);
    assert_eq!(client.call(condition, "release", &[]), Said::NONE);
}

#[test]
fn only_who_has_the_lock_waits_and_notifies() {
    let world = World::new();
    let condition = &world.create("Condition", &[]).unwrap();
    let (owner, other) = (world.client(), world.client());
    for client in [&owner, &other] {
        for method in ["wait", "notify", "notify_all", "release"] {
            assert_eq!(client.call(condition, method, &[]), NOT_HELD, "{method}");
        }
        assert_eq!(owner.call(condition, "acquire", &[]), Said::TRUE);
    }
    assert_eq!(owner.call(condition, "notify", &[int(5)]), Said::NONE);
    assert_eq!(owner.call(condition, "notify_all", &[]), Said::NONE);
    assert_eq!(owner.call(condition, "notify", &[Datum::Str("x".into())]), Said::Raised(Class::Type));
}

#[test]
fn a_notification_is_for_those_who_wait() {
    let world = World::new();
    let condition = &world.create("Condition", &[]).unwrap();
    let client = world.client();
    assert_eq!(client.call(condition, "acquire", &[]), Said::TRUE);
    assert_eq!(client.call(condition, "notify_all", &[]), Said::NONE);
    assert_eq!(client.call(condition, "wait", &[seconds(0.01)]), Said::FALSE);
    assert_eq!(client.call(condition, "wait", &[int(0)]), Said::FALSE);
    assert_eq!(client.call(condition, "release", &[]), Said::NONE);
    thread::scope(|scope| {
        for number in 0..4 {
            let client = world.client();
            scope.spawn(move || waits(&client, condition));
            until_waiting(condition, number + 1);
        }
        assert_eq!(client.call(condition, "acquire", &[]), Said::TRUE);
        assert_eq!(client.call(condition, "notify", &[int(0)]), Said::NONE);
        assert_eq!(client.call(condition, "notify", &[int(-1)]), Said::NONE);
        assert_eq!(waiting(condition), 4);
        assert_eq!(client.call(condition, "notify", &[]), Said::NONE);
        assert_eq!(waiting(condition), 3);
        assert_eq!(client.call(condition, "notify", &[int(2)]), Said::NONE);
        assert_eq!(waiting(condition), 1);
        assert_eq!(client.call(condition, "notify_all", &[]), Said::NONE);
        assert_eq!(client.call(condition, "release", &[]), Said::NONE);
    });
}

#[test]
fn a_wait_gives_up_the_lock_completely_and_has_it_back_so() {
    let world = World::new();
    let condition = &world.create("Condition", &[]).unwrap();
    let (client, other) = (world.client(), world.client());
    for limit in [Datum::None, seconds(60.0)] {
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..3 {
                    assert_eq!(client.call(condition, "acquire", &[]), Said::TRUE);
                }
                assert_eq!(client.call(condition, "wait", &[limit]), Said::TRUE);
                for _ in 0..3 {
                    assert_eq!(try_acquire(&other, condition), Said::FALSE);
                    assert_eq!(client.call(condition, "release", &[]), Said::NONE);
                }
                assert_eq!(client.call(condition, "release", &[]), NOT_HELD);
            });
            until_waiting(condition, 1);
            assert_eq!(try_acquire(&other, condition), Said::TRUE);
            assert_eq!(other.call(condition, "notify", &[]), Said::NONE);
            assert_eq!(other.call(condition, "release", &[]), Said::NONE);
        });
    }
}

#[test]
fn a_notification_goes_on_when_who_has_it_dies_before_the_lock_is_free() {
    let world = World::new();
    let condition = &world.create("Condition", &[]).unwrap();
    let (dead, living, client) = (world.client(), world.client(), world.client());
    for _ in 0..100 {
        let dead = world.client();
        thread::scope(|scope| {
            let dies = scope.spawn(|| {
                assert_eq!(dead.call(condition, "acquire", &[]), Said::TRUE);
                dead.call(condition, "wait", &[])
            });
            until_waiting(condition, 1);
            scope.spawn(|| waits(&living, condition));
            until_waiting(condition, 2);
            assert_eq!(client.call(condition, "acquire", &[]), Said::TRUE);
            assert_eq!(client.call(condition, "notify", &[]), Said::NONE);
            assert_eq!(waiting(condition), 1);
            dead.die();
            assert_eq!(dies.join().unwrap(), Said::Left);
            dead.end(condition);
            // One who came after the notification is not meant.
            assert_eq!(waiting(condition), 0);
            assert_eq!(client.call(condition, "release", &[]), Said::NONE);
        });
    }
    // The first one that died before it was notified.
    thread::scope(|scope| {
        let dies = scope.spawn(|| {
            assert_eq!(dead.call(condition, "acquire", &[]), Said::TRUE);
            dead.call(condition, "wait", &[seconds(60.0)])
        });
        until_waiting(condition, 1);
        scope.spawn(|| waits(&living, condition));
        until_waiting(condition, 2);
        dead.die();
        assert_eq!(dies.join().unwrap(), Said::Left);
        assert_eq!(client.call(condition, "acquire", &[]), Said::TRUE);
        assert_eq!(client.call(condition, "notify", &[]), Said::NONE);
        assert_eq!(client.call(condition, "release", &[]), Said::NONE);
    });
}

#[test]
fn the_lock_of_a_dead_client_is_a_waiter_s_again() {
    let world = World::new();
    let condition = &world.create("Condition", &[]).unwrap();
    let (dead, client) = (world.client(), world.client());
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(client.call(condition, "acquire_told", &[]), Said::int(1));
            assert_eq!(client.call(condition, "wait_told", &[]), Said::int(2));
            assert_eq!(client.call(condition, "wait_told", &[int(0)]), Said::int(0));
        });
        until_waiting(condition, 1);
        assert_eq!(dead.call(condition, "acquire", &[]), Said::TRUE);
        assert_eq!(dead.call(condition, "notify", &[]), Said::NONE);
        dead.die();
        dead.end(condition);
    });
}

#[test]
fn a_condition_shares_the_lock_over_which_it_is_made() {
    let world = World::new();
    for typeid in ["Lock", "RLock"] {
        let lock = &world.create(typeid, &[]).unwrap();
        let proxy = Datum::Proxy(lock.ident.to_string());
        let condition = &world.create_with("Condition", &[], &[("lock", proxy)]).unwrap();
        let (client, other) = (world.client(), world.client());
        assert_eq!(client.call(lock, "acquire", &[]), Said::TRUE);
        assert_eq!(try_acquire(&other, condition), Said::FALSE);
        let again = if typeid == "RLock" { Said::TRUE } else { Said::FALSE };
        assert_eq!(try_acquire(&client, condition), again);
        assert_eq!(client.call(condition, "notify", &[]), Said::NONE);
        thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(client.call(condition, "wait", &[]), Said::TRUE);
                client.end(condition);
            });
            until_waiting(condition, 1);
            assert_eq!(try_acquire(&other, lock), Said::TRUE);
            assert_eq!(other.call(condition, "notify", &[]), Said::NONE);
            assert_eq!(other.call(lock, "release", &[]), Said::NONE);
        });
        // The session that had the lock again has ended.
        assert_eq!(try_acquire(&other, lock), Said::TRUE);
    }
}

#[test]
fn a_condition_is_made_over_a_lock() {
    let world = World::new();
    let event = world.create("Event", &[]).unwrap();
    for lock in [Datum::Str("x".into()), Datum::Proxy(event.ident.to_string()), Datum::Proxy("nobody".into())]
    {
        assert_eq!(
            world.create("Condition", std::slice::from_ref(&lock)).err(),
            Some(Class::Type),
            "{lock:?}"
        );
    }
    assert!(world.create("Condition", &[Datum::None]).is_ok());
}
