//! The main worker's process: fresh, with the run's standard files, creating the script's objects.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};
use procession_contract::{Ending, Implementation, Objects, Script, Ticket};

use super::report::Report;
use super::words::Words;
use super::worker;

/// Does the run's `main` from its beginning to its end; returns the process's exit status.
pub(super) fn run(ticket: Ticket, script: &Script, implementation: &'static dyn Implementation) -> i32 {
    let directory = ticket.directory.clone();
    let directory = Path::new(&directory);
    let in_directory =
        |what: &str, error: io::Error| Report::adapter(format!("{what} in {}: {error}", directory.display()));
    let prepared = redirect(directory)
        .map_err(|error| in_directory("standard files", error))
        // Before the objects, which may be found by their addresses in the run's directory.
        .and_then(|()| Words::open(directory).map_err(|error| in_directory("the words", error)))
        .and_then(|_| create(script, implementation));
    match prepared {
        Ok(objects) => {
            let ending = worker::work(ticket, objects, implementation);
            end("main", ending, implementation)
        }
        Err(report) => {
            report.leave(directory);
            1
        }
    }
}

/// Ends a process that the agent forked, as a program in Rust does; returns its exit status.
pub(super) fn end(name: &str, ending: Ending, implementation: &'static dyn Implementation) -> i32 {
    implementation.at_exit();
    let status = match ending {
        Ending::Return => 0,
        // The kernel keeps the low byte.
        Ending::Code(code) => code as i32,
        Ending::Text(text) => {
            eprintln!("{text}");
            1
        }
        Ending::Raise(error) => {
            eprintln!("process {name}: {error}");
            1
        }
    };
    let _ = io::stdout().flush();
    status
}

fn redirect(directory: &Path) -> io::Result<()> {
    let append = |name| File::options().create(true).append(true).open(directory.join(name));
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(append("stdout")?)?;
    dup2_stderr(append("stderr")?)?;
    Ok(())
}

fn create(script: &Script, implementation: &'static dyn Implementation) -> Result<Objects, Report> {
    let mut objects = Objects::new();
    for spec in &script.objects {
        let doing = format!("cannot create the {} `{}`", spec.kind.name(), spec.name);
        let method = spec.method.unwrap_or(script.method);
        let created = implementation.create(spec, method, &mut objects);
        objects.extend(created.map_err(|answer| Report::implementation(&doing, &answer))?);
    }
    Ok(objects)
}
