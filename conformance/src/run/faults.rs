//! What the suite does to a worker from outside: when it is due, and doing it. Ambushes are elsewhere.

use std::io;

use nix::errno::Errno;

use super::RunError;
use super::circumstance::bring_about;
use super::clock::now_ns;
use super::conditions::all_hold;
use super::pidfd::{PidFd, limit_descriptors, limit_memory};
use super::proc;
use super::workers::Worker;
use crate::history::FaultFired;
use crate::program::{Action, Fault, Program};

/// The faults of a run that have not been carried out.
#[derive(Debug)]
pub(super) struct Faults {
    waiting: Vec<Waiting>,
    fired: Vec<FaultFired>,
    refused: Option<String>,
}

#[derive(Debug)]
struct Waiting {
    fault: usize,
    worker: usize,
    /// Absent until its conditions have come.
    due_ns: Option<u64>,
}

impl Faults {
    pub(super) fn new(program: &Program) -> Faults {
        let worker_of = |name: &str| program.roles.iter().position(|role| role.worker.name == name);
        let others = |(_, planned): &(usize, &Fault)| !matches!(planned.action, Action::Ambush(_));
        let waiting = program.faults.iter().enumerate().filter(others).filter_map(|(fault, planned)| {
            Some(Waiting { fault, worker: worker_of(&planned.worker)?, due_ns: None })
        });
        Faults { waiting: waiting.collect(), fired: Vec::new(), refused: None }
    }

    /// Carries out what is due in a run that is quiescent or may not be; says whether anything was done.
    ///
    /// # Errors
    /// [`RunError::NotAllowed`] where a circumstance cannot be brought about on this machine.
    pub(super) fn act(
        &mut self,
        program: &Program,
        workers: &mut [Worker],
        quiescent: bool,
    ) -> Result<bool, RunError> {
        self.carry_out_due(program, workers, quiescent, |_| true)
    }

    /// Carries out what is due and prepares what others do.
    ///
    /// # Errors
    /// As [`Faults::act`].
    pub(super) fn prepare(&mut self, program: &Program, workers: &mut [Worker]) -> Result<bool, RunError> {
        self.carry_out_due(program, workers, false, Action::prepares)
    }

    fn carry_out_due(
        &mut self,
        program: &Program,
        workers: &mut [Worker],
        quiescent: bool,
        is_its_turn: impl Fn(Action) -> bool,
    ) -> Result<bool, RunError> {
        let before = self.fired.len();
        self.waiting.retain_mut(|waiting| {
            let planned = &program.faults[waiting.fault];
            if !is_its_turn(planned.action) {
                return true;
            }
            if waiting.due_ns.is_none() && all_hold(&planned.after, program, workers, quiescent) {
                waiting.due_ns = Some(now_ns().saturating_add(planned.delay_us.saturating_mul(1_000)));
            }
            let worker = &workers[waiting.worker];
            // What has ended can no longer be harmed: the fault is never carried out.
            if worker.is_gone() {
                return false;
            }
            let Some(peer) = &worker.peer else { return true };
            if waiting.due_ns.is_none_or(|due_ns| due_ns > now_ns()) {
                return true;
            }
            let at_ns = now_ns();
            let Some(pidfd) = &peer.pidfd else { return false };
            match carry_out(planned.action, pidfd, peer.pid) {
                Ok(()) => self.fired.push(FaultFired { fault: waiting.fault, at_ns, instructions: None }),
                Err(Undone::Refused(why)) => self.refused = Some(format!("{:?}: {why}", planned.action)),
                Err(Undone::Failed) => {}
            }
            false
        });
        match self.refused.take() {
            Some(refused) => Err(RunError::NotAllowed(refused)),
            None => Ok(self.fired.len() > before),
        }
    }

    /// Whether any is left to carry out.
    pub(super) fn wait(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// When the next one whose conditions have come is due.
    pub(super) fn next_ns(&self) -> Option<u64> {
        self.waiting.iter().filter_map(|waiting| waiting.due_ns).min()
    }

    /// Those that were carried out.
    pub(super) fn finish(self) -> Vec<FaultFired> {
        self.fired
    }
}

/// Why a fault was not carried out.
enum Undone {
    /// The machine does not allow it.
    Refused(Errno),
    /// The worker ended, or the system was out of something.
    Failed,
}

impl From<io::Error> for Undone {
    fn from(_: io::Error) -> Undone {
        Undone::Failed
    }
}

fn carry_out(action: Action, pidfd: &PidFd, pid: i32) -> Result<(), Undone> {
    match action {
        Action::Exec | Action::Fill(_) | Action::NewPidNamespace => {
            // The pid still is the worker's if the worker is there now.
            if pidfd.is_gone() {
                return Err(Undone::Failed);
            }
            bring_about(action, pid).map_err(|error| match error {
                Errno::ESRCH => Undone::Failed,
                error => Undone::Refused(error),
            })
        }
        _ => Ok(send(action, pidfd, pid)?),
    }
}

fn send(action: Action, pidfd: &PidFd, pid: i32) -> io::Result<()> {
    match action {
        Action::Kill => pidfd.signal(libc::SIGKILL),
        Action::Stop => pidfd.signal(libc::SIGSTOP),
        Action::Continue => pidfd.signal(libc::SIGCONT),
        Action::Signal(signal) => pidfd.signal(signal),
        // None of these: an ambush is laid at a gate.
        Action::Ambush(_) | Action::Exec | Action::Fill(_) | Action::NewPidNamespace => Ok(()),
        Action::LimitDescriptors(more) => {
            let limit = limit_for(proc::descriptors(pid), more);
            // The pid still is the worker's if the worker is there now.
            if pidfd.is_gone() {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            limit_descriptors(pid, limit)
        }
        Action::LimitMemory(more) => {
            let gone = || io::Error::from_raw_os_error(libc::ESRCH);
            let used = proc::address_space(pid).ok_or_else(gone)?;
            // The pid still is the worker's if the worker is there now.
            if pidfd.is_gone() {
                return Err(gone());
            }
            limit_memory(pid, used.saturating_add(more))
        }
    }
}

/// The highest limit below which exactly `more` numbers are free: the limit bounds the numbers, not how
/// many there are, and numbers in use may have gaps between them.
fn limit_for(mut open: Vec<i32>, more: u32) -> u64 {
    open.sort_unstable();
    let mut limit = u64::from(more);
    for fd in open {
        if u64::try_from(fd).is_ok_and(|fd| fd <= limit) {
            limit += 1;
        }
    }
    limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_leaves_as_many_numbers_free_as_was_asked() {
        assert_eq!(limit_for(vec![0, 1, 2], 0), 3);
        assert_eq!(limit_for(vec![2, 0, 1], 2), 5);
        assert_eq!(limit_for(vec![0, 1, 4], 2), 5);
        assert_eq!(limit_for(vec![0, 1, 4], 3), 6);
        assert_eq!(limit_for(vec![0, 1, 4, 900], 3), 6);
    }
}
