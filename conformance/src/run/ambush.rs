//! Kills in the middle of a call: threads of the suite that follow a worker through it, by its machine
//! instructions or by the clock, and kill it at one exact place.
//!
//! The worker helps with nothing but its history: its call's record, stored in a file that the suite can
//! read, is the place from which is counted, and the record of the return the place where it is too late.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use procession_contract::{HEADER_BYTES, RECORD_BYTES};

use super::clock::now_ns;
use super::pidfd::PidFd;
use super::step::{Traced, Went};
use super::workers::Worker;
use super::{RunError, proc};
use crate::history::FaultFired;
use crate::program::{Action, Ambush, Moment, Program};

/// Who has slept so often since his call is killed where he sleeps: every further round is the same.
const SLEEPS: u32 = 2;

/// How many instructions go by between two looks whether the opportunity is over.
const LOOK_EVERY: u64 = 64;

/// How long taking control of a thread may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The ambushes of a run.
#[derive(Debug, Default)]
pub(super) struct Ambushes {
    laid: Vec<Laid>,
    fired: Vec<FaultFired>,
    spared: Vec<FaultFired>,
    over: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Laid {
    fault: usize,
    worker: usize,
    thread: JoinHandle<Result<Sprung, String>>,
}

/// What came of one.
#[derive(Clone, Copy, Debug)]
struct Sprung {
    killed: bool,
    at_ns: u64,
    instructions: Option<u64>,
}

impl Ambushes {
    /// Takes up position around a worker that waits at the gate of this line, if that is planned.
    ///
    /// # Errors
    /// [`RunError::NotAllowed`] where the system does not let one process trace another.
    pub(super) fn lay(
        &mut self,
        program: &Program,
        index: usize,
        worker: &Worker,
        line: usize,
    ) -> Result<(), RunError> {
        for (fault, planned) in program.faults.iter().enumerate() {
            let Action::Ambush(ambush) = planned.action else { continue };
            if planned.worker != worker.name() || ambush.first != line {
                continue;
            }
            let post = Post::new(worker, ambush).map_err(RunError::Suite)?;
            let Some(post) = post else { continue };
            let (ready, is_ready) = channel();
            let over = self.over.clone();
            let thread = std::thread::spawn(move || post.keep(&ready, &over));
            match is_ready.recv_timeout(PATIENCE) {
                Ok(Ok(())) => self.laid.push(Laid { fault, worker: index, thread }),
                Ok(Err(refused)) => return Err(RunError::NotAllowed(refused)),
                Err(_) => return Err(RunError::Suite("no control over a worker's thread".into())),
            }
        }
        Ok(())
    }

    /// Takes in what has come of them; says whether anything has.
    ///
    /// # Errors
    /// If one could not be carried through.
    pub(super) fn look(&mut self) -> Result<bool, RunError> {
        self.collect(|laid| laid.thread.is_finished())
    }

    fn collect(&mut self, is_due: impl Fn(&Laid) -> bool) -> Result<bool, RunError> {
        let mut any = false;
        while let Some(at) = self.laid.iter().position(&is_due) {
            let Laid { fault, thread, .. } = self.laid.swap_remove(at);
            let sprung = thread.join().unwrap_or_else(|_| Err("the tracing thread panicked".into()));
            let Sprung { killed, at_ns, instructions } = sprung.map_err(RunError::Suite)?;
            let list = if killed { &mut self.fired } else { &mut self.spared };
            list.push(FaultFired { fault, at_ns, instructions });
            any = true;
        }
        Ok(any)
    }

    /// Nothing moves any more: who is still being followed sleeps for good, and is killed there. Says
    /// whether there was anybody.
    pub(super) fn end_sleepers(&self, workers: &[Worker]) -> bool {
        for laid in &self.laid {
            if let Some(pidfd) = workers[laid.worker].peer.as_ref().and_then(|peer| peer.pidfd.as_ref()) {
                // Its tracer sees it end and says how far it came.
                let _ = pidfd.signal(libc::SIGKILL);
            }
        }
        !self.laid.is_empty()
    }

    /// What came of them, when nobody of the run is left: those that fired, and those that came too late.
    ///
    /// # Errors
    /// If one could not be carried through.
    pub(super) fn finish(mut self) -> Result<(Vec<FaultFired>, Vec<FaultFired>), RunError> {
        self.over.store(true, Ordering::Relaxed);
        self.collect(|_| true)?;
        Ok((std::mem::take(&mut self.fired), std::mem::take(&mut self.spared)))
    }
}

impl Drop for Ambushes {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Where a worker is waited for.
struct Post {
    pidfd: PidFd,
    pid: i32,
    tid: i32,
    file: File,
    path: PathBuf,
    /// The numbers of the records of the call that counts from, and of the return that ends it.
    call: u64,
    end: u64,
    when: Moment,
}

impl Post {
    /// Absent if the worker is gone already.
    fn new(worker: &Worker, ambush: Ambush) -> Result<Option<Post>, String> {
        let Some(peer) = &worker.peer else { return Ok(None) };
        let Ok(pidfd) = PidFd::open(peer.pid) else { return Ok(None) };
        let (pid, tid, when) = (peer.pid, peer.tid, ambush.when);
        let path = worker.history.path().to_path_buf();
        let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let call = u64::from(worker.history.records());
        // Two records a line: calls with several results are over a little earlier.
        let end = call + 2 * (ambush.last - ambush.first) as u64 + 1;
        Ok(Some(Post { pidfd, pid, tid, file, path, call, end, when }))
    }

    fn keep(self, ready: &Sender<Result<(), String>>, over: &AtomicBool) -> Result<Sprung, String> {
        match self.when {
            Moment::Instructions(count) => match Traced::attach(self.tid) {
                Ok(traced) => {
                    let _ = ready.send(Ok(()));
                    self.step(traced, count).map_err(|error| format!("tracing a worker: {error}"))
                }
                Err(error) => {
                    let _ = ready.send(Err(format!("tracing a worker (ptrace): {error}")));
                    Ok(self.spared(None))
                }
            },
            Moment::Nanoseconds(ns) => {
                let _ = ready.send(Ok(()));
                Ok(self.wait(ns, over))
            }
        }
    }

    fn step(&self, mut traced: Traced, count: u64) -> nix::Result<Sprung> {
        if self.to_the_call(&mut traced)? == Went::Gone {
            return Ok(self.killed(0));
        }
        let mut sleeps = 0;
        for instructions in 0..count {
            if instructions % LOOK_EVERY == 0 && self.is_sealed(self.end) {
                traced.release();
                return Ok(self.spared(Some(instructions)));
            }
            match traced.step()? {
                Went::Gone => return Ok(self.killed(instructions)),
                Went::On { slept } => sleeps += u32::from(slept),
            }
            if sleeps == SLEEPS {
                return Ok(self.kill(traced, instructions + 1));
            }
        }
        if self.is_sealed(self.end) {
            traced.release();
            return Ok(self.spared(Some(count)));
        }
        Ok(self.kill(traced, count))
    }

    /// Runs to the place where the call is recorded: fast where the processor can watch for the store,
    /// otherwise step by step.
    fn to_the_call(&self, traced: &mut Traced) -> nix::Result<Went> {
        let is_called = || self.is_sealed(self.call);
        let seal = HEADER_BYTES as u64 + self.call * RECORD_BYTES as u64 + 28;
        if let Some(address) = proc::mapped(self.pid, &self.path, seal)
            && let Ok(went) = traced.run_to_store(address, is_called)
        {
            return Ok(went);
        }
        while !is_called() {
            if traced.step()? == Went::Gone {
                return Ok(Went::Gone);
            }
        }
        Ok(Went::On { slept: false })
    }

    fn kill(&self, traced: Traced, instructions: u64) -> Sprung {
        let sprung = self.killed(instructions);
        let _ = self.pidfd.signal(libc::SIGKILL);
        traced.bury();
        sprung
    }

    /// Kills so long after the call; watches the file without a pause, because a thread that sleeps
    /// wakes too late by more than most calls take.
    fn wait(&self, ns: u64, over: &AtomicBool) -> Sprung {
        while !self.is_sealed(self.call) {
            if over.load(Ordering::Relaxed) || self.pidfd.is_gone() {
                return self.spared(None);
            }
            std::thread::yield_now();
        }
        let mut t_ns = [0; 8];
        let at = HEADER_BYTES as u64 + self.call * RECORD_BYTES as u64;
        let called_ns = match self.file.read_exact_at(&mut t_ns, at) {
            Ok(()) => u64::from_le_bytes(t_ns),
            Err(_) => now_ns(),
        };
        // Whatever the file says, nobody waits longer than he was told.
        let until = called_ns.min(now_ns()).saturating_add(ns);
        while now_ns() < until && !over.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        if self.is_sealed(self.end) {
            return self.spared(None);
        }
        let at_ns = now_ns();
        match self.pidfd.signal(libc::SIGKILL) {
            Ok(()) => Sprung { killed: true, at_ns, instructions: None },
            Err(_) => self.spared(None),
        }
    }

    fn is_sealed(&self, record: u64) -> bool {
        let mut seal = [0; 4];
        let at = HEADER_BYTES as u64 + record * RECORD_BYTES as u64 + 28;
        let read = self.file.read_exact_at(&mut seal, at);
        read.is_ok() && u64::from(u32::from_le_bytes(seal)) == record + 1
    }

    fn killed(&self, instructions: u64) -> Sprung {
        Sprung { killed: true, at_ns: now_ns(), instructions: Some(instructions) }
    }

    fn spared(&self, instructions: Option<u64>) -> Sprung {
        Sprung { killed: false, at_ns: now_ns(), instructions }
    }
}
