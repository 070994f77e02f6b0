//! Every scene under every plan: one row each, and a line of totals.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use libtest_mimic::{Arguments, Trial};
use procession_models::plan::{Explored, Plans, bound};
use procession_models::sync::scenes::{self, Scene};

static ROWS: Mutex<Vec<(String, Plans, Explored, f64)>> = Mutex::new(Vec::new());

fn main() {
    let trials = scenes::all().into_iter().flat_map(|scene| {
        scene.plans.iter().map(move |plans| {
            Trial::test(format!("{}: {plans}", scene.name), move || {
                // In a thread of its own: a model that fails leaves its thread unfit for another one.
                let explored = std::thread::spawn(move || row(scene, *plans)).join();
                explored.map_err(|_| "see the panic above".into())
            })
        })
    });
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials.collect());
    print();
    conclusion.exit();
}

fn row(scene: Scene, plans: Plans) {
    let began = Instant::now();
    // It returns only when all is explored: a limit that is hit is a panic.
    let explored = plans.explore(scene.play, None);
    let row = (scene.name.to_owned(), plans, explored, began.elapsed().as_secs_f64());
    ROWS.lock().unwrap_or_else(PoisonError::into_inner).push(row);
}

fn print() {
    let rows = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    if rows.is_empty() {
        return;
    }
    println!("{:<50} {:<22} {:>6} {:>11} {:>8}", "scene", "what happens", "plans", "executions", "seconds");
    let mut total = (0, 0, 0);
    for (scene, plans, explored, seconds) in rows.iter() {
        let executions = explored.executions;
        println!(
            "{scene:<50} {:<22} {:>6} {executions:>11} {seconds:>8.1}",
            plans.to_string(),
            explored.plans
        );
        let deaths = matches!(plans, Plans::Death(_) | Plans::Deaths(..));
        total.0 += explored.plans;
        total.1 += executions;
        total.2 += if deaths { explored.plans } else { 0 };
    }
    println!(
        "total: {} plans, {} of them deaths, {} executions, at most {} preemptions, all complete",
        total.0,
        total.2,
        total.1,
        bound()
    );
}
