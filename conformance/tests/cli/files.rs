//! Files that a person names: expectations, stored failures, the directory of reports.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;

use super::{Said, check, directory, procession, trial};

/// A clause that `threads` fails in every run, and how.
const CLAUSE: &str = "queue/maxsize-counts-unreceived-items";
const KIND: &str = "wrong-outcome";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("expectations_are_read_with_their_lines", expectations_are_read),
        trial("expected_failures_conform", expected_failures_conform),
        trial("a_stale_expectation_fails", a_stale_expectation_fails),
        trial("another_kind_of_failure_fails", another_kind_fails),
        trial("a_stored_failure_fails_again", a_stored_failure_fails_again),
        trial("a_stored_history_is_judged_again", a_stored_history_is_judged_again),
        trial("a_stored_file_is_read_with_its_lines", a_stored_file_is_read),
        trial("files_that_are_missing_are_named", files_that_are_missing),
        trial("a_report_that_cannot_be_written_is_said_first", unwritable_report),
        trial("the_run_before_is_set_aside", the_run_before_is_set_aside),
    ]
}

fn expect(directory: &Path, text: &str) -> String {
    let path = directory.join("expect.toml");
    fs::write(&path, text).expect("a temporary directory is writable");
    path.display().to_string()
}

fn entry(clause: &str, kind: &str) -> String {
    format!("[[expect]]\nclause = \"{clause}\"\nkind = \"{kind}\"\nreason = \"nobody knows\"\n")
}

fn with_expectations(text: &str, clause: &str) -> Said {
    let directory = directory();
    let expect = expect(directory.path(), text);
    check(&directory.path().join("report"), &["threads", "--clause", clause, "--expect", &expect])
}

fn expectations_are_read() {
    let wrong = [
        (
            entry("queue/fifo-per-producr", "hang"),
            ":2: there is no clause \"queue/fifo-per-producr\"; did you mean",
        ),
        (entry(CLAUSE, "hung"), ":3: \"hung\" is no kind of failure, expected one of: wrong-outcome, "),
        (
            entry(CLAUSE, "hang").replace("nobody knows", " "),
            ":4: the reason is empty, expected why it fails",
        ),
        (
            entry(CLAUSE, "hang").replace("reason", "raeson"),
            "unknown field `raeson`, expected one of `clause`",
        ),
        ("[[expect]\n".into(), ":1: "),
    ];
    for (text, expected) in wrong {
        let said = with_expectations(&text, CLAUSE);
        assert_eq!(said.status, Some(64), "{}", said.err);
        assert!(
            said.err.contains("/expect.toml:") && said.err.contains(expected),
            "{expected}: {}",
            said.err
        );
        assert!(said.err.ends_with("put that line right, and check again\n"), "{}", said.err);
    }
}

fn expected_failures_conform() {
    let said = with_expectations(&entry(CLAUSE, KIND), CLAUSE);
    assert_eq!(said.status, Some(0), "{}", said.out);
    assert!(said.out.contains("1 known to fail") && !said.out.contains("FAIL"), "{}", said.out);
}

fn a_stale_expectation_fails() {
    let said = with_expectations(&entry("queue/fifo-per-producer", "hang"), "queue/fifo-per-producer");
    assert_eq!(said.status, Some(1), "{}", said.out);
    assert!(said.out.starts_with("STALE queue/fifo-per-producer on threads\n"), "{}", said.out);
    assert!(said.out.contains("expect.toml lists it as failing: remove the entry"), "{}", said.out);
}

fn another_kind_fails() {
    let said = with_expectations(&entry(CLAUSE, "hang"), CLAUSE);
    assert_eq!(said.status, Some(1), "{}", said.out);
    let expected = "expect.toml lists another kind of failure, because: nobody knows";
    assert!(said.out.contains(expected), "{}", said.out);
}

/// Stores a failure and gives its path.
fn stored(directory: &Path) -> PathBuf {
    let said = check(directory, &["threads", "--clause", CLAUSE]);
    assert_eq!(said.status, Some(1), "{}{}", said.out, said.err);
    let path = directory.join(format!("{}.procession.json", CLAUSE.replace('/', ".")));
    assert!(said.out.contains(&format!("replay    procession replay {}\n", path.display())), "{}", said.out);
    path
}

fn a_stored_failure_fails_again() {
    let directory = directory();
    let path = stored(directory.path()).display().to_string();
    let again = directory.path().join("again").display().to_string();
    let said = procession(&["replay", &path, "--report", &again]);
    assert_eq!(said.status, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains("\n        main  |-put undecodable-|"), "no lanes:\n{}", said.out);
    assert!(said.out.contains("failure   wrong-outcome\n"), "{}", said.out);
    assert!(said.out.ends_with("failed in run 1\n"), "{}", said.out);
    let said = procession(&["replay", &path, "--on", "reference", "--times", "2", "--report", &again]);
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.ends_with("did not fail in 2 runs; --times allows more\n"), "{}", said.out);
}

fn a_stored_history_is_judged_again() {
    let directory = directory();
    let path = stored(directory.path());
    let said = procession(&["judge", &path.display().to_string()]);
    assert_eq!(said.status, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.starts_with(&format!("FAIL  {CLAUSE} on threads\n")), "{}", said.out);
    // Another verdict than the history shows.
    let mut evidence: Value =
        serde_json::from_str(&fs::read_to_string(&path).expect("stored")).expect("JSON");
    evidence["verdict"] = "pass".into();
    fs::write(&path, evidence.to_string()).expect("it is ours");
    let said = procession(&["judge", &path.display().to_string()]);
    assert_eq!(said.status, Some(1), "{}{}", said.out, said.err);
    let changed = "the verdict has changed: it was pass, it is fail (wrong-outcome)\n";
    assert!(said.out.starts_with(changed), "{}", said.out);
}

fn a_stored_file_is_read() {
    let directory = directory();
    let path = stored(directory.path());
    let text = fs::read_to_string(&path).expect("stored");
    let wrong = [
        (
            text.replacen("\"seed\": ", "\"seed\": \"x\", \"was\": ", 1),
            "in `seed`: invalid type: string \"x\"",
        ),
        (
            text.replacen("\"clause\"", "\"clauses\"", 1),
            ":3: in `clauses`: unknown field `clauses`, expected one of",
        ),
        (text.replacen("\"form\": 1", "\"form\": 7", 1), "the form is 7, expected 1"),
        (text[..text.len() / 2].to_string(), "EOF while parsing"),
    ];
    for (content, expected) in wrong {
        fs::write(&path, content).expect("it is ours");
        for command in ["judge", "replay"] {
            let said = procession(&[command, &path.display().to_string()]);
            assert_eq!((said.status, said.out.as_str()), (Some(64), ""), "{}", said.err);
            let file = format!("procession: {}:", path.display());
            assert!(said.err.starts_with(&file) && said.err.contains(expected), "{expected}: {}", said.err);
            assert!(said.err.ends_with("expected a file that `procession check` stored\n"), "{}", said.err);
        }
    }
}

fn files_that_are_missing() {
    for arguments in
        [&["judge", "/nowhere/x"][..], &["replay", "/nowhere/x"], &["check", "--expect", "/nowhere/x"]]
    {
        let said = procession(arguments);
        assert_eq!(said.status, Some(64), "{}", said.err);
        assert!(said.err.starts_with("procession: /nowhere/x: No such file"), "{}", said.err);
    }
}

fn unwritable_report() {
    let directory = directory();
    let file = directory.path().join("file");
    fs::write(&file, "").expect("a temporary directory is writable");
    let said = check(&file, &["threads", "--clause", CLAUSE]);
    assert_eq!((said.status, said.out.as_str()), (Some(64), ""), "{}", said.err);
    assert!(said.err.contains("; --report names another directory"), "{}", said.err);
    let closed = directory.path().join("closed");
    fs::create_dir(&closed).expect("a temporary directory is writable");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).expect("it is ours");
    // Root may write everywhere.
    if fs::write(closed.join("x"), "").is_err() {
        assert_eq!(check(&closed, &["threads", "--clause", CLAUSE]).status, Some(64));
    }
}

fn the_run_before_is_set_aside() {
    let directory = directory();
    let first = stored(directory.path());
    fs::write(directory.path().join("notes"), "mine").expect("a temporary directory is writable");
    let said = check(directory.path(), &["threads", "--clause", "queue/fifo-per-producer"]);
    assert_eq!(said.status, Some(0), "{}", said.out);
    assert!(!first.exists(), "an old failure lies beside a report that knows nothing of it");
    let earlier = directory.path().join("earlier");
    assert!(earlier.join(first.file_name().expect("a name")).exists());
    let report = fs::read_to_string(earlier.join("report.txt")).expect("it was set aside");
    assert!(report.starts_with(&format!("FAIL  {CLAUSE}")), "{report}");
    assert!(directory.path().join("notes").exists());
}
