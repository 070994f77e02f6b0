//! What a person may name as an implementation, and how its adapter is started.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use procession::agent;
use procession::run::AdapterCommand;
use procession_contract::{Body, Ending, Implementation, Objects, Ticket};

use super::Failure;

/// An implementation that was named.
pub struct Named {
    /// How its adapter is started.
    pub adapter: AdapterCommand,
    /// The text of its `expect.toml`.
    pub expectations: Cow<'static, str>,
}

/// The files of the adapter for CPython, which travel inside the command.
const PYTHON_FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/python_files.rs"));

/// The expected failures of CPython.
const PYTHON_EXPECTATIONS: &str = include_str!("../../../impl/python/expect.toml");

/// CPython's clients on the manager's server that the reference has.
const ON_REFERENCE: &str = "cpython_on_reference";

/// The areas whose clauses are about a manager's server.
const SERVED: [&str; 7] =
    ["manager/", "proxy/", "containers/", "namespace/", "mgrsync/", "remote/", "wire/manager-"];

/// The expected failures of these clients there.
const ON_REFERENCE_EXPECTATIONS: &str = include_str!("../../../impl/python/expect_on_reference.toml");

/// Tells CPython's adapter which program serves the objects of its managers.
const MANAGER_SERVER: &str = "PROCESSION_MANAGER_SERVER";

/// Finds out what a name means.
pub fn named(name: &str) -> Result<Named, Failure> {
    let interpreter = |of: &str| match name.strip_prefix(of)? {
        "" => Some("python3"),
        rest => rest.strip_prefix(':'),
    };
    if let Some(interpreter) = interpreter("cpython") {
        return cpython(name, interpreter, PYTHON_EXPECTATIONS.into());
    }
    if let Some(interpreter) = interpreter(ON_REFERENCE) {
        let mut named = cpython(name, interpreter, expectations_on_reference().into())?;
        named.adapter.env.push((MANAGER_SERVER.into(), own_file()?));
        return Ok(named);
    }
    if let Some(expectations) = expectations_of(name) {
        let argv = vec![own_file()?, "agent".into(), name.into()];
        return Ok(Named { adapter: adapter(name, argv), expectations: expectations.into() });
    }
    let program = name.split_whitespace().next().unwrap_or_default();
    if name.contains(char::is_whitespace) || name.contains('/') || on_path(program) {
        let argv = vec!["/bin/sh".into(), "-c".into(), format!("exec {name}").into()];
        return Ok(Named { adapter: adapter(name, argv), expectations: "".into() });
    }
    let known = known();
    let known = known.iter().map(String::as_str);
    Err(Failure::unknown("implementation", name, known, "`procession implementations` shows them all"))
}

/// Every name that is known beforehand.
pub fn known() -> Vec<String> {
    let built = procession_adapters::list::<Worker>().into_iter().map(|entry| entry.name.to_string());
    let mutants = procession_mutants::all().map(|mutant| format!("mutant:{}", mutant.name));
    built.chain(["cpython", ON_REFERENCE].map(String::from)).chain(mutants).collect()
}

/// Serves an implementation in Rust: the process that `check` starts as the adapter.
pub fn serve(name: &str) -> ExitCode {
    match implementation(name) {
        Some(implementation) => agent::serve(name, implementation),
        None => ExitCode::from(64),
    }
}

/// Serves a manager's objects: the process that CPython's adapter starts for `cpython_on_reference`.
pub fn serve_manager() -> ExitCode {
    procession_adapters::reference::serve_manager::<Worker>()
}

fn expectations_of(name: &str) -> Option<&'static str> {
    if let Some(mutant) = name.strip_prefix("mutant:") {
        return procession_mutants::find(mutant).map(|_| "");
    }
    procession_adapters::find::<Worker>(name).map(|entry| entry.expect)
}

fn implementation(name: &str) -> Option<&'static dyn Implementation> {
    if let Some(mutant) = name.strip_prefix("mutant:") {
        return procession_mutants::implementation::<Worker>(mutant);
    }
    procession_adapters::find::<Worker>(name).map(|entry| (entry.implementation)())
}

/// The body of every worker that an implementation in Rust starts for this command.
struct Worker;

impl Body for Worker {
    fn work(ticket: Ticket, mut objects: Objects) -> Ending {
        let mutant = ticket.implementation.strip_prefix("mutant:").and_then(procession_mutants::find);
        if let (Some(mutant), Ok(script)) = (mutant, serde_json::from_str(&ticket.script)) {
            objects = procession_mutants::adopt(mutant, objects, &ticket, &script);
        }
        let implementation =
            implementation(&ticket.implementation).expect("the ticket names what this command serves");
        agent::work(ticket, objects, implementation)
    }

    fn join_run(directory: &Path) {
        agent::join_run(directory);
    }
}

/// CPython's own where no manager's server has a part, and what its clients do wrong on the reference's.
fn expectations_on_reference() -> String {
    const HEADER: &str = "[[expect]]";
    let of_server = |entry: &str| {
        let clause = entry.lines().find_map(|line| line.strip_prefix("clause = \""));
        clause.is_some_and(|id| SERVED.iter().any(|area| id.starts_with(area)))
    };
    let entries = PYTHON_EXPECTATIONS.split(HEADER).filter(|entry| !of_server(entry));
    entries.collect::<Vec<_>>().join(HEADER) + ON_REFERENCE_EXPECTATIONS
}

fn own_file() -> Result<OsString, Failure> {
    match std::env::current_exe() {
        Ok(file) => Ok(file.into()),
        Err(error) => Err(Failure::suite(format!("cannot find this program's own file: {error}"))),
    }
}

fn cpython(name: &str, interpreter: &str, expectations: Cow<'static, str>) -> Result<Named, Failure> {
    let runs = Command::new(interpreter).args(["-c", "import multiprocessing"]).stdin(Stdio::null()).output();
    match runs {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or_default();
            return Err(Failure::suite(format!(
                "{interpreter} does not run as a Python interpreter: {last}; name another one as cpython:PATH"
            )));
        }
        Err(error) => {
            return Err(Failure::suite(format!(
                "{interpreter}: {error}; name an interpreter that exists as cpython:PATH"
            )));
        }
    }
    let directory =
        unpack().map_err(|error| Failure::suite(format!("cannot write the adapter's files: {error}")))?;
    let argv = vec![interpreter.into(), directory.join("adapter.py").into()];
    Ok(Named { adapter: adapter(name, argv), expectations })
}

fn adapter(name: &str, argv: Vec<OsString>) -> AdapterCommand {
    AdapterCommand { name: name.into(), argv, env: Vec::new() }
}

/// Writes the adapter's files below the temporary directory, once per content.
fn unpack() -> std::io::Result<PathBuf> {
    let mut hasher = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(PYTHON_FILES, &mut hasher);
    let user = nix::unistd::getuid();
    let name = format!("procession-python-{user}-{:016x}", std::hash::Hasher::finish(&hasher));
    let directory = std::env::temp_dir().join(name);
    // Python runs what lies there: nobody else may be able to write it.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
    let owned = fs::symlink_metadata(&directory)?;
    if !owned.is_dir() || owned.uid() != user.as_raw() || owned.mode() & 0o022 != 0 {
        return Err(std::io::Error::other(format!(
            "{} belongs to somebody else; TMPDIR names another place",
            directory.display()
        )));
    }
    for (path, content) in PYTHON_FILES {
        let path = directory.join(path);
        if fs::read_to_string(&path).is_ok_and(|there| there == *content) {
            continue;
        }
        fs::create_dir_all(path.parent().unwrap_or(&directory))?;
        // Another run may be writing the same file: each writes its own and renames it.
        let own = path.with_extension(std::process::id().to_string());
        fs::write(&own, content)?;
        fs::rename(&own, &path)?;
    }
    Ok(directory)
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    !program.is_empty()
        && std::env::split_paths(&path).any(|directory| Path::new(&directory).join(program).is_file())
}
