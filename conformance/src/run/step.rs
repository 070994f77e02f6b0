//! A thread of somebody else's process, run instruction by instruction (ptrace).
//!
//! Only the thread that attached may ask for anything. The process's other threads are left running.
//! A tracer that ends sets its thread free.

use std::ptr::without_provenance_mut;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// One instruction that takes longer is a system call in which the thread has slept: what wakes it is
/// somebody else, or a timer of at least this period.
const ASLEEP: Duration = Duration::from_millis(5);

/// A thread under control, stopped between two calls of this type's functions.
pub(super) struct Traced {
    tid: Pid,
    /// What it is to be given when it goes on.
    signal: Option<Signal>,
}

/// What came of letting it go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// It has stopped again; `slept` if it slept meanwhile.
    On { slept: bool },
    /// Its process is gone.
    Gone,
}

impl Traced {
    /// Takes control of a thread, wherever it is, and stops it.
    ///
    /// # Errors
    /// EPERM where the system does not allow it, ESRCH if there is no such thread.
    pub(super) fn attach(tid: i32) -> nix::Result<Traced> {
        let tid = Pid::from_raw(tid);
        ptrace::seize(tid, Options::empty())?;
        let mut traced = Traced { tid, signal: None };
        ptrace::interrupt(tid)?;
        match traced.wait()? {
            Went::On { .. } => Ok(traced),
            Went::Gone => Err(Errno::ESRCH),
        }
    }

    /// Executes one instruction.
    ///
    /// # Errors
    /// None that a thread under control could cause.
    pub(super) fn step(&mut self) -> nix::Result<Went> {
        let began = Instant::now();
        match ptrace::step(self.tid, self.signal.take()) {
            Ok(()) => {}
            Err(Errno::ESRCH) => return self.wait(),
            Err(error) => return Err(error),
        }
        let went = self.wait()?;
        let is_slow = matches!(went, Went::On { .. }) && began.elapsed() >= ASLEEP;
        Ok(if is_slow { Went::On { slept: arch::made_a_system_call(self.tid) } } else { went })
    }

    /// Lets it run until the four bytes at `address` have been stored to.
    ///
    /// # Errors
    /// Where the machine has no such watch.
    pub(super) fn run_to_store(
        &mut self,
        address: u64,
        mut is_stored: impl FnMut() -> bool,
    ) -> nix::Result<Went> {
        arch::watch(self.tid, Some(address))?;
        loop {
            match ptrace::cont(self.tid, self.signal.take()) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error),
            }
            let went = self.wait()?;
            if went == Went::Gone {
                return Ok(went);
            }
            if is_stored() {
                arch::watch(self.tid, None)?;
                return Ok(went);
            }
        }
    }

    /// Lets it go for good.
    pub(super) fn release(self) {
        // Who is gone needs no release.
        let _ = ptrace::detach(self.tid, self.signal);
    }

    /// Waits for the end of a process that has been killed; until then its parent is not told.
    pub(super) fn bury(mut self) {
        while let Ok(Went::On { .. }) = self.wait() {}
    }

    fn wait(&mut self) -> nix::Result<Went> {
        loop {
            match waitpid(self.tid, Some(WaitPidFlag::__WALL)) {
                Ok(WaitStatus::Stopped(_, Signal::SIGTRAP)) | Ok(WaitStatus::PtraceEvent(..)) => {}
                Ok(WaitStatus::Stopped(_, signal)) => self.signal = Some(signal),
                Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) | Err(Errno::ECHILD | Errno::ESRCH) => {
                    return Ok(Went::Gone);
                }
                Ok(_) | Err(Errno::EINTR) => continue,
                // A signal of which nix knows no name.
                Err(Errno::EINVAL) => {}
                Err(error) => return Err(error),
            }
            return Ok(Went::On { slept: false });
        }
    }
}

/// What depends on the processor.
#[cfg(target_arch = "x86_64")]
mod arch {
    use super::{Pid, ptrace, without_provenance_mut};

    /// Break on the store to four bytes (bits 16 to 19), watched in this thread alone (bit 0).
    const FIRST_WATCH: i64 = 0b1101 << 16 | 1;

    /// Sets, or takes away, the first of the processor's watches.
    pub(super) fn watch(tid: Pid, address: Option<u64>) -> nix::Result<()> {
        let register =
            |number: usize| std::mem::offset_of!(libc::user, u_debugreg) + number * size_of::<u64>();
        let write =
            |number, value: i64| ptrace::write_user(tid, without_provenance_mut(register(number)), value);
        match address {
            // The address first: a control word without it watches address 0, which is refused.
            Some(address) => write(0, address as i64).and_then(|()| write(7, FIRST_WATCH)),
            None => write(7, 0),
        }
    }

    /// Whether the instruction before the one that comes next is a system call.
    pub(super) fn made_a_system_call(tid: Pid) -> bool {
        const SYSCALL: [u8; 2] = [0x0f, 0x05];
        let Ok(registers) = ptrace::getregs(tid) else { return false };
        let at = without_provenance_mut(registers.rip.wrapping_sub(2) as usize);
        ptrace::read(tid, at).is_ok_and(|word| word.to_le_bytes()[..2] == SYSCALL)
    }
}

/// What depends on the processor, where nothing is known of it.
#[cfg(not(target_arch = "x86_64"))]
mod arch {
    use super::{Errno, Pid};

    pub(super) fn watch(_: Pid, _: Option<u64>) -> nix::Result<()> {
        Err(Errno::ENOSYS)
    }

    pub(super) fn made_a_system_call(_: Pid) -> bool {
        true
    }
}

#[cfg(not(target_arch = "x86_64"))]
use without_provenance_mut as _;
