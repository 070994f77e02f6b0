//! The CPythons that are found: each that runs is tested, each that does not is shown as ignored.

#![allow(dead_code, reason = "each of the tests that share this file uses a part of it")]

use std::ops::RangeBounds;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

/// The newest CPython that is looked for, by the second number of its version.
const NEWEST: u32 = 13;

/// Which CPythons are looked for.
#[derive(Clone, Copy)]
pub struct Search {
    /// The oldest, by the second number of its version.
    pub oldest: u32,
    /// Whether pyenv's are looked at, beside those that the PATH leads to.
    pub in_pyenv: bool,
}

/// A test, by its name, which is given the interpreter.
pub type Test = (&'static str, fn(&str) -> Result<(), Failed>);

/// Each test for each CPython, named after its version: for the one that is called plainly `python3`, and for those
/// that are called by their versions; of several names of one version the first is used.
///
/// With an interpreter that is missing they are tests too, which say so in their names and are ignored: they never
/// count as passed, and fail if they are asked for.
pub fn trials(search: Search, tests: &[Test]) -> Vec<Trial> {
    let mut seen: Vec<String> = Vec::new();
    let mut trials = plain_noting(search.oldest.., &mut seen, tests);
    for name in (search.oldest..=NEWEST).map(|minor| format!("python3.{minor}")) {
        let places = [Some(name.clone()), pyenv(&name).filter(|_| search.in_pyenv)];
        match places.into_iter().flatten().find_map(|place| Some((version(&place)?, place))) {
            None => trials.extend(untested(tests, &name, &format!("no {name} is found"))),
            Some((version, _)) if seen.contains(&version) => {}
            Some((version, place)) => {
                trials.extend(tested(tests, &name, &place, &version));
                seen.push(version);
            }
        }
    }
    trials
}

/// Each test for the CPython that is called plainly `python3`, if the second number of its version is among these.
/// Otherwise they are as [`trials`] has those of one that is missing.
pub fn plain(versions: impl RangeBounds<u32>, tests: &[Test]) -> Vec<Trial> {
    plain_noting(versions, &mut Vec::new(), tests)
}

/// The same; notes its version among those that were seen.
fn plain_noting(versions: impl RangeBounds<u32>, seen: &mut Vec<String>, tests: &[Test]) -> Vec<Trial> {
    const NAME: &str = "python3";
    match version(NAME) {
        None => untested(tests, NAME, "no python3 is found that is a CPython"),
        Some(version) if !minor(&version).is_some_and(|minor| versions.contains(&minor)) => untested(
            tests,
            NAME,
            &format!("it is CPython {version}, and not of the versions that this is about"),
        ),
        Some(version) => {
            let trials = tested(tests, NAME, NAME, &version);
            seen.push(version);
            trials
        }
    }
}

fn tested(tests: &[Test], name: &str, place: &str, version: &str) -> Vec<Trial> {
    let trial = |&(test, run): &Test| {
        let place = place.to_owned();
        Trial::test(format!("{test}, {name}: CPython {version}"), move || run(&place))
    };
    tests.iter().map(trial).collect()
}

fn untested(tests: &[Test], name: &str, why: &str) -> Vec<Trial> {
    let trial = |(test, _): &Test| {
        let missing = format!("{why}; install one, and let the PATH lead to it");
        let test = format!("{test}, {name}: UNTESTED: {why}");
        Trial::test(test, || Err(missing.into())).with_ignored_flag(true)
    };
    tests.iter().map(trial).collect()
}

/// The interpreter of this name that pyenv keeps, of several the one whose version is the last by its letters.
fn pyenv(name: &str) -> Option<String> {
    let home = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")))?;
    let versions = std::fs::read_dir(home.join("versions")).ok()?.flatten();
    let found = versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists());
    Some(found.max()?.to_str()?.to_owned())
}

/// The second number of a version.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("3.")?.split('.').next()?.parse().ok()
}

/// The interpreter's version, if there is such an interpreter, it runs, and it is CPython.
fn version(interpreter: &str) -> Option<String> {
    let program = "import multiprocessing, sys; print(sys.implementation.name, sys.version.split()[0])";
    let output = Command::new(interpreter).args(["-c", program]).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    said.strip_prefix("cpython ").filter(|_| output.status.success()).map(str::to_owned)
}
