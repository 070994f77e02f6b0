//! One scenario, one snapshot: the program in Rust on the reference and the program in Python on CPython
//! must both tell it. Lines stand in the order that is promised, and sorted where none is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rstest::rstest;

/// Scenarios whose lines come in no promised order.
const UNORDERED: &[&str] = &["ten_producers"];

/// What a program printed, in the order that is promised.
fn story(name: &str, mut program: Command) -> String {
    let output = program.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let said = String::from_utf8(output.stdout).expect("scenarios print text");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && complaints.is_empty(),
        "{program:?}: {}\n{said}{complaints}",
        output.status
    );
    let mut lines: Vec<&str> = said.lines().collect();
    if UNORDERED.contains(&name) {
        lines.sort_unstable();
    }
    lines.join("\n")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn in_python(name: &str) -> Command {
    let mut program = Command::new("python3");
    program.arg(root().join("python").join(name).with_extension("py"));
    program
}

fn snapshot(name: &str, story: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("../snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, story));
}

#[rstest]
#[case::ten_producers("ten_producers", env!("CARGO_BIN_EXE_ten_producers"))]
#[case::producer_and_consumer("producer_and_consumer", env!("CARGO_BIN_EXE_producer_and_consumer"))]
#[case::pipeline("pipeline", env!("CARGO_BIN_EXE_pipeline"))]
#[case::shared_counter("shared_counter", env!("CARGO_BIN_EXE_shared_counter"))]
#[case::bounded_buffer("bounded_buffer", env!("CARGO_BIN_EXE_bounded_buffer"))]
#[case::rendezvous("rendezvous", env!("CARGO_BIN_EXE_rendezvous"))]
#[case::door("door", env!("CARGO_BIN_EXE_door"))]
#[case::permits("permits", env!("CARGO_BIN_EXE_permits"))]
#[case::entrance_and_exit("entrance_and_exit", env!("CARGO_BIN_EXE_entrance_and_exit"))]
fn the_reference_and_cpython_tell_the_same_story(#[case] name: &str, #[case] program: &str) {
    let told = story(name, Command::new(program));
    snapshot(name, &told);
    assert_eq!(story(name, in_python(name)), told, "CPython tells another story");
}

/// On the manager of each language, with one visitor of the other and with both of it.
#[rstest]
fn rust_and_python_share_a_manager(#[values("exit", "both")] others: &str) {
    let name = "entrance_and_exit";
    let in_rust = env!("CARGO_BIN_EXE_entrance_and_exit");
    let mut ours = Command::new(in_rust);
    ours.args([others, "python3"]).arg(root().join("python").join(name).with_extension("py"));
    snapshot(name, &story(name, ours));
    let mut cpythons = in_python(name);
    cpythons.args([others, in_rust]);
    snapshot(name, &story(name, cpythons));
}

#[test]
fn every_program_in_rust_has_its_twin_in_python() {
    let names = |directory: &str, extension: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root().join(directory)).expect("the scenarios are there");
        let paths = entries.map(|entry| entry.expect("readable").path());
        let mut names: Vec<String> = paths
            .filter(|path| path.extension().is_some_and(|end| end == extension))
            .map(|path| path.file_stem().expect("a file").to_string_lossy().into_owned())
            .filter(|name| name != "pauses")
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("src/bin", "rs"), names("python", "py"));
}
