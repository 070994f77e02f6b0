//! Semaphores between processes: what they count, what they refuse, and what comes back from the dead.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};
use procession_reference::context::{Context, Method};
use procession_reference::{
    AcquireError, AttachError, BoundedSemaphore, Event, PermitAcquired, PermitReleaseError, Process,
    Semaphore, SemaphoreCreateError,
};
use rstest::rstest;

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

#[track_caller]
fn ends_well(child: &Process) {
    assert!(child.join_timeout(LONG).unwrap(), "the child hangs");
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

/// A child that has acquired so many permits, and is killed.
fn dies_with(semaphore: &Semaphore, permits: u32) {
    fn body((semaphore, permits): (Semaphore, u32)) {
        for _ in 0..permits {
            assert_eq!(semaphore.acquire().unwrap(), PermitAcquired::Clean);
        }
        raise(Signal::SIGKILL).unwrap();
    }
    let child = Context::from(Method::Spawn).process(body, (semaphore.clone(), permits));
    child.start().unwrap();
    child.join().unwrap();
    assert_eq!(child.exitcode().unwrap(), Some(-9));
}

#[test]
fn permits_are_counted_within_their_limits() {
    let semaphore = Semaphore::new(2).unwrap();
    semaphore.acquire().unwrap();
    assert_eq!(semaphore.permits(), 1);
    semaphore.acquire_timeout(Duration::ZERO).unwrap();
    assert!(matches!(semaphore.try_acquire(), Err(AcquireError::TimedOut)));
    let began = Instant::now();
    assert!(matches!(semaphore.acquire_timeout(Duration::from_millis(30)), Err(AcquireError::TimedOut)));
    assert!(began.elapsed() >= Duration::from_millis(30));
    semaphore.release_many(5).unwrap();
    semaphore.release_many(0).unwrap();
    assert_eq!(semaphore.permits(), 5);

    let most = i32::MAX as u32;
    assert!(matches!(Semaphore::new(most + 1), Err(SemaphoreCreateError::TooMany(_))));
    let full = Semaphore::new(most).unwrap();
    assert!(matches!(full.release(), Err(PermitReleaseError::OverRelease)));
    full.acquire().unwrap();
    assert!(matches!(full.release_many(2), Err(PermitReleaseError::OverRelease)));
    full.release().unwrap();
    assert_eq!(full.permits(), most);
}

#[test]
fn a_bounded_one_is_never_released_above_its_initial_value() {
    let semaphore = BoundedSemaphore::new(2).unwrap();
    assert!(matches!(semaphore.release(), Err(PermitReleaseError::OverRelease)));
    semaphore.acquire().unwrap();
    assert!(matches!(semaphore.release_many(2), Err(PermitReleaseError::OverRelease)));
    assert_eq!(semaphore.permits(), 1);
    drop(semaphore.permit().unwrap());
    semaphore.release().unwrap();
    let other = BoundedSemaphore::from_descriptor(semaphore.to_descriptor().unwrap()).unwrap();
    assert!(matches!(other.release(), Err(PermitReleaseError::OverRelease)));
    let plain = Semaphore::from_descriptor(semaphore.to_descriptor().unwrap());
    assert!(matches!(plain, Err(AttachError::Kind { .. })));
}

#[test]
fn of_two_releases_at_once_that_are_one_too_many_one_succeeds() {
    let semaphore = BoundedSemaphore::new(1).unwrap();
    let both_here = Barrier::new(2);
    for _ in 0..500 {
        semaphore.acquire().unwrap();
        let both: Vec<_> = thread::scope(|scope| {
            let threads = [(); 2].map(|()| {
                scope.spawn(|| {
                    both_here.wait();
                    semaphore.release().is_ok()
                })
            });
            threads.map(|thread| thread.join().unwrap()).to_vec()
        });
        assert_eq!(both.iter().filter(|released| **released).count(), 1);
        assert_eq!(semaphore.permits(), 1);
    }
}

#[rstest]
fn a_release_lets_a_waiter_in_another_process_go_on(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    fn body((there, back): (Semaphore, Semaphore)) {
        for _ in 0..200 {
            assert_eq!(there.acquire_timeout(LONG).unwrap(), PermitAcquired::Clean);
            back.release().unwrap();
        }
    }
    let (there, back) = (Semaphore::new(0).unwrap(), Semaphore::new(0).unwrap());
    let child = Context::from(method).process(body, (there.clone(), back.clone()));
    child.start().unwrap();
    for _ in 0..200 {
        there.release().unwrap();
        assert_eq!(back.acquire_timeout(LONG).unwrap(), PermitAcquired::Clean);
    }
    ends_well(&child);
    assert_eq!((there.permits(), back.permits()), (0, 0));
}

#[test]
fn never_more_are_inside_than_there_are_permits() {
    let semaphore = Semaphore::new(3).unwrap();
    let inside = std::sync::atomic::AtomicU32::new(0);
    let order = std::sync::atomic::Ordering::Relaxed;
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    let _permit = semaphore.permit().unwrap();
                    assert!(inside.fetch_add(1, order) < 3);
                    inside.fetch_sub(1, order);
                }
            });
        }
    });
    assert_eq!(semaphore.permits(), 3);
}

#[test]
fn the_permits_of_the_dead_come_back_and_the_next_is_told() {
    let semaphore = Semaphore::new(3).unwrap();
    drop(semaphore.permit().unwrap());
    dies_with(&semaphore, 2);
    assert_eq!(semaphore.acquire().unwrap(), PermitAcquired::Clean, "one was there");
    assert_eq!(semaphore.try_acquire().unwrap(), PermitAcquired::Restored(2));
    assert_eq!(semaphore.acquire().unwrap(), PermitAcquired::Clean);
    assert!(matches!(semaphore.try_acquire(), Err(AcquireError::TimedOut)));
    semaphore.release_many(3).unwrap();
    assert_eq!(semaphore.permits(), 3);
}

#[test]
fn a_waiter_gets_the_permit_of_a_holder_that_dies_meanwhile() {
    fn body((semaphore, held, go): (Semaphore, Event, Event)) {
        semaphore.acquire().unwrap();
        held.set();
        go.wait();
        raise(Signal::SIGKILL).unwrap();
    }
    let semaphore = Semaphore::new(1).unwrap();
    let (held, go) = (Event::new().unwrap(), Event::new().unwrap());
    let child = Context::from(Method::Spawn).process(body, (semaphore.clone(), held.clone(), go.clone()));
    child.start().unwrap();
    assert!(held.wait_timeout(LONG));
    let waiter = thread::spawn({
        let semaphore = semaphore.clone();
        move || semaphore.acquire_timeout(LONG)
    });
    go.set();
    assert_eq!(waiter.join().unwrap().unwrap(), PermitAcquired::Restored(1));
    child.join().unwrap();
}

#[test]
fn a_process_in_the_place_of_the_dead_does_not_inherit_what_they_took() {
    let semaphore = Semaphore::new(1).unwrap();
    // This process has no place yet: it gets that of the dead one.
    dies_with(&semaphore, 1);
    assert_eq!(semaphore.acquire().unwrap(), PermitAcquired::Restored(1));
    semaphore.release().unwrap();
    assert_eq!(semaphore.permits(), 1);
}

#[test]
fn a_semaphore_that_begins_at_nothing_gets_no_permit_from_the_dead() {
    let signal = Semaphore::new(0).unwrap();
    signal.release_many(2).unwrap();
    dies_with(&signal, 2);
    assert!(matches!(signal.try_acquire(), Err(AcquireError::TimedOut)));
    assert!(matches!(signal.acquire_timeout(Duration::from_millis(50)), Err(AcquireError::TimedOut)));
    assert_eq!(signal.permits(), 0);
}

#[test]
fn what_others_hold_is_not_given_out_again_for_the_dead() {
    // Two permits: the dead one took one, which was released for it; both are taken again.
    let semaphore = Semaphore::new(2).unwrap();
    semaphore.acquire().unwrap();
    semaphore.release().unwrap();
    dies_with(&semaphore, 1);
    semaphore.release().unwrap();
    assert_eq!(semaphore.permits(), 2);
    semaphore.acquire().unwrap();
    semaphore.acquire().unwrap();
    assert!(matches!(semaphore.try_acquire(), Err(AcquireError::TimedOut)));
}

#[test]
fn an_untracked_one_gets_nothing_back() {
    let semaphore = Semaphore::untracked(2).unwrap();
    dies_with(&semaphore, 1);
    semaphore.acquire().unwrap();
    assert!(matches!(semaphore.try_acquire(), Err(AcquireError::TimedOut)));
    let arrived = Semaphore::from_descriptor(semaphore.to_descriptor().unwrap()).unwrap();
    arrived.release_many(2).unwrap();
    assert_eq!(semaphore.permits(), 2);
}

#[test]
fn a_corrupt_one_is_refused() {
    use std::os::unix::fs::FileExt;
    let semaphore = Semaphore::new(2).unwrap();
    let memory = std::fs::File::from(semaphore.to_descriptor().unwrap());
    let body = memory.metadata().unwrap().len() - 4096;
    // The initial value lies behind the lock, two gates and two long words.
    memory.write_all_at(&u32::MAX.to_ne_bytes(), body + 32).unwrap();
    let refused = Semaphore::from_descriptor(memory.into()).unwrap_err();
    assert_eq!(refused.to_string(), "the segment is corrupt: the initial value is impossible");
}
