//! Queues.

use std::sync::Mutex;
use std::thread;

use super::*;

const EMPTY: Said = Said::Raised(Class::Empty);
const FULL: Said = Said::Raised(Class::Full);
const SHUT_DOWN: Said = Said::Raised(Class::ShutDown);

#[test]
fn a_queue_is_first_in_first_out_and_bounded() {
    let world = World::new();
    let queue = &world.create("Queue", &[int(2)]).unwrap();
    let client = world.client();
    assert_eq!(client.call(queue, "get_nowait", &[]), EMPTY);
    assert_eq!(client.call(queue, "get", &[flag(true), seconds(0.01)]), EMPTY);
    assert_eq!(client.call(queue, "put", &[int(1)]), Said::NONE);
    assert_eq!(client.call_with(queue, "put", &[], &[("item", int(2)), ("block", flag(false))]), Said::NONE);
    assert_eq!(client.call(queue, "put_nowait", &[int(3)]), FULL);
    assert_eq!(client.call(queue, "put", &[int(3), flag(true), seconds(0.01)]), FULL);
    assert_eq!(client.call(queue, "full", &[]), Said::TRUE);
    assert_eq!(client.call(queue, "qsize", &[]), Said::int(2));
    assert_eq!(client.call(queue, "get", &[]), Said::int(1));
    assert_eq!(client.call(queue, "get", &[flag(true), int(60)]), Said::int(2));
    assert_eq!(client.call(queue, "empty", &[]), Said::TRUE);
    for method in ["get", "put"] {
        let arguments = if method == "get" { vec![] } else { vec![int(1)] };
        let refused = client.call_with(queue, method, &arguments, &[("timeout", int(-1))]);
        assert_eq!(refused, Said::Raised(Class::Value));
    }
    assert_eq!(client.call(queue, "put", &[]), Said::Raised(Class::Type));
    assert_eq!(world.create("Queue", &[Datum::Str("x".into())]).err(), Some(Class::Type));
}

#[test]
fn every_item_is_taken_once_and_each_sender_s_in_order() {
    const ITEMS: i64 = 300;
    let world = World::new();
    for maxsize in [0, 1, 3] {
        let queue = &world.create("Queue", &[int(maxsize)]).unwrap();
        let taken = &Mutex::new(Vec::new());
        thread::scope(|scope| {
            for sender in 0..3 {
                let client = world.client();
                scope.spawn(move || {
                    for number in 0..ITEMS {
                        let item = int(sender * ITEMS + number);
                        assert_eq!(client.call(queue, "put", &[item]), Said::NONE);
                    }
                });
            }
            for _ in 0..3 {
                let client = world.client();
                scope.spawn(move || {
                    let mut own = Vec::new();
                    for _ in 0..ITEMS {
                        let Said::Gave(Datum::Int(item)) = client.call(queue, "get", &[]) else {
                            panic!("no item");
                        };
                        own.push(item);
                    }
                    for sender in 0..3 {
                        let of_sender = own.iter().filter(|item| **item / ITEMS == sender);
                        assert!(of_sender.is_sorted(), "{own:?}");
                    }
                    taken.lock().unwrap().append(&mut own);
                });
            }
        });
        let mut taken = taken.lock().unwrap();
        taken.sort_unstable();
        assert_eq!(*taken, (0..3 * ITEMS).collect::<Vec<_>>());
    }
}

#[test]
fn no_item_goes_to_the_dead() {
    let world = World::new();
    let queue = &world.create("Queue", &[]).unwrap();
    let (client, living) = (world.client(), world.client());
    thread::scope(|scope| {
        let dead: Vec<Client> = (0..3).map(|_| world.client()).collect();
        for dead in dead {
            thread::scope(|scope| {
                let waits = scope.spawn(|| dead.call(queue, "get", &[]));
                until_waiting(queue, 1);
                dead.die();
                assert_eq!(waits.join().unwrap(), Said::Left);
            });
        }
        scope.spawn(|| assert_eq!(living.call(queue, "get", &[]), Said::int(1)));
        until_waiting(queue, 1);
        assert_eq!(client.call(queue, "put", &[int(1)]), Said::NONE);
    });
    assert_eq!(client.call(queue, "qsize", &[]), Said::int(0));
}

#[test]
fn an_item_that_comes_as_somebody_dies_or_gives_up_is_not_lost() {
    let world = World::new();
    let queue = &world.create("Queue", &[]).unwrap();
    let client = &world.client();
    for round in 0..300 {
        let (dying, hurried) = (&world.client(), &world.client());
        thread::scope(|scope| {
            let dies = scope.spawn(|| dying.call(queue, "get", &[]));
            let limit = seconds(1e-5 * f64::from(round));
            let gives_up = scope.spawn(move || hurried.call(queue, "get", &[flag(true), limit]));
            scope.spawn(|| dying.die());
            assert_eq!(client.call(queue, "put", &[int(1)]), Said::NONE);
            let taken = [dies.join().unwrap(), gives_up.join().unwrap()];
            let count = taken.iter().filter(|said| **said == Said::int(1)).count();
            assert!(count <= 1);
            let rest = if count == 1 { EMPTY } else { Said::int(1) };
            assert_eq!(client.call(queue, "get_nowait", &[]), rest, "{taken:?}");
        });
    }
}

#[test]
fn whoever_waits_for_room_longest_puts_first_and_the_dead_put_nothing() {
    let world = World::new();
    let queue = &world.create("Queue", &[int(1)]).unwrap();
    let (client, dead) = (world.client(), world.client());
    assert_eq!(client.call(queue, "put", &[int(0)]), Said::NONE);
    thread::scope(|scope| {
        let waits = scope.spawn(|| dead.call(queue, "put", &[int(100)]));
        until_waiting(queue, 1);
        for number in 1..4 {
            let client = world.client();
            scope.spawn(move || assert_eq!(client.call(queue, "put", &[int(number)]), Said::NONE));
            until_waiting(queue, number as usize + 1);
        }
        dead.die();
        assert_eq!(waits.join().unwrap(), Said::Left);
        for number in 0..4 {
            assert_eq!(client.call(queue, "get_nowait", &[]), Said::int(number));
        }
    });
    assert_eq!(client.call(queue, "get_nowait", &[]), EMPTY);
}

#[test]
fn a_join_waits_for_all_tasks() {
    let world = World::new();
    let queue = &world.create("Queue", &[]).unwrap();
    let client = world.client();
    assert_eq!(client.call(queue, "join", &[]), Said::NONE);
    assert_eq!(client.call(queue, "task_done", &[]), Said::Raised(Class::Value));
    for item in 0..2 {
        assert_eq!(client.call(queue, "put", &[int(item)]), Said::NONE);
    }
    thread::scope(|scope| {
        let joiner = world.client();
        scope.spawn(move || assert_eq!(joiner.call(queue, "join", &[]), Said::NONE));
        until_waiting(queue, 1);
        assert_eq!(client.call(queue, "get", &[]), Said::int(0));
        assert_eq!(client.call(queue, "task_done", &[]), Said::NONE);
        assert_eq!(waiting(queue), 1);
        // Also for a task that was never taken, as in Python.
        assert_eq!(client.call(queue, "task_done", &[]), Said::NONE);
        assert_eq!(client.call(queue, "put", &[int(2)]), Said::NONE);
    });
}

#[test]
fn a_shutdown_wakes_everybody() {
    let world = World::new();
    let (full, empty) = (&world.create("Queue", &[int(1)]).unwrap(), &world.create("Queue", &[]).unwrap());
    let client = world.client();
    assert_eq!(client.call(full, "put", &[int(1)]), Said::NONE);
    thread::scope(|scope| {
        for (queue, method, arguments, said) in [
            (full, "put", vec![int(2)], SHUT_DOWN),
            (full, "join", vec![], Said::NONE),
            (empty, "get", vec![], SHUT_DOWN),
            (empty, "get", vec![flag(true), int(60)], SHUT_DOWN),
        ] {
            let client = world.client();
            scope.spawn(move || assert_eq!(client.call(queue, method, &arguments), said));
        }
        until_waiting(full, 2);
        until_waiting(empty, 2);
        assert_eq!(client.call(empty, "shutdown", &[]), Said::NONE);
        assert_eq!(client.call(full, "shutdown", &[]), Said::NONE);
        assert_eq!(client.call(full, "put_nowait", &[int(3)]), SHUT_DOWN);
        until_waiting(full, 1);
        assert_eq!(client.call_with(full, "shutdown", &[], &[("immediate", flag(true))]), Said::NONE);
        assert_eq!(client.call(full, "get", &[]), SHUT_DOWN);
    });
}

#[test]
fn a_queue_takes_no_more_than_its_quota() {
    let mut world = World::new();
    world.quota.elements = 2;
    let queue = &world.create("Queue", &[]).unwrap();
    let client = world.client();
    for item in 0..2 {
        assert_eq!(client.call(queue, "put", &[int(item)]), Said::NONE);
    }
    assert_eq!(client.call(queue, "put", &[int(2)]), Said::Raised(Class::Memory));
    assert_eq!(client.call(queue, "get", &[]), Said::int(0));
    assert_eq!(client.call(queue, "put", &[int(2)]), Said::NONE);
    world.quota.bytes = 1;
    assert_eq!(client.call(queue, "get", &[]), Said::int(1));
    assert_eq!(world.client().call(queue, "put", &[int(3)]), Said::Raised(Class::Memory));
}
