//! The reference beside its peers and the limits of the machine, as ratios taken in one run.
//!
//! Speeds on a shared machine mean little by themselves; a ratio of two that were measured one after
//! the other, several times, means something. So all cases advance together: each repetition runs
//! every case once, in random order, and a ratio pairs the runs of one repetition. Every run checks
//! the order and the number of its messages. What other processes used of the machine meanwhile is
//! measured too; a run that they disturbed is repeated, and marked if it never was quiet.
//!
//! No verdict depends on speed: a goal that is not reached is a line in a table.

mod case;
mod crew;
mod goal;
mod link;
mod machine;
mod managed;
mod noise;
mod primitive;
mod round_trip;
mod run;
mod stage;
mod start;
mod stream;
mod subject;
mod table;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

pub use case::Unit;
pub use goal::{Goal, Sense};
pub use machine::Machine;
pub use run::Trouble;
pub use table::{Figure, Row, Sample, Spread, Table};

use case::Case;
use noise::Noise;
use run::Run;

/// What to measure, and how thoroughly.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only cases whose names contain one of these; all if empty.
    pub cases: Vec<String>,
    /// How often each case is measured.
    pub repetitions: u32,
    /// How long a run's window is.
    pub length: Duration,
    /// How often a run that others disturbed is repeated; the calmest one counts.
    pub retries: u32,
    /// From how many busy CPUs of other processes on a run is disturbed.
    pub quiet: f64,
    /// CPython's interpreter.
    pub python: PathBuf,
    /// By what the order of the runs is drawn; by the clock if `None`.
    pub seed: Option<u64>,
}

impl Default for Options {
    /// All cases, five times 150 ms, with `python3` from the search path.
    fn default() -> Options {
        Options {
            cases: Vec::new(),
            repetitions: 5,
            length: Duration::from_millis(150),
            retries: 1,
            quiet: 0.1,
            python: PathBuf::from("python3"),
            seed: None,
        }
    }
}

impl Options {
    /// All cases, three times 40 ms, nothing repeated: orders of magnitude within two minutes.
    pub fn quick() -> Options {
        Options { repetitions: 3, length: Duration::from_millis(40), retries: 0, ..Options::default() }
    }
}

/// How far a bench has got.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// How many runs are done.
    pub done: usize,
    /// How many there will be, repetitions because of others not counted.
    pub total: usize,
    /// The case that runs next.
    pub case: &'static str,
}

/// Why nothing was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BenchError {
    /// No case's name contains what was asked for.
    NoSuchCase {
        /// What was asked for.
        asked: String,
        /// The names of all cases.
        known: Vec<&'static str>,
    },
    /// The process has several threads, so it cannot be forked safely.
    SeveralThreads {
        /// How many it has.
        count: usize,
    },
}

impl std::fmt::Display for BenchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BenchError::NoSuchCase { asked, known } => {
                write!(f, "no case's name contains {asked:?}; the cases are:")?;
                known.iter().try_for_each(|name| write!(f, "\n  {name}"))
            }
            BenchError::SeveralThreads { count } => {
                write!(f, "the bench forks, so it needs a process with one thread; this one has {count}")
            }
        }
    }
}

impl std::error::Error for BenchError {}

/// The names of all cases.
pub fn case_names() -> Vec<&'static str> {
    case::all().map(|case| case.name).collect()
}

/// Measures, telling before each run how far it has got.
///
/// The process must have one thread, since it is forked; `progress` may not start one. While a case
/// runs, this process is the reaper of orphans. Every process that a case starts has been collected
/// when this returns, and dies with this process. Blocks for about six minutes, or two with
/// [`Options::quick`]; a run that hangs is ended after ten seconds and reported in the table.
///
/// # Errors
/// See [`BenchError`]; nothing was measured then. What goes wrong with a case is in the table.
pub fn run(options: &Options, progress: &mut dyn FnMut(Progress)) -> Result<Table, BenchError> {
    let cases = chosen(options)?;
    let count = std::fs::read_dir("/proc/self/task").map_or(1, |tasks| tasks.count());
    if count > 1 {
        return Err(BenchError::SeveralThreads { count });
    }
    let machine = Machine::this();
    let seed = options.seed.unwrap_or_else(|| {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |since| since.as_micros() as u64)
    });
    let mut random = Random(seed);
    let run = Run { length: options.length, patience: Duration::from_secs(10) };
    let total = cases.len() * options.repetitions as usize;
    let mut figures: Vec<Figure> = cases.iter().map(Figure::new).collect();
    let mut done = 0;
    for _ in 0..options.repetitions {
        for number in random.order(cases.len()) {
            progress(Progress { done, total, case: cases[number].name });
            let missing = matches!(figures[number].trouble(), Some(Trouble::NotFound(_)));
            // What is not there now will not be there in the next repetition.
            let sample = match figures[number].samples.first() {
                Some(sample) if missing => sample.clone(),
                _ => calmest(&cases[number], &run, options),
            };
            figures[number].samples.push(sample);
            done += 1;
        }
    }
    Ok(Table { figures, machine, seed, quiet: options.quiet })
}

fn chosen(options: &Options) -> Result<Vec<Case>, BenchError> {
    let matches = |case: &Case, part: &String| case.name.contains(part.as_str());
    for part in &options.cases {
        if !case::all().any(|case| matches(case, part)) {
            return Err(BenchError::NoSuchCase { asked: part.clone(), known: case_names() });
        }
    }
    let wanted =
        |case: &&Case| options.cases.is_empty() || options.cases.iter().any(|part| matches(case, part));
    Ok(case::all().filter(wanted).copied().collect())
}

/// Measures until others did not disturb, or as often as allowed; the calmest run counts.
fn calmest(case: &Case, run: &Run, options: &Options) -> Sample {
    let measure = || {
        let noise = Noise::now();
        let outcome = case.measure(run, &options.python);
        Sample { outcome, others: noise.others_since() }
    };
    let mut best = measure();
    for _ in 0..options.retries {
        // A failure is evidence, not a disturbance: it is never measured away.
        if best.others < options.quiet || best.outcome.is_err() {
            break;
        }
        let again = measure();
        if again.outcome.is_err() || again.others < best.others {
            best = again;
        }
    }
    best
}

/// Pseudo-random numbers (splitmix64), to draw an order that can be drawn again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The numbers below `count` in a random order (Fisher and Yates).
    fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
        order
    }
}
