//! `manager soak`: clients are killed at random in the middle of their calls, and nothing of them may remain.

mod chance;
pub mod client;
mod clients;
mod figures;
mod ledger;
mod served;
mod stock;
mod taker;

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use procession::program::random;
use procession_manager::proxy::{CallError, Remote};

use self::chance::Chance;
use self::clients::Clients;
use self::figures::Figures;
use self::ledger::Ledger;
use self::served::Served;
use self::stock::Stock;
use super::Failure;
use crate::command::Seed;
use crate::command::output::say;

/// What `manager soak` is asked.
#[derive(Args)]
pub struct SoakArgs {
    /// How long clients are killed, in seconds
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    seconds: u64,
    /// How many clients there are at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    clients: u16,
    /// The seed of what clients call and when they are killed: a number, `today` or `random`
    #[arg(long, default_value_t = Seed(random::SEED))]
    seed: Seed,
    /// The interpreter of every other client; all are in Rust where it is none
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: String,
}

/// How long the server has to notice that clients are gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many lines tell of how it goes.
const LINES: u32 = 10;

/// The longest time between two kills, in microseconds.
const LONGEST_PAUSE: u64 = 20_000;

/// Soaks; the exit status.
pub fn soak(args: &SoakArgs) -> Result<u8, Failure> {
    let unasked = |error: CallError| Failure::suite(format!("the server could not be asked: {error}"));
    let mut served = Served::start().map_err(Failure::suite)?;
    let remote = Remote::at(served.address().clone(), served.key().clone());
    let stock = Stock::create(&remote).map_err(unasked)?;
    let figures = || Figures::of(&remote, served.pid()).map_err(Failure::suite);
    let before = settled(figures, |figures| figures.objects == stock::SHARED.len() as u64)?;
    let mut chance = Chance::of(args.seed.0);
    let mut clients = Clients::new(&served, &args.python);
    say(format_args!(
        "seed {}, {} clients at a time, {}",
        args.seed,
        args.clients,
        match clients.has_python() {
            true => format!("every other one in Python ({})", args.python),
            false => format!("all of them in Rust: {} is no Python that runs", args.python),
        }
    ));
    say(format_args!(
        "{:>7} {:>8} {:>10} {:>8} {:>12} {:>8} {:>11}",
        "s", "kills", "calls", "objects", "descriptors", "threads", "memory KiB"
    ));
    row("before", 0, 0, &before);
    for _ in 0..args.clients {
        clients.start(&mut chance).map_err(Failure::suite)?;
    }
    let began = Instant::now();
    let mut shown = 0;
    while began.elapsed() < Duration::from_secs(args.seconds) {
        thread::sleep(Duration::from_micros(chance.below(LONGEST_PAUSE)));
        clients.kill_one(&mut chance).map_err(Failure::suite)?;
        let line = (began.elapsed().as_secs_f64() / args.seconds as f64 * f64::from(LINES)) as u32;
        if line > shown && line < LINES {
            shown = line;
            let seconds = format!("{:.1}", began.elapsed().as_secs_f64());
            row(&seconds, clients.killed(), clients.ledger().total().answered, &figures()?);
        }
    }
    clients.kill_all().map_err(Failure::suite)?;
    let killed = clients.killed();
    let mut ledger = clients.into_ledger();
    let mut faults: Vec<String> = ledger.failures().to_vec();
    let balances = stock.balance(&mut ledger).map_err(unasked)?;
    let after = settled(figures, |figures| figures.more_than(&before).is_none())?;
    row("after", killed, ledger.total().answered, &after);
    faults.extend(after.more_than(&before));
    calls(&ledger);
    say("");
    for (what, balance) in balances {
        say(format_args!("{what:26} {}", balance.text));
        faults.extend(balance.fault.map(|fault| format!("{what}: {fault}")));
    }
    drop(stock);
    if let Err(said) = served.end() {
        faults.push(said);
    }
    say("");
    if faults.is_empty() {
        say(format_args!("nothing remained of {killed} clients that were killed"));
        return Ok(0);
    }
    faults.iter().for_each(|fault| say(format_args!("FAIL  {fault}")));
    Ok(1)
}

/// The figures as soon as they are as they should be; as they are after a while, where they are not.
fn settled(
    figures: impl Fn() -> Result<Figures, Failure>,
    are_right: impl Fn(&Figures) -> bool,
) -> Result<Figures, Failure> {
    let deadline = Instant::now() + PATIENCE;
    // Whoever asked last has a thread for another moment: the least of a few looks is without it.
    let mut least = figures()?;
    for look in 0.. {
        let now = figures()?;
        least = Figures {
            objects: now.objects,
            descriptors: least.descriptors.min(now.descriptors),
            threads: least.threads.min(now.threads),
            memory: now.memory,
        };
        if (look >= 20 && are_right(&least)) || Instant::now() >= deadline {
            break;
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(least)
}

fn row(when: &str, kills: u64, calls: u64, figures: &Figures) {
    let Figures { objects, descriptors, threads, memory } = figures;
    say(format_args!(
        "{when:>7} {kills:>8} {calls:>10} {objects:>8} {descriptors:>12} {threads:>8} {memory:>11}"
    ));
}

fn calls(ledger: &Ledger) {
    say("");
    say(format_args!("{:26} {:>10} {:>16}", "call", "answered", "clients killed"));
    for (kind, calls) in ledger.calls() {
        say(format_args!("{kind:26} {:>10} {:>16}", calls.answered, calls.killed));
    }
}
