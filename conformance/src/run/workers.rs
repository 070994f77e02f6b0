//! What the suite knows of a worker while it runs.

use std::collections::BTreeMap;

use procession_contract::{Call, WorkerKind};

use super::clock::now_ns;
use super::conditions::Sleep;
use super::connection::Connection;
use super::histories::LiveHistory;
use super::pidfd::PidFd;
use super::{Misbehaviour, RunError};
use crate::history::{WorkerEnd, WorkerHistory};
use crate::program::{Program, Role};

/// A worker of the run.
#[derive(Debug)]
pub(super) struct Worker<'p> {
    pub(super) role: &'p Role,
    pub(super) history: LiveHistory,
    /// Armed together with the others like it; otherwise as soon as it connects.
    pub(super) in_group: bool,
    /// Absent before it has connected.
    pub(super) peer: Option<Peer>,
    pub(super) armed: bool,
    /// The step before which it waits for `go`.
    pub(super) waits_at: Option<usize>,
    pub(super) done: bool,
    pub(super) texts: BTreeMap<usize, String>,
    pub(super) sleep: Sleep,
    /// Whether all that it has ever said and written has been taken in.
    is_over: bool,
}

/// The other end of a worker's connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) connection: Connection,
    pub(super) pid: i32,
    pub(super) tid: i32,
    /// Absent if the process had been reaped already when it was to be opened.
    pub(super) pidfd: Option<PidFd>,
    /// When the process was seen to be gone.
    pub(super) gone_ns: Option<u64>,
}

impl Peer {
    /// A new connection; its first message will say which worker it is.
    pub(super) fn new(connection: Connection, pid: i32) -> Peer {
        let pidfd = PidFd::open(pid).ok();
        let gone_ns = if pidfd.is_none() { Some(now_ns()) } else { None };
        Peer { connection, pid, tid: 0, pidfd, gone_ns }
    }
}

impl<'p> Worker<'p> {
    pub(super) fn new(program: &'p Program, role: &'p Role, history: LiveHistory) -> Worker<'p> {
        Worker {
            role,
            history,
            in_group: in_group(program, role),
            peer: None,
            armed: false,
            waits_at: None,
            done: false,
            texts: BTreeMap::new(),
            sleep: Sleep::default(),
            is_over: false,
        }
    }

    pub(super) fn name(&self) -> &'p str {
        &self.role.worker.name
    }

    /// Whether something may come of it that has not been taken in. Nobody writes before he was armed.
    pub(super) fn may_say_more(&self) -> bool {
        self.peer.is_some() && !self.is_over
    }

    /// Closes what it was listened to by, when its process is known to be gone and nothing more can come:
    /// a program may have more workers, one after the other, than a process may have files.
    pub(super) fn close_if_over(&mut self) {
        if self.is_gone() && self.is_cut_off() {
            self.is_over = true;
            self.history.close();
            if let Some(peer) = &mut self.peer {
                peer.connection.give_up();
                peer.pidfd = None;
            }
        }
    }

    /// Whether its process is gone.
    pub(super) fn is_gone(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.gone_ns.is_some())
    }

    /// Whether it has finished its body or died.
    pub(super) fn has_ended(&self) -> bool {
        self.done || self.is_gone() || (self.is_cut_off() && (self.is_thread() || self.ended_by_itself()))
    }

    /// Whether nothing more is to come of it: it never came, or its process is gone.
    pub(super) fn is_accounted_for(&self) -> bool {
        self.peer.is_none() || self.is_gone()
    }

    /// Whether its process is gone and was not known to be.
    pub(super) fn has_just_gone(&self) -> bool {
        let Some(peer) = &self.peer else { return false };
        peer.gone_ns.is_none() && peer.pidfd.as_ref().is_some_and(PidFd::is_gone)
    }

    fn is_thread(&self) -> bool {
        self.role.worker.kind != WorkerKind::Process
    }

    // A child of the worker may have inherited the connection, so the end of a process that still
    // has its connection is seen by the pidfd alone.
    fn is_cut_off(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.connection.is_closed())
    }

    /// Whether its last call ends the body, so that it need not say that it is done.
    fn ended_by_itself(&self) -> bool {
        let last = self.history.calls().last().and_then(|call| self.role.lines.get(call.line));
        last.is_some_and(|line| matches!(line.step.call, Call::Exit { .. } | Call::Raise))
    }

    fn end(&self) -> WorkerEnd {
        if self.done || (self.has_ended() && self.ended_by_itself()) {
            WorkerEnd::Finished
        } else if self.has_ended() {
            WorkerEnd::Died
        } else if self.peer.is_some() {
            WorkerEnd::Running
        } else {
            WorkerEnd::NotStarted
        }
    }

    /// What it did, with the texts that belong to its answers.
    ///
    /// # Errors
    /// A text of a step that has not answered.
    pub(super) fn finish(mut self) -> Result<WorkerHistory, RunError> {
        let mut calls = self.history.calls().to_vec();
        for (step, text) in std::mem::take(&mut self.texts) {
            match calls.get_mut(step).and_then(|call| call.returned.as_mut()) {
                Some(returned) => returned.answer.text = Some(text),
                None => {
                    let place = format!("connection of worker `{}`", self.name());
                    let problem = format!("message `text` for step {step}, which has not returned");
                    return Err(RunError::Adapter(Misbehaviour::new(place, problem, &text)));
                }
            }
        }
        let peer = self.peer.as_ref();
        Ok(WorkerHistory {
            name: self.name().into(),
            pid: peer.map(|peer| peer.pid),
            calls,
            end: self.end(),
            gone_ns: peer.and_then(|peer| peer.gone_ns),
        })
    }
}

/// A worker is armed with the group if it is started before any step, and so are its ancestors.
fn in_group(program: &Program, role: &Role) -> bool {
    let worker = &role.worker;
    if worker.explicit || worker.bodiless {
        return false;
    }
    match &worker.parent {
        None => true,
        Some(parent) => {
            let parent = program.roles.iter().find(|role| role.worker.name == *parent);
            parent.is_some_and(|parent| in_group(program, parent))
        }
    }
}
