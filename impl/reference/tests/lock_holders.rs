//! Holders of locks that die, stop, become another program, or are not reaped.

use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::stat::Mode;
use nix::unistd::Pid;

use procession_reference::context::{Context, Method};
use procession_reference::{AcquireError, Acquired, Event, Holder, Lock, Process, RLock, Semaphore};
use rstest::rstest;

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// A child that has acquired the lock, says so, and then does this.
fn holder(method: Method, lock: &Lock, then: fn()) -> Process {
    fn body((lock, held, then): (Lock, Event, Then)) {
        assert_eq!(lock.acquire().unwrap(), Acquired::Clean);
        held.set();
        then.run();
        lock.release().unwrap();
    }
    let held = Event::new().unwrap();
    let then = Then::of(then);
    let child = Context::from(method).process(body, (lock.clone(), held.clone(), then));
    child.start().unwrap();
    assert!(held.wait_timeout(LONG), "the child has not acquired it");
    child
}

/// What a holder does, by its number: functions do not travel.
#[derive(serde::Serialize, serde::Deserialize)]
struct Then(usize);

const EACH: [fn(); 4] = [die, stop, become_another, end_at_once];

impl Then {
    fn of(then: fn()) -> Then {
        Then(EACH.iter().position(|known| *known as usize == then as usize).unwrap())
    }

    fn run(&self) {
        EACH[self.0]();
    }
}

fn die() {
    raise(Signal::SIGKILL).unwrap();
}

fn stop() {
    raise(Signal::SIGSTOP).unwrap();
}

fn become_another() {
    let error = Command::new("sleep").arg("1000").exec();
    panic!("{error}");
}

fn end_at_once() {
    std::process::exit(7);
}

fn state(pid: i32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat[stat.rfind(')').unwrap() + 2..].chars().next().unwrap()
}

/// Waits until a process is in one of these states.
fn wait_for_state(pid: i32, states: &[char]) {
    while !states.contains(&state(pid)) {
        std::thread::yield_now();
    }
}

#[rstest]
fn the_lock_of_the_dead_goes_to_one_who_is_told(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
    #[values(die, end_at_once)] death: fn(),
) {
    let lock = Lock::new().unwrap();
    let child = holder(method, &lock, death);
    let told: Vec<_> = std::thread::scope(|scope| {
        let waiters = [(); 3].map(|()| {
            scope.spawn(|| {
                let acquired = lock.acquire_timeout(LONG).unwrap();
                lock.release().unwrap();
                acquired
            })
        });
        waiters.map(|waiter| waiter.join().unwrap()).to_vec()
    });
    assert_eq!(told.iter().filter(|acquired| acquired.owner_died()).count(), 1, "{told:?}");
    assert_eq!(lock.try_acquire().unwrap(), Acquired::Clean);
    child.join().unwrap();
}

#[test]
fn a_holder_that_is_dead_but_not_reaped_holds_nothing() {
    let lock = Lock::new().unwrap();
    let child = holder(Method::Spawn, &lock, stop);
    let pid = child.pid().unwrap().unwrap();
    child.kill().unwrap();
    wait_for_state(pid, &['Z']);
    assert_eq!(lock.holder(), Holder::DeadProcess);
    assert_eq!(lock.try_acquire().unwrap(), Acquired::OwnerDied);
    assert_eq!(state(pid), 'Z');
    child.join().unwrap();
}

#[test]
fn a_holder_that_is_stopped_is_not_dead() {
    let lock = Lock::new().unwrap();
    let child = holder(Method::Spawn, &lock, stop);
    let pid = child.pid().unwrap().unwrap();
    wait_for_state(pid, &['T']);
    // Ten looks at the holder's life.
    assert!(matches!(lock.acquire_timeout(Duration::from_millis(100)), Err(AcquireError::TimedOut)));
    assert!(matches!(lock.try_acquire(), Err(AcquireError::TimedOut)));
    assert_eq!(lock.holder(), Holder::OtherProcess);
    kill(Pid::from_raw(pid), Signal::SIGCONT).unwrap();
    assert_eq!(lock.acquire_timeout(LONG).unwrap(), Acquired::Clean);
    child.join().unwrap();
}

#[test]
fn a_holder_that_becomes_another_program_gives_the_lock_up() {
    let lock = Lock::new().unwrap();
    let child = holder(Method::Spawn, &lock, become_another);
    assert_eq!(lock.acquire_timeout(LONG).unwrap(), Acquired::OwnerDied);
    assert!(child.is_alive().unwrap(), "the other program runs");
    child.kill().unwrap();
    child.join().unwrap();
}

#[test]
fn whoever_releases_for_the_dead_takes_the_responsibility() {
    let lock = Lock::new().unwrap();
    let child = holder(Method::Spawn, &lock, die);
    child.join().unwrap();
    assert_eq!(lock.holder(), Holder::DeadProcess);
    lock.release().unwrap();
    assert_eq!(lock.try_acquire().unwrap(), Acquired::Clean);
    lock.release().unwrap();
    assert!(lock.release().is_err());
}

#[test]
fn a_process_that_drops_its_last_handle_holds_nothing() {
    let lock = Lock::new().unwrap();
    let descriptor = lock.to_descriptor().unwrap();
    lock.acquire().unwrap();
    drop(lock);
    let again = Lock::from_descriptor(descriptor).unwrap();
    assert_eq!(again.try_acquire().unwrap(), Acquired::OwnerDied);
}

#[test]
fn places_are_used_again_by_any_number_of_processes() {
    let lock = Lock::new().unwrap();
    let semaphore = Semaphore::new(2).unwrap();
    let (mut deaths, mut told, mut restored) = (0, 0, 0);
    // More than there are places.
    for round in 0..1100 {
        let (lock_there, semaphore_there) = (lock.clone(), semaphore.clone());
        let dies = round % 50 == 0;
        deaths += u32::from(dies);
        let child = Process::forked(move || {
            let acquired = lock_there.acquire().unwrap().owner_died();
            let taken = semaphore_there.acquire().unwrap().owner_died();
            if dies {
                die();
            }
            semaphore_there.release().unwrap();
            lock_there.release().unwrap();
            procession_reference::exit::exit(i32::from(acquired) + 2 * i32::from(taken))
        });
        child.start().unwrap();
        child.join().unwrap();
        match child.exitcode().unwrap() {
            Some(-9) => assert!(dies),
            Some(code @ 0..4) => {
                told += code as u32 & 1;
                restored += code as u32 >> 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((told, restored), (deaths, deaths));
    assert_eq!(semaphore.permits(), 2);
}

#[test]
fn a_process_that_finds_no_place_is_told_so_and_others_go_on() {
    let lock = Lock::new().unwrap();
    let rlock = RLock::new().unwrap();
    let semaphore = Semaphore::new(1).unwrap();
    let mut kept = Vec::new();
    for file in [lock.to_descriptor(), rlock.to_descriptor(), semaphore.to_descriptor()] {
        kept.push(take_every_place(file.unwrap().as_fd()));
    }
    assert!(matches!(lock.acquire(), Err(AcquireError::Exhausted(_))));
    assert!(matches!(rlock.try_acquire(), Err(AcquireError::Exhausted(_))));
    assert!(matches!(semaphore.acquire(), Err(AcquireError::Exhausted(_))));
    assert!(semaphore.release().is_err());
    assert!(rlock.release().is_err());
    let told = lock.acquire().unwrap_err().to_string();
    assert!(told.contains("all 1024 places"), "{told}");
    drop(kept);
    assert_eq!(lock.acquire().unwrap(), Acquired::Clean);
    assert_eq!(rlock.acquire().unwrap(), Acquired::Clean);
    semaphore.acquire().unwrap();
}

/// As 1024 processes would: a place is a byte lock far behind the end of the object's file.
fn take_every_place(file: std::os::fd::BorrowedFd<'_>) -> std::os::fd::OwnedFd {
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let own = open(path.as_str(), OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).unwrap();
    let places = libc::flock {
        l_type: libc::F_WRLCK as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: 1 << 50,
        l_len: 1024,
        l_pid: 0,
    };
    fcntl(&own, FcntlArg::F_OFD_SETLK(&places)).unwrap();
    own
}
