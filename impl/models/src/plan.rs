//! What is to happen in a model: who dies before which operation, whose deadline comes at which wait,
//! who wakes without a reason, and which defect is in.

use std::cell::Cell;

use crate::sync::platform;

/// A defect that is brought in on purpose.
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
    /// The seed with this name, in the text of the algorithms.
    Seeded(&'static str),
}

/// What is to happen in every execution of one model. Processes, operations and waits count from 1.
///
/// An operation does not count for deaths if all that the process has done since the one before was to read a
/// word: it might as well have died before it read. What it leaves to the others is the same, and it has learnt
/// less, so that no order of theirs is excluded that was possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The processes that die, each before its n-th shared operation that counts.
    pub deaths: [Option<(u32, u32)>; 2],
    /// Whether every operation counts.
    pub every_death: bool,
    /// The process whose deadline comes at once in its n-th wait that has one.
    pub early: Option<(u32, u32)>,
    /// The process that is woken in its n-th wait that has a deadline at the moment when that comes.
    pub late: Option<(u32, u32)>,
    /// The process whose n-th wait ends without a reason.
    pub spurious: Option<(u32, u32)>,
    /// The defect.
    pub defect: Option<Defect>,
}

thread_local! {
    static PLAN: Cell<Plan> = const {
        Cell::new(Plan { deaths: [None; 2], every_death: false, early: None, late: None, spurious: None, defect: None })
    };
}

/// The plan of the model that runs in this thread.
pub fn plan() -> Plan {
    PLAN.get()
}

/// Whether the seed with this name is in.
pub fn seeded(name: &str) -> bool {
    matches!(plan().defect, Some(Defect::Seeded(seed)) if seed == name)
}

/// A family of plans: each is tried from the first operation or wait on, until it happens in no execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plans {
    /// Nothing happens.
    Plain,
    /// Nothing happens, and there is one preemption less than elsewhere: for scenes that are too large.
    PlainLess,
    /// This process dies before each of its operations.
    Death(u32),
    /// Both die, before each pair of their operations.
    Deaths(u32, u32),
    /// This process's deadline comes at once in each of its waits.
    Early(u32),
    /// As that, with one preemption less than elsewhere.
    EarlyLess(u32),
    /// This process is woken at the moment when its deadline comes, in each of its waits: the wake is spent.
    Late(u32),
    /// As that, with one preemption less than elsewhere.
    LateLess(u32),
    /// Each of this process's waits ends without a reason.
    Spurious(u32),
}

impl std::fmt::Display for Plans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Plans::Plain => write!(f, "plain"),
            Plans::PlainLess => write!(f, "plain, less"),
            Plans::Death(victim) => write!(f, "{victim} dies"),
            Plans::Deaths(first, second) => write!(f, "{first} and {second} die"),
            Plans::Early(process) => write!(f, "deadline of {process}"),
            Plans::EarlyLess(process) => write!(f, "deadline of {process}, less"),
            Plans::Late(process) => write!(f, "{process} woken too late"),
            Plans::LateLess(process) => write!(f, "{process} too late, less"),
            Plans::Spurious(process) => write!(f, "spurious wake of {process}"),
        }
    }
}

/// What was explored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// The plans, each of which happened in some execution.
    pub plans: u32,
    /// The executions of all of them.
    pub executions: u64,
}

impl Plans {
    /// Explores a scene under each plan of the family, with a defect or without.
    ///
    /// # Panics
    /// The scene's own words do not hold in some execution, or no plan ever happened.
    pub fn explore(self, scene: fn(), defect: Option<Defect>) -> Explored {
        let base = Plan { defect, every_death: every_death(), ..Plan::default() };
        let mut explored = Explored::default();
        let is_less = matches!(self, Plans::PlainLess | Plans::EarlyLess(_) | Plans::LateLess(_));
        let bound = bound() - usize::from(is_less);
        let mut happens = |plan: Plan| {
            let (executions, happened) = explore(plan, scene, bound);
            if happened[0] > 0 {
                explored.plans += 1;
                explored.executions += executions;
            }
            happened
        };
        match self {
            Plans::Plain | Plans::PlainLess => {
                let (executions, _) = explore(base, scene, bound);
                explored = Explored { plans: 1, executions };
            }
            Plans::Death(victim) => {
                let plan = |n| Plan { deaths: [Some((victim, n)), None], ..base };
                (1..).take_while(|n| happens(plan(*n))[0] > 0).count();
            }
            Plans::Deaths(first, second) => {
                let plan = |n, m| Plan { deaths: [Some((first, n)), Some((second, m))], ..base };
                for n in 1.. {
                    let mut last = [0; 2];
                    for m in 1.. {
                        last = happens(plan(n, m));
                        if last[0] == 0 || last[1] == 0 {
                            break;
                        }
                    }
                    if last[0] == 0 {
                        break;
                    }
                }
            }
            Plans::Early(process) | Plans::EarlyLess(process) => {
                let plan = |n| Plan { early: Some((process, n)), ..base };
                (1..).take_while(|n| happens(plan(*n))[0] > 0).count();
            }
            Plans::Late(process) | Plans::LateLess(process) => {
                let plan = |n| Plan { late: Some((process, n)), ..base };
                (1..).take_while(|n| happens(plan(*n))[0] > 0).count();
            }
            Plans::Spurious(process) => {
                let plan = |n| Plan { spurious: Some((process, n)), ..base };
                (1..).take_while(|n| happens(plan(*n))[0] > 0).count();
            }
        }
        assert!(explored.plans > 0, "\"{self}\" never happened");
        explored
    }
}

/// Whether each death is explored, also those that nobody can tell from another one: if `PROCESSION_LOOM_ALL` is
/// set.
pub fn every_death() -> bool {
    std::env::var_os("PROCESSION_LOOM_ALL").is_some()
}

/// The bound on preemptions: `PROCESSION_LOOM_BOUND`, 2 unless set; at least 1.
pub fn bound() -> usize {
    std::env::var("PROCESSION_LOOM_BOUND").ok().and_then(|bound| bound.parse().ok()).unwrap_or(2).max(1)
}

/// Explores every interleaving of a scene under a plan, with at most so many preemptions. Returns how many
/// executions there were, and in how many the plan's events happened.
fn explore(plan: Plan, scene: fn(), bound: usize) -> (u64, [u64; 2]) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(bound);
    // Beyond it loom panics. The limits at which loom would fall silent, whoever set them, are off.
    builder.max_branches = 20_000;
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_file = None;
    builder.checkpoint_interval = usize::MAX;
    PLAN.set(plan);
    platform::forget_events();
    builder.check(move || platform::run(&scene));
    PLAN.set(Plan::default());
    platform::events()
}
