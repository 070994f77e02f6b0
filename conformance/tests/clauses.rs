//! The clauses as a whole: nothing of the inventory is missing, and every program is well formed.

use std::collections::{BTreeMap, BTreeSet};

use procession::clause::{Clause, Level};
use procession::clauses::{self, claims};
use procession::program::{Condition, Methods, Program, check};
use procession_contract::{Call, ExitStatus, Method};

const SEED: u64 = 7;

fn inventory() -> BTreeMap<String, String> {
    serde_json::from_str(include_str!("../src/clauses/inventory.json")).expect("ids and levels")
}

fn not_portable() -> BTreeMap<String, String> {
    toml::from_str(include_str!("../src/clauses/not_portable.toml")).expect("ids and reasons")
}

fn programs() -> impl Iterator<Item = (&'static Clause, Program)> {
    clauses::all()
        .iter()
        .flat_map(|clause| (clause.programs)(SEED).into_iter().map(move |program| (*clause, program)))
}

#[test]
fn every_inventory_clause_is_here_or_excused_with_a_reason() {
    let excused = not_portable();
    let origins: BTreeSet<&str> = clauses::all().iter().filter_map(|clause| clause.origin).collect();
    for (id, level) in inventory() {
        let present = match level.as_str() {
            "KNOWN-HAZARD" => origins.contains(id.as_str()),
            _ => clauses::find(&id).is_some(),
        };
        assert!(
            present != excused.contains_key(&id),
            "{id} ({level}) is in the inventory: it must be a clause or have a reason why not, not both"
        );
    }
    for (id, reason) in excused {
        assert!(inventory().contains_key(&id), "{id} is excused but not in the inventory");
        assert!(reason.len() > 10 && reason.ends_with('.'), "{id}: the reason is a sentence, not `{reason}`");
    }
}

#[test]
fn levels_are_those_of_the_inventory() {
    let inventory = inventory();
    for clause in clauses::all() {
        if let Some(level) = inventory.get(clause.id) {
            assert_eq!(clause.level.name(), level, "{}", clause.id);
        }
        if let Some(origin) = clause.origin {
            assert_eq!(clause.level, Level::Beyond, "{}", clause.id);
            assert_eq!(inventory.get(origin).map(String::as_str), Some("KNOWN-HAZARD"), "{origin}");
        }
    }
}

#[test]
fn ids_are_unique_words() {
    let mut seen = BTreeSet::new();
    for clause in clauses::all() {
        let id = clause.id;
        assert!(seen.insert(id), "{id} is used twice");
        let (area, name) = id.split_once('/').unwrap_or_else(|| panic!("{id} is no area/name"));
        assert!(area.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !area.is_empty(), "{id}");
        let kebab = name.split('-').all(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        });
        assert!(kebab, "{id} is not in kebab case");
        assert!(!name.contains("hazard"), "{id} names a hazard, not a promise");
    }
}

#[test]
fn every_clause_says_what_it_promises_and_where_that_is_said() {
    for clause in clauses::all() {
        assert!(clause.text.len() > 20 && clause.text.ends_with('.'), "{}: {}", clause.id, clause.text);
        assert!(!clause.text.contains("  ") && !clause.source.contains("  "), "{}", clause.id);
        assert!(!clause.source.is_empty(), "{} has no source", clause.id);
        for claim in clause.claims {
            assert!(claims::ALL.iter().any(|(name, _)| name == claim), "{}: claim `{claim}`", clause.id);
        }
    }
}

#[test]
fn every_clause_has_programs_and_every_program_is_well_formed() {
    for clause in clauses::all() {
        assert!(!(clause.programs)(SEED).is_empty(), "{} has no programs", clause.id);
    }
    for (clause, program) in programs() {
        let found = check::problems(&program);
        assert!(found.is_empty(), "{} {:?}: {found:#?}", clause.id, program.title);
    }
}

#[test]
fn programs_of_one_clause_have_titles_that_tell_them_apart() {
    for clause in clauses::all() {
        let programs = (clause.programs)(SEED);
        let titles: BTreeSet<_> = programs.iter().map(|program| &program.title).collect();
        assert_eq!(titles.len(), programs.len(), "{}: {titles:?}", clause.id);
    }
}

#[test]
fn programs_depend_on_the_seed_alone() {
    for clause in clauses::all() {
        assert_eq!((clause.programs)(SEED), (clause.programs)(SEED), "{}", clause.id);
    }
}

#[test]
fn a_stored_program_is_the_program() {
    for (clause, program) in programs() {
        let stored = serde_json::to_string(&program).expect("a program is plain data");
        let read: Program = serde_json::from_str(&stored).unwrap_or_else(|e| panic!("{}: {e}", clause.id));
        assert_eq!(read, program, "{}", clause.id);
    }
}

#[test]
fn whoever_ends_a_process_says_that_it_needs_processes() {
    for (clause, program) in programs() {
        let only_processes = match &program.methods {
            Methods::Only(methods) | Methods::Among(methods) => !methods.contains(&Method::Thread),
            Methods::Preferred | Methods::Each => false,
        };
        if only_processes || clause.claims.contains(&claims::PROCESSES) {
            continue;
        }
        assert!(program.faults.is_empty(), "{}: a fault harms other workers of a thread", clause.id);
        for (worker, line) in program.lines() {
            let gone = line.after.iter().any(|condition| matches!(condition, Condition::Gone(_)));
            let ends = matches!(
                line.step.call,
                Call::Exit { status: ExitStatus::Immediate(_) } | Call::SignalSelf { .. }
            );
            assert!(!gone && !ends, "{}: a line of `{worker}` ends or awaits a process", clause.id);
        }
    }
}

#[test]
fn the_readme_s_table_counts_the_clauses() {
    let mut counted: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for clause in clauses::all() {
        let (area, _) = clause.id.split_once('/').expect("an area");
        let counts = counted.entry(area).or_default();
        counts[0] += 1;
        counts[1] += usize::from(clause.level == Level::Must);
        counts[2] += usize::from(clause.level == Level::Beyond);
    }
    let row = |line: &'static str| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let area = cells.next()?.trim_end_matches('`');
        let number = |cell: &str| if cell.is_empty() { Some(0) } else { cell.parse().ok() };
        Some((area, [number(cells.next()?)?, number(cells.next()?)?, number(cells.next()?)?]))
    };
    let told: BTreeMap<&str, [usize; 3]> = include_str!("../../README.md").lines().filter_map(row).collect();
    assert_eq!(told, counted, "left: README.md; right: clauses, of which MUST and BEYOND");
}
