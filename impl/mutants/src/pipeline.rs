//! Mutants in pipelines.

use std::process::{Command, Stdio};

use procession_contract::{Answer, Call, Implementation, Objects, Outcome};

use crate::{Defect, Mutant};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "pipeline_sorts",
        about: "The lines that come out of several stages are sorted.",
        clauses: &["pipeline/output-of-each-is-input-of-the-next"],
        defect: Defect::in_library(sorts),
    },
    Mutant {
        name: "pipeline_needs_two",
        about: "A single program is no pipeline.",
        clauses: &["pipeline/one-stage"],
        defect: Defect::in_library(needs_two),
    },
    Mutant {
        name: "pipeline_tells_the_last_exit_code",
        about: "Only the last stage's exit code is told; the others are 0 unless a signal ended them.",
        clauses: &["pipeline/exit-code-of-every-stage"],
        defect: Defect::in_library(tells_the_last_exit_code),
    },
    Mutant {
        name: "pipeline_passes_a_pipeful",
        about: "No more than an empty pipe holds gets from one stage to the next.",
        clauses: &["pipeline/stages-run-at-the-same-time"],
        defect: Defect::in_library(passes_a_pipeful),
    },
    Mutant {
        name: "pipeline_leaves_a_stage",
        about: "When a stage ended early, a process is left running.",
        clauses: &["pipeline/nothing-runs-on"],
        defect: Defect::in_library(leaves_a_stage),
    },
    Mutant {
        name: "pipeline_input_must_be_read",
        about: "Input that nobody reads is an error.",
        clauses: &["pipeline/unread-input-is-no-error"],
        defect: Defect::in_library(input_must_be_read),
    },
];

fn sorts(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let mut answer = inner.call(on, call, objects);
    if let (Call::Pipeline { stages, .. }, Some(text)) = (call, &answer.text)
        && stages.len() > 1
    {
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        lines.sort_unstable();
        answer.text = Some(lines.concat());
    }
    answer
}

fn needs_two(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::Pipeline { stages, .. } if stages.len() < 2 => {
            Answer::error(Outcome::BadValue, "a pipeline has two stages at least")
        }
        call => inner.call(on, call, objects),
    }
}

fn tells_the_last_exit_code(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    let mut answer = inner.call(on, call, objects);
    if let (Call::Pipeline { .. }, Some((_, earlier))) = (call, answer.items.split_last_mut()) {
        for (code, _) in earlier {
            *code = (*code).min(0);
        }
    }
    answer
}

fn passes_a_pipeful(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Call::Pipeline { stages, input } = call else { return inner.call(on, call, objects) };
    let limit = ["head", "-c", "65536"].map(String::from).to_vec();
    let limited = stages.iter().flat_map(|stage| [limit.clone(), stage.clone()]).skip(1).collect();
    let mut answer = inner.call(on, &Call::Pipeline { stages: limited, input: input.clone() }, objects);
    answer.items = answer.items.into_iter().step_by(2).collect();
    answer.value = answer.items.len() as i64;
    answer
}

/// The exit code of a stage whose reader was gone.
const SIGPIPE: i64 = -13;

fn leaves_a_stage(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    if let Call::Pipeline { .. } = call
        && answer.items.iter().any(|(code, _)| *code == SIGPIPE)
    {
        let mut stage = Command::new("sleep");
        stage.arg("600").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Err(error) = stage.spawn() {
            return Answer::error(Outcome::Other, error);
        }
    }
    answer
}

fn input_must_be_read(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Call::Pipeline { stages, input: input @ Some(_) } = call else {
        return inner.call(on, call, objects);
    };
    let mut fed = vec![vec!["cat".to_owned()]];
    fed.extend(stages.iter().cloned());
    let mut answer = inner.call(on, &Call::Pipeline { stages: fed, input: input.clone() }, objects);
    if answer.outcome == Outcome::Ok {
        let (feeder, _) = answer.items.remove(0);
        answer.value -= 1;
        if feeder != 0 {
            return Answer::error(Outcome::BrokenPipe, "the first stage did not read its input");
        }
    }
    answer
}
