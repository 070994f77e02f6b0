//! One scenario, one snapshot: the program in Rust on the reference and the program in Python on CPython
//! must both tell it. Lines stand in the order that is promised, and sorted where none is.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};

#[path = "../../conformance/tests/pythons/mod.rs"]
mod pythons;

/// The scenarios by their names: their programs in Rust, and the tests of those in Python.
macro_rules! scenarios {
    ($($name:literal)*) => {
        const IN_RUST: &[(&str, &str)] = &[$(($name, env!(concat!("CARGO_BIN_EXE_", $name)))),*];
        const IN_PYTHON: &[pythons::Test] = &[$((
            concat!("cpython_tells_the_story_of_", $name),
            |interpreter| told_in_python(interpreter, $name),
        )),*];
    };
}

scenarios! {
    "ten_producers"
    "producer_and_consumer"
    "pipeline"
    "shared_counter"
    "bounded_buffer"
    "rendezvous"
    "door"
    "permits"
    "entrance_and_exit"
}

fn main() -> ExitCode {
    let mut trials = vec![Trial::test("every_program_in_rust_has_its_twin_in_python", every_twin)];
    trials.extend(IN_RUST.iter().map(|(name, program)| {
        Trial::test(format!("the_reference_tells_the_story_of_{name}"), move || {
            snapshot(name, &story(name, Command::new(program)));
            Ok(())
        })
    }));
    let shared: [pythons::Test; 2] = [
        ("rust_and_python_share_a_manager_with_one_visitor_of_the_other", |python| shared(python, "exit")),
        ("rust_and_python_share_a_manager_with_both_of_the_other", |python| shared(python, "both")),
    ];
    trials.extend(pythons::plain(8.., &[IN_PYTHON, &shared].concat()));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

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

fn in_python(interpreter: &str, name: &str) -> Command {
    let mut program = Command::new(interpreter);
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

fn told_in_python(interpreter: &str, name: &str) -> Result<(), Failed> {
    snapshot(name, &story(name, in_python(interpreter, name)));
    Ok(())
}

/// On the manager of each language, with one visitor of the other and with both of it.
fn shared(interpreter: &str, others: &str) -> Result<(), Failed> {
    let name = "entrance_and_exit";
    let in_rust = env!("CARGO_BIN_EXE_entrance_and_exit");
    let mut ours = Command::new(in_rust);
    ours.args([others, interpreter]).arg(root().join("python").join(name).with_extension("py"));
    snapshot(name, &story(name, ours));
    let mut cpythons = in_python(interpreter, name);
    cpythons.args([others, in_rust]);
    snapshot(name, &story(name, cpythons));
    Ok(())
}

fn every_twin() -> Result<(), Failed> {
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
    let mut told: Vec<&str> = IN_RUST.iter().map(|(name, _)| *name).collect();
    told.sort_unstable();
    assert_eq!(told, names("python", "py"), "each is told here");
    Ok(())
}
