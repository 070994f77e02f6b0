//! Kills in the middle of a call: threads of the suite that follow a worker through it, by its machine
//! instructions or by the clock, and kill it at one exact place.
//!
//! The worker helps with nothing but its history: its call's record, stored in a file that the suite can
//! read, is the place from which is counted, and the record of the return the place where it is too late.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use procession_contract::{HEADER_BYTES, RECORD_BYTES};

use super::clock::now_ns;
use super::landmarks::Landmarks;
use super::pidfd::PidFd;
use super::step::{Ran, Traced, Went};
use super::workers::Worker;
use super::{RunError, maps};
use crate::history::FaultFired;
use crate::program::{Action, Ambush, Moment, Program};

/// Who has slept so often since his call is killed where he sleeps: every further round is the same.
const SLEEPS: u32 = 2;

/// How many instructions go by between two looks whether the opportunity is over.
const LOOK_EVERY: u64 = 64;

/// How long a thread that waits for a far time sleeps at once.
const NAP_NS: u64 = 200_000;

/// How long taking control of a thread may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The ambushes of a run.
#[derive(Debug)]
pub(super) struct Ambushes {
    laid: Vec<Laid>,
    fired: Vec<FaultFired>,
    spared: Vec<FaultFired>,
    over: Arc<AtomicBool>,
    /// How many instructions have been traced, all in all: who is traced moves, if slowly.
    traced: Arc<AtomicU64>,
    seen: u64,
    landmarks: Option<Landmarks>,
}

#[derive(Debug)]
struct Laid {
    fault: usize,
    worker: usize,
    /// Set before the worker is killed where it sleeps.
    put_to_death: Arc<AtomicBool>,
    thread: JoinHandle<Result<Sprung, String>>,
}

/// What came of one.
#[derive(Clone, Copy, Debug)]
struct Sprung {
    how: How,
    at_ns: u64,
    instructions: Option<u64>,
}

/// How an ambush ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It killed the worker.
    Killed,
    /// The worker did what it was to be killed in.
    Spared,
    /// The worker died before that, but not by the ambush.
    DiedOtherwise,
}

impl Ambushes {
    pub(super) fn new(landmarks: Option<Landmarks>) -> Ambushes {
        Ambushes {
            laid: Vec::new(),
            fired: Vec::new(),
            spared: Vec::new(),
            over: Arc::default(),
            traced: Arc::default(),
            seen: 0,
            landmarks,
        }
    }

    /// Whether a worker has been traced a bit further since the last time.
    pub(super) fn move_on(&mut self) -> bool {
        let traced = self.traced.load(Ordering::Relaxed);
        std::mem::replace(&mut self.seen, traced) != traced
    }

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
            let Some(mut post) = post else { continue };
            (post.landmarks, post.traced) = (self.landmarks.clone(), self.traced.clone());
            let (ready, is_ready) = channel();
            let (over, put_to_death) = (self.over.clone(), post.put_to_death.clone());
            let thread = std::thread::spawn(move || post.keep(&ready, &over));
            match is_ready.recv_timeout(PATIENCE) {
                Ok(Ok(())) => self.laid.push(Laid { fault, worker: index, put_to_death, thread }),
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
            let Sprung { how, at_ns, instructions } = sprung.map_err(RunError::Suite)?;
            let list = match how {
                How::Killed => &mut self.fired,
                How::Spared | How::DiedOtherwise => &mut self.spared,
            };
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
                laid.put_to_death.store(true, Ordering::Relaxed);
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
    put_to_death: Arc<AtomicBool>,
    landmarks: Option<Landmarks>,
    traced: Arc<AtomicU64>,
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
        let (landmarks, traced, put_to_death) = (None, Arc::default(), Arc::default());
        Ok(Some(Post { pidfd, pid, tid, file, path, call, end, when, put_to_death, landmarks, traced }))
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
            return Ok(self.gone(0));
        }
        let first = match self.shortcut(&mut traced, count)? {
            (Ran::There, number) => number,
            (Ran::AtEnd, number) => {
                traced.release();
                return Ok(self.spared(Some(number)));
            }
            (Ran::Gone, number) => return Ok(self.gone(number)),
        };
        let mut way = self.landmarks.as_ref().filter(|landmarks| landmarks.are_unknown()).map(|_| Vec::new());
        let mut sleeps = 0;
        let mut at = first;
        let mut is_at_end = false;
        while at < count && sleeps < SLEEPS && !is_at_end {
            if let Some(way) = &mut way {
                way.extend(traced.address());
            }
            match traced.step()? {
                Went::Gone => return Ok(self.gone(at)),
                Went::On { slept } => sleeps += u32::from(slept),
            }
            at += 1;
            if at % LOOK_EVERY == 0 {
                self.traced.fetch_add(LOOK_EVERY, Ordering::Relaxed);
                is_at_end = self.is_sealed(self.end);
            }
        }
        if let (Some(landmarks), Some(way)) = (&self.landmarks, way) {
            landmarks.remember(self.pid, &way);
        }
        if self.is_sealed(self.end) {
            traced.release();
            return Ok(self.spared(Some(at)));
        }
        Ok(self.kill(traced, at))
    }

    /// Gets near an instruction at full speed, where the way is known; says how far that is.
    fn shortcut(&self, traced: &mut Traced, count: u64) -> nix::Result<(Ran, u64)> {
        let nowhere = Ok((Ran::There, 0));
        let Some(approach) = self.landmarks.as_ref().and_then(|known| known.towards(count, self.pid)) else {
            return nowhere;
        };
        if approach.number == 0 {
            return nowhere;
        }
        let end = maps::mapped(self.pid, &self.path, seal_of(self.end));
        let is_at_end = || {
            // A place in a loop may be arrived at a million times before: that is no standstill.
            self.traced.fetch_add(1, Ordering::Relaxed);
            self.is_sealed(self.end)
        };
        let ran = traced.run_to_instruction(approach.address, approach.arrivals, end, is_at_end)?;
        Ok((ran, approach.number))
    }

    /// Runs to the place where the call is recorded: fast where the processor can watch for the store,
    /// otherwise step by step.
    fn to_the_call(&self, traced: &mut Traced) -> nix::Result<Went> {
        let is_called = || self.is_sealed(self.call);
        if let Some(address) = maps::mapped(self.pid, &self.path, seal_of(self.call))
            && let Ok(went) = traced.run_to_store(address, is_called)
        {
            return Ok(went);
        }
        while !is_called() {
            if traced.step()? == Went::Gone {
                return Ok(Went::Gone);
            }
            self.traced.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Went::On { slept: false })
    }

    /// The process is gone: at its own end, killed where it slept, or by something else.
    fn gone(&self, instructions: u64) -> Sprung {
        let how = match self.put_to_death.load(Ordering::Relaxed) {
            _ if self.is_sealed(self.end) => How::Spared,
            true => How::Killed,
            false => How::DiedOtherwise,
        };
        Sprung { how, ..self.killed(instructions) }
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
            if self.pidfd.is_gone() {
                return self.gone_by_the_clock();
            }
            if over.load(Ordering::Relaxed) {
                return self.spared(None);
            }
            std::thread::yield_now();
        }
        let mut t_ns = [0; 8];
        let called_ns = match self.file.read_exact_at(&mut t_ns, record_of(self.call)) {
            Ok(()) => u64::from_le_bytes(t_ns),
            Err(_) => now_ns(),
        };
        // Whatever the file says, nobody waits longer than he was told.
        let until = called_ns.min(now_ns()).saturating_add(ns);
        while !self.is_sealed(self.end) && !over.load(Ordering::Relaxed) {
            match until.saturating_sub(now_ns()) {
                0 => break,
                // Far away: others may have the processor meanwhile.
                left if left > 2 * NAP_NS => {
                    if self.pidfd.is_gone() {
                        return self.gone_by_the_clock();
                    }
                    std::thread::sleep(Duration::from_nanos(NAP_NS));
                }
                _ => std::hint::spin_loop(),
            }
        }
        if self.is_sealed(self.end) {
            return self.spared(None);
        }
        let at_ns = now_ns();
        match self.pidfd.signal(libc::SIGKILL) {
            Ok(()) => Sprung { how: How::Killed, at_ns, instructions: None },
            Err(_) => self.gone_by_the_clock(),
        }
    }

    /// It has died, and not by this thread's hand.
    fn gone_by_the_clock(&self) -> Sprung {
        Sprung { instructions: None, ..self.gone(0) }
    }

    fn is_sealed(&self, record: u64) -> bool {
        let mut seal = [0; 4];
        let read = self.file.read_exact_at(&mut seal, seal_of(record));
        read.is_ok() && u64::from(u32::from_le_bytes(seal)) == record + 1
    }

    fn killed(&self, instructions: u64) -> Sprung {
        Sprung { how: How::Killed, at_ns: now_ns(), instructions: Some(instructions) }
    }

    fn spared(&self, instructions: Option<u64>) -> Sprung {
        Sprung { how: How::Spared, at_ns: now_ns(), instructions }
    }
}

/// Where in a history file a record is.
fn record_of(number: u64) -> u64 {
    HEADER_BYTES as u64 + number * RECORD_BYTES as u64
}

/// Where in a history file the seal of a record is.
fn seal_of(number: u64) -> u64 {
    record_of(number) + 28
}
