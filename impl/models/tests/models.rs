//! Every scene under every plan: one row each, and a line of totals.
//!
//! Each row is explored in a process of its own, since what loom finds may end the process that finds
//! it (loom panics again while it clears up): the other rows go on, and are in the table.
//!
//! With `PROCESSION_LOOM_ALL` there are also the deaths that nobody can tell from another one, and the scenes
//! that are too large for every day. `PROCESSION_LOOM_SECONDS` limits the time of a row, for deeper bounds: a
//! row that is not complete by then is shown as ignored, and never counts as passed.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use procession_models::plan::{Explored, Plans, bound, every_death};
use procession_models::sync::scenes;

/// Set for the process that explores a row: the row's number.
const ROW: &str = "PROCESSION_ROW";

/// The exit status of a process that did not explore its row in time.
const INCOMPLETE: i32 = 75;

/// What was explored, and in how many seconds, by the number of the row.
static EXPLORED: Mutex<BTreeMap<usize, (Explored, f64)>> = Mutex::new(BTreeMap::new());

#[derive(Clone, Copy)]
struct Row {
    scene: &'static str,
    play: fn(),
    plans: Plans,
}

fn rows() -> Vec<Row> {
    let of_scene = |scene: scenes::Scene| {
        scene.plans.iter().map(move |plans| Row { scene: scene.name, play: scene.play, plans: *plans })
    };
    let deep = if every_death() { scenes::deep() } else { Vec::new() };
    scenes::all().into_iter().chain(deep).flat_map(of_scene).collect()
}

fn main() {
    let rows = rows();
    if let Ok(number) = std::env::var(ROW) {
        if let Some(limit) = limit() {
            std::thread::spawn(move || {
                std::thread::sleep(limit);
                std::process::exit(INCOMPLETE);
            });
        }
        let Row { play, plans, .. } = rows[number.parse::<usize>().expect("the number of a row")];
        // It returns only when all is explored: a limit that is hit is a panic.
        let Explored { plans, executions } = plans.explore(play, None);
        println!("{plans} {executions}");
        return;
    }
    // The scenes that take longest are the last ones: they begin first, so that no CPU idles in the end.
    let trials = rows.iter().enumerate().rev().map(|(number, row)| {
        Trial::ignorable_test(format!("{}: {}", row.scene, row.plans), move || explore(number))
    });
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials.collect());
    print(&rows);
    conclusion.exit();
}

/// How long a row may take, if that is limited.
fn limit() -> Option<Duration> {
    let seconds = std::env::var("PROCESSION_LOOM_SECONDS").ok()?;
    let seconds = seconds.parse().expect("PROCESSION_LOOM_SECONDS is a whole number of seconds");
    Some(Duration::from_secs(seconds))
}

fn explore(number: usize) -> Result<Completion, Failed> {
    let began = Instant::now();
    let output = Command::new(std::env::current_exe()?).env(ROW, number.to_string()).output()?;
    if output.status.code() == Some(INCOMPLETE) {
        let limit = limit().unwrap_or_default();
        return Ok(Completion::ignored_with(format!("not complete after {} s", limit.as_secs())));
    }
    let text = String::from_utf8(output.stdout)?;
    let numbers = text.split_whitespace().map(str::parse::<u64>).collect::<Result<Vec<_>, _>>();
    let (Ok([plans, executions]), true) = (numbers.as_deref(), output.status.success()) else {
        return Err(format!("{text}{}{}", String::from_utf8_lossy(&output.stderr), output.status).into());
    };
    let explored = Explored { plans: u32::try_from(*plans)?, executions: *executions };
    let mut all = EXPLORED.lock().unwrap_or_else(PoisonError::into_inner);
    all.insert(number, (explored, began.elapsed().as_secs_f64()));
    Ok(Completion::Completed)
}

fn print(rows: &[Row]) {
    let all = EXPLORED.lock().unwrap_or_else(PoisonError::into_inner);
    if all.is_empty() {
        return;
    }
    println!("{:<50} {:<22} {:>6} {:>11} {:>8}", "scene", "what happens", "plans", "executions", "seconds");
    let mut total = (0, 0, 0);
    for (number, (explored, seconds)) in all.iter() {
        let Row { scene, plans, .. } = rows[*number];
        let Explored { plans: count, executions } = *explored;
        println!("{scene:<50} {:<22} {count:>6} {executions:>11} {seconds:>8.1}", plans.to_string());
        let deaths = matches!(plans, Plans::Death(_) | Plans::Deaths(..));
        total.0 += count;
        total.1 += executions;
        total.2 += if deaths { count } else { 0 };
    }
    println!(
        "total: {} plans, {} of them deaths, {} executions, at most {} preemptions (one less where \
         that is said), each of these rows complete",
        total.0,
        total.2,
        total.1,
        bound()
    );
}
