//! Barriers: all pass or none does, and a death breaks them.

use std::cell::Cell;
use std::rc::Rc;

use loom::cell::UnsafeCell;

use super::super::barrier::{Barrier, NotPassed, Words};
use super::super::raw_lock::Peers;
use super::super::{A64, Ordering, hook, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain, PlainLess, Spurious};
use crate::plan::plan;

const NEVER: Deadline = Deadline::Never;
/// What ends a wait when nothing else can happen any more.
const AT_LAST: Deadline = Deadline::At(0);

pub const SCENES: &[Scene] = &[
    Scene { name: "barrier, two", play: || round(2, 2, NEVER), plans: &[Plain, Spurious(1)] },
    Scene { name: "barrier, two in a hurry", play: || round(2, 2, AT_LAST), plans: &[Early(1), Death(1)] },
    Scene { name: "barrier, one comes late", play: late, plans: &[Death(1)] },
    Scene { name: "barrier, three", play: || round(3, 3, NEVER), plans: &[Plain] },
    Scene { name: "barrier, four", play: || round(4, 4, NEVER), plans: &[PlainLess] },
    Scene { name: "barrier, three in a hurry", play: || round(3, 3, AT_LAST), plans: &[Early(1), Death(1)] },
    Scene { name: "barrier, two of three come", play: || round(3, 2, AT_LAST), plans: &[Plain, Death(1)] },
    Scene { name: "barrier, two rounds of two", play: two_rounds, plans: &[Plain] },
    Scene { name: "barrier, three come to one of two", play: one_too_many, plans: &[Plain, Death(1)] },
    Scene { name: "barrier, two with an action", play: || with_action(2, Ok(())), plans: &[Plain, Death(1)] },
    Scene { name: "barrier, the action fails", play: || with_action(2, Err(())), plans: &[Plain, Death(1)] },
    Scene {
        name: "barrier, three come to an action of two",
        play: || with_action(3, Ok(())),
        plans: &[Plain],
    },
    Scene {
        name: "barrier, reset while two come",
        play: || disturbed(2, Left::Whole),
        plans: &[Plain, Early(1), Death(1), Death(3)],
    },
    Scene {
        name: "barrier, reset while two of three come",
        play: || disturbed(3, Left::Whole),
        plans: &[Plain, Early(1)],
    },
    Scene {
        name: "barrier, broken while two come",
        play: || disturbed(2, Left::Broken),
        plans: &[Plain, Death(3)],
    },
];

/// For the night: too large for every day.
pub const DEEP: &[Scene] =
    &[Scene { name: "barrier, four (deep)", play: || round(4, 4, NEVER), plans: &[Plain] }];

/// How a wait ended.
type Passed = Result<u32, NotPassed<()>>;

/// What a party does.
type Action = fn() -> Result<(), ()>;

struct Shared {
    words: Words,
    nodes: [A64; 8],
    parties: u32,
    witnesses: Witnesses,
}

/// Tells the living from the dead, and remembers that it did.
struct Witnesses(Cell<bool>);

impl Peers for Witnesses {
    fn is_dead(&self, owner: u32) -> bool {
        let is_dead = platform::is_dead(owner);
        self.0.set(self.0.get() | is_dead);
        is_dead
    }

    fn spins(&self, _most: u32) -> u32 {
        0
    }
}

impl Shared {
    fn new(parties: u32) -> Rc<Shared> {
        Rc::new(Shared {
            words: Words::new(),
            nodes: std::array::from_fn(|_| A64::new(0)),
            parties,
            witnesses: Witnesses(Cell::new(false)),
        })
    }

    fn barrier(&self) -> Barrier<'_, Witnesses> {
        let Shared { words, nodes, parties, witnesses } = self;
        // Rounds of two need no more than four nodes.
        let nodes = &nodes[..*parties as usize * 2];
        Barrier { words, nodes, parties: *parties, may_spin: false, peers: witnesses, me: platform::me() }
    }

    fn wait(&self, deadline: Deadline) -> Passed {
        self.barrier().wait(deadline, None::<Action>)
    }

    /// Who has died arriving or waiting is found, and does not keep the others until the deadline.
    fn check_death_was_noticed(&self, told: &[Option<Passed>]) {
        let is_late = told.contains(&Some(Err(NotPassed::TimedOut)));
        if told[0].is_none() && is_late && platform::was_late_after_a_death() {
            assert!(!self.has_left_its_node(1), "a dead party kept the others until the deadline");
            assert!(!self.witnesses.0.get(), "a death was seen, and nobody was told");
        }
    }

    /// Whether a process has left a node behind.
    fn has_left_its_node(&self, process: u32) -> bool {
        let owner = |node: &A64| node.load(Ordering::Relaxed) as u32 & !(1 << 31);
        self.nodes.iter().any(|node| owner(node) == process)
    }
}

fn bodies(count: u32, shared: &Rc<Shared>, body: fn(&Shared) -> Passed) -> Vec<Body<Passed>> {
    let one = |_| {
        let shared = shared.clone();
        Box::new(move || body(&shared)) as Body<Passed>
    };
    (0..count).map(one).collect()
}

/// All who are alive have passed, each with an index of its own, or none has.
fn agree(told: &[Option<Passed>]) {
    let mut indices: Vec<_> = told.iter().flatten().filter_map(|told| told.ok()).collect();
    let alive = told.iter().flatten().count();
    assert!(indices.is_empty() || indices.len() == alive, "some passed, some did not: {told:?}");
    indices.sort_unstable();
    indices.dedup();
    assert!(indices.is_empty() || indices.len() == alive, "an index was given twice: {told:?}");
    assert!(indices.iter().all(|index| *index < told.len() as u32), "an index is too large: {told:?}");
}

/// One round, to which so many processes come.
fn round(parties: u32, comers: u32, deadline: Deadline) {
    let shared = Shared::new(parties);
    let body = match deadline {
        Deadline::Never => |shared: &Shared| shared.wait(NEVER),
        _ => |shared: &Shared| shared.wait(AT_LAST),
    };
    let told = platform::processes(bodies(comers, &shared, body));
    agree(&told);
    if comers == parties && plan().early.is_none() && plan().deaths == [None; 2] {
        assert!(told.iter().flatten().all(Result::is_ok), "somebody did not pass: {told:?}");
    }
    shared.check_death_was_noticed(&told);
}

/// A party that was dead before the other one came is not taken for one that waits.
fn late() {
    let shared = Shared::new(2);
    let told = platform::processes(bodies(2, &shared, |shared| {
        let is_alone = platform::me() == 2 && platform::is_dead(1);
        let passed = shared.wait(AT_LAST);
        assert!(!is_alone || passed.is_err(), "passed together with the dead");
        passed
    }));
    shared.check_death_was_noticed(&told);
}

/// Two rounds: both pass both.
fn two_rounds() {
    let shared = Shared::new(2);
    let told = platform::processes(bodies(2, &shared, |shared| {
        let first = shared.wait(NEVER)?;
        let second = shared.wait(NEVER)?;
        Ok(first << 8 | second)
    }));
    let told: Vec<_> = told.into_iter().map(|told| told.unwrap().unwrap()).collect();
    assert_eq!(told[0] ^ told[1], 0x0101, "an index was given twice: {told:x?}");
    assert!(told.iter().all(|told| told & !0x0101 == 0), "an index is too large: {told:x?}");
}

/// Three come to a barrier of two: two pass, and one waits for the next round.
fn one_too_many() {
    let shared = Shared::new(2);
    let told = platform::processes(bodies(3, &shared, |shared| shared.wait(AT_LAST)));
    let mut passed: Vec<_> = told.iter().flatten().filter_map(|told| told.ok()).collect();
    passed.sort_unstable();
    if told.iter().all(Option::is_some) {
        assert_eq!(passed, [0, 1], "{told:?}");
    }
    // One of those who passed may be dead.
    assert!(passed.len() <= 2 && passed.windows(2).all(|pair| pair[0] != pair[1]), "{told:?}");
}

/// The action of one of two parties comes before both of them go on; who comes besides waits in vain.
fn with_action(comers: usize, outcome: Result<(), ()>) {
    let shared = Rc::new((Shared::new(2), UnsafeCell::new(0), Cell::new(0)));
    let body = |_| {
        let shared = shared.clone();
        Box::new(move || {
            let (of_barrier, written, acted) = &*shared;
            let passed = of_barrier.barrier().wait(
                AT_LAST,
                Some(|| {
                    acted.set(acted.get() + 1);
                    // Panics if another one runs it too, or has gone on already.
                    written.with_mut(|_| hook());
                    outcome
                }),
            );
            if passed.is_ok() {
                written.with(|_| hook());
            }
            passed
        }) as Body<Passed>
    };
    let mut told = platform::processes((0..comers).map(body).collect());
    if comers > 2 {
        let late = told.iter().position(|told| *told == Some(Err(NotPassed::TimedOut)));
        told.remove(late.expect("assertion: one came too many, and passed"));
    }
    agree(&told);
    let acted = shared.2.get();
    assert!(acted <= 1, "{acted} actions in one round");
    let passed = told.iter().flatten().filter(|told| told.is_ok()).count();
    assert!(passed == 0 || acted == 1 && outcome.is_ok(), "passed without the action");
    if told.iter().all(Option::is_some) {
        let failed = told.contains(&Some(Err(NotPassed::ActionFailed(()))));
        assert_eq!((passed, failed), if outcome.is_ok() { (2, false) } else { (0, true) }, "{told:?}");
    }
    shared.0.check_death_was_noticed(&told);
}

/// How a disturbance leaves the barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Broken,
    Whole,
}

/// Two come, and a third process disturbs them.
fn disturbed(parties: u32, left: Left) {
    let shared = Shared::new(parties);
    let mut all = bodies(2, &shared, |shared| shared.wait(AT_LAST));
    let disturbing = {
        let shared = shared.clone();
        Box::new(move || {
            match left {
                Left::Broken => shared.barrier().abort(),
                Left::Whole => shared.barrier().reset(),
            }
            Passed::Ok(0)
        }) as Body<Passed>
    };
    all.push(disturbing);
    let told = platform::processes(all);
    agree(&told[..2]);
    for process in (1..=3).filter(|process| told[*process as usize - 1].is_some()) {
        assert!(!shared.has_left_its_node(process), "{process} has left its node behind");
    }
    let by_time = |told: &Option<Passed>| *told == Some(Err(NotPassed::TimedOut));
    let is_calm = told.iter().all(Option::is_some) && !told.iter().any(by_time);
    if is_calm {
        assert_eq!(shared.words.is_broken(), left == Left::Broken);
        assert_eq!(shared.words.waiting(), 0);
    }
}
