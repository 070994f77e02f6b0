//! The sweep: kills a worker at every moment of a call, and judges what those who survive it are owed.
//!
//! ```text
//! Scene ──aim at a point──▶ Program ──run──▶ History ──judge──▶ Verdict ──count──▶ Row ──▶ table
//! ```
//!
//! A *scene* is a program with a victim. A *point* is one place at which the victim is killed: before its
//! n-th shared operation, after its n-th machine instruction, or n nanoseconds after its call. The
//! survivors run meanwhile, or are let go only after the kill. Of the turns of a loop that all go the same
//! way, instruction by instruction, those numbered 1, 2, 4, 8 … are swept, and the last: what a loop that
//! copies a block, or looks again and again before it sleeps, leaves behind in between is the same. Every run of a point is an ordinary program
//! with an ordinary history, so a failure is stored, judged again and replayed like any other.

mod aim;
mod course;
mod row;
pub mod scene;
pub mod scenes;
pub mod table;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use procession_contract::Manifest;

use crate::run::{AdapterCommand, Landmarks, Session, SessionError, SessionOptions, interrupt};
use crate::suite::vet;
pub use row::{Counts, Finding, Row};
pub use scene::Scene;

/// By what the places are counted at which the victim is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Its operations on shared memory, where the implementation counts them itself.
    Op,
    /// Its machine instructions.
    Step,
    /// Nanoseconds, drawn from a seed.
    Random,
    /// Not at all: the scene says itself what is done to the victim.
    Plain,
}

impl Mode {
    /// Every mode in which a victim is killed.
    pub const SWEEPING: [Mode; 3] = [Mode::Op, Mode::Step, Mode::Random];

    /// Its name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Op => "op",
            Mode::Step => "step",
            Mode::Random => "random",
            Mode::Plain => "plain",
        }
    }
}

/// When the survivors run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Schedule {
    /// While the victim is on its way.
    Racing,
    /// Only after its end.
    After,
}

impl Schedule {
    /// Both.
    pub const ALL: [Schedule; 2] = [Schedule::Racing, Schedule::After];

    /// Its name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Schedule::Racing => "racing",
            Schedule::After => "after",
        }
    }
}

/// What a sweep is asked.
#[derive(Clone, Debug)]
pub struct Options {
    /// The scenes.
    pub scenes: Vec<&'static Scene>,
    /// The modes; scenes that are played as they are written come in any case.
    pub modes: Vec<Mode>,
    /// The schedules.
    pub schedules: Vec<Schedule>,
    /// This one point only.
    pub at: Option<u64>,
    /// Every how many-th point.
    pub every: u64,
    /// Whether every turn of a loop counts, also where it goes the same way, instruction by instruction, as
    /// others; otherwise the turns numbered 1, 2, 4, 8 … do, and the last one.
    pub turns: bool,
    /// How long a row may take; what is left out then lies evenly between what was done.
    pub budget: Duration,
    /// How many instructions are traced at most: what a victim does after them is not swept.
    pub longest: u64,
    /// How many points of a row are enough.
    pub most: u64,
    /// The seed of the random points.
    pub seed: u64,
    /// How many runs are under way at once.
    pub jobs: usize,
    /// Where failures are stored; nowhere if absent.
    pub evidence: Option<PathBuf>,
    /// How the implementation is named in stored failures, for `replay`; by the adapter's name if absent.
    pub replay_as: Option<String>,
    /// How wide drawn histories are, in columns.
    pub width: usize,
    /// How sessions are opened.
    pub session: SessionOptions,
}

/// How many instructions are traced, unless something else is said. Tracing one takes some microseconds.
pub const LONGEST: u64 = 2_000_000;

impl Default for Options {
    fn default() -> Options {
        Options {
            scenes: scenes::all().iter().filter(|scene| !scene.heavy).collect(),
            modes: Mode::SWEEPING.to_vec(),
            schedules: Schedule::ALL.to_vec(),
            at: None,
            every: 1,
            turns: false,
            budget: Duration::from_secs(20),
            longest: LONGEST,
            most: u64::MAX,
            seed: crate::program::random::SEED,
            jobs: 1,
            evidence: None,
            replay_as: None,
            width: 100,
            session: SessionOptions::default(),
        }
    }
}

/// What happens during a sweep, for whoever shows progress.
#[derive(Debug)]
pub enum Event<'a> {
    /// The implementation has said what it is; so many rows are planned.
    Planned(&'a Manifest, usize),
    /// A row has been begun.
    Began(&'static str, Mode, Schedule),
    /// One more run is done.
    Ran,
    /// A row is done.
    Swept(&'a Row),
}

/// What a sweep found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The implementation, as the suite was given it.
    pub implementation: String,
    /// The version that it says it has.
    pub version: String,
    /// The seed of the random points.
    pub seed: u64,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What came of each scene, mode and schedule.
    pub rows: Vec<Row>,
    /// The first thing that the adapter or the suite itself did wrong.
    pub fault: Option<String>,
}

impl Report {
    /// The exit status, as of a check: 1 if anything failed, 3 if the adapter or the suite did, 2 if
    /// something is unresolved, or if nothing was swept at all.
    pub fn exit_status(&self) -> u8 {
        if self.rows.iter().any(|row| row.counts.failures() > 0) {
            1
        } else if self.fault.is_some() {
            3
        } else if self.rows.iter().any(Row::is_unresolved) || self.rows.iter().all(|row| row.runs == 0) {
            2
        } else {
            0
        }
    }
}

/// Sweeps an implementation.
///
/// # Errors
/// The adapter cannot be started, does not speak the protocol, or the suite was interrupted.
pub fn sweep(
    adapter: &AdapterCommand,
    options: &Options,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Report, SessionError> {
    let began = Instant::now();
    let first = Session::open(adapter, &options.session)?;
    let manifest = first.manifest().clone();
    vet(&manifest)?;
    let mut seats: Vec<Option<Session>> = vec![Some(first)];
    seats.resize_with(options.jobs.max(1), || None);
    let plan = plan(options);
    watch(Event::Planned(&manifest, plan.len()));
    let mut report = Report {
        implementation: adapter.name.clone(),
        version: manifest.version.clone(),
        seed: options.seed,
        ms: 0,
        rows: Vec::new(),
        fault: None,
    };
    for (scene, mode, schedule) in plan {
        watch(Event::Began(scene.name, mode, schedule));
        let landmarks = Landmarks::default();
        let task = row::Task { landmarks, scene, mode, schedule, adapter, manifest: &manifest, options };
        let (row, fault) = task.carry_out(&mut seats, watch);
        if interrupt::requested().is_some() {
            return Err(SessionError::Interrupted);
        }
        report.fault = report.fault.or(fault);
        watch(Event::Swept(&row));
        report.rows.push(row);
    }
    report.ms = began.elapsed().as_millis() as u64;
    Ok(report)
}

fn plan(options: &Options) -> Vec<(&'static Scene, Mode, Schedule)> {
    let mut plan = Vec::new();
    for scene in &options.scenes {
        if !scene.swept {
            plan.push((*scene, Mode::Plain, Schedule::After));
            continue;
        }
        for mode in options.modes.iter().filter(|mode| **mode != Mode::Plain) {
            plan.extend(options.schedules.iter().map(|schedule| (*scene, *mode, *schedule)));
        }
    }
    plan
}
