//! The suite: plans the clauses for an implementation, has the programs run, judges the histories and
//! collects the report.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use procession_contract::{Manifest, QueueLevel};

use crate::clause::Clause;
use crate::evidence::{Evidence, FORM};
use crate::expectation::Expectations;
use crate::history::{History, RunEnd};
use crate::judge;
use crate::plan::{Job, Plan, Selection};
use crate::program::Judge;
use crate::report::fingerprint::Fingerprint;
use crate::report::lanes::lanes;
use crate::report::{Report, Row, Standing};
use crate::run::{
    AdapterCommand, Event as Ran, Job as Run, Pool, RunError, RunOptions, SessionError, SessionOptions,
    interrupt,
};
use crate::verdict::{Failure, FailureKind, Verdict};

/// How wide drawn histories are.
const LANES_WIDTH: usize = 100;

/// What a check is asked.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which clauses.
    pub selection: Selection,
    /// The seed of the random programs.
    pub seed: u64,
    /// How many programs run side by side.
    pub jobs: usize,
    /// Each program with one start method only.
    pub quick: bool,
    /// Where failures are stored; nowhere if absent.
    pub evidence: Option<PathBuf>,
    /// How programs are run.
    pub run: RunOptions,
}

/// What happens during a check, for whoever shows progress.
#[derive(Debug)]
pub enum Event<'a> {
    /// The implementation has said what it is; so many runs are planned.
    Planned(&'a Manifest, usize),
    /// One more run is done.
    Ran,
    /// A clause is settled.
    Settled(&'a Row),
}

/// What is known of a clause while its programs run.
struct Tally {
    verdict: Option<Verdict>,
    open: usize,
    runs: u32,
    ms: u64,
    evidence: Option<PathBuf>,
    lanes: Option<String>,
    /// The weakest of the levels that the queues of its runs held.
    held: Option<Option<QueueLevel>>,
}

/// Checks an implementation against these clauses.
///
/// # Errors
/// The adapter cannot be started, or does not speak the protocol. What goes wrong in a single run makes
/// its clause unresolved instead.
pub fn check(
    clauses: &[&'static Clause],
    adapter: &AdapterCommand,
    expectations: &Expectations,
    options: &Options,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Report, SessionError> {
    let began = Instant::now();
    let machine = Fingerprint::take();
    let mut pool = Pool::open(adapter, &SessionOptions::default(), options.jobs)?;
    let manifest = pool.manifest().clone();
    let mut plan = Plan::new(clauses, &options.selection, &manifest, options.seed);
    if options.quick {
        keep_one_method(&mut plan.jobs);
    }
    watch(Event::Planned(&manifest, plan.jobs.len()));

    let mut check = Check {
        adapter,
        manifest: &manifest,
        options,
        expectations,
        plan: &plan,
        tallies: Vec::new(),
        rows: Vec::new(),
    };
    check.tallies = (0..plan.clauses.len()).map(|clause| check.begin(clause)).collect();
    check.rows = plan.clauses.iter().map(|_| None).collect();
    for clause in 0..plan.clauses.len() {
        check.settle_if_done(clause, watch);
    }
    let run =
        |job: &Job| Run { program: job.program.clone(), method: job.method, options: options.run.clone() };
    let runs: Vec<Run> = plan.jobs.iter().map(run).collect();
    let mut begun: Vec<Option<Instant>> = vec![None; runs.len()];
    pool.run(&runs, |event| {
        match event {
            Ran::Started { job } => begun[job] = Some(Instant::now()),
            Ran::Finished { job, result } => {
                let ms = begun[job].map_or(0, |begun| begun.elapsed().as_millis() as u64);
                watch(Event::Ran);
                check.ran(&plan.jobs[job], *result, ms);
                check.settle_if_done(plan.jobs[job].clause, watch);
            }
        }
        if interrupt::requested().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if interrupt::requested().is_some() {
        return Err(SessionError::Interrupted);
    }
    let rows = check.rows.into_iter().flatten().collect();
    Ok(Report {
        implementation: adapter.name.clone(),
        version: manifest.version.clone(),
        seed: options.seed,
        machine,
        ms: began.elapsed().as_millis() as u64,
        rows,
    })
}

fn keep_one_method(jobs: &mut Vec<Job>) {
    let mut kept: Vec<Job> = Vec::new();
    for job in jobs.drain(..) {
        if kept.last().is_none_or(|last| last.clause != job.clause || last.program != job.program) {
            kept.push(job);
        }
    }
    *jobs = kept;
}

/// The level's name, as manifests write it.
fn level_name(level: QueueLevel) -> &'static str {
    match level {
        QueueLevel::Conservation => "conservation",
        QueueLevel::ProducerFifo => "producer_fifo",
        QueueLevel::LinearizableFifo => "linearizable_fifo",
    }
}

struct Check<'a> {
    adapter: &'a AdapterCommand,
    manifest: &'a Manifest,
    options: &'a Options,
    expectations: &'a Expectations,
    plan: &'a Plan,
    tallies: Vec<Tally>,
    rows: Vec<Option<Row>>,
}

impl Check<'_> {
    fn begin(&self, clause: usize) -> Tally {
        let settled = self
            .plan
            .settled
            .iter()
            .filter(|(index, _)| *index == clause)
            .map(|(_, verdict)| verdict.clone());
        Tally {
            verdict: settled.reduce(Verdict::and),
            open: self.plan.jobs.iter().filter(|job| job.clause == clause).count(),
            runs: 0,
            ms: 0,
            evidence: None,
            lanes: None,
            held: None,
        }
    }

    /// Judges one run and adds it to what is known of its clause.
    fn ran(&mut self, job: &Job, result: Result<History, RunError>, ms: u64) {
        let (history, verdict) = match result {
            Ok(history) => {
                let verdict = judge::judge(&job.program, &history, self.manifest);
                (history, verdict)
            }
            Err(RunError::Unsupported(what)) => {
                let failure = Failure {
                    kind: FailureKind::FalseClaim,
                    expected: "what the manifest offers".into(),
                    actual: format!("not offered when it came to it: {what}"),
                    calls: Vec::new(),
                };
                (History::default(), Verdict::Fail(failure))
            }
            Err(error) => {
                let why = error.to_string();
                (History { end: RunEnd::Broken(why.clone()), ..History::default() }, Verdict::Unresolved(why))
            }
        };
        let tally = &mut self.tallies[job.clause];
        tally.runs += 1;
        tally.ms += ms;
        tally.open -= 1;
        for judge in &job.program.judges {
            if let Judge::ClaimedQueueLevel(queue, maxsize) = judge
                && let Ok(level) = judge::measure(&job.program, &history, queue, *maxsize)
            {
                tally.held = Some(tally.held.map_or(level, |before| before.min(level)));
            }
        }
        let graver =
            tally.verdict.as_ref().is_none_or(|before| before.clone().and(verdict.clone()) != *before);
        if let (Verdict::Fail(_) | Verdict::Unresolved(_), true) = (&verdict, graver) {
            let failure = if let Verdict::Fail(failure) = &verdict { Some(failure) } else { None };
            tally.lanes = Some(lanes(&job.program, &history, failure, LANES_WIDTH));
            let evidence = Evidence {
                form: FORM,
                clause: self.plan.clauses[job.clause].id.to_string(),
                implementation: self.adapter.name.clone(),
                manifest: self.manifest.clone(),
                method: job.method,
                seed: self.options.seed,
                program: job.program.clone(),
                history,
                verdict: verdict.clone(),
            };
            // A report without its evidence is still a report: a full disk must not hide the verdict.
            tally.evidence =
                self.options.evidence.as_ref().and_then(|directory| evidence.store(directory).ok());
        }
        tally.verdict = Some(match tally.verdict.take() {
            Some(before) => before.and(verdict),
            None => verdict,
        });
    }

    fn settle_if_done(&mut self, clause: usize, watch: &mut dyn FnMut(Event<'_>)) {
        let tally = &mut self.tallies[clause];
        if tally.open > 0 || self.rows[clause].is_some() {
            return;
        }
        let Clause { id, level, text, source, .. } = *self.plan.clauses[clause];
        let unplanned = || Verdict::Unresolved("the clause has no program".into());
        let mut row = Row {
            clause: id.to_string(),
            level,
            text: text.to_string(),
            source: source.to_string(),
            verdict: tally.verdict.take().unwrap_or_else(unplanned),
            standing: Standing::Open,
            reason: None,
            runs: tally.runs,
            ms: tally.ms,
            evidence: tally.evidence.take(),
            lanes: tally.lanes.take(),
            held: tally.held.map(|level| level.map_or("none", level_name).to_string()),
        };
        row.settle(self.expectations, &self.manifest.version);
        watch(Event::Settled(&row));
        self.rows[clause] = Some(row);
    }
}
