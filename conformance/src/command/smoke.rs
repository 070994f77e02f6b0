//! `smoke`: is the adapter itself sound?

use procession::judge;
use procession::report::lanes::lanes;
use procession::run::{RunOptions, Session, SessionOptions};
use procession::smoke::questions;
use procession::verdict::Verdict;
use procession_contract::Method;

use super::{Failure, registry};

/// Asks the adapter the questions in turn and stops at the first wrong answer, which is the adapter's.
pub fn smoke(name: &str) -> Result<u8, Failure> {
    let named = registry::named(name)?;
    let fault = |error: &dyn std::fmt::Display| {
        Failure::suite(format!("{error}\nconformance/PROTOCOL.md says what the adapter should do"))
    };
    let mut session =
        Session::open(&named.adapter, &SessionOptions::default()).map_err(|error| fault(&error))?;
    let manifest = session.manifest().clone();
    println!("ok  hello: {} {} ({})", manifest.name, manifest.version, manifest.language);
    let questions = questions(&manifest);
    if questions.is_empty() {
        return Err(fault(&"the manifest offers nothing that can be asked: no calls, or no start method"));
    }
    for question in &questions {
        let method = manifest.methods.first().copied().unwrap_or(Method::Fork);
        let history = session.run(&question.program, method, &RunOptions::default());
        let history = history.map_err(|error| fault(&format!("not so: {}\n{error}", question.about)))?;
        match judge::judge(&question.program, &history, &manifest) {
            Verdict::Pass => println!("ok  {}", question.about),
            Verdict::Fail(failure) => {
                print!("{}", lanes(&question.program, &history, Some(&failure), 100));
                let (expected, actual) = (&failure.expected, &failure.actual);
                return Err(fault(&format!(
                    "not so: {}\nexpected {expected}; actual {actual}",
                    question.about
                )));
            }
            other => {
                print!("{}", lanes(&question.program, &history, None, 100));
                return Err(fault(&format!("not shown: {}\n{other:?}", question.about)));
            }
        }
    }
    println!(
        "the adapter is sound in {} questions: `procession check '{name}'` judges the implementation",
        questions.len()
    );
    Ok(0)
}
