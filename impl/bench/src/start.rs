//! Starting a process and waiting for its end: the median of one role's attempts.

use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Instant;

use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use procession_reference::context::Method;
use procession_reference::process::Process;

use crate::crew::{self, Crew};
use crate::link::complaint;
use crate::run::{Run, Trouble};
use crate::stage::Stage;

/// The median time of a `Process` of the reference that does nothing, in nanoseconds.
pub fn reference(run: &Run, method: Method) -> Result<f64, Trouble> {
    median(run, || {
        let process = Process::new(nothing, ()).with_method(method);
        process.start().map_err(complaint)?;
        process.join().map_err(complaint)?;
        match process.exitcode().map_err(complaint)? {
            Some(0) => Ok(()),
            code => Err(format!("a process that does nothing ended with {code:?}")),
        }
    })
}

fn nothing((): ()) {}

/// The median time of fork and exec of a program that does nothing.
pub fn fork_exec(run: &Run) -> Result<f64, Trouble> {
    let null = || Stdio::null();
    median(run, || {
        let status = Command::new("/bin/true").stdin(null()).stdout(null()).stderr(null()).status();
        if status.map_err(complaint)?.success() { Ok(()) } else { Err("/bin/true is not".into()) }
    })
}

/// The median time of a bare fork of a process that ends at once.
pub fn fork(run: &Run) -> Result<f64, Trouble> {
    median(run, || {
        let child = crew::fork_and_exit().map_err(complaint)?;
        waitpid(Pid::from_raw(child), None).map(drop).map_err(complaint)
    })
}

fn median(run: &Run, mut attempt: impl FnMut() -> Result<(), String>) -> Result<f64, Trouble> {
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    crew.fork(&stage, || {
        // The first one starts what serves the others.
        attempt()?;
        if !stage.line_up(0) {
            return Ok(());
        }
        let began = Instant::now();
        let mut samples = Vec::new();
        while began.elapsed() < run.length || samples.len() < 3 {
            let before = Instant::now();
            attempt()?;
            samples.push(before.elapsed().as_nanos() as u64);
        }
        let middle = samples.len() / 2;
        let median = *samples.select_nth_unstable(middle).1 as f64;
        stage.lanes[0].value.store(median.to_bits(), Ordering::Release);
        Ok(())
    })?;
    if stage.wait_ready(1, Instant::now() + run.patience) {
        stage.start();
        crew.wait(Instant::now() + run.length + run.patience)?;
    } else {
        stage.stop();
    }
    crew.dismiss().map_err(Trouble::Failed)?;
    Ok(f64::from_bits(stage.lanes[0].value.load(Ordering::Acquire)))
}
