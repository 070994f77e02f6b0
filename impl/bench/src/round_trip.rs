//! Round trips: one side sends and waits for the answer, the other answers; the median is reported.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::crew::Crew;
use crate::link::{END, Link, Message, read_stamp};
use crate::run::{Run, Trouble};
use crate::stage::Stage;

const PING: usize = 0;
const ECHO: usize = 1;

/// After so many round trips each side has waited for the other at least once.
const SETTLED: u64 = 256;

/// In which state the partner is when a round trip begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partner {
    /// It has just answered and looks for the next message, if the mechanism ever does so awake.
    Awake,
    /// The kernel shows it asleep.
    Asleep,
}

impl Partner {
    /// How many round trips are timed together, so that reading the clock does not count.
    fn batch(self) -> u32 {
        match self {
            Partner::Awake => 16,
            Partner::Asleep => 1,
        }
    }
}

/// The median round trip over a link between two processes on two CPUs, in nanoseconds.
pub fn over<L: Link>(run: &Run, link: &L, size: usize, partner: Partner) -> Result<f64, Trouble> {
    let echo = |_: &Stage| answer(link, size);
    let mut message = Message::new(size, PING);
    let mut buffer = Vec::with_capacity(size);
    let ping = |_: &Stage, sequence: u64| {
        message.stamp(sequence);
        link.send(0, &message.bytes)?;
        if sequence == END {
            return Ok(());
        }
        buffer.clear();
        link.receive(0, size, &mut buffer)?;
        match read_stamp(&buffer, size)?.0 {
            answer if answer == sequence => Ok(()),
            answer => Err(format!("the answer to message {sequence} was {answer}")),
        }
    };
    between_processes(run, partner, SETTLED, ping, echo)
}

/// The median of any round trip between two processes on two CPUs, in nanoseconds. `ping` makes one,
/// given its number; [`END`] ends `echo` and is not answered. The first so many are not timed, and
/// `ping` is kept on its CPU after them.
pub fn between_processes(
    run: &Run,
    partner: Partner,
    settled: u64,
    ping: impl FnMut(&Stage, u64) -> Result<(), String>,
    echo: impl FnOnce(&Stage) -> Result<(), String>,
) -> Result<f64, Trouble> {
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    crew.fork(&stage, || sample(&stage, run, partner, settled, ping))?;
    crew.fork(&stage, || if stage.line_up(ECHO) { echo(&stage) } else { Ok(()) })?;
    conclude(run, &stage, crew)
}

/// The same over a link between two threads of one process.
pub fn between_threads<L: Link + Sync>(run: &Run, link: &L, size: usize) -> Result<f64, Trouble> {
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    crew.fork(&stage, || {
        let stage = &stage;
        std::thread::scope(|scope| {
            let echo = scope.spawn(move || if stage.line_up(ECHO) { answer(link, size) } else { Ok(()) });
            let mut message = Message::new(size, PING);
            let mut buffer = Vec::with_capacity(size);
            let outcome = sample(stage, run, Partner::Awake, SETTLED, |_, sequence| {
                message.stamp(sequence);
                link.send(0, &message.bytes)?;
                if sequence == END {
                    return Ok(());
                }
                buffer.clear();
                link.receive(0, size, &mut buffer)?;
                read_stamp(&buffer, size).map(drop)
            });
            outcome.and(echo.join().unwrap_or(Err("a thread panicked".into())))
        })
    })?;
    conclude(run, &stage, crew)
}

/// Sends back what comes, until the end.
fn answer<L: Link>(link: &L, size: usize) -> Result<(), String> {
    let mut buffer = Vec::with_capacity(size);
    for number in 0u64.. {
        if number == SETTLED {
            stay_on(1);
        }
        buffer.clear();
        link.receive(1, size, &mut buffer)?;
        if read_stamp(&buffer, size)?.0 == END {
            return Ok(());
        }
        link.send(1, &buffer)?;
    }
    Ok(())
}

fn conclude(run: &Run, stage: &Stage, crew: Crew) -> Result<f64, Trouble> {
    if stage.wait_ready(2, Instant::now() + run.patience) {
        stage.start();
        // The one who pings looks at the clock itself; a death or a failure ends the wait early.
        let until = Instant::now() + 2 * run.length + run.patience;
        while !stage.has_failed() && !crew.wait((Instant::now() + Duration::from_millis(50)).min(until))? {
            if Instant::now() >= until {
                break;
            }
        }
    } else {
        stage.stop();
    }
    crew.dismiss().map_err(Trouble::Failed)?;
    Ok(f64::from_bits(stage.lanes[PING].value.load(Ordering::Acquire)))
}

fn sample(
    stage: &Stage,
    run: &Run,
    partner: Partner,
    settled: u64,
    mut ping: impl FnMut(&Stage, u64) -> Result<(), String>,
) -> Result<(), String> {
    let mut samples: Vec<u64> = Vec::with_capacity(1 << 16);
    if !stage.line_up(PING) {
        return Ok(());
    }
    let sleeper = match partner {
        Partner::Awake => None,
        Partner::Asleep => Some(Sleeper::new(stage.lanes[ECHO].pid.load(Ordering::Acquire))?),
    };
    (0..settled).try_for_each(|sequence| ping(stage, sequence))?;
    stay_on(0);
    let began = Instant::now();
    let (warm, end) = (began + run.length / 4, began + run.length / 4 + run.length);
    let mut sequence = settled;
    loop {
        if let Some(sleeper) = &sleeper {
            sleeper.wait_asleep(end + run.patience)?;
        }
        let before = Instant::now();
        for _ in 0..partner.batch() {
            ping(stage, sequence)?;
            sequence += 1;
        }
        let after = Instant::now();
        if before >= warm {
            samples.push((after - before).as_nanos() as u64);
        }
        if after >= end && !samples.is_empty() {
            break;
        }
    }
    ping(stage, END)?;
    let middle = samples.len() / 2;
    let median = *samples.select_nth_unstable(middle).1 as f64 / f64::from(partner.batch());
    stage.lanes[PING].value.store(median.to_bits(), Ordering::Release);
    Ok(())
}

/// Tells whether a process is asleep.
pub struct Sleeper(File);

impl Sleeper {
    /// Of the process with this id.
    pub fn new(pid: u32) -> Result<Sleeper, String> {
        let path = format!("/proc/{pid}/stat");
        File::open(&path).map(Sleeper).map_err(|error| format!("{path}: {error}"))
    }

    /// Returns when the kernel shows it asleep.
    pub fn wait_asleep(&self, until: Instant) -> Result<(), String> {
        let mut line = [0; 512];
        loop {
            let len =
                self.0.read_at(&mut line, 0).map_err(|error| format!("the partner is gone: {error}"))?;
            // The name stands in parentheses and may contain anything; the state follows the last one.
            let state = line[..len].iter().rposition(|byte| *byte == b')').and_then(|at| line.get(at + 2));
            if state == Some(&b'S') {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err("the partner never slept".into());
            }
        }
    }
}

/// Keeps the calling thread on one of the CPUs that it may use: sides on one CPU and sides on two are
/// different experiments, ten times apart, and the scheduler's choice would decide which one it is.
///
/// To be called after [`SETTLED`] round trips: what is measured may ask at its first wait how many CPUs
/// its process has, and with one never look for the partner awake, who might need that one.
pub fn stay_on(number: usize) {
    let this = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(this) else { return };
    let cpus: Vec<usize> = (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu) == Ok(true)).collect();
    let mut one = CpuSet::new();
    // Where it is refused, the sides stay where the scheduler puts them.
    if one.set(cpus[number % cpus.len()]).is_ok() {
        let _ = sched_setaffinity(this, &one);
    }
}
