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

/// An instruction that copies a block byte by byte stops after every byte: after so many of them the rest
/// goes as one.
const REPEATS: u32 = 16;

/// A thread under control, stopped between two calls of this type's functions.
pub(super) struct Traced {
    tid: Pid,
    /// What it is to be given when it goes on.
    signal: Option<Signal>,
    /// The address before the last step, and how many steps it has not changed for.
    at: Option<u64>,
    repeats: u32,
}

/// What came of letting it go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// It has stopped again; `slept` if it slept meanwhile.
    On { slept: bool },
    /// Its process is gone.
    Gone,
}

/// How a run to an instruction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// It stands before the instruction.
    There,
    /// It came to its end instead.
    AtEnd,
    /// Its process is gone.
    Gone,
}

/// What the processor watches for.
#[derive(Clone, Copy, Debug)]
enum Watch {
    /// A store to four bytes.
    Store(u64),
    /// The execution of an instruction.
    Execute(u64),
}

impl Traced {
    /// Takes control of a thread, wherever it is, and stops it.
    ///
    /// # Errors
    /// EPERM where the system does not allow it, ESRCH if there is no such thread.
    pub(super) fn attach(tid: i32) -> nix::Result<Traced> {
        let tid = Pid::from_raw(tid);
        ptrace::seize(tid, Options::empty())?;
        let mut traced = Traced { tid, signal: None, at: None, repeats: 0 };
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
        let went = self.step_once()?;
        let at = self.address();
        let stays = at.is_some() && at == self.at;
        (self.at, self.repeats) = (at, if stays { self.repeats + 1 } else { 0 });
        if self.repeats < REPEATS {
            return Ok(went);
        }
        self.repeats = 0;
        let Some(next) = at.and_then(|at| arch::after_repeated(self.tid, at)) else { return Ok(went) };
        match self.run_to_instruction(next, 1, None, || false)? {
            Ran::Gone => Ok(Went::Gone),
            Ran::There | Ran::AtEnd => Ok(went),
        }
    }

    fn step_once(&mut self) -> nix::Result<Went> {
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

    /// The address of the instruction that comes next, where that is known.
    pub(super) fn address(&self) -> Option<u64> {
        arch::address(self.tid)
    }

    /// Lets it run until the four bytes at this address have been stored to.
    ///
    /// # Errors
    /// Where the machine has no such watch.
    pub(super) fn run_to_store(
        &mut self,
        address: u64,
        mut is_stored: impl FnMut() -> bool,
    ) -> nix::Result<Went> {
        arch::watch(self.tid, &[Watch::Store(address)])?;
        while self.run()? != Went::Gone {
            if is_stored() {
                arch::watch(self.tid, &[])?;
                return Ok(Went::On { slept: false });
            }
        }
        Ok(Went::Gone)
    }

    /// Lets it run until it comes to the instruction at this address for the `arrivals`-th time, or until
    /// it stores to `end` and is found to be at its end; says which.
    ///
    /// # Errors
    /// Where the machine has no such watch.
    pub(super) fn run_to_instruction(
        &mut self,
        address: u64,
        arrivals: u64,
        end: Option<u64>,
        mut is_at_end: impl FnMut() -> bool,
    ) -> nix::Result<Ran> {
        // Where it stands already it does not stop, and that is the first arrival.
        let mut left = arrivals - u64::from(self.address() == Some(address));
        let end = end.map(Watch::Store);
        let watches: Vec<Watch> = [Watch::Execute(address)].into_iter().chain(end).collect();
        arch::watch(self.tid, &watches)?;
        while left > 0 {
            if self.run()? == Went::Gone {
                return Ok(Ran::Gone);
            }
            if is_at_end() {
                arch::watch(self.tid, &[])?;
                return Ok(Ran::AtEnd);
            }
            left -= u64::from(self.address() == Some(address));
        }
        arch::watch(self.tid, &[])?;
        Ok(Ran::There)
    }

    fn run(&mut self) -> nix::Result<Went> {
        match ptrace::cont(self.tid, self.signal.take()) {
            Ok(()) | Err(Errno::ESRCH) => self.wait(),
            Err(error) => Err(error),
        }
    }

    /// Makes it do a system call of the suite's choice, wherever it stands, after which it stands there
    /// again as before. Absent if the call has replaced its program.
    ///
    /// # Errors
    /// Those of the call; ESRCH if its process is gone, ENOSYS where nothing is known of the processor.
    pub(super) fn call(&mut self, number: i64, arguments: [u64; 6]) -> nix::Result<Option<u64>> {
        // A successful `execve` stops there instead of after the instruction.
        ptrace::setoptions(self.tid, Options::PTRACE_O_TRACEEXEC)?;
        let (place, before) = arch::prepare_call(self.tid, number, arguments)?;
        loop {
            ptrace::step(self.tid, None)?;
            if self.wait()? == Went::Gone {
                return Err(Errno::ESRCH);
            }
            // A signal that has come meanwhile is given to it at the end.
            if self.address() != Some(place) {
                return arch::finish_call(self.tid, place, before);
            }
        }
    }

    /// Room for a few words in its memory, which nothing uses while it is stopped.
    ///
    /// # Errors
    /// ENOSYS where nothing is known of the processor.
    pub(super) fn room(&self) -> nix::Result<u64> {
        arch::room(self.tid)
    }

    /// Stores words to its memory.
    ///
    /// # Errors
    /// EIO where there is none.
    pub(super) fn store(&self, address: u64, words: &[u64]) -> nix::Result<()> {
        for (at, word) in (address..).step_by(size_of::<u64>()).zip(words) {
            ptrace::write(self.tid, without_provenance_mut(at as usize), *word as i64)?;
        }
        Ok(())
    }

    /// Loads a word from its memory.
    ///
    /// # Errors
    /// EIO where there is none.
    pub(super) fn load(&self, address: u64) -> nix::Result<u64> {
        ptrace::read(self.tid, without_provenance_mut(address as usize)).map(|word| word as u64)
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
    use super::{Errno, Pid, Watch, ptrace, without_provenance_mut};

    const SYSCALL: [u8; 2] = [0x0f, 0x05];

    /// Below the stack pointer, and below what a function without calls may keep there.
    const ROOM: u64 = 512;

    /// What there was before a call was prepared.
    pub(super) struct Before {
        registers: libc::user_regs_struct,
        word: i64,
    }

    /// Puts a system call where a stopped thread stands; says where that is and what was there.
    pub(super) fn prepare_call(
        tid: Pid,
        number: i64,
        [rdi, rsi, rdx, r10, r8, r9]: [u64; 6],
    ) -> nix::Result<(u64, Before)> {
        let registers = ptrace::getregs(tid)?;
        let at = without_provenance_mut(registers.rip as usize);
        let word = ptrace::read(tid, at)?;
        let mut code = word.to_le_bytes();
        code[..2].copy_from_slice(&SYSCALL);
        ptrace::write(tid, at, i64::from_le_bytes(code))?;
        // Not in a system call: an interrupted one is begun again only when all is as it was.
        let (rax, orig_rax) = (number as u64, u64::MAX);
        let call = libc::user_regs_struct { rax, orig_rax, rdi, rsi, rdx, r10, r8, r9, ..registers };
        ptrace::setregs(tid, call)?;
        Ok((registers.rip, Before { registers, word }))
    }

    /// Takes the call's result and puts everything back, if there still is what was before.
    pub(super) fn finish_call(tid: Pid, place: u64, before: Before) -> nix::Result<Option<u64>> {
        let after = ptrace::getregs(tid)?;
        if after.rip != place + SYSCALL.len() as u64 {
            return Ok(None);
        }
        ptrace::write(tid, without_provenance_mut(place as usize), before.word)?;
        ptrace::setregs(tid, before.registers)?;
        let error = (after.rax as i64).wrapping_neg();
        if (1..4096).contains(&error) { Err(Errno::from_raw(error as i32)) } else { Ok(Some(after.rax)) }
    }

    /// Room in a stopped thread's memory, aligned to words.
    pub(super) fn room(tid: Pid) -> nix::Result<u64> {
        Ok((ptrace::getregs(tid)?.rsp - ROOM) & !15)
    }

    /// Sets the processor's watches, four at most, in place of those that there are.
    pub(super) fn watch(tid: Pid, watches: &[Watch]) -> nix::Result<()> {
        const CONTROL: usize = 7;
        let write = |register: usize, value: u64| {
            let at = std::mem::offset_of!(libc::user, u_debugreg) + register * size_of::<u64>();
            ptrace::write_user(tid, without_provenance_mut(at), value as i64)
        };
        write(CONTROL, 0)?;
        let mut control = 0;
        for (register, watch) in watches.iter().enumerate() {
            let (address, kind) = match watch {
                Watch::Store(address) => (address, 0b1101),
                Watch::Execute(address) => (address, 0b0000),
            };
            write(register, *address)?;
            // Two bits a register switch it on, four more say for what.
            control |= 1 << (2 * register) | kind << (16 + 4 * register);
        }
        if control == 0 { Ok(()) } else { write(CONTROL, control) }
    }

    /// The address of the instruction that comes next.
    pub(super) fn address(tid: Pid) -> Option<u64> {
        let at = std::mem::offset_of!(libc::user, regs) + std::mem::offset_of!(libc::user_regs_struct, rip);
        ptrace::read_user(tid, without_provenance_mut(at)).ok().map(|address| address as u64)
    }

    /// The address after the string instruction at this one, if that is a repeated one.
    pub(super) fn after_repeated(tid: Pid, at: u64) -> Option<u64> {
        let word = ptrace::read(tid, without_provenance_mut(at as usize)).ok()?;
        // REP, perhaps REX.W, then MOVS or STOS.
        match word.to_le_bytes() {
            [0xf3, 0xa4 | 0xa5 | 0xaa | 0xab, ..] => Some(at + 2),
            [0xf3, 0x48, 0xa4 | 0xa5 | 0xaa | 0xab, ..] => Some(at + 3),
            _ => None,
        }
    }

    /// Whether the instruction before the one that comes next is a system call.
    pub(super) fn made_a_system_call(tid: Pid) -> bool {
        let Some(address) = address(tid) else { return false };
        let before = without_provenance_mut(address.wrapping_sub(2) as usize);
        ptrace::read(tid, before).is_ok_and(|word| word.to_le_bytes()[..2] == SYSCALL)
    }
}

/// What depends on the processor, where nothing is known of it.
#[cfg(not(target_arch = "x86_64"))]
mod arch {
    use super::{Errno, Pid, Watch};

    pub(super) fn watch(_: Pid, _: &[Watch]) -> nix::Result<()> {
        Err(Errno::ENOSYS)
    }

    pub(super) struct Before;

    pub(super) fn prepare_call(_: Pid, _: i64, _: [u64; 6]) -> nix::Result<(u64, Before)> {
        Err(Errno::ENOSYS)
    }

    pub(super) fn finish_call(_: Pid, _: u64, Before: Before) -> nix::Result<Option<u64>> {
        Err(Errno::ENOSYS)
    }

    pub(super) fn room(_: Pid) -> nix::Result<u64> {
        Err(Errno::ENOSYS)
    }

    pub(super) fn address(_: Pid) -> Option<u64> {
        None
    }

    pub(super) fn after_repeated(_: Pid, _: u64) -> Option<u64> {
        None
    }

    pub(super) fn made_a_system_call(_: Pid) -> bool {
        true
    }
}
