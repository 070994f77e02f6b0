//! Sessions at random, and an account of every permit.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const SESSIONS: usize = 5;

/// What a session does, by its number.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Acquires, or waits where it cannot.
    Acquire(usize),
    TryAcquire(usize),
    Release(usize, u64),
    /// The session wakes, and looks whether a permit is its own.
    Wake(usize),
    TimeOut(usize),
    /// Its client dies, whatever it does at the time. Another session comes in its place.
    Die(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let session = 0..SESSIONS;
    prop_oneof![
        6 => session.clone().prop_map(Step::Acquire),
        2 => session.clone().prop_map(Step::TryAcquire),
        4 => (session.clone(), 1..4u64).prop_map(|(session, count)| Step::Release(session, count)),
        4 => session.clone().prop_map(Step::Wake),
        2 => session.clone().prop_map(Step::TimeOut),
        2 => session.prop_map(Step::Die),
    ]
}

fn run(initial: u64, is_bounded: bool, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut semaphore: Permits<u64> = Permits::new(initial, is_bounded);
    let mut sessions: Vec<(u64, Option<Ticket>)> = (0..SESSIONS as u64).map(|id| (id, None)).collect();
    let mut next = SESSIONS as u64;
    // Free ones as they must be, who waits in which order, and to whom one went that have not woken.
    let (mut free, mut waiting, mut granted) = (initial, Vec::<u64>::new(), Vec::<u64>::new());
    for step in steps {
        let mut wakers = Vec::new();
        let (Step::Acquire(number)
        | Step::TryAcquire(number)
        | Step::Release(number, _)
        | Step::Wake(number)
        | Step::TimeOut(number)
        | Step::Die(number)) = step;
        let (session, ticket) = sessions[number];
        let id = CallerId(session);
        match (step, ticket) {
            (Step::Acquire(_) | Step::TryAcquire(_), None) => {
                let acquired = semaphore.try_acquire(id).is_some();
                prop_assert_eq!(acquired, free > 0);
                free -= u64::from(acquired);
                if !acquired && matches!(step, Step::Acquire(_)) {
                    sessions[number].1 = Some(semaphore.enter(id, session));
                    waiting.push(session);
                }
            }
            (Step::Release(_, count), None) => {
                let is_refused = is_bounded && free + count > initial;
                let expected = if is_refused { Err(TooMany::Bound) } else { Ok(()) };
                prop_assert_eq!(semaphore.release(id, count, &mut wakers), expected);
                free += if is_refused { 0 } else { count };
            }
            (Step::Wake(_), Some(ticket)) => {
                let is_granted = granted.contains(&session);
                let seen = semaphore.see(id, ticket, Woken::Rung, &mut wakers);
                prop_assert_eq!(seen.flatten().is_some(), is_granted);
                if is_granted {
                    granted.retain(|other| *other != session);
                    sessions[number].1 = None;
                }
            }
            (Step::TimeOut(_), Some(ticket)) => {
                let seen = semaphore.see(id, ticket, Woken::TimedOut, &mut wakers).expect("an end");
                prop_assert_eq!(seen.is_some(), granted.contains(&session));
                granted.retain(|other| *other != session);
                waiting.retain(|other| *other != session);
                sessions[number].1 = None;
            }
            (Step::Die(_), ticket) => {
                if let Some(ticket) = ticket {
                    semaphore.see(id, ticket, Woken::Left, &mut wakers);
                    let has_room = !is_bounded || free < initial;
                    free += u64::from(granted.contains(&session) && has_room);
                    granted.retain(|other| *other != session);
                    waiting.retain(|other| *other != session);
                }
                // As far as the initial value has room.
                let before = semaphore.free() + wakers.len() as u64;
                let account = semaphore.taken.get(&id).copied().unwrap_or(0);
                let others = semaphore.taken_by_all - account;
                let room = initial.saturating_sub(semaphore.free() + others);
                let already = wakers.len();
                semaphore.end(id, &mut wakers);
                let back = semaphore.free() + wakers.len() as u64 - before;
                prop_assert_eq!(back, account.min(room));
                prop_assert!(back == 0 || semaphore.free() <= initial);
                prop_assert!(wakers.len() - already <= back as usize);
                free += back;
                sessions[number] = (next, None);
                next += 1;
            }
            _ => {}
        }
        // In the order in which they came, as many as there are permits.
        let woken = waiting.len().min(free as usize);
        let expected: Vec<u64> = waiting.drain(..woken).collect();
        free -= woken as u64;
        prop_assert_eq!(&wakers, &expected);
        granted.extend(expected);
        prop_assert_eq!(semaphore.free(), free);
        prop_assert_eq!(semaphore.waiting(), waiting.len());
        prop_assert!(free == 0 || waiting.is_empty(), "a permit is free and somebody waits");
        prop_assert_eq!(semaphore.taken_by_all, semaphore.taken.values().sum::<u64>());
        prop_assert!(semaphore.restored <= free);
        prop_assert!(!is_bounded || free <= initial);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_permit_is_lost_or_made(initial in 0..4u64, is_bounded: bool, steps in vec(step(), 1..500)) {
        run(initial, is_bounded, steps)?;
    }
}

#[test]
fn there_is_room_for_no_more_than_the_most() {
    let mut semaphore: Permits<()> = Permits::new(MOST, false);
    let caller = CallerId(1);
    assert_eq!(semaphore.release(caller, 1, &mut Vec::new()), Err(TooMany::Room));
    assert_eq!(semaphore.release(caller, u64::MAX, &mut Vec::new()), Err(TooMany::Room));
    assert_eq!(semaphore.free(), MOST);
}

#[test]
fn whoever_gets_what_a_dead_one_had_is_told_once() {
    let (mut semaphore, mut wakers) = (Permits::new(2, false), Vec::new());
    let [dead, living] = [1, 2].map(CallerId);
    assert_eq!(semaphore.try_acquire(dead), Some(Came::Freely));
    assert_eq!(semaphore.try_acquire(living), Some(Came::Freely));
    let ticket = semaphore.enter(living, ());
    semaphore.end(dead, &mut wakers);
    assert_eq!(wakers.len(), 1);
    let seen = semaphore.see(living, ticket, Woken::Rung, &mut wakers);
    assert_eq!(seen, Some(Some(Came::FromTheDead)));
    semaphore.release(living, 1, &mut wakers).unwrap();
    assert_eq!(semaphore.try_acquire(living), Some(Came::Freely));
}
