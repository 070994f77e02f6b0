//! The suite: plans the clauses for an implementation, has the programs run, judges the histories and
//! collects the report.

mod shrinking;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use procession_contract::{Manifest, QueueLevel};

use crate::clause::Clause;
use crate::clauses::claims;
use crate::evidence::{Evidence, FORM};
use crate::expectation::Expectations;
use crate::history::{History, RunEnd};
use crate::judge;
use crate::plan::{Job, Plan, Selection};
use crate::program::{Judge, random};
use crate::report::fingerprint::Fingerprint;
use crate::report::lanes::lanes;
use crate::report::{Report, Row, Standing};
use crate::run::{
    AdapterCommand, Event as Ran, Job as Run, Misbehaviour, Pool, RunError, RunOptions, SessionError,
    SessionOptions, interrupt,
};
use crate::verdict::{Failure, FailureKind, Verdict};

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
    /// How the implementation is named in stored failures, for `replay`; by the adapter's name if absent.
    pub replay_as: Option<String>,
    /// How long a failing random program may be made smaller before it is reported.
    pub shrink: Duration,
    /// How wide drawn histories are, in columns.
    pub width: usize,
    /// How sessions are opened.
    pub session: SessionOptions,
    /// How programs are run.
    pub run: RunOptions,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            selection: Selection::default(),
            seed: random::SEED,
            jobs: 1,
            quick: false,
            evidence: None,
            replay_as: None,
            shrink: Duration::from_secs(20),
            width: 100,
            session: SessionOptions::default(),
            run: RunOptions::default(),
        }
    }
}

/// What happens during a check, for whoever shows progress.
#[derive(Debug)]
pub enum Event<'a> {
    /// The implementation has said what it is; so many runs are planned.
    Planned(&'a Manifest, usize),
    /// One more run is done.
    Ran,
    /// The failing random program of this clause is being made smaller.
    Shrinking(&'a str),
    /// A clause is settled.
    Settled(&'a Row),
}

/// What is known of a clause while its programs run.
struct Tally {
    verdict: Option<Verdict>,
    open: usize,
    runs: u32,
    ms: u64,
    /// The gravest run that was no pass: its job, its history and its own verdict.
    worst: Option<(usize, History, Verdict)>,
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
    let mut pool = Pool::open(adapter, &options.session, options.jobs)?;
    let manifest = pool.manifest().clone();
    vet(&manifest)?;
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
        fault: None,
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
                check.ran(job, *result, ms);
                check.settle_if_done(plan.jobs[job].clause, watch);
            }
        }
        if interrupt::requested().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(pool);
    for clause in 0..plan.clauses.len() {
        if interrupt::requested().is_some() {
            return Err(SessionError::Interrupted);
        }
        check.settle_smaller(clause, watch);
    }
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
        fault: check.fault,
    })
}

/// Looks for claims that mean nothing.
///
/// # Errors
/// [`SessionError::Adapter`] names the first claim that no clause knows: a slip in it would hide clauses.
pub fn vet(manifest: &Manifest) -> Result<(), SessionError> {
    let known = || claims::ALL.iter().map(|(name, _)| *name);
    let Some(claim) = manifest.claims.iter().find(|claim| !known().any(|name| name == claim.as_str())) else {
        return Ok(());
    };
    let near = crate::nearest::suggestion(claim, known());
    let names: Vec<&str> = known().collect();
    Err(SessionError::Adapter(Misbehaviour {
        place: "control connection".into(),
        problem: format!(
            "message `hello`, field `manifest.claims`: there is no claim {claim:?}{near}; expected some of {} \
             (`procession list --claims`)",
            names.join(", ")
        ),
        line: String::new(),
        log: String::new(),
    }))
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
    /// The first thing that the adapter or the suite itself did wrong.
    fault: Option<String>,
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
            worst: None,
            held: None,
        }
    }

    /// Judges one run and adds it to what is known of its clause.
    fn ran(&mut self, number: usize, result: Result<History, RunError>, ms: u64) {
        let job = &self.plan.jobs[number];
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
            Err(error @ RunError::NotAllowed(_)) => {
                (History::default(), Verdict::Untested(error.to_string()))
            }
            Err(error) => {
                let why = error.to_string();
                if let RunError::Adapter(_) | RunError::Session(_) | RunError::Suite(_) = &error {
                    let clause = self.plan.clauses[job.clause].id;
                    self.fault.get_or_insert_with(|| format!("in a run for {clause}: {why}"));
                }
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
            tally.worst = Some((number, history, verdict.clone()));
        }
        tally.verdict = Some(match tally.verdict.take() {
            Some(before) => before.and(verdict),
            None => verdict,
        });
    }

    /// Settles a clause whose runs are all done; not yet one whose failing program is made smaller first.
    fn settle_if_done(&mut self, clause: usize, watch: &mut dyn FnMut(Event<'_>)) {
        if self.tallies[clause].open > 0 || self.rows[clause].is_some() || self.is_to_shrink(clause) {
            return;
        }
        self.settle(clause, None, watch);
    }

    /// Whether the clause fails, unexpectedly, with a program that nobody wrote.
    fn is_to_shrink(&self, clause: usize) -> bool {
        let Some((job, _, verdict @ Verdict::Fail(_))) = &self.tallies[clause].worst else { return false };
        let expected = self.expectations.of(self.plan.clauses[clause].id, &self.manifest.version);
        !self.options.shrink.is_zero()
            && random::is_random(&self.plan.jobs[*job].program)
            && !Standing::of(verdict, expected).is_accepted()
    }

    /// Settles a clause that waited for a smaller program, if it did.
    fn settle_smaller(&mut self, clause: usize, watch: &mut dyn FnMut(Event<'_>)) {
        if self.rows[clause].is_some() {
            return;
        }
        let mut lines = None;
        if let Some((job, _, Verdict::Fail(failure))) = &self.tallies[clause].worst {
            watch(Event::Shrinking(self.plan.clauses[clause].id));
            let job = &self.plan.jobs[*job];
            lines = shrinking::shrunk(self.adapter, job, failure.kind, self.options).map(|smaller| {
                let before = job.program.lines().count();
                (before, smaller)
            });
        }
        self.settle(clause, lines, watch);
    }

    /// Makes the clause's row, and stores the evidence where there is any.
    fn settle(
        &mut self,
        clause: usize,
        smaller: Option<(usize, shrinking::Smaller)>,
        watch: &mut dyn FnMut(Event<'_>),
    ) {
        let tally = &mut self.tallies[clause];
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
            evidence: None,
            lanes: None,
            shrunk: None,
            held: tally.held.map(|level| level.map_or("none", level_name).to_string()),
        };
        if let Some((job, history, verdict)) = tally.worst.take() {
            let job = &self.plan.jobs[job];
            let (program, history, verdict) = match smaller {
                None => (job.program.clone(), history, verdict),
                Some((before, smaller)) => {
                    row.shrunk = Some((before, smaller.program.lines().count()));
                    row.verdict = smaller.verdict.clone();
                    (smaller.program, smaller.history, smaller.verdict)
                }
            };
            let failure = if let Verdict::Fail(failure) = &verdict { Some(failure) } else { None };
            row.lanes = Some(lanes(&program, &history, failure, self.options.width));
            let evidence = Evidence {
                form: FORM,
                clause: id.to_string(),
                implementation: self.options.replay_as.as_ref().unwrap_or(&self.adapter.name).clone(),
                manifest: self.manifest.clone(),
                method: job.method,
                seed: self.options.seed,
                program,
                history,
                verdict,
            };
            // A report without its evidence is still a report: a full disk must not hide the verdict.
            row.evidence = self.options.evidence.as_ref().and_then(|place| evidence.store(place).ok());
        }
        row.settle(self.expectations, &self.manifest.version);
        watch(Event::Settled(&row));
        self.rows[clause] = Some(row);
    }
}
