//! The command line: what can be asked, and how an error ends.

mod bench;
mod check;
mod evidence;
mod explain;
mod implementations;
mod manager;
mod output;
mod registry;
mod smoke;
mod sweep;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand, ValueEnum};
use procession::clause::{Clause, Level};
use procession::nearest::suggestion;
use procession::plan::Selection;
use procession::program::random;
use procession::run::{SessionOptions, interrupt};

/// Tests whether inter-process communication keeps its promises.
#[derive(Parser)]
#[command(version, about, after_help = EXIT_STATUS, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 conforming, 1 not conforming, 2 unresolved, 3 the suite or the adapter itself \
failed, 64 the command line or a file named on it is wrong, 130 interrupted.\n\nIMPL is `reference` (the default), `threads`, `posix`, `posix_robust`, `cpython` (`cpython:PATH` \
for another interpreter), `mutant:NAME`, or the command line of an adapter in one argument.";

#[derive(Subcommand)]
enum Command {
    /// Judges an implementation on every clause: the main job
    Check(CheckArgs),
    /// Lists the clauses
    List(ListArgs),
    /// Explains one clause: its promise, its source, its programs
    Explain {
        /// The clause's id
        #[arg(value_name = "ID")]
        clause: String,
    },
    /// Tests whether an adapter itself is sound, before any clause is judged
    Smoke {
        /// The implementation: `reference`, `threads`, `posix`, `posix_robust`, `cpython`, `cpython:PATH`,
        /// `mutant:NAME`, or an adapter's command line (see `procession implementations`)
        #[arg(default_value = "reference", value_name = "IMPL")]
        implementation: String,
        #[command(flatten)]
        patience: PatienceArgs,
    },
    /// Kills a worker at every moment of a call, and judges what the others are owed
    Sweep(SweepArgs),
    /// Runs the program of a stored failure again
    Replay(ReplayArgs),
    /// Judges the history of a stored failure again, without running anything
    Judge {
        /// A file that `check` stored
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Measures the reference beside its peers and the limits, as ratios from one run
    Bench(BenchArgs),
    /// Lists what can be named as IMPL
    Implementations,
    /// Serves shared objects to programs in Rust and Python
    Manager(manager::ManagerArgs),
    /// Serves an implementation in Rust to the suite (what `check` starts)
    #[command(hide = true)]
    Agent {
        /// Its name
        implementation: String,
    },
}

/// What `check` is asked.
#[derive(Args)]
struct CheckArgs {
    /// The implementation: `reference`, `threads`, `posix`, `posix_robust`, `cpython`, `cpython:PATH`,
    /// `mutant:NAME`, or an adapter's command line (see `procession implementations`)
    #[arg(default_value = "reference", value_name = "IMPL")]
    implementation: String,
    #[command(flatten)]
    selection: SelectionArgs,
    /// The seed of the random programs: a number, `today` for other programs every day, or `random`
    #[arg(long, default_value_t = Seed(random::SEED))]
    seed: Seed,
    /// How many programs run side by side
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Each program with one start method only
    #[arg(long)]
    quick: bool,
    /// Where failures and the report are stored
    #[arg(long, value_name = "DIR", default_value = "target/procession")]
    report: PathBuf,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Expected failures, instead of those that come with the implementation
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// How many times the whole is done; the gravest report is kept
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// How long a failing random program may be made smaller, in seconds; 0 for not at all
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    shrink: u64,
    #[command(flatten)]
    patience: PatienceArgs,
}

/// The seed of random programs, as it is named on the command line.
#[derive(Clone, Copy, Debug)]
struct Seed(u64);

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Seed, String> {
        /// More than any clause has programs, so that no two days have one in common.
        const APART: u64 = 1_000;
        match text {
            "today" => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                Ok(Seed(since.map_or(0, |since| since.as_secs() / 86_400) * APART))
            }
            // Short enough to be read out, and for a number in any language.
            "random" => Ok(Seed(RandomState::new().build_hasher().finish() >> 32)),
            number => {
                let wrong = |error| format!("{error}; expected a number, `today` or `random`");
                number.parse().map(Seed).map_err(wrong)
            }
        }
    }
}

#[derive(Args)]
struct PatienceArgs {
    /// How long the adapter may take to say hello, and to clean up, in seconds
    #[arg(
        id = "patience",
        long = "patience",
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    seconds: u64,
}

impl PatienceArgs {
    /// How sessions are opened.
    fn session(&self) -> SessionOptions {
        SessionOptions { patience: Duration::from_secs(self.seconds), ..SessionOptions::default() }
    }
}

/// What `sweep` is asked.
#[derive(Args)]
struct SweepArgs {
    /// The implementation: `reference`, `threads`, `posix`, `posix_robust`, `cpython`, `cpython:PATH`,
    /// `mutant:NAME`, or an adapter's command line (see `procession implementations`)
    #[arg(default_value = "reference", value_name = "IMPL")]
    implementation: String,
    /// Only this scene; may be repeated
    #[arg(long, value_name = "SCENE")]
    scene: Vec<String>,
    /// Only this way of counting the places of the kill; may be repeated
    #[arg(long, value_enum, value_name = "MODE")]
    mode: Vec<ModeArg>,
    /// Only survivors that run then; may be repeated
    #[arg(long, value_enum, value_name = "SCHEDULE")]
    schedule: Vec<ScheduleArg>,
    /// This one place only: an operation, an instruction, or nanoseconds
    #[arg(long, value_name = "N")]
    at: Option<u64>,
    /// Every how many-th instruction
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Every turn of a loop, too: otherwise, of turns that go the same way, those numbered 1, 2, 4, 8 … and
    /// the last
    #[arg(long)]
    turns: bool,
    /// How long each line of the table may take; what is left out then lies evenly between the rest
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// How many places of each line are enough
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    points: Option<u64>,
    /// A few places of each line only
    #[arg(long)]
    quick: bool,
    /// Scenes that take much memory or time, too
    #[arg(long)]
    heavy: bool,
    /// The seed of the random places: a number, `today` or `random`
    #[arg(long, default_value_t = Seed(random::SEED))]
    seed: Seed,
    /// How many programs run side by side
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Where failures are stored
    #[arg(long, value_name = "DIR", default_value = "target/procession")]
    report: PathBuf,
    /// What is printed
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
    /// The scenes and what their survivors are owed, instead of a sweep
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    patience: PatienceArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeArg {
    /// Before its n-th shared operation, where the implementation offers that (`--features fault`)
    Op,
    /// After its n-th machine instruction
    Step,
    /// At random times
    Random,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScheduleArg {
    /// While the victim is on its way
    Racing,
    /// Only after the kill
    After,
}

#[derive(Args)]
struct BenchArgs {
    /// Few and short runs: orders of magnitude only
    #[arg(long)]
    quick: bool,
    /// Only cases whose names contain this; may be repeated
    #[arg(long, value_name = "PART")]
    case: Vec<String>,
    /// The interpreter of the CPython cases
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// How often each case is measured
    #[arg(long, value_name = "N")]
    repetitions: Option<u32>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

#[derive(Args)]
struct ListArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// The claims that a manifest can make, instead of the clauses
    #[arg(long, conflicts_with_all = ["area", "clause", "level"])]
    claims: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

#[derive(Args)]
struct ReplayArgs {
    /// A file that `check` stored
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// On this implementation instead of the stored one
    #[arg(long, value_name = "IMPL")]
    on: Option<String>,
    /// At most this many runs; the first that fails ends it
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// Where failures are stored
    #[arg(long, value_name = "DIR", default_value = "target/procession")]
    report: PathBuf,
    #[command(flatten)]
    patience: PatienceArgs,
}

#[derive(Args)]
struct SelectionArgs {
    /// Only this area; may be repeated
    #[arg(long, value_name = "AREA")]
    area: Vec<String>,
    /// Only this clause; may be repeated
    #[arg(long, value_name = "ID")]
    clause: Vec<String>,
    /// Only this level; may be repeated
    #[arg(long, value_enum, value_name = "LEVEL", ignore_case = true)]
    level: Vec<LevelArg>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LevelArg {
    Must,
    Should,
    May,
    Beyond,
}

/// What `check` prints.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object a line, then a summary object
    Json,
    /// JUnit XML
    Junit,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// For people
    Text,
    /// One object a line
    Json,
}

/// Why the command could not do its job; what to do next is part of the message.
#[derive(Debug)]
struct Failure {
    /// What was wrong, and what to do about it.
    message: String,
    /// The exit status.
    status: u8,
}

impl Failure {
    /// The suite or the adapter failed.
    fn suite(message: impl std::fmt::Display) -> Failure {
        Failure { message: message.to_string(), status: 3 }
    }

    /// The command line names something that does not exist.
    fn usage(message: impl std::fmt::Display) -> Failure {
        Failure { message: message.to_string(), status: 64 }
    }

    /// The command line names something of this sort that does not exist; `next` is what to do about it.
    fn unknown<'a>(sort: &str, name: &str, known: impl IntoIterator<Item = &'a str>, next: &str) -> Failure {
        // The question mark of a suggestion ends the sentence.
        let near = suggestion(name, known);
        let end = if near.is_empty() { ";" } else { "" };
        Failure::usage(format!("there is no {sort} {name:?}{near}{end} {next}"))
    }

    /// The session or the run was not to be: a fault, or a signal.
    fn session(error: impl std::fmt::Display) -> Failure {
        match interrupt::requested() {
            Some(signal) => Failure {
                message: "interrupted; nothing of the run is left".into(),
                status: interrupt::exit_status(signal) as u8,
            },
            None => Failure::suite(error),
        }
    }
}

/// Runs the command.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    let runs_something = matches!(
        cli.command,
        Command::Check(_) | Command::Smoke { .. } | Command::Sweep(_) | Command::Replay(_)
    );
    if runs_something && let Err(error) = interrupt::install() {
        anstream::eprintln!("procession: {error}; close some descriptors");
        return ExitCode::from(3);
    }
    let done = match cli.command {
        Command::Check(args) => check::check(&args),
        Command::List(args) => explain::list(&args),
        Command::Explain { clause } => explain::explain(&clause),
        Command::Smoke { implementation, patience } => smoke::smoke(&implementation, &patience.session()),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Replay(args) => evidence::replay(&args),
        Command::Judge { file } => evidence::judge(&file),
        Command::Bench(args) => bench::bench(&args),
        Command::Implementations => implementations::list(),
        Command::Agent { implementation } => return registry::serve(&implementation),
        Command::Manager(args) => match manager::manager(&args) {
            Ok(status) => return status,
            Err(failure) => Err(failure),
        },
    };
    match done {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            let style = anstyle::AnsiColor::Red.on_default().bold();
            anstream::eprintln!("{style}procession:{style:#} {}", failure.message);
            ExitCode::from(failure.status)
        }
    }
}

impl SelectionArgs {
    /// The selection, or which name in it does not exist.
    fn selection(&self, clauses: &[&'static Clause]) -> Result<Selection, Failure> {
        for area in &self.area {
            if !clauses.iter().any(|clause| clause.area() == area) {
                let mut areas: Vec<&str> = clauses.iter().map(|clause| clause.area()).collect();
                areas.dedup();
                let next = format!("the areas are {}", areas.join(", "));
                return Err(Failure::unknown("area", area, areas, &next));
            }
        }
        for id in &self.clause {
            find(id, clauses)?;
        }
        let level = |level: &LevelArg| match level {
            LevelArg::Must => Level::Must,
            LevelArg::Should => Level::Should,
            LevelArg::May => Level::May,
            LevelArg::Beyond => Level::Beyond,
        };
        Ok(Selection {
            areas: self.area.clone(),
            clauses: self.clause.clone(),
            levels: self.level.iter().map(level).collect(),
        })
    }
}

/// The clause of this id.
fn find(id: &str, clauses: &[&'static Clause]) -> Result<&'static Clause, Failure> {
    clauses.iter().copied().find(|clause| clause.id == id).ok_or_else(|| {
        let known = clauses.iter().map(|clause| clause.id);
        Failure::unknown("clause", id, known, "`procession list` shows them all")
    })
}
