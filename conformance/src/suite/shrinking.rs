//! Making a failing random program smaller before it is reported.

use std::time::Instant;

use super::Options;
use crate::history::History;
use crate::judge;
use crate::plan::Job;
use crate::program::Program;
use crate::run::{AdapterCommand, Session, interrupt};
use crate::shrink::shrink;
use crate::verdict::{FailureKind, Verdict};

/// A smaller program that fails in the same way, with the run that shows it.
pub(super) struct Smaller {
    pub(super) program: Program,
    pub(super) history: History,
    pub(super) verdict: Verdict,
}

/// How often the whole program is run again to learn how often it fails.
const MEASURING_RUNS: u32 = 8;

/// How often a candidate is run at most.
const MOST_RUNS: u32 = 20;

/// How many candidates are tried at most.
const MOST_CANDIDATES: usize = 1_000;

/// How likely a candidate that fails as often as the whole program may be taken for sound.
const OVERLOOKED: f64 = 0.05;

/// Looks for a smaller program that fails with the same kind of failure, in a session of its own, until
/// the time is up. `None` if none was found, or if there is no adapter to run it on.
pub(super) fn shrunk(
    adapter: &AdapterCommand,
    job: &Job,
    kind: FailureKind,
    options: &Options,
) -> Option<Smaller> {
    let session = Session::open(adapter, &options.session).ok()?;
    let mut trial = Trial { session, job, kind, options, until: Instant::now() + options.shrink };
    let failures = (0..MEASURING_RUNS).filter(|_| trial.fails(&job.program).is_some()).count();
    let runs = runs_to_see(failures as u32, MEASURING_RUNS);
    let mut smallest = None;
    shrink(&job.program, MOST_CANDIDATES, |candidate| {
        let seen = (0..runs).find_map(|_| trial.fails(candidate));
        let fails = seen.is_some();
        smallest = seen.or(smallest.take());
        fails
    });
    smallest
}

/// How many runs it takes to see a failure again that was seen so often in so many runs, besides the
/// one that began it.
fn runs_to_see(failures: u32, runs: u32) -> u32 {
    let rate = f64::from(failures + 1) / f64::from(runs + 1);
    if rate >= 1.0 {
        return 1;
    }
    let needed = (OVERLOOKED.ln() / (1.0 - rate).ln()).ceil();
    (needed as u32).clamp(1, MOST_RUNS)
}

/// What a candidate is run with.
struct Trial<'a> {
    session: Session,
    job: &'a Job,
    kind: FailureKind,
    options: &'a Options,
    until: Instant,
}

impl Trial<'_> {
    /// Runs a candidate once; what it showed, if it fails in the same way.
    fn fails(&mut self, program: &Program) -> Option<Smaller> {
        if Instant::now() >= self.until || interrupt::requested().is_some() {
            return None;
        }
        if !self.session.is_open() {
            self.session.reopen().ok()?;
        }
        // A candidate that cannot be run, or that breaks the adapter, is no smaller failure.
        let history = self.session.run(program, self.job.method, &self.options.run).ok()?;
        let verdict = judge::judge(program, &history, self.session.manifest());
        let same = matches!(&verdict, Verdict::Fail(failure) if failure.kind == self.kind);
        same.then(|| Smaller { program: program.clone(), history, verdict })
    }
}

#[cfg(test)]
mod tests {
    use super::runs_to_see;

    #[test]
    fn a_rare_failure_is_sought_longer() {
        assert_eq!(runs_to_see(8, 8), 1);
        assert_eq!(runs_to_see(4, 8), 4);
        assert_eq!(runs_to_see(0, 8), 20);
    }
}
