//! What is to happen in one model: who is killed before which operation, and which defect is in.

use std::cell::Cell;
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A defect of the algorithms that a mutant of the platform brings in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A release store is relaxed, so that the payload may come after its commit.
    RelaxedStores,
    /// Unlocking does not wake.
    NoWakeOne,
    /// Opening a gate does not wake.
    NoWakeAll,
    /// Fences do nothing.
    NoFences,
    /// Slices never end, so that a death between commit and wake strands those who sleep.
    NoTicks,
    /// The dead are never found.
    DeadLookAlive,
    /// An exchange always succeeds, whatever was there.
    BlindExchange,
}

/// What is to happen in every execution of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The process (from 1) that dies before its n-th shared operation (from 1).
    pub crash: Option<(u32, u32)>,
    /// The defect.
    pub defect: Option<Defect>,
}

thread_local! {
    static PLAN: Cell<Plan> = const { Cell::new(Plan { crash: None, defect: None }) };
}

/// The plan of the model that runs in this thread.
pub fn plan() -> Plan {
    PLAN.get()
}

/// How many executions loom made of how many crash points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// The executions, of all models together.
    pub executions: u64,
    /// The operations before which the victim was killed.
    pub crash_points: u32,
}

/// Explores every interleaving of a scene under a plan, within the bound on preemptions that
/// `PROCESSION_LOOM_BOUND` gives (2 unless set). Returns how many executions there were.
pub fn explore(plan: Plan, scene: impl Fn() + Sync + Send + 'static) -> u64 {
    let bound = std::env::var("PROCESSION_LOOM_BOUND").ok().and_then(|bound| bound.parse().ok()).unwrap_or(2);
    let executions = StdArc::new(AtomicU64::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(bound);
    builder.max_branches = 20_000;
    builder.checkpoint_interval = 1_000_000;
    PLAN.set(plan);
    builder.check({
        let executions = executions.clone();
        move || {
            executions.fetch_add(1, Ordering::Relaxed);
            crate::sync::platform::run(&scene);
        }
    });
    PLAN.set(Plan::default());
    executions.load(Ordering::Relaxed)
}

/// Explores a scene without a death, then with `victim` dying before its first, second, third …
/// operation, until it survives in every execution. Prints and returns what was explored.
pub fn explore_deaths(name: &str, victim: u32, scene: impl Fn() + Sync + Send + Clone + 'static) -> Explored {
    let mut explored = Explored { executions: explore(Plan::default(), scene.clone()), crash_points: 0 };
    for operation in 1.. {
        let plan = Plan { crash: Some((victim, operation)), defect: None };
        let died = StdArc::new(AtomicU64::new(0));
        crate::sync::platform::count_deaths(Some(died.clone()));
        let executions = explore(plan, scene.clone());
        crate::sync::platform::count_deaths(None);
        if died.load(Ordering::Relaxed) == 0 {
            break;
        }
        explored.executions += executions;
        explored.crash_points += 1;
    }
    println!(
        "{name}: {} executions, process {victim} killed at {} points",
        explored.executions, explored.crash_points
    );
    explored
}
