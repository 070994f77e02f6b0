//! Whether answers agree with the manifest: what it lists must be offered, and `other` is no answer.

use std::collections::BTreeSet;

use procession_contract::{Manifest, Outcome};

use super::{Progress, Run, fail, words};
use crate::program::Expect;
use crate::verdict::{FailureKind, Verdict};

/// A false claim, an undeclared error, or a call that is declared not to be offered; `None` if all
/// answers are within what the manifest says.
///
/// `other` fails every line, expected or not, unless an expectation names it: an error that means
/// none of the outcomes is never what a clause promises.
pub fn check(run: &Run, manifest: &Manifest) -> Option<Verdict> {
    let mut missing = BTreeSet::new();
    for (worker, line) in run.places() {
        let Progress::Returned(_, returned) = run.progress(worker, line) else { continue };
        let outcome = returned.answer.outcome;
        if !matches!(outcome, Outcome::Unsupported | Outcome::Other) {
            continue;
        }
        let role = run.line(worker, line);
        if role.expect.as_ref().is_some_and(|expect| names(expect, outcome)) {
            continue;
        }
        let call = words::call_name(&role.step.call);
        if outcome == Outcome::Other {
            return Some(fail(
                FailureKind::WrongOutcome,
                format!("{} gives one of the outcomes of the contract", run.called(worker, line)),
                words::answer(&returned.answer),
                vec![run.cited(worker, line)],
            ));
        }
        if manifest.offers_call(run.program.kind_of(&role.step.on), &call) {
            return Some(fail(
                FailureKind::FalseClaim,
                format!("`{call}` is offered, as the manifest of {} says", manifest.name),
                format!("{} was answered unsupported", run.called(worker, line)),
                vec![run.cited(worker, line)],
            ));
        }
        missing.insert(call);
    }
    let missing: Vec<_> = missing.into_iter().collect();
    (!missing.is_empty())
        .then(|| Verdict::Unsupported(format!("{} does not offer {}", manifest.name, missing.join(", "))))
}

fn names(expect: &Expect, outcome: Outcome) -> bool {
    match expect {
        Expect::Outcome(expected) => *expected == outcome,
        Expect::OneOf(expected) => expected.contains(&outcome),
        Expect::All(all) | Expect::Any(all) => all.iter().any(|one| names(one, outcome)),
        _ => false,
    }
}
