//! Tidy: properties of the project's own text that no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use procession::clause::Level;
use procession::clauses;

/// Past this many lines a file has a second subject.
const LONGEST_FILE: usize = 600;

/// Files that are longer all the same: the first is one enum, the vocabulary of calls.
const STILL_LONG: &[&str] = &["impl/contract/src/call.rs"];

/// Marks of unfinished work and of one machine's paths; written so that this file does not hold them.
const FORBIDDEN: &[&str] =
    &[concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[ign", "ore")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file of the project's own with one of these extensions.
fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of the project") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | ".git" | "__pycache__") {
                    open.push(path);
                }
            } else if extensions.iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file ends in {extensions:?}");
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Panics with all of them, so that one run shows the whole list.
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_file_opens_with_its_purpose() {
    let opens = |path: &&PathBuf| {
        let text = read(path);
        let first = text.lines().find(|line| !line.starts_with("#!")).unwrap_or_default();
        !(first.starts_with("//! ") || first.starts_with("\"\"\""))
    };
    none(files(&["rs", "py"]).iter().filter(opens).map(|path| path.display().to_string()).collect());
}

#[test]
fn no_file_has_a_second_subject() {
    let odd = |path: &PathBuf| {
        let lines = read(path).lines().count();
        let listed = STILL_LONG.iter().any(|long| path.ends_with(long));
        ((lines > LONGEST_FILE) != listed)
            .then(|| format!("{}: {lines} lines, listed as long: {listed}", path.display()))
    };
    none(files(&["rs", "py"]).iter().filter_map(odd).collect());
}

#[test]
fn nothing_is_left_unfinished() {
    let mut faults = Vec::new();
    for path in files(&["rs", "py", "sh"]) {
        for (number, line) in read(&path).lines().enumerate() {
            if FORBIDDEN.iter().any(|mark| line.contains(mark)) {
                faults.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    none(faults);
}

#[test]
fn every_snapshot_is_used() {
    let sources: String = files(&["rs"]).iter().map(|path| read(path)).collect();
    let orphan = |path: &&PathBuf| {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        !sources.contains(&format!("\"{stem}\""))
    };
    none(files(&["snap"]).iter().filter(orphan).map(|path| path.display().to_string()).collect());
}

#[test]
fn every_cited_clause_exists() {
    let known: BTreeSet<&str> = clauses::all().iter().map(|clause| clause.id).collect();
    let mut faults = Vec::new();
    for path in files(&["rs", "py"]) {
        for (number, line) in read(&path).lines().enumerate() {
            let cited =
                line.trim_start().strip_prefix("//= ").or_else(|| line.trim_start().strip_prefix("#= "));
            if let Some(id) = cited.filter(|id| !known.contains(id.trim())) {
                faults.push(format!("{}:{}: there is no clause {id}", path.display(), number + 1));
            }
        }
    }
    none(faults);
}

#[test]
fn every_mutant_names_clauses_that_exist_and_a_name_of_its_own() {
    let known: BTreeSet<&str> = clauses::all().iter().map(|clause| clause.id).collect();
    let mut names = BTreeSet::new();
    let mut faults = Vec::new();
    for mutant in procession_mutants::all() {
        if !names.insert(mutant.name) {
            faults.push(format!("{}: two mutants have this name", mutant.name));
        }
        if mutant.clauses.is_empty() {
            faults.push(format!("{}: no clause convicts it", mutant.name));
        }
        let unknown = mutant.clauses.iter().filter(|id| !known.contains(**id));
        faults.extend(unknown.map(|id| format!("{}: there is no clause {id}", mutant.name)));
    }
    none(faults);
}

#[test]
fn every_must_and_beyond_clause_has_a_mutant() {
    let needs = |level: Level| matches!(level, Level::Must | Level::Beyond);
    let without = clauses::all()
        .iter()
        .filter(|clause| needs(clause.level) && procession_mutants::convicted_by(clause.id).is_empty());
    none(without.map(|clause| clause.id.to_string()).collect());
}
