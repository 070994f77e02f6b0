//! A short bench measures, checks, and leaves nothing behind. No assertion is about speed.
//!
//! The bench forks, so it needs a process of one thread, which a test harness is not: the tests run
//! the example, as a user would.

mod example;

use example::{bench, lines};
use rstest::rstest;

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
    example::gives_a_figure(&["--case", name]);
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
