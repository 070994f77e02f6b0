//! Barriers: all parties pass or none does, round after round.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use procession_reference::context::{Context, Method};
use procession_reference::{
    AttachError, Barrier, BarrierCreateError, BarrierWaitError, Lock, Queue, transfer,
};
use rstest::rstest;

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// Long enough to be seen, and no longer.
const SHORT: Duration = Duration::from_millis(30);

/// Waits until so many parties wait.
fn until_waiting(barrier: &Barrier, count: u32) {
    until_waiting_or_broken(barrier, count);
    assert!(!barrier.is_broken(), "the barrier is broken");
}

fn until_waiting_or_broken(barrier: &Barrier, count: u32) {
    let began = Instant::now();
    while barrier.waiting() < count && !barrier.is_broken() {
        assert!(began.elapsed() < LONG, "{} of {count} parties wait", barrier.waiting());
        thread::yield_now();
    }
}

#[test]
fn a_number_of_parties_that_cannot_meet_is_refused() {
    assert!(matches!(Barrier::new(0), Err(BarrierCreateError::NoParties)));
    let most = 1 << 16;
    let asked = most + 1;
    assert!(matches!(Barrier::new(asked), Err(BarrierCreateError::TooManyParties { .. })));
    assert_eq!(Barrier::new(most).unwrap().parties(), most);
}

#[test]
fn one_party_never_waits() {
    let barrier = Barrier::new(1).unwrap();
    for _ in 0..3 {
        assert_eq!(barrier.wait_timeout(Duration::ZERO).unwrap(), 0);
    }
}

#[test]
fn nobody_passes_before_all_are_there_and_each_has_an_index() {
    let barrier = Barrier::new(5).unwrap();
    let (before, indices) = (AtomicU32::new(0), Queue::new().unwrap());
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                before.fetch_add(1, Ordering::SeqCst);
                let index = barrier.wait().unwrap();
                assert_eq!(before.load(Ordering::SeqCst), 5);
                indices.put(&index).unwrap();
            });
        }
    });
    let mut indices: Vec<_> = (0..5).map(|_| indices.get().unwrap()).collect();
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2, 3, 4]);
    assert_eq!(barrier.waiting(), 0);
}

#[rstest]
fn processes_and_threads_meet_a_thousand_times(
    #[values(Method::Spawn, Method::ForkServer, Method::Fork)] method: Method,
) {
    const ROUNDS: u32 = 1000;
    fn body((barrier, indices): (Barrier, Queue<u32>)) {
        let sum = (0..ROUNDS).map(|_| barrier.wait().unwrap()).sum();
        indices.put(&sum).unwrap();
    }
    let (barrier, indices) = (Barrier::new(3).unwrap(), Queue::new().unwrap());
    let children: Vec<_> =
        (0..2).map(|_| Context::from(method).process(body, (barrier.clone(), indices.clone()))).collect();
    children.iter().for_each(|child| child.start().unwrap());
    body((barrier.clone(), indices.clone()));
    for child in children {
        assert!(child.join_timeout(LONG).unwrap(), "a child hangs");
        assert_eq!(child.exitcode().unwrap(), Some(0));
    }
    let sum: u32 = (0..3).map(|_| indices.get().unwrap()).sum();
    assert_eq!(sum, ROUNDS * 3, "0, 1 and 2 in each round");
}

#[test]
fn who_is_one_too_many_waits_for_the_next_round() {
    let barrier = Barrier::new(2).unwrap();
    thread::scope(|scope| {
        let three: Vec<_> = (0..3).map(|_| scope.spawn(|| barrier.wait().unwrap())).collect();
        // Whoever is left over meets us.
        let mut all = vec![barrier.wait().unwrap()];
        all.extend(three.into_iter().map(|one| one.join().unwrap()));
        all.sort_unstable();
        assert_eq!(all, [0, 0, 1, 1]);
    });
}

#[test]
fn a_late_party_breaks_the_barrier_for_all() {
    let barrier = Barrier::new(3).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait());
        until_waiting(&barrier, 1);
        let began = Instant::now();
        assert!(matches!(barrier.wait_timeout(SHORT), Err(BarrierWaitError::TimedOut)));
        assert!(began.elapsed() >= SHORT);
        assert!(matches!(other.join().unwrap(), Err(BarrierWaitError::Broken)));
    });
    assert!(barrier.is_broken());
    assert_eq!(barrier.waiting(), 0);
    assert!(matches!(barrier.wait(), Err(BarrierWaitError::Broken)));
}

#[test]
fn no_time_at_all_breaks_at_once_unless_the_party_is_the_last() {
    let barrier = Barrier::new(2).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait().unwrap());
        until_waiting(&barrier, 1);
        assert_eq!(barrier.wait_timeout(Duration::ZERO).unwrap(), 1);
        assert_eq!(other.join().unwrap(), 0);
    });
    assert!(matches!(barrier.wait_timeout(Duration::ZERO), Err(BarrierWaitError::TimedOut)));
    assert!(barrier.is_broken());
}

#[test]
fn the_barrier_s_own_limit_holds_everywhere() {
    fn body((barrier, broken): (Barrier, Queue<bool>)) {
        broken
            .put(&matches!(barrier.wait(), Err(BarrierWaitError::TimedOut | BarrierWaitError::Broken)))
            .unwrap();
    }
    let (barrier, broken) = (Barrier::with_timeout(3, SHORT).unwrap(), Queue::new().unwrap());
    let child = Context::from(Method::Spawn).process(body, (barrier, broken.clone()));
    child.start().unwrap();
    child.join().unwrap();
    assert!(broken.get().unwrap());
}

#[test]
fn an_abort_is_told_to_all_and_a_reset_repairs() {
    let barrier = Barrier::new(3).unwrap();
    for _ in 0..2 {
        thread::scope(|scope| {
            let two = [(); 2].map(|()| scope.spawn(|| barrier.wait()));
            until_waiting(&barrier, 2);
            barrier.abort().unwrap();
            for one in two {
                assert!(matches!(one.join().unwrap(), Err(BarrierWaitError::Broken)));
            }
        });
        assert!(barrier.is_broken());
        assert!(matches!(barrier.wait(), Err(BarrierWaitError::Broken)));
        barrier.reset().unwrap();
        assert!(!barrier.is_broken());
    }
    thread::scope(|scope| {
        let three = [(); 3].map(|()| scope.spawn(|| barrier.wait().unwrap()));
        assert_eq!(three.map(|one| one.join().unwrap()).iter().sum::<u32>(), 3);
    });
}

#[test]
fn a_reset_tells_those_who_wait_and_leaves_the_barrier_whole() {
    let barrier = Barrier::new(3).unwrap();
    barrier.reset().unwrap();
    for _ in 0..3 {
        thread::scope(|scope| {
            let two = [(); 2].map(|()| scope.spawn(|| barrier.wait()));
            until_waiting(&barrier, 2);
            barrier.reset().unwrap();
            assert!(!barrier.is_broken());
            for one in two {
                assert!(matches!(one.join().unwrap(), Err(BarrierWaitError::Broken)));
            }
        });
        assert_eq!(barrier.waiting(), 0);
    }
    thread::scope(|scope| {
        let three = [(); 3].map(|()| scope.spawn(|| barrier.wait().unwrap()));
        assert_eq!(three.map(|one| one.join().unwrap()).iter().sum::<u32>(), 3);
    });
}

#[test]
fn the_action_runs_once_a_round_before_anybody_is_released() {
    let (barrier, acted) = (Barrier::new(3).unwrap(), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for round in 1..=20 {
                    let act = || {
                        acted.fetch_add(1, Ordering::SeqCst);
                        Ok::<(), &str>(())
                    };
                    barrier.wait_with(act).unwrap();
                    assert_eq!(acted.load(Ordering::SeqCst), round);
                    // Nobody acts for the next round before all have looked.
                    barrier.wait().unwrap();
                }
            });
        }
    });
}

#[test]
fn an_action_that_fails_or_panics_breaks_the_barrier() {
    let barrier = Barrier::new(2).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait_with(|| Err("of the first")));
        until_waiting(&barrier, 1);
        let failed = barrier.wait_with(|| Err("of the last"));
        assert!(matches!(failed, Err(BarrierWaitError::ActionFailed("of the last"))));
        assert!(matches!(other.join().unwrap(), Err(BarrierWaitError::Broken)));
    });
    assert!(barrier.is_broken());
    barrier.reset().unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait());
        until_waiting(&barrier, 1);
        let panicked = scope.spawn(|| {
            let _ = barrier.wait_with(|| -> Result<(), ()> { panic!("as the test wants it") });
        });
        assert!(panicked.join().is_err());
        assert!(matches!(other.join().unwrap(), Err(BarrierWaitError::Broken)));
    });
}

#[test]
fn nobody_s_time_is_over_while_the_action_runs() {
    let barrier = Barrier::new(2).unwrap();
    // Where the machine is so busy that we come too late, the other one gets more time.
    let has_acted = [50, 500, 5000].into_iter().any(|ms| {
        let (timeout, mut has_acted) = (Duration::from_millis(ms), false);
        barrier.reset().unwrap();
        thread::scope(|scope| {
            let other = scope.spawn(|| barrier.wait_timeout(timeout).is_ok());
            until_waiting_or_broken(&barrier, 1);
            let index = barrier.wait_with(|| {
                has_acted = true;
                let began = Instant::now();
                while began.elapsed() < timeout * 2 {
                    thread::yield_now();
                }
                Ok::<(), ()>(())
            });
            assert_eq!((index.is_ok(), other.join().unwrap()), (has_acted, has_acted));
        });
        has_acted
    });
    assert!(has_acted && !barrier.is_broken());
}

#[test]
fn a_barrier_broken_while_its_action_runs_passes_nobody() {
    let barrier = Barrier::new(2).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait());
        until_waiting(&barrier, 1);
        let passed = barrier.wait_with(|| barrier.abort());
        assert!(matches!(passed, Err(BarrierWaitError::Broken)));
        assert!(matches!(other.join().unwrap(), Err(BarrierWaitError::Broken)));
    });
}

#[test]
fn a_barrier_travels_only_to_a_process_that_is_being_started() {
    assert!(transfer::encode(&Barrier::new(2).unwrap()).is_err());
}

#[rstest]
fn a_barrier_arrives_by_its_descriptor(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    fn body((pid, descriptor): (u32, i32)) {
        let path = format!("/proc/{pid}/fd/{descriptor}");
        let file = File::options().read(true).write(true).open(path).unwrap();
        let barrier = Barrier::from_descriptor(file.into()).unwrap();
        assert_eq!(barrier.parties(), 2);
        for _ in 0..3 {
            barrier.wait_timeout(LONG).unwrap();
        }
        // The limit is the barrier's own.
        assert!(matches!(barrier.wait(), Err(BarrierWaitError::TimedOut)));
    }
    let barrier = Barrier::with_timeout(2, SHORT).unwrap();
    let descriptor = barrier.to_descriptor().unwrap();
    let child = Context::from(method).process(body, (std::process::id(), descriptor.as_raw_fd()));
    child.start().unwrap();
    for _ in 0..3 {
        barrier.wait_timeout(LONG).unwrap();
    }
    assert!(child.join_timeout(LONG).unwrap(), "the child hangs");
    assert_eq!(child.exitcode().unwrap(), Some(0));
    assert!(barrier.is_broken());
}

#[test]
fn what_is_no_barrier_is_refused() {
    let lock = Lock::new().unwrap().to_descriptor().unwrap();
    assert!(matches!(Barrier::from_descriptor(lock), Err(AttachError::Kind { found: "lock", .. })));
}
