//! Sessions at random, against the lock as anybody would write it down.

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
    Release(usize),
    ReleaseAll(usize),
    /// The session wakes, and looks whether the lock is its own.
    Wake(usize),
    TimeOut(usize),
    /// Its client dies, whatever it does at the time. Another session comes in its place.
    Die(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let session = 0..SESSIONS;
    prop_oneof![
        5 => session.clone().prop_map(Step::Acquire),
        2 => session.clone().prop_map(Step::TryAcquire),
        5 => session.clone().prop_map(Step::Release),
        1 => session.clone().prop_map(Step::ReleaseAll),
        4 => session.clone().prop_map(Step::Wake),
        2 => session.clone().prop_map(Step::TimeOut),
        2 => session.prop_map(Step::Die),
    ]
}

/// The lock, written down: who holds it how often, who waits in which order.
#[derive(Default)]
struct Model {
    is_recursive: bool,
    holder: Option<(u64, u64)>,
    waiting: Vec<u64>,
    /// To whom it went that have not woken, and whether from the dead.
    granted: Vec<(u64, Came)>,
    orphaned: bool,
    /// Whom the lock is to wake.
    wakes: Vec<u64>,
}

impl Model {
    fn take(&mut self, session: u64) -> Came {
        self.holder = Some((session, 1));
        if std::mem::take(&mut self.orphaned) { Came::FromTheDead } else { Came::Freely }
    }

    fn give_up(&mut self) {
        self.holder = None;
        if !self.waiting.is_empty() {
            let session = self.waiting.remove(0);
            let came = self.take(session);
            self.granted.push((session, came));
            self.wakes.push(session);
        }
    }

    fn may_release(&self, session: u64) -> bool {
        self.holder.is_some_and(|(holder, _)| !self.is_recursive || holder == session)
    }

    fn find(&mut self, session: u64) -> Option<Came> {
        let at = self.granted.iter().position(|(granted, _)| *granted == session)?;
        Some(self.granted.remove(at).1)
    }
}

fn run(is_recursive: bool, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut lock: Holding<u64> = Holding::new(is_recursive);
    let mut model = Model { is_recursive, ..Model::default() };
    // The session that each number stands for, and where it waits.
    let mut sessions: Vec<(u64, Option<Ticket>)> = (0..SESSIONS as u64).map(|id| (id, None)).collect();
    let mut next = SESSIONS as u64;
    for step in steps {
        let mut wakers = Vec::new();
        let (Step::Acquire(number)
        | Step::TryAcquire(number)
        | Step::Release(number)
        | Step::ReleaseAll(number)
        | Step::Wake(number)
        | Step::TimeOut(number)
        | Step::Die(number)) = step;
        let (session, ticket) = sessions[number];
        let id = CallerId(session);
        match (step, ticket) {
            (Step::Acquire(_) | Step::TryAcquire(_), None) => {
                let acquired = lock.try_acquire(id);
                match model.holder {
                    None => prop_assert_eq!(acquired, Ok(Some(model.take(session)))),
                    Some((holder, depth)) if is_recursive && holder == session => {
                        prop_assert_eq!(acquired, Ok(Some(Came::Freely)));
                        model.holder = Some((holder, depth + 1));
                    }
                    Some(_) => {
                        prop_assert_eq!(acquired, Ok(None));
                        if matches!(step, Step::Acquire(_)) {
                            let ticket = lock.enter(Holder { caller: id, depth: 1 }, session);
                            sessions[number].1 = Some(ticket);
                            model.waiting.push(session);
                        }
                    }
                }
            }
            (Step::Release(_), None) => {
                let expected = if model.may_release(session) { Ok(()) } else { Err(NotHeld) };
                prop_assert_eq!(lock.release(id, &mut wakers), expected);
                match model.holder {
                    Some((holder, depth)) if expected.is_ok() && depth > 1 => {
                        model.holder = Some((holder, depth - 1));
                    }
                    Some(_) if expected.is_ok() => model.give_up(),
                    _ => {}
                }
            }
            (Step::ReleaseAll(_), None) => {
                let depth = model.holder.map_or(0, |(_, depth)| depth);
                let expected = if model.may_release(session) { Ok(depth) } else { Err(NotHeld) };
                prop_assert_eq!(lock.release_all(id, &mut wakers), expected);
                if expected.is_ok() {
                    model.give_up();
                }
            }
            (Step::Wake(_), Some(ticket)) => {
                let found = lock.see(id, ticket, Woken::Rung, &mut wakers);
                prop_assert_eq!(found, model.find(session).map(Some));
                if found.is_some() {
                    sessions[number].1 = None;
                }
            }
            (Step::TimeOut(_), Some(ticket)) => {
                let seen = lock.see(id, ticket, Woken::TimedOut, &mut wakers);
                prop_assert_eq!(seen, Some(model.find(session)));
                model.waiting.retain(|waiter| *waiter != session);
                sessions[number].1 = None;
            }
            (Step::Die(_), ticket) => {
                if let Some(ticket) = ticket {
                    lock.see(id, ticket, Woken::Left, &mut wakers);
                    model.waiting.retain(|waiter| *waiter != session);
                    if let Some(came) = model.find(session)
                        && model.holder.is_some_and(|(holder, _)| holder == session)
                    {
                        model.orphaned = came == Came::FromTheDead;
                        model.give_up();
                    }
                }
                lock.end(id, &mut wakers);
                if model.holder.is_some_and(|(holder, _)| holder == session) {
                    model.orphaned = true;
                    model.give_up();
                }
                sessions[number] = (next, None);
                next += 1;
            }
            _ => {}
        }
        prop_assert_eq!(&wakers, &std::mem::take(&mut model.wakes));
        let holder = lock.holder().map(|holder| (holder.caller.0, holder.depth));
        prop_assert_eq!(holder, model.holder);
        prop_assert_eq!(lock.waiting(), model.waiting.len());
        prop_assert!(model.waiting.is_empty() || model.holder.is_some(), "a lock is free and somebody waits");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_lock_has_one_holder_and_loses_nobody(steps in vec(step(), 1..500)) {
        run(false, steps)?;
    }

    #[test]
    fn a_recursive_lock_has_one_holder_and_loses_nobody(steps in vec(step(), 1..500)) {
        run(true, steps)?;
    }
}

#[test]
fn whoever_cannot_count_any_higher_is_told() {
    let mut lock: Holding<()> = Holding::new(true);
    let caller = CallerId(1);
    assert_eq!(lock.try_restore(Holder { caller, depth: u64::MAX }), Some(Came::Freely));
    assert_eq!(lock.try_acquire(caller), Err(TooDeep));
    assert_eq!(lock.release_all(caller, &mut Vec::new()), Ok(u64::MAX));
}
