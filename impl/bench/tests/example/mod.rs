//! The example that benches, and what it says.

use std::process::{Command, Output};

/// Runs it to its end.
pub fn bench(arguments: &[&str]) -> Output {
    let output = Command::new(example()).args(arguments).output();
    output.expect("the example is built with the tests, by `cargo test -p procession-bench`")
}

/// Cargo builds examples before it runs tests, into a directory beside that of the tests.
fn example() -> std::path::PathBuf {
    let tests = std::env::current_exe().expect("a test knows where it is");
    tests.ancestors().nth(2).expect("…/deps/test").join("examples/bench")
}

/// What it says in JSON.
pub fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// These arguments name one case, and it has a figure in every repetition.
pub fn gives_a_figure(arguments: &[&str]) {
    let output = bench(&[&["--quick", "--json"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    let cases: Vec<_> = lines(&output).into_iter().filter(|line| line["kind"] == "case").collect();
    assert_eq!(cases.len(), 1, "{cases:?}");
    let samples = cases[0]["samples"].as_array().expect("samples");
    assert_eq!(samples.len(), 3, "{cases:?}");
    assert!(samples.iter().all(|sample| sample.as_f64().is_some_and(|figure| figure > 0.0)), "{cases:?}");
}
