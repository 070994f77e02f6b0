//! `list` and `explain`: the clauses, for people and as JSON.

use procession::clause::Clause;
use procession::clauses::{self, claims};
use procession::program::Program;
use procession::report::text::wrap;
use serde::Serialize;

use super::output::say;
use super::{Failure, ListArgs, ListFormat, find};

#[derive(Serialize)]
struct Listed<'a> {
    clause: &'a str,
    level: &'static str,
    text: &'a str,
    source: &'a str,
    origin: Option<&'a str>,
    claims: &'a [&'a str],
}

#[derive(Serialize)]
struct Claim<'a> {
    claim: &'a str,
    text: &'a str,
}

/// Prints the selected clauses.
pub fn list(args: &ListArgs) -> Result<u8, Failure> {
    let all = clauses::all();
    let selection = args.selection.selection(all)?;
    if args.claims {
        list_claims(args.format);
        return Ok(0);
    }
    for clause in all.iter().filter(|clause| selection.has(clause)) {
        match args.format {
            ListFormat::Text => say(format_args!(
                "{:6} {}\n       {}",
                clause.level.name(),
                clause.id,
                wrap(clause.text, 100, "       ")
            )),
            ListFormat::Json => {
                let Clause { id, level, text, source, origin, claims, .. } = clause;
                let listed =
                    Listed { clause: id, level: level.name(), text, source, origin: *origin, claims };
                say(json(&listed));
            }
        }
    }
    Ok(0)
}

/// Prints what a manifest can claim besides what it lists.
fn list_claims(format: ListFormat) {
    for (claim, text) in claims::ALL {
        match format {
            ListFormat::Text => say(format_args!("{claim}\n       {}", wrap(text, 100, "       "))),
            ListFormat::Json => say(json(&Claim { claim, text })),
        }
    }
}

/// Prints one clause with its programs.
pub fn explain(id: &str) -> Result<u8, Failure> {
    let clause = find(id, clauses::all())?;
    say(format_args!("{}   {}", clause.id, clause.level.name()));
    say(format_args!("  {}", wrap(clause.text, 100, "  ")));
    say(format_args!("  source  {}", clause.source));
    if let Some(origin) = clause.origin {
        say(format_args!("  origin  {origin}, a known weakness of CPython turned into a promise"));
    }
    if !clause.claims.is_empty() {
        say(format_args!("  claims  {}", clause.claims.join(", ")));
    }
    let mutants = procession_mutants::convicted_by(clause.id);
    if !mutants.is_empty() {
        say(format_args!("  mutants that it convicts  {}", mutants.join(", ")));
    }
    for (number, program) in (clause.programs)(0).iter().enumerate() {
        let title = if program.title.is_empty() { String::new() } else { format!(": {}", program.title) };
        say(format_args!("\n  program {}{title}\n{}", number + 1, sketch(program).trim_end()));
    }
    Ok(0)
}

/// A program in lines that a person can follow.
fn sketch(program: &Program) -> String {
    let mut text = String::new();
    for object in &program.objects {
        text.push_str(&format!("    object {}\n", json(object)));
    }
    for role in &program.roles {
        text.push_str(&format!("    {}\n", role.worker.name));
        for line in &role.lines {
            let label = if line.label.is_empty() { String::new() } else { format!("  [{}]", line.label) };
            text.push_str(&format!("      {}{label}\n", json(&line.step)));
            for condition in &line.after {
                text.push_str(&format!("        after   {}\n", json(condition)));
            }
            if let Some(expect) = &line.expect {
                text.push_str(&format!("        expect  {}\n", json(expect)));
            }
        }
    }
    for fault in &program.faults {
        text.push_str(&format!("    fault {}\n", json(fault)));
    }
    for judge in &program.judges {
        text.push_str(&format!("    judge {}\n", json(judge)));
    }
    text
}

/// A part of a program as one line of JSON.
fn json(part: &impl Serialize) -> String {
    serde_json::to_string(part).expect("a program is plain data")
}
