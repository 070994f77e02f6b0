//! What can be asked without running anything, and what is wrong with a command line.

use libtest_mimic::Trial;
use procession::clauses;
use serde_json::Value;

use super::{command, directory, procession, said, snapshot, told, trial};

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("help_is_as_before", help),
        trial("list_prints_each_clause", list),
        trial("list_selects", list_selects),
        trial("list_prints_the_claims", claims),
        trial("explain_prints_a_clause_and_its_programs", explain),
        trial("implementations_are_named", implementations),
        trial("no_escapes_where_no_terminal_is", no_escapes),
        trial("a_reader_that_goes_away_is_no_panic", reader_goes_away),
    ];
    let wrong: [(&str, &[&str], &[&str]); 17] = [
        (
            "implementation",
            &["check", "threds"],
            &["\"threds\"", "\"threads\"", "`procession implementations`"],
        ),
        ("mutant", &["check", "mutant:nosuch"], &["\"mutant:nosuch\"", "`procession implementations`"]),
        ("smoke_implementation", &["smoke", "referense"], &["\"reference\"", "`procession implementations`"]),
        ("clause", &["explain", "fifo-per-producr"], &["\"queue/fifo-per-producer\"", "`procession list`"]),
        ("clause_of_check", &["check", "--clause", "queue/zzzz"], &["\"queue/zzzz\"", "`procession list`"]),
        ("area", &["list", "--area", "quue"], &["did you mean \"queue\"?", "the areas are isolation, "]),
        ("strange_area", &["list", "--area", "x"], &["there is no area \"x\"; the areas are isolation, "]),
        ("level", &["list", "--level", "shoud"], &["'should'", "try '--help'"]),
        ("format", &["check", "--format", "jason"], &["'json'", "try '--help'"]),
        ("option", &["check", "--sed", "1"], &["'--seed'", "try '--help'"]),
        ("number_of_jobs", &["check", "--jobs", "0"], &["0 is not in 1..", "try '--help'"]),
        ("seed", &["check", "--seed", "x"], &["'--seed <SEED>'", "expected a number, `today` or `random`"]),
        ("address", &["manager", "serve", "--address", "socket"], &["'--address <ADDRESS>'", "(./socket)"]),
        ("port", &["manager", "serve", "--address", "localhost:http"], &["a port from 0 to 65535"]),
        ("limit", &["manager", "serve", "--max-objects", "many"], &["such as 1000, 64K, 256M or 4G"]),
        ("share", &["manager", "serve", "--share", "jobs"], &["expected NAME=TYPE"]),
        ("subcommand", &["chek"], &["'check'", "try '--help'"]),
    ];
    trials.extend(wrong.map(|(name, arguments, expected)| {
        Trial::test(format!("wrong_{name}"), move || {
            let said = procession(arguments);
            assert_eq!((said.status, said.out.as_str()), (Some(64), ""), "{}", said.err);
            for part in expected {
                assert!(said.err.contains(part), "{part:?} is missing:\n{}", said.err);
            }
            Ok(())
        })
    }));
    trials
}

fn help() {
    snapshot!("help", told(&["--help"]));
    snapshot!("help_check", told(&["check", "--help"]));
    snapshot!("help_list", told(&["list", "--help"]));
    snapshot!("help_explain", told(&["explain", "--help"]));
    snapshot!("help_smoke", told(&["smoke", "--help"]));
    snapshot!("help_sweep", told(&["sweep", "--help"]));
    snapshot!("help_replay", told(&["replay", "--help"]));
    snapshot!("help_judge", told(&["judge", "--help"]));
    snapshot!("help_implementations", told(&["implementations", "--help"]));
    assert_eq!(told(&["--version"]), concat!("procession ", env!("CARGO_PKG_VERSION"), "\n"));
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect()
}

fn list() {
    let text = procession(&["list"]);
    let json = procession(&["list", "--format", "json"]);
    assert_eq!((text.status, json.status), (Some(0), Some(0)));
    let listed = objects(&json.out);
    assert_eq!(listed.len(), clauses::all().len());
    for (clause, object) in clauses::all().iter().zip(&listed) {
        assert_eq!((&object["clause"], &object["text"]), (&clause.id.into(), &clause.text.into()));
        assert_eq!(object["level"], clause.level.name());
        assert_eq!(object["source"], clause.source);
        let line = format!("{:6} {}", clause.level.name(), clause.id);
        assert!(text.out.lines().any(|printed| printed == line), "{line:?} is missing");
    }
}

fn list_selects() {
    let said = procession(&["list", "--area", "pipe", "--level", "MUST", "--format", "json"]);
    let listed = objects(&said.out);
    assert!(!listed.is_empty());
    let fits = |object: &Value| {
        object["level"] == "MUST" && object["clause"].as_str().is_some_and(|id| id.starts_with("pipe/"))
    };
    assert!(listed.iter().all(fits), "{}", said.out);
}

fn claims() {
    let json = objects(&procession(&["list", "--claims", "--format", "json"]).out);
    let names: Vec<&Value> = json.iter().map(|object| &object["claim"]).collect();
    assert_eq!(names, ["processes", "cpython_wire", "raising_signals"]);
    let text = procession(&["list", "--claims"]).out;
    assert!(text.starts_with("processes\n       A worker is a process of its own"), "{text}");
    assert_eq!(procession(&["list", "--claims", "--area", "queue"]).status, Some(64));
}

fn explain() {
    snapshot!("explain", procession(&["explain", "pipe/duplex-default"]).out);
}

fn implementations() {
    let said = procession(&["implementations"]);
    for name in ["reference ", "threads ", "cpython ", "cpython:PATH "] {
        assert!(said.out.lines().any(|line| line.starts_with(name)), "{name} is missing:\n{}", said.out);
    }
    for mutant in procession_mutants::all() {
        assert!(said.out.contains(&format!("mutant:{}", mutant.name)), "{} is missing", mutant.name);
    }
}

fn no_escapes() {
    let report = directory();
    let report = report.path().display().to_string();
    let check = ["check", "threads", "--area", "queue", "--report", &report];
    for no_color in [None, Some("1")] {
        for arguments in [&check[..], &["explain", "nothing"], &["--help"]] {
            let mut command = command(arguments);
            command.envs(no_color.map(|value| ("NO_COLOR", value)));
            let said = said(&mut command);
            assert!(!said.out.contains('\x1b') && !said.err.contains('\x1b'), "{}{}", said.out, said.err);
        }
    }
}

fn reader_goes_away() {
    // Gone before the first byte: what is listed would fit into the pipe.
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_procession"))
        .arg("list")
        .stdout(writer)
        .output()
        .expect("the command can be started and ends");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(141), 0));
}
