//! Defects brought in on purpose: each must be found, or the models prove nothing.
//!
//! A conviction may end the process that finds it (loom panics again while it clears up), so each
//! model with a defect runs in a process of its own, which must fail.

use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};
use procession_models::plan::Plans::{
    self, Death, Early, EarlyLess, Late, LateLess, Plain, PlainLess, Spurious,
};
use procession_models::plan::{Defect, bound};
use procession_models::seeded::{MISSING, scenes};
use procession_models::seeds;

const MUTANT: &str = "PROCESSION_MUTANT";

type Mutant = (&'static str, Defect, &'static str, Plans);

const fn seed(name: &'static str, scene: &'static str, plans: Plans) -> Mutant {
    (name, Defect::Seeded(name), scene, plans)
}

/// What is wrong, and the scene and plans that show it.
const MUTANTS: &[Mutant] = &[
    ("the lock wakes nobody", Defect::NoWakeOne, "lock, three", Plain),
    ("a lock is taken without looking", Defect::BlindExchange, "lock, three", Plain),
    ("a sender takes its lock without looking", Defect::BlindExchange, "channel, two senders", Plain),
    ("the dead hold a lock for ever", Defect::DeadLookAlive, "lock, three", Death(1)),
    ("nobody looks after a slice", Defect::NoTicks, "lock, three", Death(1)),
    ("the gate wakes nobody", Defect::NoWakeAll, "gate, two wait", Plain),
    ("a dead poller is not made up for", Defect::NoTicks, "bell, one polls and one looks on", Death(3)),
    ("the commit is relaxed", Defect::RelaxedStores, "channel, one to one", Plain),
    (
        "an end in flight is overlooked by a look",
        Defect::Seeded("an end in flight is overlooked"),
        "ends, handed on while one looks",
        Plain,
    ),
    ("waiter and opener miss each other", Defect::NoFences, "gate, two wait", Plain),
    ("sender and receiver miss each other", Defect::NoFences, "channel, bounded", Plain),
    seed("the lock wakes before it is free", "lock, two twice", Plain),
    seed("a woken waiter forgets the others", "lock, three", Plain),
    seed("two recover for one death", "lock, three", Death(1)),
    seed("a lock is taken without acquiring", "lock, two twice", Plain),
    seed("a lock is given back without an exchange", "channel, bounded", Plain),
    seed("a gate opens without a new sequence", "gate, two wait", Plain),
    seed("the commit comes before the payload", "channel, one to one", Plain),
    seed("the head is committed before the copy", "channel, small ring", Plain),
    seed("the growth is committed before the copy", "ring, growing", Death(1)),
    seed("the ring moves while a reader copies", "ring, growing", Plain),
    seed("the ring shrinks while a sender writes", "ring, shrinking", Plain),
    seed("a sender opens without a fence", "channel, one to one", Plain),
    seed("a receiver opens without a fence", "channel, bounded", Plain),
    seed("a sender waits before growing at the wrong gate", "ring, crowded by long records", Plain),
    seed("a sender waits for ever instead of growing", "ring, crowded by long records", Death(2)),
    seed("a receiver sleeps without a second look", "channel, one to one", Plain),
    seed("a sender sleeps without a second look", "channel, bounded", Plain),
    seed("a sender sleeps although the receivers are gone", "ends, the only receiver goes", Plain),
    seed("the last record is lost in the end", "ends, the last sender goes", Plain),
    seed("nobody is told that an end is gone", "ends, the last sender goes", Plain),
    seed("an end in flight is overlooked", "ends, handed on", Plain),
    seed("a bell is cleared before it is armed", "bell, two poll", Plain),
    seed("the last report wakes nobody", "tasks, two join", Plain),
    seed("a debt is written down after the taking", "tasks, two join", Plain),
    seed("a waiter gives the lock up before it queues", "condition, one waits for one", Plain),
    seed(
        "the notifications of the dead are not looked for",
        "condition, the last of three notifies one",
        Death(1),
    ),
    seed("a node is freed before the lock is back", "condition, the last of three notifies one", Death(1)),
    seed("a late waiter leaves its node behind", "condition, the last of three notifies one", Early(1)),
    seed(
        "who leaves a condition does not look again whether it was notified",
        "condition, a third one hands on what the dead was given",
        EarlyLess(1),
    ),
    seed("a notification of the dead is dropped", "condition, the last of three notifies one", Death(1)),
    seed("the notified are not woken", "condition, one waits for one", Plain),
    seed("nobody takes the lock from the dead", "condition, one in a hurry waits for one", Death(2)),
    seed("two take the lock from the dead", "condition, the last of three notifies one", Death(1)),
    seed("a heir need not have waited in time", "condition, the notifier waits afterwards", Death(1)),
    seed(
        "a notification is handed on without a commit",
        "condition, one waits twice and one died notified",
        Death(1),
    ),
    seed(
        "a notification half handed on is not completed",
        "condition, one waits twice and one died notified",
        Death(1),
    ),
    seed("the youngest is woken", "condition, the last of three notifies one", Plain),
    seed("one more is woken than may be", "condition, the last of three notifies one", Plain),
    seed("any wake ends a wait", "condition, one waits for one", Spurious(1)),
    seed("dead parties are ignored", "barrier, two of three come", Death(1)),
    seed("the last to arrive overlooks the dead", "barrier, one comes late", Death(1)),
    seed("a round never waits for a fourth party", "barrier, four", PlainLess),
    seed("a party is counted after the lock is free", "barrier, three", Plain),
    seed("the heir of one who arrived goes on as if nothing were", "barrier, two in a hurry", Death(1)),
    seed("those who wait are not told of a reset", "barrier, reset while two come", Plain),
    seed("the round ends before its action", "barrier, two with an action", Plain),
    seed("an action that fails breaks nothing", "barrier, the action fails", Plain),
    seed("a late party breaks nothing", "barrier, two in a hurry", Early(1)),
    seed("the last to arrive wakes nobody", "barrier, two", Plain),
    seed(
        "a node of the present round is freed without the lock",
        "barrier, reset while two of three come",
        Early(1),
    ),
    seed("a party takes part in a round that is complete", "barrier, three come to an action of two", Plain),
    ("a release of another one wakes nobody", Defect::NoWakeOne, "open lock, released by another one", Plain),
    ("an event wakes nobody", Defect::NoWakeAll, "event, one sets and two wait", Plain),
    ("a dead setter is not made up for", Defect::NoTicks, "event, two set", Death(1)),
    ("a dead releaser is not made up for", Defect::NoTicks, "semaphore, one permit for two", Death(1)),
    seed(
        "the holder of an open lock does not look whether another one releases it",
        "open lock, released by its holder and another one",
        Plain,
    ),
    seed(
        "the holder of an open lock looks before it stores",
        "open lock, released by its holder and another one",
        Plain,
    ),
    seed(
        "a hold given back late is given back in time",
        "open lock, released by its holder and another one",
        Plain,
    ),
    seed(
        "another one releases an open lock without asking its holder",
        "open lock, released by its holder and another one",
        Plain,
    ),
    seed(
        "an open lock is settled without a fence",
        "open lock, released by its holder and another one",
        Plain,
    ),
    (
        "holder and releaser miss each other",
        Defect::NoFences,
        "open lock, released by its holder and another one",
        Plain,
    ),
    seed("one who cannot fence settles an open lock", "open lock, released by one who cannot fence", Plain),
    seed("an open lock is settled twice", "open lock, released by two and taken by a third", Plain),
    seed(
        "an open lock is exchanged without looking",
        "open lock, released by its holder and two others",
        Plain,
    ),
    seed("an exchange that releases releases nothing that was written", "open lock, two by exchange", Plain),
    seed(
        "a thread of an open lock outlives its hold",
        "open lock, two threads of one process release",
        Plain,
    ),
    seed("a hold of an open lock has the number of the last one", "open lock, two twice", Plain),
    seed(
        "an heir does not look again what the dead gave back",
        "open lock, taken at once from the dead",
        Death(1),
    ),
    seed("who takes an open lock after a sleep forgets the others", "open lock, two after one", Plain),
    (
        "who gives an open lock up after a sleep forgets the others",
        Defect::Seeded("who gives up at a lock's gate after a sleep forgets the others"),
        "open lock, two after one in a hurry (deep)",
        LateLess(2),
    ),
    (
        "who waits for an open lock at its gate does not look again",
        Defect::Seeded("who waits for a lock at a gate does not look again"),
        "open lock, two twice",
        Plain,
    ),
    seed("an exchange that releases an open lock wakes nobody", "open lock, two by exchange", Plain),
    seed(
        "one who cannot be fenced takes an open lock as others do",
        "open lock, held by one who cannot be fenced",
        Plain,
    ),
    ("the dead hold an open lock for ever", Defect::DeadLookAlive, "open lock, two heirs of one", Plain),
    (
        "owner and waiter of an owner's lock miss each other",
        Defect::NoFences,
        "owner's lock, two twice",
        Plain,
    ),
    seed("an owner's lock is freed behind the look at its gate", "owner's lock, two twice", Plain),
    seed("who waits for a lock at a gate does not look again", "owner's lock, two twice", Plain),
    seed("two recover for one death in an owner's lock", "owner's lock, three", Death(1)),
    seed("who takes an owner's lock after a sleep forgets the others", "owner's lock, three", Plain),
    seed(
        "who gives up at a lock's gate after a sleep forgets the others",
        "owner's lock, two after one in a hurry",
        Late(2),
    ),
    seed("who gives a lock up after a sleep forgets the others", "lock, two after one in a hurry", Late(2)),
    seed("an owner's lock is given back by a store that releases nothing", "owner's lock, two twice", Plain),
    seed(
        "two take an owner's lock at once from one who is dead",
        "owner's lock, taken at once from the dead",
        Death(1),
    ),
    seed(
        "two take an owner's lock from one who is dead without waiting",
        "owner's lock, taken from the dead only",
        Death(1),
    ),
    ("an owner's lock wakes nobody", Defect::NoWakeOne, "owner's lock, three", Plain),
    ("the dead own a lock for ever", Defect::DeadLookAlive, "owner's lock, three", Death(1)),
    ("nobody looks after a slice for a dead owner", Defect::NoTicks, "owner's lock, three", Death(1)),
    (
        "owner and waiter of a re-entrant lock miss each other",
        Defect::NoFences,
        "rlock, two twice as deep",
        Plain,
    ),
    seed("a tag outlives its ownership", "rlock, two threads of one process", Plain),
    seed("a tag names the thread and no process", "rlock, two twice as deep", Plain),
    seed("the heir owns a lock as deep as the dead", "rlock, two twice as deep", Death(1)),
    seed("a lock given up comes back once", "rlock, given up and taken again", Plain),
    seed("a permit is taken without being written down", "semaphore, one permit for two", Death(1)),
    seed("what the dead wrote down is not completed", "semaphore, one permit for two", Death(1)),
    seed("a change is committed before it is written down", "semaphore, one permit for two", Death(1)),
    seed("what was not committed is completed", "semaphore, one permit for two", Death(1)),
    seed("a released permit stays in its account", "semaphore, one permit for two", Death(1)),
    seed("the dead keep their permits", "semaphore, one permit for two", Death(1)),
    seed("the dead give back what nobody ever had", "semaphore, handed over by one who dies", Death(2)),
    seed("the dead give back what others hold", "semaphore, released beyond its value", Death(1)),
    seed("a release for the dead is made up for once more", "semaphore, released for the dead", Death(1)),
    seed("a released permit wakes nobody", "semaphore, handed over", Plain),
    seed("a waiter for a permit is announced when it has left", "semaphore, handed over", Plain),
    seed("permits are counted before the lock is held", "semaphore, two release one permit", Plain),
    seed("a newcomer has the name of the dead", "slot taken anew, of a re-entrant lock's owner", Death(1)),
    seed("the dead live as long as somebody has their slot", "slot taken anew, of a lock's holder", Death(1)),
    seed("a newcomer owes what the dead have taken", "slot taken anew, of one who showed an end", Plain),
    seed("a newcomer shows the ends of the dead", "slot taken anew, of one who showed an end", Plain),
    seed("a newcomer is in a slot that is none", "slot taken anew, while another one looks at a lock", Plain),
    seed(
        "a newcomer names itself before it shows its generation",
        "slot taken anew, while another one looks at a lock",
        Plain,
    ),
    seed(
        "an old generation is compared with a new name",
        "slot taken anew, while another one looks at a lock",
        Plain,
    ),
    seed(
        "who takes a slot over leaves the account of the dead open",
        "slot taken anew, of one who has a permit",
        Death(1),
    ),
    seed("an event is set in the same epoch", "event, set and cleared at once", Plain),
    seed("an event is set without releasing", "event, one sets and two wait", Plain),
    seed("a waiter for an event is noted without an exchange", "event, one sets and two wait", Plain),
    seed("an event is set behind the wake", "event, one sets and two wait", Plain),
];

fn main() {
    if let Ok(name) = std::env::var(MUTANT) {
        return play(&name);
    }
    let mutants = MUTANTS.iter().map(|(name, _, scene, plans)| {
        Trial::test(format!("{name}, in \"{scene}: {plans}\""), move || convicted(name))
    });
    let sound = Trial::test("no seed has lost its place or its mutant", every_seed_is_in);
    let conclusion = libtest_mimic::run(&Arguments::from_args(), mutants.chain([sound]).collect());
    if conclusion.num_passed > 1 {
        println!("total: {} defects convicted, at most {} preemptions", conclusion.num_passed - 1, bound());
    }
    conclusion.exit();
}

/// That the scenes hold without a defect is for the other test; here the defect must break one.
fn convicted(name: &str) -> Result<(), Failed> {
    let own = std::env::current_exe()?;
    let output = Command::new(own).env(MUTANT, name).output()?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Err("nothing was found".into());
    }
    // Not by an accident of the platform: the words are loom's or ours, or an oracle of the scene has spoken.
    let convicting = [
        "deadlock",
        "ausality violation",
        "oncurrent",
        "assertion",
        "Corrupt",
        "src/scenes/",
        "exceeded maximum number of branches",
    ];
    if convicting.iter().any(|word| text.contains(word)) {
        return Ok(());
    }
    Err(format!("it failed for another reason: {text}").into())
}

fn every_seed_is_in() -> Result<(), Failed> {
    if !MISSING.is_empty() {
        return Err(format!("the source has changed under these seeds: {MISSING:?}").into());
    }
    for seed in seeds::all() {
        if !MUTANTS.iter().any(|(_, defect, ..)| *defect == Defect::Seeded(seed.name)) {
            return Err(format!("nothing convicts {:?}", seed.name).into());
        }
    }
    Ok(())
}

fn play(name: &str) {
    let mutant = MUTANTS.iter().find(|(known, ..)| *known == name);
    let (_, defect, scene, plans) = mutant.unwrap_or_else(|| panic!("no mutant is called {name:?}"));
    let scene = scenes::named(scene).unwrap_or_else(|| panic!("no scene is called {scene:?}"));
    plans.explore(scene.play, Some(*defect));
}
