//! `replay` and `judge`: a stored failure again.

use std::path::Path;

use procession::clauses;
use procession::evidence::Evidence;
use procession::expectation::Expectations;
use procession::judge;
use procession::report::lanes::lanes;
use procession::report::{Row, Standing, text};
use procession::run::{RunOptions, Session};
use procession::sweep::scenes;
use procession::verdict::Verdict;

use super::check::unwritable;
use super::output::{say, width};
use super::{Failure, ReplayArgs, registry};

/// Runs the stored program again, until it fails or `times` runs are over.
pub fn replay(args: &ReplayArgs) -> Result<u8, Failure> {
    let stored = read(&args.file)?;
    let name = args.on.as_deref().unwrap_or(&stored.implementation);
    let named = registry::named(name)?;
    let mut session = Session::open(&named.adapter, &args.patience.session()).map_err(Failure::session)?;
    let manifest = session.manifest().clone();
    procession::plan::methods(&stored.program, &manifest)
        .map_err(|lacks| Failure::usage(format!("{name} cannot run this program: {lacks}")))?;
    let mut last = None;
    for time in 1..=args.times {
        let history =
            session.run(&stored.program, stored.method, &RunOptions::default()).map_err(Failure::session)?;
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
            let path = again.store(&args.report).map_err(|error| unwritable(&args.report, &error))?;
            show(&again, Some(&path));
            say(format_args!("failed in run {time}"));
            return Ok(1);
        }
        last = Some(again);
    }
    if let Some(again) = last {
        show(&again, None);
        say(format_args!("did not fail in {} runs; --times allows more", args.times));
        return Ok(if again.verdict == Verdict::Pass { 0 } else { 2 });
    }
    Ok(2)
}

/// Judges the stored history with the judges of today.
pub fn judge(file: &Path) -> Result<u8, Failure> {
    let stored = read(file)?;
    let verdict = judge::judge(&stored.program, &stored.history, &stored.manifest);
    if verdict != stored.verdict {
        let (was, is) = (name(&stored.verdict), name(&verdict));
        say(format_args!("the verdict has changed: it was {was}, it is {is}"));
    }
    let today = Evidence { verdict, ..stored };
    show(&today, Some(file));
    Ok(match today.verdict {
        Verdict::Pass => 0,
        Verdict::Fail(_) => 1,
        _ => 2,
    })
}

/// What is owed in the scene of a sweep whose failure this is.
fn owed(place: &str) -> &'static str {
    let scene = place.strip_prefix("sweep/").and_then(|place| place.split('/').next());
    let scene = scene.and_then(scenes::find);
    scene.map_or("this suite has no such clause or scene any more", |scene| scene.text)
}

/// A verdict in a word or two.
fn name(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Fail(failure) => format!("fail ({})", failure.kind.name()),
        other => other.name().into(),
    }
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
        text: clause.map_or_else(|| owed(&evidence.clause), |clause| clause.text).into(),
        source: clause.map_or("", |clause| clause.source).into(),
        verdict: evidence.verdict.clone(),
        standing: Standing::Open,
        reason: None,
        runs: 1,
        ms: 0,
        evidence: path.map(Path::to_path_buf),
        lanes: Some(lanes(&evidence.program, &evidence.history, failure, width())),
        shrunk: None,
        held: None,
    };
    row.settle(&Expectations::default(), &evidence.manifest.version);
    say(text::explain(&row, &evidence.implementation, width() + 8));
}
