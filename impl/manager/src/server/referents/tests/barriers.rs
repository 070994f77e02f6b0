//! Barriers.

use std::sync::Mutex;
use std::thread;

use super::*;

const BROKEN: Said = Said::Raised(Class::BrokenBarrier);

fn attribute(client: &Client, barrier: &Arc<Object>, name: &str) -> Said {
    client.call(barrier, "__getattribute__", &[Datum::Str(name.into())])
}

#[test]
fn all_pass_together_each_with_an_index_of_its_own() {
    let world = World::new();
    let barrier = &world.create("Barrier", &[int(3)]).unwrap();
    let rounds = &Mutex::new(vec![Vec::new(); 50]);
    thread::scope(|scope| {
        for _ in 0..3 {
            let client = world.client();
            scope.spawn(move || {
                for round in 0..50 {
                    let Said::Gave(Datum::Int(index)) = client.call(barrier, "wait", &[Datum::None]) else {
                        panic!("no index");
                    };
                    rounds.lock().unwrap()[round].push(index);
                }
            });
        }
    });
    for mut indices in rounds.lock().unwrap().drain(..) {
        indices.sort_unstable();
        assert_eq!(indices, [0, 1, 2]);
    }
}

#[test]
fn a_barrier_tells_its_state() {
    let world = World::new();
    let barrier = &world.create("Barrier", &[int(3)]).unwrap();
    let client = world.client();
    let state = |parties, waiting, is_broken| {
        assert_eq!(attribute(&client, barrier, "parties"), Said::int(parties));
        assert_eq!(attribute(&client, barrier, "n_waiting"), Said::int(waiting));
        assert_eq!(attribute(&client, barrier, "broken"), Said::Gave(flag(is_broken)));
    };
    state(3, 0, false);
    thread::scope(|scope| {
        for _ in 0..2 {
            let client = world.client();
            scope.spawn(move || assert_eq!(client.call(barrier, "wait", &[]), BROKEN));
        }
        until_waiting(barrier, 2);
        state(3, 2, false);
        assert_eq!(client.call(barrier, "abort", &[]), Said::NONE);
        state(3, 0, true);
    });
    assert_eq!(client.call(barrier, "wait", &[]), BROKEN);
    assert_eq!(client.call(barrier, "reset", &[]), Said::NONE);
    state(3, 0, false);
    assert_eq!(attribute(&client, barrier, "_cond"), Said::Raised(Class::Attribute));
    assert_eq!(client.call(barrier, "__getattribute__", &[int(1)]), Said::Raised(Class::Type));
}

#[test]
fn a_reset_breaks_the_round_and_not_the_barrier() {
    let world = World::new();
    let barrier = &world.create("Barrier", &[int(2)]).unwrap();
    let (client, other) = (world.client(), world.client());
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(other.call(barrier, "wait", &[]), BROKEN);
            assert_eq!(other.call(barrier, "wait", &[]), Said::int(0));
        });
        until_waiting(barrier, 1);
        assert_eq!(client.call(barrier, "reset", &[]), Said::NONE);
        until_waiting(barrier, 1);
        assert_eq!(client.call(barrier, "wait", &[]), Said::int(1));
    });
}

#[test]
fn a_party_that_dies_or_is_late_breaks_the_barrier() {
    let world = World::new();
    let barrier = &world.create("Barrier", &[int(3)]).unwrap();
    let (dead, client, other) = (world.client(), world.client(), world.client());
    thread::scope(|scope| {
        let waits = scope.spawn(|| dead.call(barrier, "wait", &[]));
        until_waiting(barrier, 1);
        scope.spawn(|| assert_eq!(other.call(barrier, "wait", &[]), BROKEN));
        until_waiting(barrier, 2);
        dead.die();
        assert_eq!(waits.join().unwrap(), Said::Left);
    });
    assert_eq!(attribute(&client, barrier, "broken"), Said::TRUE);
    assert_eq!(client.call(barrier, "reset", &[]), Said::NONE);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(other.call(barrier, "wait", &[]), BROKEN));
        until_waiting(barrier, 1);
        assert_eq!(client.call(barrier, "wait", &[seconds(0.01)]), BROKEN);
    });
    assert_eq!(attribute(&client, barrier, "broken"), Said::TRUE);
}

#[test]
fn a_limit_of_its_own_counts_where_a_wait_has_none() {
    let world = World::new();
    let limit = [("timeout", seconds(0.01))];
    let barrier = &world.create_with("Barrier", &[int(2)], &limit).unwrap();
    assert_eq!(world.client().call(barrier, "wait", &[Datum::None]), BROKEN);
    let barrier = &world.create_with("Barrier", &[int(2)], &limit).unwrap();
    let (client, other) = (world.client(), world.client());
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(other.call(barrier, "wait", &[int(60)]), Said::int(0)));
        until_waiting(barrier, 1);
        assert_eq!(client.call(barrier, "wait", &[]), Said::int(1));
    });
}

#[test]
fn a_barrier_needs_a_party_and_takes_no_action() {
    let world = World::new();
    let none: &[Datum] = &[];
    for (arguments, class) in [
        (none, Class::Type),
        (&[int(0)], Class::Value),
        (&[int(-3)], Class::Value),
        (&[seconds(2.0)], Class::Type),
        (&[int(2), Datum::Str("print".into())], Class::NotImplemented),
        (&[int(2), Datum::None, Datum::Str("soon".into())], Class::Type),
    ] {
        assert_eq!(world.create("Barrier", arguments).err(), Some(class), "{arguments:?}");
    }
    let barrier = world.create("Barrier", &[int(i64::MAX)]).unwrap();
    assert_eq!(world.client().call(&barrier, "wait", &[int(0)]), BROKEN);
}
