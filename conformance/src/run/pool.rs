//! Several sessions of one adapter side by side, working through a list of jobs.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

use procession_contract::{Manifest, Method};

use super::{AdapterCommand, RunError, RunOptions, Session, SessionError, SessionOptions, interrupt};
use crate::history::History;
use crate::program::{Judge, Program};

/// How often in a row an adapter may fail to open before no more is tried.
const MOST_FAILED_OPENINGS: u32 = 3;

/// A program to run with a start method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What to run.
    pub program: Program,
    /// With which start method.
    pub method: Method,
    /// How.
    pub options: RunOptions,
}

/// What a pool tells while it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A job has been begun.
    Started {
        /// Its index in the list.
        job: usize,
    },
    /// A job is over. Every job that has been begun comes to this, once.
    Finished {
        /// Its index in the list.
        job: usize,
        /// Its history, or why there is none. After an adapter's fault the next job gets a new
        /// adapter; this one is not tried again.
        result: Box<Result<History, RunError>>,
    },
}

/// Sessions of one adapter.
#[derive(Debug)]
pub struct Pool {
    command: AdapterCommand,
    options: SessionOptions,
    manifest: Manifest,
    /// The sessions, absent where none has been needed yet or the last one broke.
    seats: Vec<Option<Session>>,
}

impl Pool {
    /// Opens the first session; the others, of `width` at most, are opened when there is work for
    /// them.
    ///
    /// # Errors
    /// See [`Session::open`].
    pub fn open(
        command: &AdapterCommand,
        options: &SessionOptions,
        width: usize,
    ) -> Result<Pool, SessionError> {
        let first = Session::open(command, options)?;
        let manifest = first.manifest().clone();
        let mut seats = vec![Some(first)];
        seats.resize_with(width.max(1), || None);
        Ok(Pool { command: command.clone(), options: options.clone(), manifest, seats })
    }

    /// What the implementation offers and claims.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Works through the jobs and tells of each as it begins and ends, in the calling thread. First
    /// come, side by side, those that may have company; then the others, one at a time: programs
    /// that are to run alone, and those that are judged by what they leave behind, because names of
    /// shared memory cannot be laid at one session's door.
    ///
    /// Ends early when `tell` says so, and when the suite is interrupted: jobs that were under way
    /// still finish, those not begun are never mentioned.
    pub fn run(&mut self, jobs: &[Job], mut tell: impl FnMut(Event) -> ControlFlow<()>) {
        let (company, alone): (Vec<usize>, Vec<usize>) =
            (0..jobs.len()).partition(|index| !runs_alone(&jobs[*index].program));
        let mut ended = false;
        for (indices, width) in [(company, self.seats.len()), (alone, 1)] {
            if ended || indices.is_empty() {
                continue;
            }
            let width = width.min(indices.len());
            let waiting = Mutex::new(VecDeque::from(indices));
            let (sender, events) = mpsc::channel();
            let (command, options) = (&self.command, &self.options);
            std::thread::scope(|scope| {
                for seat in &mut self.seats[..width] {
                    let (sender, waiting) = (sender.clone(), &waiting);
                    scope.spawn(move || Desk { command, options, seat, jobs, waiting }.work(&sender));
                }
                drop(sender);
                for event in events {
                    if !ended && tell(event).is_break() {
                        ended = true;
                        waiting.lock().unwrap_or_else(|poison| poison.into_inner()).clear();
                    }
                }
            });
            ended |= interrupt::requested().is_some();
        }
    }
}

fn runs_alone(program: &Program) -> bool {
    program.alone || program.judges.contains(&Judge::NothingLeft)
}

/// One session at work.
struct Desk<'a> {
    command: &'a AdapterCommand,
    options: &'a SessionOptions,
    seat: &'a mut Option<Session>,
    jobs: &'a [Job],
    waiting: &'a Mutex<VecDeque<usize>>,
}

impl Desk<'_> {
    fn work(mut self, events: &Sender<Event>) {
        let mut failed_openings = 0;
        while interrupt::requested().is_none() {
            let next = self.waiting.lock().unwrap_or_else(|poison| poison.into_inner()).pop_front();
            let Some(job) = next else { return };
            let told = events.send(Event::Started { job });
            let jobs = self.jobs;
            let Job { program, method, options } = &jobs[job];
            let result = match self.session(&mut failed_openings) {
                Ok(session) => session.run(program, *method, options),
                Err(error) => Err(RunError::Session(error)),
            };
            if self.seat.as_ref().is_some_and(|session| !session.is_open()) {
                *self.seat = None;
            }
            let told = told.and(events.send(Event::Finished { job, result: Box::new(result) }));
            if told.is_err() {
                return;
            }
        }
    }

    /// The session, opened if there is none. A broken one is replaced once per job, and after
    /// several failures in a row not any more.
    fn session(&mut self, failed_openings: &mut u32) -> Result<&mut Session, SessionError> {
        if self.seat.is_none() {
            if *failed_openings >= MOST_FAILED_OPENINGS {
                let reason =
                    format!("it failed {MOST_FAILED_OPENINGS} times in a row, and is not tried again");
                return Err(SessionError::NotStarted(reason));
            }
            *failed_openings += 1;
            *self.seat = Some(Session::open(self.command, self.options)?);
        }
        *failed_openings = 0;
        Ok(self.seat.as_mut().expect("it was opened above"))
    }
}
