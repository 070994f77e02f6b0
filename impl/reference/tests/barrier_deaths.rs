//! Barriers when parties die: the others are told, whoever it was and whatever it was doing.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;

use procession_reference::context::{Context, Method};
use procession_reference::fault::die_before;
use procession_reference::{Barrier, BarrierWaitError, Process};
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

fn waits(barrier: Barrier) {
    let _ = barrier.wait();
}

fn until_waiting(barrier: &Barrier, count: u32) {
    let began = Instant::now();
    while barrier.waiting() < count {
        assert!(began.elapsed() < LONG, "{} of {count} parties wait", barrier.waiting());
        thread::yield_now();
    }
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
fn a_party_that_dies_waiting_breaks_the_barrier_though_nobody_else_comes(#[values(0, 2, 4)] which: usize) {
    let barrier = Barrier::new(7).unwrap();
    let children: Vec<_> = (0..5)
        .map(|waiting| {
            let child = spawn(waits, barrier.clone());
            until_waiting(&barrier, waiting + 1);
            child
        })
        .collect();
    end(&children[which]);
    for (number, child) in children.iter().enumerate() {
        if number != which {
            ends_well(child);
        }
    }
    assert!(barrier.is_broken());
    assert!(matches!(barrier.wait(), Err(BarrierWaitError::Broken)));
}

#[test]
fn a_party_that_died_is_not_taken_for_one_that_waits() {
    let barrier = Barrier::new(2).unwrap();
    let child = spawn(waits, barrier.clone());
    until_waiting(&barrier, 1);
    end(&child);
    assert!(matches!(barrier.wait(), Err(BarrierWaitError::Broken)));
}

#[test]
fn a_party_that_dies_in_the_action_breaks_the_barrier() {
    fn acts(barrier: Barrier) {
        let _ = barrier.wait_with(|| -> Result<(), ()> {
            raise(Signal::SIGKILL).unwrap();
            Ok(())
        });
    }
    let barrier = Barrier::new(2).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait());
        until_waiting(&barrier, 1);
        // The next one comes too early, while the action runs.
        let child = spawn(acts, barrier.clone());
        child.join().unwrap();
        assert!(matches!(other.join().unwrap(), Err(BarrierWaitError::Broken)));
    });
    barrier.reset().unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait().unwrap());
        barrier.wait().unwrap();
        other.join().unwrap();
    });
}

/// Nobody else waits: only one who has come too early can find out.
#[test]
fn one_who_came_too_early_finds_that_the_action_has_died() {
    fn acts(barrier: Barrier) {
        let _ = barrier.wait_with(|| -> Result<(), ()> {
            raise(Signal::SIGSTOP).unwrap();
            Ok(())
        });
    }
    let barrier = Barrier::new(1).unwrap();
    let child = spawn(acts, barrier.clone());
    until_waiting(&barrier, 1);
    thread::scope(|scope| {
        let early = scope.spawn(|| barrier.wait());
        end(&child);
        assert!(matches!(early.join().unwrap(), Err(BarrierWaitError::Broken)));
    });
}

#[test]
fn a_party_that_is_stopped_is_not_dead() {
    let barrier = Barrier::new(2).unwrap();
    let child = spawn(waits, barrier.clone());
    until_waiting(&barrier, 1);
    let pid = Pid::from_raw(child.pid().unwrap().unwrap());
    kill(pid, Signal::SIGSTOP).unwrap();
    assert_eq!(barrier.wait().unwrap(), 1);
    kill(pid, Signal::SIGCONT).unwrap();
    ends_well(&child);
}

/// What the victim does at the barrier.
#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
enum Role {
    /// It comes first, and waits.
    First,
    /// It comes last, and runs the action.
    Last,
    /// It resets the barrier while two wait.
    Resets,
    /// It breaks the barrier while two wait.
    Aborts,
}

/// A victim that dies before its n-th operation; whether it did. Two others pass both, or are both told.
fn killed(role: Role, n: u64) -> bool {
    fn victim((barrier, role, n): (Barrier, Role, u64)) {
        die_before(n);
        let _ = match role {
            Role::First => barrier.wait().map_err(drop).map(drop),
            Role::Last => barrier.wait_with(|| Ok::<(), ()>(())).map_err(drop).map(drop),
            Role::Resets => barrier.reset().map_err(drop),
            Role::Aborts => barrier.abort().map_err(drop),
        };
        die_before(0);
    }
    let barrier = Barrier::new(3).unwrap();
    let was_killed = thread::scope(|scope| {
        let two = || [(); 2].map(|()| scope.spawn(|| barrier.wait().is_ok()));
        let (child, two) = if let Role::First = role {
            let child = spawn(victim, (barrier.clone(), role, n));
            while barrier.waiting() == 0 && !child.join_timeout(Duration::ZERO).unwrap() {
                thread::yield_now();
            }
            (child, two())
        } else {
            let two = two();
            until_waiting(&barrier, 2);
            (spawn(victim, (barrier.clone(), role, n)), two)
        };
        child.join().unwrap();
        let was_killed = child.exitcode().unwrap() == Some(-9);
        // We take its place, in case it died before it came. If it died after all had passed, we are alone.
        let is_alone = was_killed
            && matches!(barrier.wait_timeout(Duration::from_millis(300)), Err(BarrierWaitError::TimedOut));
        let passed = two.map(|one| one.join().unwrap());
        assert_eq!(passed[0], passed[1], "killed before {n}: one has passed, one has not");
        let is_party = matches!(role, Role::First | Role::Last);
        assert!(!is_alone || passed[0] || !is_party, "killed before {n}: the others waited for the dead");
        was_killed
    });
    barrier.reset().unwrap();
    assert!(!barrier.is_broken());
    was_killed
}

#[rstest]
fn a_death_before_any_operation_leaves_nobody_waiting(
    #[values(Role::First, Role::Last, Role::Resets, Role::Aborts)] role: Role,
) {
    let points = (1..).take_while(|n| killed(role, *n)).count();
    assert!(points >= 5, "{points} points of death only");
}
