//! The CPythons that are found: each that runs is tested, each that does not is shown as ignored.

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
    let mut trials = Vec::new();
    let versions = (search.oldest..=NEWEST).map(|minor| format!("python3.{minor}"));
    for name in std::iter::once("python3".to_owned()).chain(versions) {
        let places = [Some(name.clone()), pyenv(&name).filter(|_| search.in_pyenv)];
        let found = places.into_iter().flatten().find_map(|place| Some((version(&place)?, place)));
        match found {
            None => trials.extend(tests.iter().map(|(test, _)| {
                let missing = format!("there is no CPython named {name}");
                let test = format!("{test}, {name}: UNTESTED: no {name} is found");
                Trial::test(test, || Err(missing.into())).with_ignored_flag(true)
            })),
            Some((version, _)) if seen.contains(&version) => {}
            Some((version, place)) => {
                trials.extend(tests.iter().map(|(test, run)| {
                    let (place, run) = (place.clone(), *run);
                    Trial::test(format!("{test}, {name}: CPython {version}"), move || run(&place))
                }));
                seen.push(version);
            }
        }
    }
    trials
}

/// The interpreter of this name that pyenv keeps, of several the one whose version is the last by its letters.
fn pyenv(name: &str) -> Option<String> {
    let home = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")))?;
    let versions = std::fs::read_dir(home.join("versions")).ok()?.flatten();
    let found = versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists());
    Some(found.max()?.to_str()?.to_owned())
}

/// The interpreter's version, if there is such an interpreter, it runs, and it is CPython.
fn version(interpreter: &str) -> Option<String> {
    let program = "import multiprocessing, sys; print(sys.implementation.name, sys.version.split()[0])";
    let output = Command::new(interpreter).args(["-c", program]).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    said.strip_prefix("cpython ").filter(|_| output.status.success()).map(str::to_owned)
}
