//! A short bench measures, checks, and leaves nothing behind. No assertion is about speed.
//!
//! The bench forks, so it needs a process of one thread, which a test harness is not: the tests run
//! the example, as a user would.

use std::process::{Command, Output};

use rstest::rstest;

fn bench(arguments: &[&str]) -> Output {
    let output = Command::new(example()).args(arguments).output();
    output.expect("the example is built with the tests, by `cargo test -p procession-bench`")
}

/// Cargo builds examples before it runs tests, into a directory beside that of the tests.
fn example() -> std::path::PathBuf {
    let tests = std::env::current_exe().expect("a test knows where it is");
    tests.ancestors().nth(2).expect("…/deps/test").join("examples/bench")
}

fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[rstest]
#[case::queue("reference queue 64 B 2->2")]
#[case::batches("reference queue batches")]
#[case::pipe("reference pipe values")]
#[case::round_trip("reference queue round trip awake")]
#[case::asleep("reference pipe round trip asleep")]
#[case::process("reference process spawn")]
#[case::threads("crossbeam threads 64 B 2->2")]
#[case::ipc_channel("ipc-channel 1 MiB")]
#[case::os_pipe("os pipe 1 MiB")]
#[case::socket("unix socket round trip")]
#[case::copies("limit memcpy")]
#[case::futex("limit futex")]
#[case::fork_exec("limit fork and exec")]
#[case::one_locked("limit one locked")]
#[case::two_locked("limit two locked")]
#[case::alone("reference lock alone")]
#[case::turns("reference lock, two take turns")]
#[case::barrier("reference barrier of two")]
#[case::death("reference lock, death to next")]
#[case::idle("reference lock, a waiter")]
#[case::calls("manager rust->ours l[0], 2 clients")]
#[case::large_calls("manager rust->ours put and get 64 KiB")]
#[case::calls_one_by_one("manager rust->ours round trip after a pause")]
#[case::proxies("manager rust->ours proxy")]
#[case::copies_of_lists("manager rust->ours copy")]
#[case::memory("manager ours, memory of a connection")]
#[case::request_awake("limit bare request and reply, awake")]
#[case::request_asleep("limit bare round trip after")]
#[case::codec("codec ours loads a dict")]
#[case::pthread("pthread robust mutex, two take turns")]
fn a_case_gives_a_figure_in_every_repetition(#[case] name: &str) {
    let output = bench(&["--quick", "--json", "--case", name]);
    assert!(output.status.success(), "{output:?}");
    let cases: Vec<_> = lines(&output).into_iter().filter(|line| line["kind"] == "case").collect();
    assert_eq!(cases.len(), 1, "{cases:?}");
    let samples = cases[0]["samples"].as_array().expect("samples");
    assert_eq!(samples.len(), 3);
    assert!(samples.iter().all(|sample| sample.as_f64().is_some_and(|figure| figure > 0.0)), "{cases:?}");
}

#[test]
fn a_peer_that_is_not_there_is_not_found_and_the_goal_left_open() {
    let cpython = ["--case", "cpython queue 64 B 1->1", "--case", "reference queue 64 B 1->1"];
    let output = bench(&[&["--quick", "--json", "--python", "/nonexistent/python"], &cpython[..]].concat());
    let lines = lines(&output);
    let case =
        lines.iter().find(|line| line["name"] == "cpython queue 64 B 1->1").expect("the case is shown");
    assert_eq!(case["not_found"], "no /nonexistent/python");
    let goal = lines.iter().find(|line| line["by"] == "cpython queue 64 B 1->1").expect("the goal is shown");
    assert!(goal["reached"].is_null() && goal["ratio"].is_null(), "{goal}");
}

/// Skipped where there is no python3, as CPython's other figures are.
#[rstest]
#[case::python_calls("manager python->ours put and get, 1 client")]
#[case::rust_calls("manager rust->cpython d[k] = v")]
#[case::nothing_done("manager python->null l[0], 1 client")]
#[case::pickle("codec cpython loads a request")]
fn what_needs_python_gives_a_figure_or_is_not_found(#[case] name: &str) {
    let output = bench(&["--quick", "--json", "--case", name]);
    assert!(output.status.success(), "{output:?}");
    let lines = lines(&output);
    let case = lines.iter().find(|line| line["kind"] == "case").expect("the case is shown");
    let found = case["figure"]["median"].as_f64().is_some_and(|figure| figure > 0.0);
    assert!(case["failed"].is_null() && (found || case["not_found"].is_string()), "{case}");
}

#[test]
fn an_unknown_case_is_refused_with_the_known_ones() {
    let output = bench(&["--case", "telegraph"]);
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("\"telegraph\"") && text.contains("limit memcpy 1 MiB"), "{text}");
}

#[test]
fn a_process_with_threads_is_refused() {
    // The harness of this test has several.
    let result = procession_bench::run(&procession_bench::Options::quick(), &mut |_| {});
    assert!(matches!(result, Err(procession_bench::BenchError::SeveralThreads { .. })), "{result:?}");
}
