//! Every mutant is convicted by the clauses that it names, and by no clause that has nothing to do with
//! it: one test per mutant, through the command as a person uses it.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};
use procession_mutants::Mutant;
use serde_json::Value;

/// Quick clauses that a defect elsewhere must leave alone. What of them a mutant names is left out.
const PANEL: [&str; 10] = [
    "process/join-blocks-until-end",
    "queue/close-idempotent",
    "queue/full-reflects-bound",
    "queue/get-nonblocking-empty",
    "joinable/task-done-too-often-error",
    "simplequeue/closed-operations-error",
    "os_pipe/bytes-arrive-in-order",
    "pipe/simplex-roles",
    "pipe/message-boundaries-preserved",
    "pipe/send-rejects-non-bytes",
];

/// How often a clause is asked that could not be judged, as on a machine that is too busy, or by random
/// programs whose processes did not meet where the defect is. Any other pass of a mutant, and a failure of
/// a bystander, is never asked again.
const ATTEMPTS: usize = 3;

/// How the names of the clauses end that random programs judge.
const RANDOM: [&str; 3] = ["-in-any-program", "-as-claimed", "-despite-death"];

/// The random programs are the same in every run, so that none is convicted by luck.
const SEED: &str = "1";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Half of the time of a mutant is spent in waiting.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * cores);
    let trials = procession_mutants::all()
        .map(|mutant| Trial::test(mutant.name, move || is_convicted_by_its_clauses_alone(mutant)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn is_convicted_by_its_clauses_alone(mutant: &Mutant) -> Result<(), Failed> {
    let bystanders = PANEL.into_iter().filter(|id| !mutant.clauses.contains(id));
    let mut open: Vec<&str> = mutant.clauses.iter().copied().chain(bystanders).collect();
    let mut faults = Vec::new();
    for attempt in 1..=ATTEMPTS {
        let verdicts = verdicts(mutant, &open)?;
        faults.clear();
        open.retain(|id| {
            let wanted = if mutant.clauses.contains(id) { "fail" } else { "pass" };
            let (verdict, detail) = verdicts.get(*id).map_or(("missing", ""), |(v, d)| (v, d));
            if verdict != wanted {
                faults.push(format!("{id}: expected {wanted}, found {verdict}: {detail}"));
            }
            let missed = verdict == "pass" && wanted == "fail" && RANDOM.iter().any(|end| id.ends_with(end));
            (verdict == "unresolved" || missed) && attempt < ATTEMPTS
        });
        if open.is_empty() || faults.len() > open.len() {
            break;
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{} ({})\n{}\n`procession check mutant:{} --quick --seed {SEED} --clause ID` repeats it",
            mutant.name,
            mutant.about,
            faults.join("\n"),
            mutant.name
        )
        .into()),
    }
}

/// What the command says of these clauses: the verdict and its detail by clause.
fn verdicts(mutant: &Mutant, clauses: &[&str]) -> Result<BTreeMap<String, (String, String)>, Failed> {
    let report = tempfile::tempdir()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_procession"));
    command.args(["check", &format!("mutant:{}", mutant.name), "--quick", "--seed", SEED]);
    command.args(["--format", "json", "--report"]).arg(report.path());
    command.args(clauses.iter().flat_map(|id| ["--clause", id]));
    let output = command.output()?;
    let mut verdicts = BTreeMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        if row.get("clause").is_some() {
            verdicts.insert(text("clause"), (text("verdict"), text("detail")));
        }
    }
    match verdicts.is_empty() {
        true => Err(format!("no verdicts: {}", String::from_utf8_lossy(&output.stderr)).into()),
        false => Ok(verdicts),
    }
}
