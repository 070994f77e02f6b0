//! What the system refuses, what others damage, and who only looks dead: an error or nothing, and
//! never a signal, a hang or a lost item.
#![expect(unsafe_code, reason = "forks, and refuses system calls to a child")]

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, alarm, fork};

use procession_reference::fault::{die_before, stop_before};
use procession_reference::{AttachError, CreateError, GetError, PutError, Queue, QueueOptions};

/// Much longer than any recovery, so that only what would be a hang fails.
const LONG: Duration = Duration::from_secs(20);

fn main() {
    // nextest asks which tests there are; this program is one.
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--list") {
        if !arguments.iter().any(|argument| argument == "--ignored") {
            println!("kill_limits: test");
        }
        return;
    }
    if arguments.iter().any(|argument| argument == FIRST_WAIT) {
        alarm::set(60);
        return first_wait();
    }
    // Whatever hangs, ends by this signal and so fails.
    alarm::set(300);
    let first_waits = forked_during_a_first_wait();
    limit_of_bytes();
    files_limited();
    memory_refused();
    damaged_segments();
    let zombies = (1..).take_while(|n| zombie(*n)).count();
    let stops = (1..).take_while(|n| stopped(*n)).count();
    assert!(zombies > 10 && stops > 10, "{zombies} zombies, {stops} stops: the fault points are off");
    let passers_by = slots_reused();
    // The last one: from here on this process has two threads.
    let forks = forked_while_held();
    println!(
        "test kill_limits ... ok ({zombies} zombies, {stops} stops, {passers_by} short lives, {forks} forks, \
        {first_waits} of them during a first wait)",
        forks = forks + first_waits
    );
}

fn child(body: impl FnOnce()) -> Pid {
    // SAFETY: the child uses nothing but what may be used after a fork: memory, the queue, `_exit`.
    match unsafe { fork() }.expect("fork") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            alarm::set(200);
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).is_ok();
            // SAFETY: ends the child without its parent's destructors and buffers.
            unsafe { libc::_exit(if done { 0 } else { 1 }) }
        }
    }
}

fn does_well(child: Pid) {
    assert_eq!(waitpid(child, None).unwrap(), WaitStatus::Exited(child, 0));
}

/// A queue that has no room for more bytes says so, and goes on when there is room again.
fn limit_of_bytes() {
    let options = QueueOptions { limit_bytes: Some(1 << 20), ..Default::default() };
    let queue = Queue::<Vec<u8>>::with_options(options).unwrap();
    let item = vec![7; 200_000];
    let mut count = 0;
    let refused = loop {
        match queue.try_put(&item) {
            Ok(()) => count += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, PutError::Exhausted(_)), "{refused:?}");
    assert_eq!(count, 5);
    let too_long = queue.try_put(&vec![7; 2 << 20]);
    assert!(matches!(too_long, Err(PutError::TooLong { .. })), "{too_long:?}");
    assert_eq!(queue.get().unwrap(), item);
    queue.try_put(&item).unwrap();
}

/// A process whose files may not be large cannot create a queue, and learns it as an error.
fn files_limited() {
    does_well(child(|| {
        // SAFETY: ignoring a signal runs no code.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        setrlimit(Resource::RLIMIT_FSIZE, 1 << 20, 1 << 20).unwrap();
        let refused: Result<Queue<u8>, CreateError> = Queue::new();
        assert!(refused.is_err(), "the limit was not noticed");
    }));
}

/// From now on the system has no memory for any file of this process.
fn refuse_memory() {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let mut program = [
        // The number of the system call is the first word that the filter sees.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        libc::sock_filter {
            code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16,
            jt: 0,
            jf: 1,
            k: libc::SYS_fallocate as u32,
        },
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::ENOSPC as u32),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: the filter lives on our stack until both calls have returned.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter), 0);
    }
}

/// Where the system has no memory, a put fails before anything is touched, and the queue goes on.
fn memory_refused() {
    let queue = Queue::<Vec<u8>>::new().unwrap();
    queue.put(&vec![1; 40_000]).unwrap();
    does_well(child(|| {
        queue.enlist().unwrap();
        refuse_memory();
        let refused = queue.try_put(&vec![2; 400_000]);
        assert!(matches!(refused, Err(PutError::Exhausted(_))), "{refused:?}");
        // What fits into the memory that is there needs no more.
        queue.try_put(&vec![3; 10_000]).unwrap();
        let another: Result<Queue<u8>, CreateError> = Queue::new();
        assert!(another.is_err());
    }));
    does_well(child(|| {
        refuse_memory();
        // A process that cannot become a member cannot use the queue.
        let refused = queue.try_put(&vec![4]);
        let received = queue.try_get();
        // Its slot may lie in memory that is there already.
        assert!(matches!(refused, Ok(()) | Err(PutError::Exhausted(_))), "{refused:?}");
        assert!(matches!(received, Ok(_) | Err(GetError::Exhausted(_))), "{received:?}");
        assert_eq!(refused.is_ok(), received.is_ok());
        assert!(refused.is_err(), "a member without memory for its slot");
    }));
    queue.put(&vec![5; 400_000]).unwrap();
    let lengths: Vec<_> = (0..3).map(|_| queue.get().unwrap().len()).collect();
    assert_eq!(lengths, [40_000, 10_000, 400_000]);
}

/// A descriptor of something else, and every damage to the segment's description, is an error or
/// makes no difference.
fn damaged_segments() {
    let queue = Queue::<u32>::new().unwrap();
    let event = || queue.to_descriptors().unwrap()[1].try_clone().unwrap();
    let attach = |segment: OwnedFd| Queue::<u32>::from_descriptors([segment, event()]);
    let foreign = memfd_create(c"foreign", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING).unwrap();
    assert!(matches!(attach(foreign.try_clone().unwrap()), Err(AttachError::NotASegment(_))));
    nix::unistd::ftruncate(&foreign, 1 << 20).unwrap();
    assert!(matches!(attach(foreign), Err(AttachError::NotASegment(_))));
    let [segment, _] = queue.to_descriptors().unwrap();
    let mut refused = 0;
    // Magic, version, flags and limits lie in the first words.
    for at in 0..48 {
        let mut before = [0];
        nix::sys::uio::pread(segment.as_fd(), &mut before, at).unwrap();
        for damage in [0x01, 0x80, 0xff] {
            nix::sys::uio::pwrite(segment.as_fd(), &[before[0] ^ damage], at).unwrap();
            match attach(segment.try_clone().unwrap()) {
                // A bit that means another limit, which is as good: it must work, or say why not.
                Ok(other) => match other.try_put(&7) {
                    Ok(()) => assert_eq!(other.try_get().unwrap(), 7),
                    Err(error) => assert!(!error.to_string().is_empty()),
                },
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            }
            nix::sys::uio::pwrite(segment.as_fd(), &before, at).unwrap();
        }
    }
    assert!(refused > 50, "only {refused} damages were noticed");
    queue.put(&1).unwrap();
    assert_eq!(queue.get().unwrap(), 1);
}

/// A victim that is dead and not reaped is dead.
fn zombie(n: u64) -> bool {
    let queue = Queue::<u32>::bounded(3).unwrap();
    let victim = child(|| {
        die_before(n);
        queue.put(&1).unwrap();
        queue.get().unwrap();
    });
    // Its entry stays, so that its process id stands for a process until the end.
    let status = waitid(Id::Pid(victim), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
    queue.put_timeout(&2, LONG).expect("a zombie holds a lock");
    let mut got = Vec::new();
    while got.last() != Some(&2) {
        got.push(queue.get_timeout(LONG).expect("a zombie holds a lock"));
    }
    assert!(got == [2] || got == [1, 2], "{got:?}");
    waitpid(victim, None).unwrap();
    matches!(status, WaitStatus::Signaled(_, Signal::SIGKILL, _))
}

/// A process that is stopped holds what it holds, and goes on as if nothing had happened.
fn stopped(n: u64) -> bool {
    let queue = Queue::<u32>::new().unwrap();
    let holder = child(|| {
        stop_before(n);
        (0..2).for_each(|which| queue.put(&which).unwrap());
    });
    let status = waitpid(holder, Some(WaitPidFlag::WUNTRACED)).unwrap();
    let stops = matches!(status, WaitStatus::Stopped(_, Signal::SIGSTOP));
    // Not before the time that is granted for a lock is over.
    let ours = match queue.try_put(&9) {
        Ok(()) => true,
        Err(PutError::Full) => false,
        Err(error) => panic!("{error}"),
    };
    if stops {
        kill(holder, Signal::SIGCONT).unwrap();
        does_well(holder);
    }
    let mut got = Vec::new();
    while let Ok(which) = queue.try_get() {
        got.push(which);
    }
    assert_eq!(got.iter().filter(|which| **which == 9).count(), usize::from(ours), "{got:?}");
    got.retain(|which| *which != 9);
    assert_eq!(got, [0, 1], "what a stopped process did was undone");
    stops
}

/// More processes than there are slots, one after the other.
fn slots_reused() -> u32 {
    let queue = Queue::<u32>::new().unwrap();
    for which in 0..1100 {
        does_well(child(|| queue.put(&which).unwrap()));
        assert_eq!(queue.get().unwrap(), which);
    }
    1100
}

/// Fresh programs, each of which forks while another of its threads waits for the first time: what a
/// process finds out once, as whether spinning helps, must not stay half found out in a child for ever.
fn forked_during_a_first_wait() -> u32 {
    const ROUNDS: u32 = 40;
    for _ in 0..ROUNDS {
        let program = std::env::current_exe().unwrap();
        assert!(std::process::Command::new(program).arg(FIRST_WAIT).status().unwrap().success());
    }
    ROUNDS * FORKS
}

/// The argument that makes this program fork during its first waits, and do nothing else.
const FIRST_WAIT: &str = "first-wait";
const FORKS: u32 = 20;

fn first_wait() {
    let queue = Queue::<u32>::bounded(64).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let _ = queue.put_timeout(&0, Duration::from_millis(5));
            }
        });
        for which in 1..=FORKS {
            let forked = child(|| queue.put(&which).unwrap());
            while queue.get_timeout(LONG).expect("a child's item never came") != which {}
            does_well(forked);
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// A process forks while another of its threads is somewhere in a put: the child is somebody else.
fn forked_while_held() -> u32 {
    let queue = Queue::<u32>::new().unwrap();
    let stop = AtomicBool::new(false);
    let mut from_children = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                // It may put faster than anybody takes; it would reach the limit of bytes.
                if queue.len().unwrap() < 4096 {
                    queue.put(&0).unwrap();
                }
            }
        });
        for which in 1..=100 {
            let forked = child(|| queue.put(&which).unwrap());
            while queue.get_timeout(LONG).expect("a child's item never came") != which {}
            does_well(forked);
            from_children += 1;
        }
        stop.store(true, Ordering::Relaxed);
    });
    from_children
}
