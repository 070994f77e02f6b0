//! Locks between processes: who holds them, who may release them, and how long an acquire waits.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::{Duration, Instant};

use procession_reference::context::{Context, Method};
use procession_reference::transfer::{self, Descriptor, EncodeError};
use procession_reference::{
    AcquireError, Acquired, AttachError, Event, Holder, Lock, NotHeld, Process, Queue, RLock, Semaphore,
};
use rstest::rstest;

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

#[track_caller]
fn ends_well(child: &Process) {
    assert!(child.join_timeout(LONG).unwrap(), "the child hangs");
    assert_eq!(child.exitcode().unwrap(), Some(0));
}

/// What a program that does not exclude others would lose updates of.
struct Counter(File);

impl Counter {
    fn of(file: Descriptor) -> Counter {
        Counter(File::from(file.into_inner()))
    }

    fn add(&self) {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, 0).unwrap();
        self.0.write_all_at(&(u64::from_le_bytes(bytes) + 1).to_le_bytes(), 0).unwrap();
    }
}

#[rstest]
fn one_at_a_time_is_inside(#[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method) {
    fn body((lock, file): (Lock, Descriptor)) {
        let counter = Counter::of(file);
        for round in 0..300 {
            match round % 3 {
                0 => assert_eq!(lock.acquire().unwrap(), Acquired::Clean),
                1 => assert_eq!(lock.acquire_timeout(LONG).unwrap(), Acquired::Clean),
                _ => while lock.try_acquire().is_err() {},
            }
            counter.add();
            lock.release().unwrap();
        }
    }
    let lock = Lock::new().unwrap();
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(&[0; 8], 0).unwrap();
    let duplicate = || Descriptor::from(OwnedFd::from(file.try_clone().unwrap()));
    let children: Vec<_> =
        (0..3).map(|_| Context::from(method).process(body, (lock.clone(), duplicate()))).collect();
    children.iter().for_each(|child| child.start().unwrap());
    body((lock, duplicate()));
    children.iter().for_each(ends_well);
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(u64::from_le_bytes(bytes), 1200);
}

#[test]
fn a_holder_that_acquires_again_waits_like_anybody_else() {
    let lock = Lock::new().unwrap();
    lock.acquire().unwrap();
    assert!(matches!(lock.try_acquire(), Err(AcquireError::TimedOut)));
    let began = Instant::now();
    assert!(matches!(lock.acquire_timeout(Duration::from_millis(30)), Err(AcquireError::TimedOut)));
    assert!(began.elapsed() >= Duration::from_millis(30));
}

#[rstest]
fn anybody_may_release_and_nobody_twice(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    let lock = Lock::new().unwrap();
    assert_eq!(lock.release(), Err(NotHeld));
    lock.acquire().unwrap();
    assert_eq!(lock.holder(), Holder::This);
    let child = Context::from(method).process(
        |lock: Lock| {
            assert_eq!(lock.holder(), Holder::OtherProcess);
            lock.release().unwrap();
            assert_eq!(lock.release(), Err(NotHeld));
        },
        lock.clone(),
    );
    child.start().unwrap();
    ends_well(&child);
    assert_eq!(lock.holder(), Holder::Nobody);
    thread::scope(|scope| {
        lock.acquire().unwrap();
        scope.spawn(|| lock.release().unwrap());
        lock.acquire().unwrap();
    });
}

#[test]
fn of_two_releases_at_once_one_succeeds() {
    let lock = Lock::new().unwrap();
    for _ in 0..2000 {
        lock.acquire().unwrap();
        let both: Vec<_> = thread::scope(|scope| {
            let threads = [(); 2].map(|()| scope.spawn(|| lock.release()));
            threads.map(|thread| thread.join().unwrap()).to_vec()
        });
        assert_eq!(both.iter().filter(|released| released.is_ok()).count(), 1);
    }
}

#[test]
fn a_guard_releases_what_it_acquired_and_nothing_else() {
    let lock = Lock::new().unwrap();
    {
        let _guard = lock.lock().unwrap();
        assert!(matches!(lock.lock_timeout(Duration::from_millis(1)), Err(AcquireError::TimedOut)));
    }
    let guard = lock.try_lock().unwrap();
    // The child has a copy of the guard, and drops it.
    let child = Process::forked({
        let lock = lock.clone();
        move || {
            let copy = lock.clone();
            drop(lock);
            assert_eq!(copy.holder(), Holder::OtherProcess);
        }
    });
    child.start().unwrap();
    ends_well(&child);
    assert_eq!(lock.holder(), Holder::This);
    lock.release().unwrap();
    drop(guard);
    assert_eq!(lock.holder(), Holder::Nobody);
}

#[test]
fn a_lock_that_arrives_twice_is_one_lock_with_one_holder() {
    fn body((first, second): (Lock, Lock)) {
        first.acquire().unwrap();
        assert_eq!(second.holder(), Holder::This);
        assert!(second.try_acquire().is_err());
        second.release().unwrap();
        assert_eq!(first.holder(), Holder::Nobody);
    }
    let lock = Lock::new().unwrap();
    let child = Context::from(Method::Spawn).process(body, (lock.clone(), lock.clone()));
    child.start().unwrap();
    ends_well(&child);
    let again = Lock::from_descriptor(lock.to_descriptor().unwrap()).unwrap();
    lock.acquire().unwrap();
    assert_eq!(again.holder(), Holder::This);
}

#[test]
fn bytes_alone_carry_no_lock() {
    let lock = Lock::new().unwrap();
    assert!(matches!(transfer::encode(&lock), Err(EncodeError::Refused(_))));
    assert!(matches!(transfer::encode(&RLock::new().unwrap()), Err(EncodeError::Refused(_))));
    assert!(matches!(transfer::encode(&Semaphore::new(1).unwrap()), Err(EncodeError::Refused(_))));
    assert!(matches!(transfer::encode(&Event::new().unwrap()), Err(EncodeError::Refused(_))));
}

#[test]
fn what_is_no_lock_is_refused_with_its_reason() {
    let event = Event::new().unwrap().to_descriptor().unwrap();
    let refused = Lock::from_descriptor(event).unwrap_err();
    assert_eq!(refused.to_string(), "the segment is of the kind `event`, not `lock`");
    let null = File::open("/dev/null").unwrap();
    assert!(matches!(Lock::from_descriptor(null.into()), Err(AttachError::NotASegment(_))));
    let [segment, _] = Queue::<u8>::new().unwrap().to_descriptors().unwrap();
    assert!(matches!(Lock::from_descriptor(segment), Err(AttachError::NotASegment(_))));

    let lock = Lock::new().unwrap();
    let memory = File::from(lock.to_descriptor().unwrap());
    // The version lies behind the eight bytes of the mark.
    memory.write_all_at(&9u32.to_ne_bytes(), 8).unwrap();
    let found = Lock::from_descriptor(memory.into());
    assert!(matches!(found, Err(AttachError::Version { found: 9, .. })));
}

#[test]
fn a_word_that_nobody_could_have_written_harms_nobody() {
    let lock = Lock::new().unwrap();
    let memory = File::from(lock.to_descriptor().unwrap());
    let body = memory.metadata().unwrap().len() - 4096;
    // An owner in a slot that was never used: nobody, so dead. Its hold has a number not given back.
    memory.write_all_at(&((1000u64 << 18 | 5) << 32 | 7).to_ne_bytes(), body).unwrap();
    assert_eq!(lock.holder(), Holder::DeadProcess);
    assert_eq!(lock.acquire().unwrap(), Acquired::OwnerDied);
    lock.release().unwrap();
    memory.write_all_at(&u64::MAX.to_ne_bytes(), body).unwrap();
    assert_eq!(lock.acquire().unwrap(), Acquired::OwnerDied);
}

#[test]
fn handled_signals_make_a_timed_acquire_neither_shorter_nor_longer() {
    use nix::sys::signal::Signal;
    count_signals(Signal::SIGUSR1);
    let lock = Lock::new().unwrap();
    lock.acquire().unwrap();
    let (waiter, its_thread) = {
        let (sender, receiver) = std::sync::mpsc::channel();
        let waiter = thread::spawn({
            let lock = lock.clone();
            move || {
                sender.send(this_thread()).unwrap();
                let began = Instant::now();
                let waited = lock.acquire_timeout(Duration::from_millis(200));
                (waited, began.elapsed())
            }
        });
        (waiter, receiver.recv().unwrap())
    };
    let before = signals_counted();
    while !waiter.is_finished() {
        signal_thread(its_thread, Signal::SIGUSR1);
        thread::yield_now();
    }
    let (waited, took) = waiter.join().unwrap();
    assert!(matches!(waited, Err(AcquireError::TimedOut)));
    assert!(took >= Duration::from_millis(200), "shorter: {took:?}");
    assert!(took < LONG, "longer: {took:?}");
    assert!(signals_counted() > before, "no signal has come");
}

static SIGNALS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

fn signals_counted() -> u32 {
    SIGNALS.load(std::sync::atomic::Ordering::Relaxed)
}

#[expect(unsafe_code, reason = "signal handlers are")]
fn count_signals(signal: nix::sys::signal::Signal) {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};
    extern "C" fn count(_: i32) {
        SIGNALS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
    let action = SigAction::new(SigHandler::Handler(count), SaFlags::empty(), SigSet::empty());
    // SAFETY: the function adds to an atomic and does nothing else.
    unsafe { sigaction(signal, &action) }.unwrap();
}

fn this_thread() -> i32 {
    nix::unistd::gettid().as_raw()
}

#[expect(unsafe_code, reason = "there is no other call that signals one thread")]
fn signal_thread(thread: i32, signal: nix::sys::signal::Signal) {
    // SAFETY: three numbers; a thread that has ended is not found.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal as i32) };
}
