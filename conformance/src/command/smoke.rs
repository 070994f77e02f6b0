//! `smoke`: is the adapter itself sound?

use procession::judge;
use procession::report::lanes::lanes;
use procession::report::text::quoted;
use procession::run::{RunOptions, Session, SessionOptions};
use procession::smoke::questions;
use procession::suite;
use procession::verdict::Verdict;
use procession_contract::Method;

use super::output::{say, width};
use super::{Failure, registry};

/// Asks the adapter the questions in turn and stops at the first wrong answer, which is the adapter's.
pub fn smoke(name: &str, options: &SessionOptions) -> Result<u8, Failure> {
    let named = registry::named(name)?;
    let fault = |error: &dyn std::fmt::Display| {
        Failure::session(format!("{error}\nconformance/PROTOCOL.md says what the adapter should do"))
    };
    let mut session = Session::open(&named.adapter, options).map_err(|error| fault(&error))?;
    let manifest = session.manifest().clone();
    say(format_args!("ok  hello: {} {} ({})", manifest.name, manifest.version, manifest.language));
    suite::vet(&manifest).map_err(|error| fault(&error))?;
    let questions = questions(&manifest);
    if questions.is_empty() {
        return Err(fault(&"the manifest offers nothing that can be asked: no calls, or no start method"));
    }
    for question in &questions {
        let method = manifest.methods.first().copied().unwrap_or(Method::Fork);
        let history = session.run(&question.program, method, &RunOptions::default());
        let history = history.map_err(|error| fault(&format!("not so: {}\n{error}", question.about)))?;
        match judge::judge(&question.program, &history, &manifest) {
            Verdict::Pass => say(format_args!("ok  {}", question.about)),
            Verdict::Fail(failure) => {
                say(lanes(&question.program, &history, Some(&failure), width()));
                let (expected, actual) = (&failure.expected, &failure.actual);
                return Err(fault(&format!(
                    "not so: {}\nexpected {expected}; actual {actual}",
                    question.about
                )));
            }
            other => {
                say(lanes(&question.program, &history, None, width()));
                let why = match other {
                    Verdict::Unresolved(why) | Verdict::Unsupported(why) | Verdict::Untested(why) => why,
                    Verdict::Pass | Verdict::Fail(_) => String::new(),
                };
                return Err(fault(&format!("not shown: {}\n{why}", question.about)));
            }
        }
    }
    let check = quoted(name);
    say(format_args!(
        "the adapter is sound in {} questions: `procession check {check}` judges the implementation",
        questions.len()
    ));
    Ok(0)
}
