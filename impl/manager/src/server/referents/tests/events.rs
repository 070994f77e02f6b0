//! Events.

use std::thread;

use super::*;

#[test]
fn an_event_stays_set_until_it_is_cleared() {
    let world = World::new();
    let event = &world.create("Event", &[]).unwrap();
    let client = world.client();
    assert_eq!(client.call(event, "is_set", &[]), Said::FALSE);
    assert_eq!(client.call(event, "wait", &[seconds(0.01)]), Said::FALSE);
    assert_eq!(client.call(event, "set", &[]), Said::NONE);
    assert_eq!(client.call(event, "set", &[]), Said::NONE);
    assert_eq!(client.call(event, "wait", &[Datum::None]), Said::TRUE);
    assert_eq!(client.call(event, "is_set", &[]), Said::TRUE);
    assert_eq!(client.call(event, "clear", &[]), Said::NONE);
    assert_eq!(client.call(event, "wait", &[int(0)]), Said::FALSE);
}

#[test]
fn a_pulse_wakes_everybody() {
    let world = World::new();
    let event = &world.create("Event", &[]).unwrap();
    let client = world.client();
    for _ in 0..100 {
        thread::scope(|scope| {
            for limit in [Datum::None, seconds(60.0), int(60)] {
                let client = world.client();
                scope.spawn(move || assert_eq!(client.call(event, "wait", &[limit]), Said::TRUE));
            }
            until_waiting(event, 3);
            assert_eq!(client.call(event, "set", &[]), Said::NONE);
            assert_eq!(client.call(event, "clear", &[]), Said::NONE);
        });
        assert_eq!(client.call(event, "is_set", &[]), Said::FALSE);
    }
}

#[test]
fn a_dead_waiter_is_in_nobody_s_way() {
    let world = World::new();
    let event = &world.create("Event", &[]).unwrap();
    let (dead, client) = (world.client(), world.client());
    thread::scope(|scope| {
        let waits = scope.spawn(|| dead.call(event, "wait", &[]));
        until_waiting(event, 1);
        dead.die();
        assert_eq!(waits.join().unwrap(), Said::Left);
    });
    assert_eq!(waiting(event), 0);
    assert_eq!(client.call(event, "set", &[]), Said::NONE);
}
