//! Conditions: who must own the lock, who is woken, and what a wait answers.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::gettid;

use procession_reference::context::{Context, Method};
use procession_reference::{
    Acquired, AttachError, Condition, ConditionNotifyError, ConditionWaitError, Lock, Process, Queue, RLock,
    Semaphore, transfer,
};
use rstest::rstest;

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// Long enough to be seen, and no longer.
const SHORT: Duration = Duration::from_millis(30);

#[track_caller]
fn ends_well(child: &Process) {
    assert!(child.join_timeout(LONG).unwrap(), "the child hangs");
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

/// As many threads as `names` wait, one after the other; each tells its name when it has been notified.
fn waiters<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    condition: &'scope Condition,
    woken: &'scope Queue<u32>,
    names: std::ops::Range<u32>,
) {
    for name in names {
        let (tell, told) = std::sync::mpsc::channel();
        scope.spawn(move || {
            let _guard = condition.lock().unwrap();
            tell.send(()).unwrap();
            condition.wait().unwrap();
            woken.put(&name).unwrap();
        });
        told.recv().unwrap();
        // When we have the lock, it has been given up: the thread is queued.
        drop(condition.lock().unwrap());
    }
}

#[test]
fn waiting_and_notifying_need_the_lock() {
    let over_lock = Condition::with_lock(Lock::new().unwrap()).unwrap();
    let over_rlock = Condition::with_lock(RLock::new().unwrap()).unwrap();
    for condition in [Condition::new().unwrap(), over_lock, over_rlock] {
        assert!(matches!(condition.wait(), Err(ConditionWaitError::NotOwner)));
        assert!(matches!(condition.wait_timeout(Duration::ZERO), Err(ConditionWaitError::NotOwner)));
        assert!(matches!(condition.wait_for(|| false), Err(ConditionWaitError::NotOwner)));
        assert!(matches!(condition.notify(1), Err(ConditionNotifyError::NotOwner)));
        assert!(matches!(condition.notify(0), Err(ConditionNotifyError::NotOwner)));
        assert!(matches!(condition.notify_all(), Err(ConditionNotifyError::NotOwner)));
        condition.wait_for(|| true).unwrap();
        assert!(condition.release().is_err());
        let _guard = condition.lock().unwrap();
        assert_eq!(condition.notify_all().unwrap(), 0);
    }
}

#[test]
fn the_lock_of_another_thread_is_not_enough_if_it_is_re_entrant() {
    let condition = Condition::new().unwrap();
    let _guard = condition.lock().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(matches!(condition.wait(), Err(ConditionWaitError::NotOwner)));
            assert!(matches!(condition.notify(1), Err(ConditionNotifyError::NotOwner)));
            assert!(condition.try_acquire().is_err());
        });
    });
}

#[test]
fn a_given_lock_is_the_condition_s_own() {
    let lock = Lock::new().unwrap();
    let condition = Condition::with_lock(lock.clone()).unwrap();
    lock.acquire().unwrap();
    assert!(condition.try_acquire().is_err(), "a plain lock is not re-entrant");
    assert!(!condition.wait_timeout(SHORT).unwrap());
    assert!(lock.try_acquire().is_err(), "the wait has it back");
    condition.release().unwrap();
    assert_eq!(lock.try_acquire().unwrap(), Acquired::Clean);
}

#[test]
fn a_wait_gives_up_all_levels_and_has_them_back() {
    let lock = RLock::new().unwrap();
    let condition = Condition::with_lock(lock.clone()).unwrap();
    for _ in 0..3 {
        condition.acquire().unwrap();
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            let _guard = condition.lock().unwrap();
            assert_eq!(condition.notify(1).unwrap(), 1);
        });
        condition.wait().unwrap();
    });
    assert_eq!(lock.depth(), 3);
    for timeout in [Duration::ZERO, SHORT] {
        assert!(!condition.wait_timeout(timeout).unwrap());
        assert_eq!(lock.depth(), 3);
    }
    for _ in 0..3 {
        condition.release().unwrap();
    }
    assert!(condition.release().is_err());
}

#[test]
fn no_time_is_over_at_once_and_some_time_is_waited_for() {
    let condition = Condition::new().unwrap();
    let _guard = condition.lock().unwrap();
    assert!(!condition.wait_timeout(Duration::ZERO).unwrap());
    let began = Instant::now();
    assert!(!condition.wait_timeout(SHORT).unwrap());
    assert!(began.elapsed() >= SHORT);
}

#[rstest]
#[case(0, 0)]
#[case(1, 1)]
#[case(3, 3)]
#[case(9, 4)]
fn as_many_are_woken_as_are_asked_for_and_the_oldest_first(#[case] most: u32, #[case] expected: u32) {
    let (condition, woken) = (Condition::new().unwrap(), Queue::new().unwrap());
    thread::scope(|scope| {
        waiters(scope, &condition, &woken, 0..4);
        {
            let _guard = condition.lock().unwrap();
            assert_eq!(condition.notify(most).unwrap(), expected);
        }
        let mut names: Vec<_> = (0..expected).map(|_| woken.get_timeout(LONG).unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, (0..expected).collect::<Vec<_>>());
        let _guard = condition.lock().unwrap();
        assert_eq!(condition.notify_all().unwrap(), 4 - expected, "the others still wait");
    });
}

#[test]
fn a_notification_is_not_remembered() {
    let condition = Condition::new().unwrap();
    let _guard = condition.lock().unwrap();
    assert_eq!(condition.notify(3).unwrap(), 0);
    assert!(!condition.wait_timeout(SHORT).unwrap());
}

#[test]
fn those_whose_time_was_over_take_no_notification() {
    let (condition, woken) = (Condition::new().unwrap(), Queue::new().unwrap());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let _guard = condition.lock().unwrap();
                assert!(!condition.wait_timeout(SHORT).unwrap());
            });
        }
    });
    thread::scope(|scope| {
        waiters(scope, &condition, &woken, 0..2);
        let _guard = condition.lock().unwrap();
        assert_eq!(condition.notify(9).unwrap(), 2);
    });
    assert_eq!(woken.len(), Ok(2));
}

#[test]
fn wait_for_asks_first_and_after_each_wake_and_bounds_all_waits_together() {
    let condition = Condition::new().unwrap();
    let asked = AtomicU32::new(0);
    let ask = |most| {
        let asked = &asked;
        move || asked.fetch_add(1, Ordering::Relaxed) + 1 >= most
    };
    assert!(condition.wait_for_timeout(ask(1), LONG).unwrap());
    let _guard = condition.lock().unwrap();
    let began = Instant::now();
    assert!(!condition.wait_for_timeout(|| false, SHORT).unwrap());
    assert!(began.elapsed() >= SHORT);
    assert!(!condition.wait_for_timeout(|| false, Duration::ZERO).unwrap());
    asked.store(0, Ordering::Relaxed);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut notified = 0;
            while notified < 3 {
                let _guard = condition.lock().unwrap();
                notified += condition.notify(1).unwrap();
            }
        });
        // Before the first wait, and after each of three wakes.
        condition.wait_for(ask(4)).unwrap();
    });
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

#[test]
fn a_handled_signal_ends_no_wait() {
    static HANDLED: AtomicU32 = AtomicU32::new(0);
    extern "C" fn count(_: i32) {
        HANDLED.fetch_add(1, Ordering::Relaxed);
    }
    let action = SigAction::new(SigHandler::Handler(count), SaFlags::empty(), SigSet::empty());
    #[expect(unsafe_code, reason = "sets a signal's function, which only counts")]
    // SAFETY: the function does nothing but an atomic operation.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
    let condition = Condition::new().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let condition = &condition;
        let waiter = scope.spawn(move || {
            let _guard = condition.lock().unwrap();
            tell.send(gettid().as_raw()).unwrap();
            condition.wait_timeout(LONG).unwrap()
        });
        let thread = told.recv().unwrap();
        drop(condition.lock().unwrap());
        for handled in 1..=3 {
            signal_thread(thread, Signal::SIGUSR1);
            while HANDLED.load(Ordering::Relaxed) < handled {
                thread::yield_now();
            }
        }
        let guard = condition.lock().unwrap();
        assert_eq!(condition.notify(1).unwrap(), 1, "it still waits");
        drop(guard);
        assert!(waiter.join().unwrap());
    });
}

#[expect(unsafe_code, reason = "there is no other call that signals one thread")]
fn signal_thread(thread: i32, signal: Signal) {
    // SAFETY: three numbers; a thread that has ended is not found.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal as i32) };
}

/// A child of this kind that waits, when this returns; it says so when it has been notified.
fn waiting_child(method: Method, condition: &Condition, woken: &Semaphore) -> Process {
    fn body((condition, here, woken): (Condition, Semaphore, Semaphore)) {
        let _guard = condition.lock().unwrap();
        here.release().unwrap();
        condition.wait().unwrap();
        woken.release().unwrap();
    }
    let here = Semaphore::new(0).unwrap();
    let arguments = (condition.clone(), here.clone(), woken.clone());
    let child = Context::from(method).process(body, arguments);
    child.start().unwrap();
    here.acquire_timeout(LONG).unwrap();
    drop(condition.lock().unwrap());
    child
}

#[rstest]
fn threads_and_processes_wait_together(#[values(Method::Spawn, Method::ForkServer)] method: Method) {
    let condition = Condition::with_lock(Lock::new().unwrap()).unwrap();
    let (by_children, by_threads) = (Semaphore::new(0).unwrap(), Queue::new().unwrap());
    thread::scope(|scope| {
        let children: Vec<_> = (0..3).map(|_| waiting_child(method, &condition, &by_children)).collect();
        waiters(scope, &condition, &by_threads, 0..3);
        {
            let _guard = condition.lock().unwrap();
            assert_eq!(condition.notify_all().unwrap(), 6);
        }
        for child in children {
            assert!(child.join_timeout(LONG).unwrap(), "a child hangs");
            assert_eq!(child.exitcode().unwrap(), Some(0));
        }
    });
    assert_eq!((by_children.permits(), by_threads.len()), (3, Ok(3)));
}

#[test]
fn a_condition_travels_only_to_a_process_that_is_being_started() {
    assert!(transfer::encode(&Condition::new().unwrap()).is_err());
}

/// A descriptor of a process, opened by another one.
fn opened((pid, descriptor): (u32, i32)) -> OwnedFd {
    let path = format!("/proc/{pid}/fd/{descriptor}");
    File::options().read(true).write(true).open(path).unwrap().into()
}

/// Where others open this descriptor.
fn address(descriptor: &OwnedFd) -> (u32, i32) {
    (std::process::id(), descriptor.as_raw_fd())
}

/// Waits for a process that has said that it owns the lock, and wakes it.
fn notifies(condition: &Condition, process: &Process, owns: &Semaphore) {
    process.start().unwrap();
    assert!(owns.acquire_timeout(LONG).is_ok());
    let _guard = condition.lock().unwrap();
    assert_eq!(condition.notify_all().unwrap(), 1);
}

#[rstest]
fn a_condition_arrives_by_its_descriptor(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    fn body((condition, owns): ((u32, i32), Semaphore)) {
        let condition = Condition::from_descriptor(opened(condition)).unwrap();
        // To a depth that only this process's own lock would know of.
        let (_guard, _again) = (condition.lock().unwrap(), condition.lock().unwrap());
        owns.release().unwrap();
        assert!(condition.wait_timeout(LONG).unwrap());
    }
    let (condition, owns) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
    let descriptor = condition.to_descriptor().unwrap();
    let child = Context::from(method).process(body, (address(&descriptor), owns.clone()));
    notifies(&condition, &child, &owns);
    ends_well(&child);
}

#[rstest]
fn a_condition_arrives_by_its_descriptor_and_that_of_its_lock(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    fn body((condition, lock, owns): ((u32, i32), (u32, i32), Semaphore)) {
        let lock = Lock::from_descriptor(opened(lock)).unwrap();
        let condition = Condition::from_descriptor_with_lock(opened(condition), lock.clone()).unwrap();
        lock.acquire().unwrap();
        owns.release().unwrap();
        assert!(condition.wait_timeout(LONG).unwrap());
        lock.release().unwrap();
    }
    let (lock, owns) = (Lock::new().unwrap(), Semaphore::new(0).unwrap());
    let condition = Condition::with_lock(lock.clone()).unwrap();
    let descriptors = [condition.to_descriptor().unwrap(), lock.to_descriptor().unwrap()];
    let [condition_there, lock_there] = descriptors.each_ref().map(address);
    let child = Context::from(method).process(body, (condition_there, lock_there, owns.clone()));
    notifies(&condition, &child, &owns);
    ends_well(&child);
}

#[test]
fn a_condition_without_its_lock_is_refused() {
    let own = Condition::new().unwrap();
    let (lock, other) = (Lock::new().unwrap(), RLock::new().unwrap());
    let given = Condition::with_lock(lock.clone()).unwrap();
    let said = |refused: Result<Condition, AttachError>| refused.unwrap_err().to_string();
    assert_eq!(
        said(Condition::from_descriptor(given.to_descriptor().unwrap())),
        "the segment is of the kind `condition over a given lock`, not `condition with a lock of its own`"
    );
    assert_eq!(
        said(Condition::from_descriptor_with_lock(given.to_descriptor().unwrap(), other)),
        "the segment is of the kind `condition over another lock`, not `condition over this lock`"
    );
    assert_eq!(
        said(Condition::from_descriptor_with_lock(own.to_descriptor().unwrap(), lock.clone())),
        "the segment is of the kind `condition with a lock of its own`, not `condition over this lock`"
    );
    assert_eq!(
        said(Condition::from_descriptor(lock.to_descriptor().unwrap())),
        "the segment is of the kind `lock`, not `condition`"
    );
    let again = Condition::from_descriptor_with_lock(given.to_descriptor().unwrap(), lock).unwrap();
    let _guard = again.lock().unwrap();
    assert_eq!(given.notify_all().unwrap(), 0, "it is the same lock");
}
