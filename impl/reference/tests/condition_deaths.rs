//! Conditions when processes die: no notification goes with them, and nobody waits for them.

use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;

use procession_reference::context::{Context, Method};
use procession_reference::fault::die_before;
use procession_reference::{Acquired, Condition, ConditionWaitError, Lock, Process, Semaphore};
use rstest::rstest;

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

fn spawn<A>(body: fn(A), arguments: A) -> Process
where
    A: serde::Serialize + serde::de::DeserializeOwned + Clone + Send + 'static,
{
    let child = Context::from(Method::Spawn).process(body, arguments);
    child.start().unwrap();
    child
}

/// A child that waits, when this returns; it says so when it has been notified.
fn waiting_child(condition: &Condition, woken: &Semaphore) -> Process {
    fn body((condition, here, woken): (Condition, Semaphore, Semaphore)) {
        let _guard = condition.lock().unwrap();
        here.release().unwrap();
        match condition.wait() {
            // Another one may have died after it was woken, and before it gave the lock up.
            Ok(()) | Err(ConditionWaitError::OwnerDied { answer: true }) => woken.release().unwrap(),
            other => panic!("{other:?}"),
        }
    }
    let here = Semaphore::new(0).unwrap();
    let child = spawn(body, (condition.clone(), here.clone(), woken.clone()));
    here.acquire_timeout(LONG).unwrap();
    drop(condition.lock().unwrap());
    child
}

#[track_caller]
fn end(child: &Process) {
    kill(Pid::from_raw(child.pid().unwrap().unwrap()), Signal::SIGKILL).unwrap();
    child.join().unwrap();
}

#[track_caller]
fn ends_well(child: &Process) {
    assert!(child.join_timeout(LONG).unwrap(), "a child hangs");
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

#[rstest]
#[case(1)]
#[case(u32::MAX)]
fn a_dead_waiter_blocks_nobody_and_takes_no_notification(#[case] most: u32) {
    let (condition, woken) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
    let dead = waiting_child(&condition, &woken);
    let living = waiting_child(&condition, &woken);
    end(&dead);
    {
        let _guard = condition.lock().unwrap();
        assert_eq!(condition.notify(most).unwrap(), 1);
    }
    ends_well(&living);
    assert_eq!(woken.permits(), 1);
}

#[test]
fn a_notification_of_one_that_dies_before_it_goes_on_is_another_s() {
    let (condition, woken) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
    let oldest = waiting_child(&condition, &woken);
    let heir = waiting_child(&condition, &woken);
    let youngest = waiting_child(&condition, &woken);
    {
        let _guard = condition.lock().unwrap();
        assert_eq!(condition.notify(1).unwrap(), 1);
        // It is woken, and cannot go on before we give the lock up.
        end(&oldest);
    }
    ends_well(&heir);
    assert_eq!(woken.permits(), 1);
    let _guard = condition.lock().unwrap();
    assert_eq!(condition.notify_all().unwrap(), 1, "the youngest still waits");
    drop(_guard);
    ends_well(&youngest);
}

#[test]
fn a_notification_of_the_dead_is_not_for_those_who_came_later() {
    let (condition, woken) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
    let notified = waiting_child(&condition, &woken);
    let _guard = condition.lock().unwrap();
    assert_eq!(condition.notify(1).unwrap(), 1);
    end(&notified);
    assert!(!condition.wait_timeout(Duration::from_millis(100)).unwrap());
}

#[rstest]
#[case(Condition::new().unwrap())]
#[case(Condition::with_lock(Lock::new().unwrap()).unwrap())]
fn if_the_holder_dies_while_all_wait_one_of_them_is_told(#[case] condition: Condition) {
    fn die_holding((condition, here): (Condition, Semaphore)) {
        assert_eq!(condition.acquire().unwrap(), Acquired::Clean);
        here.release().unwrap();
        raise(Signal::SIGKILL).unwrap();
    }
    let here = Semaphore::new(0).unwrap();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let (tell, told) = std::sync::mpsc::channel();
                let condition = &condition;
                let waiting = scope.spawn(move || {
                    condition.acquire().unwrap();
                    tell.send(()).unwrap();
                    let waited = condition.wait();
                    if waited.is_err() {
                        // Whoever is told sees to it that the others go on.
                        assert_eq!(condition.notify_all().unwrap(), 2);
                    }
                    condition.release().unwrap();
                    waited
                });
                told.recv().unwrap();
                drop(condition.lock().unwrap());
                waiting
            })
            .collect();
        let holder = spawn(die_holding, (condition.clone(), here.clone()));
        here.acquire_timeout(LONG).unwrap();
        holder.join().unwrap();
        let waited: Vec<_> = waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect();
        let told: Vec<_> = waited.iter().filter_map(|waited| waited.as_ref().err()).collect();
        assert!(matches!(told[..], [ConditionWaitError::OwnerDied { answer: false }]), "{waited:?}");
    });
    assert_eq!(condition.acquire().unwrap(), Acquired::Clean);
}

#[test]
fn nodes_of_the_dead_are_used_again() {
    let (condition, woken) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
    for _ in 0..5 {
        end(&waiting_child(&condition, &woken));
    }
    let living = waiting_child(&condition, &woken);
    let _guard = condition.lock().unwrap();
    assert_eq!(condition.notify_all().unwrap(), 1);
    drop(_guard);
    ends_well(&living);
}

/// A victim that dies before its n-th operation, as a waiter; whether it died.
fn waiter_killed(n: u64) -> bool {
    fn victim((condition, here, n): (Condition, Semaphore, u64)) {
        let _guard = condition.lock().unwrap();
        here.release().unwrap();
        die_before(n);
        condition.wait().unwrap();
        die_before(0);
    }
    let (condition, woken) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
    let here = Semaphore::new(0).unwrap();
    let victim = spawn(victim, (condition.clone(), here.clone(), n));
    here.acquire_timeout(LONG).unwrap();
    let survivor = waiting_child(&condition, &woken);
    let notified = {
        let _guard = condition.lock().unwrap();
        // The victim waits, is dead, or has died holding the lock.
        condition.notify_all().unwrap()
    };
    assert!(notified >= 1, "killed before {n}: the survivor was not notified");
    ends_well(&survivor);
    victim.join().unwrap();
    victim.exitcode().unwrap() == Some(-9)
}

/// As above, as a notifier that holds the lock while two wait.
fn notifier_killed(n: u64) -> bool {
    fn waits((condition, here, done): (Condition, Semaphore, Semaphore)) {
        condition.acquire().unwrap();
        here.release().unwrap();
        match condition.wait() {
            Ok(()) => {}
            // The notifier has died: the others are to go on all the same.
            Err(ConditionWaitError::OwnerDied { .. }) => drop(condition.notify_all().unwrap()),
            Err(error) => panic!("{error}"),
        }
        condition.release().unwrap();
        done.release().unwrap();
    }
    fn victim((condition, n): (Condition, u64)) {
        condition.acquire().unwrap();
        die_before(n);
        condition.notify_all().unwrap();
        condition.release().unwrap();
        die_before(0);
    }
    let condition = Condition::new().unwrap();
    let done = Semaphore::new(0).unwrap();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let here = Semaphore::new(0).unwrap();
            let child = spawn(waits, (condition.clone(), here.clone(), done.clone()));
            here.acquire_timeout(LONG).unwrap();
            drop(condition.lock().unwrap());
            child
        })
        .collect();
    let victim = spawn(victim, (condition.clone(), n));
    victim.join().unwrap();
    waiting.iter().for_each(ends_well);
    assert_eq!(done.permits(), 2);
    victim.exitcode().unwrap() == Some(-9)
}

#[rstest]
#[case(waiter_killed, 10)]
#[case(notifier_killed, 20)]
fn a_death_before_any_operation_stops_nobody(#[case] killed: fn(u64) -> bool, #[case] least: usize) {
    let points = (1..).take_while(|n| killed(*n)).count();
    assert!(points >= least, "{points} points of death only");
}
