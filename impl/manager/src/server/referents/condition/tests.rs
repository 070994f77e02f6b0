//! Notifications at random, and an account of each.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::server::Woken;

#[derive(Clone, Copy, Debug)]
enum Step {
    Enter,
    Notify(u64),
    /// One of those in the line wakes, chosen by number, and then has the lock back or dies first.
    Wake(usize, bool),
    TimeOut(usize),
    Die(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Enter),
        2 => (1..4u64).prop_map(Step::Notify),
        3 => (0..64usize, any::<bool>()).prop_map(|(number, lives)| Step::Wake(number, lives)),
        1 => (0..64usize).prop_map(Step::TimeOut),
        2 => (0..64usize).prop_map(Step::Die),
    ]
}

/// One who waits, and the notification that he has, by its number.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    name: u64,
    ticket: Ticket,
    notification: Option<usize>,
}

/// Who dies hands his notification on to the longest waiter without one who waited when it was given.
fn hands_on(waiters: &mut [Waiter], given: &[u64], notification: Option<usize>) -> Vec<u64> {
    let Some(notification) = notification else { return Vec::new() };
    let next = waiters.iter_mut().find(|waiter| waiter.notification.is_none());
    match next.filter(|waiter| waiter.name < given[notification]) {
        Some(waiter) => {
            waiter.notification = Some(notification);
            vec![waiter.name]
        }
        None => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_notification_is_lost_or_given_to_who_came_later(steps in vec(step(), 1..400)) {
        let mut line: Line<u64, Ticket> = Line::default();
        let mut waiters: Vec<Waiter> = Vec::new();
        // For each notification, the name that the next to come then had.
        let mut given: Vec<u64> = Vec::new();
        let mut names = 0;
        for step in steps {
            let mut wakers = Vec::new();
            let chosen = |number: usize| (!waiters.is_empty()).then(|| number % waiters.len());
            let expected = match step {
                Step::Enter => {
                    let ticket = line.enter(names);
                    waiters.push(Waiter { name: names, ticket, notification: None });
                    names += 1;
                    Vec::new()
                }
                Step::Notify(count) => {
                    give(&mut line, &mut wakers, count);
                    let woken = waiters.iter_mut().filter(|waiter| waiter.notification.is_none());
                    woken.take(count as usize).map(|waiter| {
                        waiter.notification = Some(given.len());
                        given.push(names);
                        waiter.name
                    }).collect()
                }
                Step::Wake(number, lives) => match chosen(number) {
                    Some(at) => {
                        let seen = line.see(waiters[at].ticket, Woken::Rung);
                        prop_assert_eq!(seen == Seen::Waits, waiters[at].notification.is_none());
                        let Seen::Ended(mark) = seen else { continue };
                        let waiter = waiters.remove(at);
                        if lives {
                            continue;
                        }
                        hand_on(&mut line, &mut wakers, mark);
                        hands_on(&mut waiters, &given, waiter.notification)
                    }
                    None => continue,
                },
                Step::TimeOut(number) => match chosen(number) {
                    Some(at) => {
                        let waiter = waiters.remove(at);
                        let seen = line.see(waiter.ticket, Woken::TimedOut);
                        let Seen::Ended(mark) = seen else { panic!("{seen:?} when time is up") };
                        prop_assert_eq!(mark.is_some(), waiter.notification.is_some());
                        Vec::new()
                    }
                    None => continue,
                },
                Step::Die(number) => match chosen(number) {
                    Some(at) => {
                        let waiter = waiters.remove(at);
                        let seen = line.see(waiter.ticket, Woken::Left);
                        let Seen::Gone(mark) = seen else { panic!("{seen:?} of one that has left") };
                        hand_on(&mut line, &mut wakers, mark);
                        hands_on(&mut waiters, &given, waiter.notification)
                    }
                    None => continue,
                },
            };
            prop_assert_eq!(&wakers, &expected);
            let waiting = waiters.iter().filter(|waiter| waiter.notification.is_none()).count();
            prop_assert_eq!(line.waiting(), waiting);
            prop_assert_eq!(line.granted(), waiters.len() - waiting);
        }
    }
}
