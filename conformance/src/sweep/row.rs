//! A row of the sweep: one scene in one mode and schedule, run at point after point.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use procession_contract::{Manifest, Method};

use super::aim::{BEYOND, aim, window};
use super::course::Course;
use super::scene::{Scene, Stage, VICTIM};
use super::{Event, Mode, Options, Schedule};
use crate::clauses::claims::{self, PROCESSES};
use crate::evidence::{Evidence, FORM};
use crate::history::{History, RunEnd, WorkerEnd};
use crate::judge;
use crate::plan;
use crate::program::Program;
use crate::report::lanes::lanes;
use crate::run::{AdapterCommand, Landmarks, RunError, RunOptions, Session, SessionError, interrupt};
use crate::verdict::{FailureKind, Verdict};

/// How often a run that shows nothing is made again before that counts.
const TRIES: u32 = 3;

/// How many runs without a kill say how long the victim's way is.
const MEASURED: u32 = 3;

/// Where a victim sleeps for good before it is through, the random points lie in so many nanoseconds.
const ASLEEP_NS: u64 = 2_000_000;

/// How many failures of a row are kept with their histories; the others are counted.
const KEPT: usize = 3;

/// For how long nothing may move before a run is given up.
const DEADLINE: Duration = Duration::from_secs(10);

/// How the failures of a row are divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// A survivor waits for ever, or much too long.
    pub wedge: u64,
    /// Something that was sent never came.
    pub lost: u64,
    /// Something came damaged.
    pub torn: u64,
    /// Something came twice.
    pub doubled: u64,
    /// A survivor was told what is not so.
    pub wrong: u64,
}

impl Counts {
    /// All of them.
    pub fn failures(&self) -> u64 {
        self.wedge + self.lost + self.torn + self.doubled + self.wrong
    }

    fn add(&mut self, kind: FailureKind) {
        let count = match kind {
            FailureKind::Hang | FailureKind::TooLate => &mut self.wedge,
            FailureKind::Lost => &mut self.lost,
            FailureKind::Torn | FailureKind::Invented => &mut self.torn,
            FailureKind::Duplicated => &mut self.doubled,
            _ => &mut self.wrong,
        };
        *count += 1;
    }
}

/// A run that was no pass.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The point at which the victim was killed.
    pub point: u64,
    /// What the suite said.
    pub verdict: Verdict,
    /// Its history, drawn.
    pub lanes: String,
    /// Where it is stored.
    pub evidence: Option<PathBuf>,
}

/// What came of a row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The scene's name.
    pub scene: &'static str,
    /// What the survivors are owed.
    pub text: &'static str,
    /// The mode.
    pub mode: Mode,
    /// The schedule.
    pub schedule: Schedule,
    /// How many points there are, as far as that is known beforehand.
    pub points: Option<u64>,
    /// How many instructions are no points because they lie in turns of loops of which others go the same
    /// way.
    pub alike: u64,
    /// How many runs were made.
    pub runs: u64,
    /// In how many of them the victim was killed in the middle.
    pub kills: u64,
    /// The failures.
    pub counts: Counts,
    /// How many runs showed nothing either way.
    pub unresolved: u64,
    /// The longest that a survivor's call took after the kill, in milliseconds.
    pub slowest_ms: u64,
    /// How long the row took, in milliseconds.
    pub ms: u64,
    /// Whether points were left out for want of time.
    pub cut: bool,
    /// The first failures, and the first run that showed nothing.
    pub findings: Vec<Finding>,
    /// Why nothing was run: not offered, or not possible here.
    pub settled: Option<Verdict>,
}

impl Row {
    /// Whether its pass would mean nothing: runs that showed nothing, or no kill at all where there must
    /// have been one.
    pub fn is_unresolved(&self) -> bool {
        let vacuous = self.kills == 0 && matches!(self.mode, Mode::Op | Mode::Step);
        self.settled.is_none() && (self.unresolved > 0 || (vacuous && self.counts.failures() == 0))
    }
}

/// A row to be swept.
pub struct Task<'a> {
    pub landmarks: Landmarks,
    pub scene: &'static Scene,
    pub mode: Mode,
    pub schedule: Schedule,
    pub adapter: &'a AdapterCommand,
    pub manifest: &'a Manifest,
    pub options: &'a Options,
}

/// One run of a point.
struct Shot {
    point: u64,
    program: Program,
    result: Result<History, RunError>,
}

impl Task<'_> {
    /// Sweeps it; also says what the adapter or the suite did wrong, if anything.
    pub fn carry_out(
        &self,
        seats: &mut [Option<Session>],
        watch: &mut dyn FnMut(Event<'_>),
    ) -> (Row, Option<String>) {
        let began = Instant::now();
        let mut row = self.blank();
        let method = match self.method() {
            Ok(method) => method,
            Err(lacks) => {
                row.settled = Some(Verdict::Unsupported(lacks));
                return (row, None);
            }
        };
        let mut tally = Tally { task: self, method, row, fault: None };
        let extent = match self.options.at {
            Some(_) => 0,
            None => self.measure(seats, method, &mut tally, watch),
        };
        // From here: what is measured once is no reason to leave points out.
        let until = Instant::now() + self.options.budget;
        let Options { seed, most, .. } = *self.options;
        let mut course = match (self.options.at, self.mode) {
            (Some(point), _) => Course::only(point, until),
            (None, Mode::Plain) => Course::only(0, until),
            (None, Mode::Op) => Course::counted(most, until),
            (None, Mode::Random) => Course::drawn(extent, seed, most, until),
            (None, Mode::Step) => {
                let (points, alike) = self.instructions(extent);
                if tally.may_go_on() {
                    (tally.row.points, tally.row.alike) = (Some(points.len() as u64), alike);
                }
                Course::through(points, most, until)
            }
        };
        if tally.may_go_on() {
            self.run_course(seats, method, &mut course, &mut tally, watch);
        }
        let Tally { mut row, fault, .. } = tally;
        row.cut = course.is_cut();
        row.ms = began.elapsed().as_millis() as u64;
        (row, fault)
    }

    fn blank(&self) -> Row {
        Row {
            scene: self.scene.name,
            text: self.scene.text,
            mode: self.mode,
            schedule: self.schedule,
            points: None,
            alike: 0,
            runs: 0,
            kills: 0,
            counts: Counts::default(),
            unresolved: 0,
            slowest_ms: 0,
            ms: 0,
            cut: false,
            findings: Vec::new(),
            settled: None,
        }
    }

    fn program(&self, point: u64) -> Program {
        aim((self.scene.program)(&Stage { schedule: self.schedule }), self.mode, point)
    }

    /// The start method, or what the implementation lacks.
    fn method(&self) -> Result<Method, String> {
        if !claims::made_by(self.manifest, PROCESSES) {
            return Err("its workers are no processes".into());
        }
        let program = self.program(1);
        let methods = plan::methods(&program, self.manifest)?;
        // A run costs the starts of its processes, and a copy is started fastest.
        let fork_is_allowed = program.methods == crate::program::Methods::Preferred;
        let forks = fork_is_allowed && self.manifest.offers_method(Method::Fork);
        let first = methods.into_iter().find(|method| *method != Method::Thread);
        if forks { Ok(Method::Fork) } else { first.ok_or_else(|| "it starts no processes".into()) }
    }

    /// How far the victim goes: instructions or nanoseconds. These runs count, too.
    fn measure(
        &self,
        seats: &mut [Option<Session>],
        method: Method,
        tally: &mut Tally,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> u64 {
        if !matches!(self.mode, Mode::Step | Mode::Random) {
            return 0;
        }
        let mut extents = Vec::new();
        let measured = if self.mode == Mode::Step { 1 } else { MEASURED };
        for _ in 0..measured {
            let point = if self.mode == Mode::Step { self.options.longest } else { BEYOND };
            let shot = self.shoot(&mut seats[0], method, point, self.program(point));
            if let Ok(history) = &shot.result {
                extents.push(match self.mode {
                    Mode::Step => traced(history).unwrap_or(0),
                    _ => duration_ns(&shot.program, history).unwrap_or(ASLEEP_NS),
                });
            }
            tally.take(shot);
            watch(Event::Ran);
            if !tally.may_go_on() || tally.row.unresolved > 0 {
                break;
            }
        }
        extents.sort_unstable();
        extents.get(extents.len() / 2).copied().unwrap_or(0)
    }

    /// The points among the instructions of a way, and how many of them are none for being alike.
    fn instructions(&self, extent: u64) -> (Vec<u64>, u64) {
        let mut alike = if self.options.turns { &[][..] } else { self.landmarks.alike() };
        let mut points = Vec::new();
        for number in 0..=extent {
            while alike.first().is_some_and(|turns| turns.end as u64 <= number) {
                alike = &alike[1..];
            }
            if alike.first().is_none_or(|turns| number < turns.start as u64) {
                points.push(number);
            }
        }
        let left_out = extent + 1 - points.len() as u64;
        (points.into_iter().step_by(self.options.every as usize).collect(), left_out)
    }

    fn run_course(
        &self,
        seats: &mut [Option<Session>],
        method: Method,
        course: &mut Course,
        tally: &mut Tally,
        watch: &mut dyn FnMut(Event<'_>),
    ) {
        let shared = Mutex::new(course);
        let (sender, shots) = channel();
        thread::scope(|scope| {
            for seat in seats {
                let (sender, shared): (Sender<Shot>, _) = (sender.clone(), &shared);
                scope.spawn(move || {
                    loop {
                        let next = shared.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some(point) = next.filter(|_| interrupt::requested().is_none()) else { return };
                        let shot = self.shoot(seat, method, point, self.program(point));
                        if let Ok(history) = &shot.result {
                            let reached = self.reached_its_point(&shot.program, history);
                            shared.lock().unwrap_or_else(PoisonError::into_inner).learn(point, reached);
                        }
                        let ends = ends_the_row(&shot.result);
                        if sender.send(shot).is_err() || ends.is_break() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for shot in shots {
                tally.take(shot);
                watch(Event::Ran);
            }
        });
    }

    /// Makes one run; again, if it shows nothing.
    fn shoot(&self, seat: &mut Option<Session>, method: Method, point: u64, program: Program) -> Shot {
        let options = RunOptions {
            deadline: DEADLINE,
            // A single point is reached on foot, instruction by instruction, whatever the way is like.
            landmarks: self.options.at.is_none().then(|| self.landmarks.clone()),
            ..RunOptions::default()
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let result = match self.session(seat) {
                Ok(session) => session.run(&program, method, &options),
                Err(error) => Err(RunError::Session(error)),
            };
            let shows_nothing = match &result {
                Ok(history) => {
                    matches!(judge::judge(&program, history, self.manifest), Verdict::Unresolved(_))
                }
                Err(_) => false,
            };
            if !shows_nothing || tries == TRIES || interrupt::requested().is_some() {
                return Shot { point, program, result };
            }
        }
    }

    /// Whether the victim died at its point: in its own operation, and not where it slept before.
    fn reached_its_point(&self, program: &Program, history: &History) -> bool {
        was_killed(program, history) && (self.mode != Mode::Op || history.faults.is_empty())
    }

    fn session<'s>(&self, seat: &'s mut Option<Session>) -> Result<&'s mut Session, SessionError> {
        if seat.as_ref().is_none_or(|session| !session.is_open()) {
            *seat = None;
            *seat = Some(Session::open(self.adapter, &self.options.session)?);
        }
        Ok(seat.as_mut().expect("it was opened above"))
    }
}

/// What is known of a row while it is swept.
struct Tally<'a> {
    task: &'a Task<'a>,
    method: Method,
    row: Row,
    fault: Option<String>,
}

impl Tally<'_> {
    fn may_go_on(&self) -> bool {
        self.row.settled.is_none() && self.fault.is_none() && interrupt::requested().is_none()
    }

    fn take(&mut self, shot: Shot) {
        let Shot { point, program, result } = shot;
        let (history, verdict) = match result {
            Ok(history) => {
                let verdict = judge::judge(&program, &history, self.task.manifest);
                (history, verdict)
            }
            Err(RunError::Interrupted) => return,
            Err(error @ RunError::NotAllowed(_)) => {
                self.row.settled = Some(Verdict::Untested(error.to_string()));
                return;
            }
            Err(error) => {
                let why = error.to_string();
                if ends_the_row(&Err(error)).is_break() {
                    let Task { scene, mode, schedule, .. } = self.task;
                    let place = format!("{} {} {}", scene.name, mode.name(), schedule.name());
                    self.fault.get_or_insert_with(|| format!("in {place} at {point}: {why}"));
                }
                let end = RunEnd::Broken(why.clone());
                (History { end, ..History::default() }, Verdict::Unresolved(why))
            }
        };
        let row = &mut self.row;
        row.runs += 1;
        row.kills += u64::from(was_killed(&program, &history));
        row.slowest_ms = row.slowest_ms.max(longest_stall_ns(&history).unwrap_or(0).div_ceil(1_000_000));
        match &verdict {
            Verdict::Pass => return,
            Verdict::Untested(_) => {
                row.settled = Some(verdict);
                return;
            }
            Verdict::Fail(failure) => row.counts.add(failure.kind),
            Verdict::Unresolved(_) | Verdict::Unsupported(_) => row.unresolved += 1,
        }
        // A victim that slept was killed before its point.
        let reached = match self.task.mode {
            Mode::Step if !was_spared(&history) => traced(&history),
            Mode::Random if point == BEYOND => killed_after_ns(&program, &history),
            _ => None,
        };
        let point = reached.unwrap_or(point);
        let same = |finding: &&Finding| finding.verdict.name() == verdict.name();
        if row.findings.iter().filter(same).count() < KEPT {
            self.keep(point, program, history, verdict);
        }
    }

    fn keep(&mut self, point: u64, program: Program, history: History, verdict: Verdict) {
        let Task { scene, mode, schedule, adapter, manifest, options, .. } = self.task;
        let failure = if let Verdict::Fail(failure) = &verdict { Some(failure) } else { None };
        let lanes = lanes(&program, &history, failure, options.width);
        let is_unharmed = !was_killed(&program, &history);
        let place = if is_unharmed { "unharmed".into() } else { point.to_string() };
        let evidence = Evidence {
            form: FORM,
            clause: format!("sweep/{}/{}/{}/{place}", scene.name, mode.name(), schedule.name()),
            implementation: options.replay_as.clone().unwrap_or_else(|| adapter.name.clone()),
            manifest: (*manifest).clone(),
            method: self.method,
            seed: options.seed,
            program,
            history,
            verdict: verdict.clone(),
        };
        let stored = options.evidence.as_ref().map(|directory| evidence.store(directory)).transpose();
        let evidence = stored.unwrap_or_else(|error| {
            self.fault.get_or_insert_with(|| format!("a failure could not be stored: {error}"));
            None
        });
        self.row.findings.push(Finding { point, verdict, lanes, evidence });
    }
}

/// Whether nothing more can be learnt in this row.
fn ends_the_row(result: &Result<History, RunError>) -> ControlFlow<()> {
    match result {
        Ok(_) | Err(RunError::Implementation(_) | RunError::Unsupported(_)) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

/// Whether the victim was killed before it had done what it was to be killed in.
fn was_killed(program: &Program, history: &History) -> bool {
    let Some((_, last)) = window(program) else {
        return history.worker(VICTIM).is_some_and(|victim| victim.end == WorkerEnd::Died);
    };
    let Some(victim) = history.worker(VICTIM) else { return false };
    victim.end == WorkerEnd::Died && victim.call(last).is_none_or(|call| call.returned.is_none())
}

fn was_spared(history: &History) -> bool {
    !history.spared.is_empty()
}

/// How many instructions the victim was traced for.
fn traced(history: &History) -> Option<u64> {
    history.faults.iter().chain(&history.spared).find_map(|fault| fault.instructions)
}

/// From the call of the victim's first line to the return of its last.
fn duration_ns(program: &Program, history: &History) -> Option<u64> {
    let (first, last) = window(program)?;
    let victim = history.worker(VICTIM)?;
    let called_ns = victim.call(first)?.called_ns;
    Some(victim.call(last)?.returned.as_ref()?.at_ns.saturating_sub(called_ns))
}

/// The longest that a survivor's call took after the victim's end.
fn longest_stall_ns(history: &History) -> Option<u64> {
    let victim = history.worker(VICTIM).filter(|victim| victim.end == WorkerEnd::Died)?;
    let killed_ns = history.faults.first().map(|fault| fault.at_ns).or(victim.gone_ns)?;
    let survivors = history.workers.iter().filter(|worker| worker.name != VICTIM);
    let stalls = survivors.flat_map(|worker| &worker.calls).filter_map(|call| {
        let returned_ns = call.returned.as_ref()?.at_ns;
        Some(returned_ns.saturating_sub(call.called_ns.max(killed_ns)))
    });
    stalls.max()
}

/// From the call of the victim's first line to its death.
fn killed_after_ns(program: &Program, history: &History) -> Option<u64> {
    let (first, _) = window(program)?;
    let called_ns = history.worker(VICTIM)?.call(first)?.called_ns;
    Some(history.faults.first()?.at_ns.saturating_sub(called_ns))
}
