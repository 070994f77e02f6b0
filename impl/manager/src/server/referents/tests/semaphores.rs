//! Semaphores, bounded or not.

use std::thread;

use rstest::rstest;

use super::*;

#[rstest]
fn permits_are_counted(#[values("Semaphore", "BoundedSemaphore")] typeid: &str) {
    let world = World::new();
    let semaphore = &world.create(typeid, &[int(2)]).unwrap();
    let (one, other) = (world.client(), world.client());
    assert_eq!(one.call(semaphore, "acquire", &[]), Said::TRUE);
    assert_eq!(other.call(semaphore, "acquire", &[]), Said::TRUE);
    assert_eq!(try_acquire(&one, semaphore), Said::FALSE);
    assert_eq!(one.call(semaphore, "acquire", &[flag(true), seconds(0.01)]), Said::FALSE);
    // Both by one of the two.
    assert_eq!(one.call(semaphore, "release", &[int(2)]), Said::NONE);
    let once_more = one.call(semaphore, "release", &[]);
    match typeid {
        "Semaphore" => assert_eq!(once_more, Said::NONE),
        _ => assert_eq!(once_more, Said::Raised(Class::Value)),
    }
}

#[test]
fn a_semaphore_has_a_number_of_permits() {
    let world = World::new();
    for (value, class) in
        [(int(-1), Class::Value), (Datum::Str("x".into()), Class::Type), (int(i64::MAX), Class::Overflow)]
    {
        assert_eq!(world.create("Semaphore", std::slice::from_ref(&value)).err(), Some(class), "{value:?}");
    }
    let semaphore = &world.create("Semaphore", &[int(0)]).unwrap();
    let client = world.client();
    assert_eq!(client.call(semaphore, "release", &[int(0)]), Said::Raised(Class::Value));
    assert_eq!(client.call(semaphore, "release", &[int(i64::MAX - 1)]), Said::NONE);
    assert_eq!(client.call(semaphore, "release", &[]), Said::Raised(Class::Overflow));
    assert_eq!(client.call(semaphore, "acquire", &[]), Said::TRUE);
}

#[test]
fn as_many_are_woken_as_permits_come() {
    let world = World::new();
    let semaphore = &world.create("Semaphore", &[int(0)]).unwrap();
    thread::scope(|scope| {
        for number in 0..4 {
            let client = world.client();
            scope.spawn(move || assert_eq!(client.call(semaphore, "acquire", &[]), Said::TRUE));
            until_waiting(semaphore, number + 1);
        }
        let client = world.client();
        assert_eq!(client.call(semaphore, "release", &[int(3)]), Said::NONE);
        assert_eq!(waiting(semaphore), 1);
        assert_eq!(try_acquire(&client, semaphore), Said::FALSE);
        assert_eq!(client.call(semaphore, "release", &[int(3)]), Said::NONE);
        assert_eq!(try_acquire(&client, semaphore), Said::TRUE);
    });
}

#[test]
fn what_the_dead_had_taken_comes_back() {
    let world = World::new();
    let semaphore = &world.create("BoundedSemaphore", &[int(2)]).unwrap();
    let (dead, client) = (world.client(), world.client());
    assert_eq!(dead.call(semaphore, "acquire", &[]), Said::TRUE);
    assert_eq!(dead.call(semaphore, "acquire", &[]), Said::TRUE);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(client.call(semaphore, "acquire_told", &[]), Said::int(2)));
        until_waiting(semaphore, 1);
        dead.die();
        dead.end(semaphore);
    });
    assert_eq!(client.call(semaphore, "acquire_told", &[]), Said::int(2));
    assert_eq!(client.call(semaphore, "acquire_told", &[flag(false)]), Said::int(0));
    assert_eq!(client.call(semaphore, "release", &[int(2)]), Said::NONE);
    assert_eq!(client.call(semaphore, "release", &[]), Said::Raised(Class::Value));
}

#[test]
fn a_signal_that_somebody_took_before_it_died_does_not_come_back() {
    let world = World::new();
    let signals = &world.create("Semaphore", &[int(0)]).unwrap();
    let (sender, receiver) = (world.client(), world.client());
    assert_eq!(sender.call(signals, "release", &[]), Said::NONE);
    assert_eq!(receiver.call(signals, "acquire", &[]), Said::TRUE);
    receiver.end(signals);
    sender.end(signals);
    assert_eq!(try_acquire(&world.client(), signals), Said::FALSE);
}

#[test]
fn a_permit_goes_on_when_who_is_next_dies() {
    let world = World::new();
    let semaphore = &world.create("Semaphore", &[int(1)]).unwrap();
    let holder = world.client();
    for _ in 0..300 {
        let (dying, living) = (&world.client(), &world.client());
        assert_eq!(holder.call(semaphore, "acquire", &[]), Said::TRUE);
        thread::scope(|scope| {
            scope.spawn(|| {
                let said = dying.call(semaphore, "acquire", &[]);
                assert!(said == Said::Left || said == Said::TRUE, "{said:?}");
                dying.end(semaphore);
            });
            until_waiting(semaphore, 1);
            scope.spawn(|| {
                assert_eq!(living.call(semaphore, "acquire", &[]), Said::TRUE);
                assert_eq!(living.call(semaphore, "release", &[]), Said::NONE);
            });
            until_waiting(semaphore, 2);
            scope.spawn(|| dying.die());
            assert_eq!(holder.call(semaphore, "release", &[]), Said::NONE);
        });
    }
    assert_eq!(try_acquire(&holder, semaphore), Said::TRUE);
    assert_eq!(try_acquire(&holder, semaphore), Said::FALSE);
}

#[test]
fn a_signal_is_not_lost_to_who_died_while_it_waited() {
    // Nothing comes back from the dead here: there is no room for it. The line alone must lose nothing.
    let world = World::new();
    let signals = &world.create("Semaphore", &[int(0)]).unwrap();
    let (dead, client) = (world.client(), world.client());
    thread::scope(|scope| {
        let waits = scope.spawn(|| dead.call(signals, "acquire", &[]));
        until_waiting(signals, 1);
        dead.die();
        assert_eq!(waits.join().unwrap(), Said::Left);
    });
    assert_eq!(waiting(signals), 0);
    assert_eq!(client.call(signals, "release", &[]), Said::NONE);
    assert_eq!(try_acquire(&client, signals), Said::TRUE);
}
