//! One run of a program: a single loop that hears what adapter and workers say, lets gates open and
//! faults happen when their time has come, and notices the end.

use std::os::fd::AsFd;
use std::path::Path;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::{TimeSpec, TimeValLike};
use procession_contract::{Call, Manifest, Method, Script};

use super::ambush::Ambushes;
use super::clock::{MS, now_ns, ns};
use super::conditions::all_hold;
use super::connection::Connection;
use super::faults::Faults;
use super::histories::LiveHistory;
use super::leftovers::Names;
use super::quiescence::{Stillness, last_expiry_ns};
use super::session::Open;
use super::starvation::Starvation;
use super::workers::{Peer, Worker};
use super::{Misbehaviour, Process, RunError, RunOptions, SessionError, hearing, interrupt, validity};
use crate::history::{History, RunEnd, WorkerEnd};
use crate::program::{Judge, Program};
use crate::protocol::{ErrorKind, ToAdapter};

/// How long the loop sleeps at most while a gate or a fault waits for a condition, and otherwise.
const WATCHFUL_NS: u64 = MS;
const RELAXED_NS: u64 = 5 * MS;

/// How much is read of what a run's processes print.
const MOST_OUTPUT: u64 = 256 << 10;

/// A run that is under way.
pub(super) struct Attempt<'a> {
    pub(super) open: &'a mut Open,
    pub(super) program: &'a Program,
    pub(super) run: String,
    pub(super) script: Script,
    pub(super) workers: Vec<Worker<'a>>,
    /// Connections that have not yet said which worker they are.
    pub(super) unnamed: Vec<Peer>,
    pub(super) main_ended: Option<(u64, i32)>,
    pub(super) error: Option<(ErrorKind, String)>,
    faults: Faults,
    ambushes: Ambushes,
    group_armed: bool,
    /// When the last of those who have been armed is to begin. Who waits for it sleeps, and yet moves.
    begins_ns: u64,
    stillness: Stillness,
    starvation: Starvation,
    /// When something was last heard or seen to happen.
    progress_ns: u64,
    lag_ns: u64,
}

/// Runs a program.
///
/// # Errors
/// See [`RunError`]. The run has been cleaned up unless the error breaks the session.
pub(super) fn run(
    open: &mut Open,
    manifest: &Manifest,
    program: &Program,
    method: Method,
    options: &RunOptions,
) -> Result<History, RunError> {
    validity::check(program).map_err(RunError::Program)?;
    open.runs += 1;
    // Names of blocks are made from it, which other suites on this machine may see.
    let run = match open.guard.own_shared_memory() {
        Some(_) => open.runs.to_string(),
        None => format!("{}-{}", open.guard.pid(), open.runs),
    };
    let suite = |error: std::io::Error| RunError::Suite(format!("the run's directory: {error}"));
    let directory = open.make_directory(&run, options.keep_directory.as_deref()).map_err(suite)?;
    let script = program.script(method);
    let mut workers = Vec::new();
    for (role, worker) in program.roles.iter().zip(&script.workers) {
        let history = LiveHistory::create(&directory, &worker.name, &worker.steps).map_err(suite)?;
        workers.push(Worker::new(program, role, history));
    }
    for (name, content) in [("words", &[0; 512][..]), ("stdout", &[]), ("stderr", &[])] {
        std::fs::write(directory.join(name), content).map_err(suite)?;
    }
    let names = Names::look(&open.temporary(), open.guard.own_shared_memory());
    let attempt = Attempt {
        open,
        program,
        run,
        script,
        workers,
        unnamed: Vec::new(),
        main_ended: None,
        error: None,
        faults: Faults::new(program),
        ambushes: Ambushes::new(options.landmarks.clone()),
        group_armed: false,
        begins_ns: 0,
        stillness: Stillness::new(manifest),
        starvation: Starvation::new(program),
        progress_ns: now_ns(),
        lag_ns: 0,
    };
    let result = attempt.carry_through(&directory, &names, options);
    if options.keep_directory.is_none() {
        // What cannot be removed now is removed with the session's directory.
        let _ = std::fs::remove_dir_all(&directory);
    }
    result
}

impl Attempt<'_> {
    fn carry_through(
        mut self,
        directory: &Path,
        names: &Names,
        options: &RunOptions,
    ) -> Result<History, RunError> {
        let message = ToAdapter::Run {
            run: self.run.clone(),
            directory: directory.display().to_string(),
            script: self.script.clone(),
        };
        self.open.control.send(&message);
        let end = loop {
            if let Some(end) = self.turn(options)? {
                break end;
            }
            self.pause(self.next_look_ns())?;
        };
        // The last words of those who have ended may have come after the last look.
        self.hear()?;
        let left = if self.main_ended.is_some() { self.left(directory, names) } else { Vec::new() };
        let output = |name| read_output(&directory.join(name));
        let (stdout, stderr) = (output("stdout"), output("stderr"));
        let error = self.error.take();
        self.tear_down()?;
        match error {
            Some((ErrorKind::Unsupported, detail)) => return Err(RunError::Unsupported(detail)),
            Some((ErrorKind::Implementation, detail)) => return Err(RunError::Implementation(detail)),
            Some((ErrorKind::Adapter, detail)) => {
                let problem = format!("it says itself that it is at fault: {detail}");
                return Err(RunError::Adapter(Misbehaviour::silent("control connection", problem)));
            }
            None => {}
        }
        if self.workers[0].peer.is_none()
            && let Some((_, status)) = self.main_ended
        {
            let detail = format!("the main worker's process ended with status {status} before it connected");
            return Err(RunError::Implementation(detail));
        }
        let workers = self.workers.into_iter().map(Worker::finish).collect::<Result<Vec<_>, _>>()?;
        let end = match end {
            RunEnd::Completed if workers.iter().any(|worker| worker.end == WorkerEnd::Running) => {
                RunEnd::Quiescent
            }
            end => end,
        };
        let (main_ended, lag_ns) = (self.main_ended, self.lag_ns);
        let starved = self.starvation.finish();
        let (mut faults, (ambushed, spared)) = (self.faults.finish(), self.ambushes.finish()?);
        faults.extend(ambushed);
        Ok(History { workers, end, faults, spared, stdout, stderr, left, main_ended, lag_ns, starved })
    }

    /// One look at everything; says how the run ended, if it has.
    fn turn(&mut self, options: &RunOptions) -> Result<Option<RunEnd>, RunError> {
        let mut moved = self.hear()?;
        if self.error.is_some() {
            return Ok(Some(RunEnd::Completed));
        }
        moved |= self.arm();
        moved |= self.faults.prepare(self.program, &mut self.workers)?;
        moved |= self.let_go(false)?;
        moved |= self.ambushes.look()?;
        moved |= self.faults.act(self.program, &mut self.workers, false)?;
        if moved {
            self.progress_ns = now_ns();
            self.stillness.disturb();
        }
        if self.ambushes.move_on() {
            self.progress_ns = now_ns();
        }
        let main_ended = self.main_ended.is_some();
        let look_around = !moved && self.stillness.is_due();
        let measures = self.starvation.is_due();
        if main_ended || look_around || measures {
            let processes = self.open.processes_of_the_run();
            if measures {
                self.starvation.look(&processes);
            }
            if main_ended && processes.is_empty() && self.workers.iter().all(Worker::is_accounted_for) {
                return Ok(Some(RunEnd::Completed));
            }
            if look_around && self.is_quiet(&processes) && !self.acts_in_stillness()? {
                return Ok(Some(if main_ended { RunEnd::Completed } else { RunEnd::Quiescent }));
            }
        }
        let waits_since = self.progress_ns.max(self.not_before_ns());
        if now_ns() > waits_since.saturating_add(ns(options.deadline)) {
            return self.give_up(options).map(Some);
        }
        Ok(None)
    }

    /// Whether nothing can move any more.
    fn is_quiet(&mut self, processes: &[Process]) -> bool {
        let main_ended = self.main_ended.is_some();
        let still = self.stillness.look(processes, &self.workers, self.not_before_ns(), main_ended);
        // Who has not been sent all of a message sleeps for want of the rest.
        let mut connections =
            self.workers.iter().filter_map(|worker| Some(&worker.peer.as_ref()?.connection));
        let still = still && !self.open.control.is_sending() && !connections.any(Connection::is_sending);
        // Before main has connected nothing is known of what the adapter does, and a dead main whose
        // end has not been reported leaves something to come; so does a fault with a delay.
        let main = &self.workers[0];
        let is_known = main.peer.is_some() && (main_ended || !main.is_gone());
        still && is_known && self.faults.next_ns().is_none()
    }

    /// Before when nothing can be said to move no more: somebody has yet to begin, a call has its time
    /// limit, or it is asked who outlives the main worker.
    fn not_before_ns(&self) -> u64 {
        let calls_ns = last_expiry_ns(&self.workers, &self.program.objects);
        self.begins_ns.max(calls_ns).max(self.time_after_main_ns())
    }

    /// Whether a gate opens or a fault falls due by the stillness itself: every pending call is blocked
    /// then, which the looks at single threads may not have shown yet on a busy machine.
    fn acts_in_stillness(&mut self) -> Result<bool, RunError> {
        for worker in &mut self.workers {
            if let Some(line) = worker.history.pending().map(|call| call.line) {
                worker.sleep.settle(line);
            }
        }
        let mut acts = self.faults.prepare(self.program, &mut self.workers)?;
        acts = acts | self.let_go(false)? | self.faults.act(self.program, &mut self.workers, false)?;
        acts = acts || self.ambushes.end_sleepers(&self.workers);
        // A fault that falls due later is something to come as well.
        acts = acts || self.faults.next_ns().is_some();
        // Only when nothing else can happen is this what was waited for.
        if !acts {
            acts = self.let_go(true)? | self.faults.act(self.program, &mut self.workers, true)?;
            acts = acts || self.faults.next_ns().is_some();
        }
        if acts {
            self.progress_ns = now_ns();
            self.stillness.disturb();
        }
        Ok(acts)
    }

    /// Nothing has happened for too long: whose fault is that?
    fn give_up(&self, options: &RunOptions) -> Result<RunEnd, RunError> {
        let seconds = options.deadline.as_secs_f32();
        let silent = |problem| Err(RunError::Adapter(Misbehaviour::silent("control connection", problem)));
        let main = &self.workers[0];
        if main.peer.is_none() && self.open.processes_of_the_run().is_empty() {
            return silent(format!(
                "for {seconds} s no process of the run has come into being, expected that of worker `main`"
            ));
        }
        if main.is_gone() && self.main_ended.is_none() {
            return silent(format!(
                "the main worker's process has been gone for {seconds} s, expected message `ended`"
            ));
        }
        Ok(RunEnd::Deadline)
    }

    /// Until when the end of the run is put off because a judge asks who outlives the main worker's
    /// process, and for how long.
    fn time_after_main_ns(&self) -> u64 {
        let Some((ended_ns, _)) = self.main_ended else { return 0 };
        let there = |name: &String| {
            let worker = self.workers.iter().find(|worker| worker.name() == name);
            worker.is_some_and(|worker| worker.peer.is_some() && !worker.is_gone())
        };
        let times = self.program.judges.iter().filter_map(|judge| match judge {
            Judge::GoneWithMain(name, ms) if there(name) => Some(ms.saturating_mul(MS)),
            _ => None,
        });
        times.max().map_or(0, |time| ended_ns.saturating_add(time))
    }

    /// Arms who is to be armed; says whether anybody was.
    fn arm(&mut self) -> bool {
        let ready = |worker: &Worker| worker.peer.is_some() && !worker.armed;
        let group_ready =
            !self.group_armed && self.workers.iter().filter(|worker| worker.in_group).all(ready);
        self.group_armed |= group_ready;
        let mut due: Vec<usize> = Vec::new();
        for (index, worker) in self.workers.iter().enumerate() {
            if ready(worker) && (!worker.in_group || group_ready) {
                due.push(index);
            }
        }
        if due.is_empty() {
            return false;
        }
        // Several begin together: each must have read its list by then, which takes a slow language
        // some tens of nanoseconds a byte.
        let lead_ns = if due.len() == 1 {
            0
        } else {
            let steps = due.iter().map(|index| self.script.workers[*index].steps.len() as u64);
            MS + 10_000 * steps.sum::<u64>()
        };
        let at_ns = now_ns() + lead_ns;
        self.begins_ns = self.begins_ns.max(at_ns);
        for index in due {
            let worker = &mut self.workers[index];
            let history = worker.history.path().display().to_string();
            let steps = self.script.workers[index].steps.clone();
            if let Some(peer) = &mut worker.peer {
                peer.connection.send(&ToAdapter::Arm { at_ns, history, steps });
            }
            worker.armed = true;
        }
        true
    }

    /// Opens the gates whose conditions have come, in a run that is quiescent or may not be; says whether
    /// any was opened.
    fn let_go(&mut self, quiescent: bool) -> Result<bool, RunError> {
        let mut any = false;
        for index in 0..self.workers.len() {
            let Some(step) = self.workers[index].waits_at else { continue };
            let after = &self.program.roles[index].lines[step].after;
            if all_hold(after, self.program, &mut self.workers, quiescent) {
                self.ambushes.lay(self.program, index, &self.workers[index], step)?;
                let worker = &mut self.workers[index];
                worker.waits_at = None;
                if let Some(peer) = &mut worker.peer {
                    peer.connection.send(&ToAdapter::Go {});
                }
                any = true;
            }
        }
        Ok(any)
    }

    fn next_look_ns(&self) -> u64 {
        let watchful = self.faults.wait() || self.workers.iter().any(|worker| worker.waits_at.is_some());
        let next = now_ns() + if watchful { WATCHFUL_NS } else { RELAXED_NS };
        self.faults.next_ns().map_or(next, |due| next.min(due))
    }

    /// Sleeps until then, or until somebody says something or ends.
    fn pause(&mut self, until_ns: u64) -> Result<(), RunError> {
        let mut fds = vec![
            PollFd::new(self.open.listener.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.open.control.as_fd(), self.open.control.interest()),
            PollFd::new(self.open.guard.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(interrupt::descriptor().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        for peer in self.workers.iter().flat_map(|worker| &worker.peer).chain(&self.unnamed) {
            if !peer.connection.is_closed() {
                let interest = peer.connection.interest();
                fds.push(PollFd::new(peer.connection.as_fd(), interest));
            }
            if let (Some(pidfd), None) = (&peer.pidfd, peer.gone_ns) {
                fds.push(PollFd::new(pidfd.as_fd(), PollFlags::POLLIN));
            }
        }
        let left = until_ns.saturating_sub(now_ns());
        let timeout = TimeSpec::nanoseconds(i64::try_from(left).unwrap_or(i64::MAX));
        match ppoll(&mut fds, Some(timeout), None) {
            Ok(0) => self.lag_ns = self.lag_ns.max(now_ns().saturating_sub(until_ns)),
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(error) => return Err(RunError::Suite(format!("poll: {error}"))),
        }
        Ok(())
    }

    /// Hears everything that has been said and seen.
    fn hear(&mut self) -> Result<bool, RunError> {
        if interrupt::requested().is_some() {
            return Err(RunError::Interrupted);
        }
        let heard = hearing::hear(self)?;
        self.open.check().map_err(|error| match error {
            SessionError::Adapter(misbehaviour) => RunError::Adapter(misbehaviour),
            other => RunError::Suite(other.to_string()),
        })?;
        Ok(heard)
    }

    /// What is left when everybody has had their time.
    fn left(&self, directory: &Path, names: &Names) -> Vec<String> {
        let processes = self.open.processes_of_the_run();
        let describe = |process: &Process| {
            let pid = process.id.pid;
            let is_its = |worker: &&Worker| worker.peer.as_ref().is_some_and(|peer| peer.pid == pid);
            match self.workers.iter().find(is_its) {
                Some(worker) => format!("process {pid} ({}), worker `{}`", process.name, worker.name()),
                None => format!("process {pid} ({})", process.name),
            }
        };
        let mut left: Vec<String> = processes.iter().map(describe).collect();
        let histories = self.workers.iter().map(|worker| format!("{}.history", worker.name()));
        // Adapters note the addresses of managers and listeners, by the names that the program gives them.
        let created = self.program.lines().filter_map(|(_, line)| match &line.step.call {
            Call::Create { object } => Some(&**object),
            _ => None,
        });
        let objects = self.program.objects.iter().chain(created);
        let addresses = objects.map(|object| format!("{}.address", object.name));
        let files = ["words", "stdout", "stderr"].map(String::from);
        let own: Vec<String> = files.into_iter().chain(histories).chain(addresses).collect();
        let warden = self.open.guard.pid();
        left.extend(
            names.new_since(directory, &own, |pid| super::proc::descends(pid, warden).unwrap_or(false)),
        );
        left
    }

    /// Ends what is left of the run: the adapter does, and then the warden.
    fn tear_down(&mut self) -> Result<(), RunError> {
        self.open.control.send(&ToAdapter::Teardown { run: self.run.clone() });
        let until = now_ns() + ns(self.open.patience);
        while !hearing::hear_clean(self)? {
            if now_ns() > until {
                let seconds = self.open.patience.as_secs_f32();
                let problem =
                    format!("for {seconds} s after `teardown` there was no answer, expected `clean`");
                return Err(RunError::Adapter(Misbehaviour::silent("control connection", problem)));
            }
            if interrupt::requested().is_some() {
                return Err(RunError::Interrupted);
            }
            self.open.check().map_err(|error| match error {
                SessionError::Adapter(misbehaviour) => RunError::Adapter(misbehaviour),
                other => RunError::Suite(other.to_string()),
            })?;
            let mut fds = vec![
                PollFd::new(self.open.control.as_fd(), self.open.control.interest()),
                PollFd::new(self.open.guard.as_fd(), PollFlags::POLLIN),
            ];
            fds.extend(interrupt::descriptor().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
            let left = until.saturating_sub(now_ns()).min(1_000 * MS);
            match ppoll(&mut fds, Some(TimeSpec::nanoseconds(left as i64)), None) {
                Ok(_) | Err(nix::Error::EINTR) => {}
                Err(error) => return Err(RunError::Suite(format!("poll: {error}"))),
            }
        }
        if !self.open.processes_of_the_run().is_empty() {
            let spared = self.open.spared.clone();
            self.open.guard.sweep(&spared).map_err(RunError::Suite)?;
        }
        // Who connected and was killed at once must not be taken for a worker of the next run.
        while self.open.accept().map_err(|error| RunError::Suite(error.to_string()))?.is_some() {}
        Ok(())
    }
}

fn read_output(path: &Path) -> String {
    use std::io::Read;
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        // Half of it is as good as what could be read of it.
        let _ = file.take(MOST_OUTPUT).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
