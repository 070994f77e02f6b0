//! `replay` and `judge`: a stored failure again.

use std::path::Path;

use procession::clauses;
use procession::evidence::Evidence;
use procession::expectation::Expectations;
use procession::judge;
use procession::report::lanes::lanes;
use procession::report::{Row, Standing, text};
use procession::run::{RunOptions, Session, SessionOptions};
use procession::verdict::Verdict;

use super::{Failure, ReplayArgs, registry};

/// Runs the stored program again, until it fails or `times` runs are over.
pub fn replay(args: &ReplayArgs) -> Result<u8, Failure> {
    let stored = read(&args.file)?;
    let name = args.on.as_deref().unwrap_or(&stored.implementation);
    let named = registry::named(name)?;
    let mut session = Session::open(&named.adapter, &SessionOptions::default()).map_err(Failure::suite)?;
    let manifest = session.manifest().clone();
    procession::plan::methods(&stored.program, &manifest)
        .map_err(|lacks| Failure::usage(format!("{name} cannot run this program: {lacks}")))?;
    let mut last = None;
    for time in 1..=args.times.max(1) {
        let history =
            session.run(&stored.program, stored.method, &RunOptions::default()).map_err(Failure::suite)?;
        let verdict = judge::judge(&stored.program, &history, &manifest);
        let failed = matches!(verdict, Verdict::Fail(_));
        let again = Evidence {
            implementation: name.into(),
            manifest: manifest.clone(),
            history,
            verdict,
            ..stored.clone()
        };
        if failed {
            let path = again
                .store(&args.report)
                .map_err(|error| Failure::suite(format!("{}: {error}", args.report.display())))?;
            show(&again, Some(&path));
            println!("failed in run {time}");
            return Ok(1);
        }
        last = Some(again);
    }
    if let Some(again) = last {
        show(&again, None);
        println!("did not fail in {} runs; --times allows more", args.times.max(1));
        return Ok(if again.verdict == Verdict::Pass { 0 } else { 2 });
    }
    Ok(2)
}

/// Judges the stored history with the judges of today.
pub fn judge(file: &Path) -> Result<u8, Failure> {
    let stored = read(file)?;
    let verdict = judge::judge(&stored.program, &stored.history, &stored.manifest);
    if verdict != stored.verdict {
        println!("the verdict has changed: it was {}, it is {}", stored.verdict.name(), verdict.name());
    }
    let today = Evidence { verdict, ..stored };
    show(&today, Some(file));
    Ok(match today.verdict {
        Verdict::Pass => 0,
        Verdict::Fail(_) => 1,
        _ => 2,
    })
}

fn read(file: &Path) -> Result<Evidence, Failure> {
    Evidence::read(file)
        .map_err(|error| Failure::usage(format!("{error}; expected a file that `procession check` stored")))
}

fn show(evidence: &Evidence, path: Option<&Path>) {
    let clauses = clauses::all();
    let clause = clauses.iter().find(|clause| clause.id == evidence.clause);
    let failure = if let Verdict::Fail(failure) = &evidence.verdict { Some(failure) } else { None };
    let mut row = Row {
        clause: evidence.clause.clone(),
        level: clause.map_or(procession::clause::Level::Must, |clause| clause.level),
        text: clause.map_or("this suite has no such clause any more", |clause| clause.text).into(),
        source: clause.map_or("", |clause| clause.source).into(),
        verdict: evidence.verdict.clone(),
        standing: Standing::Open,
        reason: None,
        runs: 1,
        ms: 0,
        evidence: path.map(Path::to_path_buf),
        lanes: Some(lanes(&evidence.program, &evidence.history, failure, 100)),
        held: None,
    };
    row.settle(&Expectations::default(), &evidence.manifest.version);
    anstream::println!("{}", text::explain(&row, &evidence.implementation));
}
