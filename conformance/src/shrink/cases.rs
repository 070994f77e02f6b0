//! What shrinking leaves of programs, chosen ones and random ones.

use super::*;
use crate::program::Action;
use crate::program::build::{acquire, await_on, load, notify, release, set};
use crate::program::build::{at, get, put, returned, sleep};
use crate::program::random::sync::{THINGS, deadly_program, mixed_program, sync_program};
use crate::program::random::{batch_program, pipe_program, queue_program};
use procession_contract::ObjectKind;
use proptest::prelude::*;

/// How many puts and gets a program has.
fn count(program: &Program) -> (usize, usize) {
    let calls = || program.roles.iter().flat_map(|role| &role.lines).map(|line| &line.step.call);
    (calls().filter(|call| gives(call)).count(), calls().filter(|call| takes(call)).count())
}

fn three_workers() -> Program {
    Program::new()
        .queue("q", 0)
        .main([])
        .process("w1", [put("q", 1), put("q", Item::bytes(2, 5000)).label("put"), sleep(100)])
        .process("w2", [get("q"), get("q").after(returned("w1", "put"))])
        .process("w3", [put("q", 3), get("q")])
        .fault("w3", Action::Kill, [returned("w1", "put")])
}

#[test]
fn only_what_fails_is_left() {
    let needs_item_2 = |program: &Program| {
        let lines = program.roles.iter().flat_map(|role| &role.lines);
        lines.flat_map(|line| crate::judge::run::items_of(&line.step.call)).any(|item| item.id == 2)
    };
    let smallest = shrink(&three_workers(), 1000, needs_item_2);
    assert_eq!(smallest.roles.len(), 2);
    assert!(smallest.faults.is_empty());
    assert_eq!(smallest.roles[1].lines, [put("q", 2).label("put")]);
}

#[test]
fn a_put_goes_together_with_its_get() {
    // A program with more gets than puts would hang for another reason.
    let balanced = |program: &Program| {
        let (puts, gets) = count(program);
        puts == gets && puts >= 1
    };
    let smallest = shrink(&three_workers(), 1000, balanced);
    assert_eq!(count(&smallest), (1, 1));
}

#[test]
fn a_line_that_an_expectation_names_stays() {
    let program = Program::new()
        .queue("q", 0)
        .main([put("q", 1).label("first"), get("q").expect(Expect::NotBeforeReturnOf(at("main", "first")))]);
    let has_an_expectation =
        |program: &Program| program.roles[0].lines.iter().any(|line| line.expect.is_some());
    assert_eq!(shrink(&program, 1000, has_an_expectation), program);
}

#[test]
fn expectations_shrink_with_their_items() {
    let program = Program::new()
        .queue("q", 0)
        .main([put("q", Item::bytes(7, 4000)), get("q").gives(Item::bytes(7, 4000))]);
    let sends = |program: &Program| count(program) == (1, 1);
    let smallest = shrink(&program, 1000, sends);
    assert_eq!(smallest.roles[0].lines, [put("q", 7), get("q").gives(7)]);
}

#[test]
fn bytes_with_positions_in_them_stay() {
    use crate::program::build::{recv, send_bytes};
    let mut lines = [send_bytes("p.1", Item::bytes(7, 4000)), recv("p.0").gives(Item::bytes(7, 4000))];
    let Call::SendBytes { offset, .. } = &mut lines[0].step.call else { panic!("it sends bytes") };
    *offset = Some(0);
    let program = Program::new().pipe("p").main(lines);
    let mut runs = 0;
    let both = |program: &Program| {
        runs += 1;
        count(program) == (1, 1)
    };
    assert_eq!(shrink(&program, 1000, both), program);
    assert!(runs < 10, "{runs} runs for what cannot be shrunk");
}

#[test]
fn the_runs_are_bounded() {
    let mut runs = 0;
    let smallest = shrink(&three_workers(), 5, |_| {
        runs += 1;
        false
    });
    assert_eq!((runs, smallest), (5, three_workers()));
}

/// What a failure may need of a program: the more it needs, the larger is the smallest one.
#[derive(Clone, Debug)]
enum Need {
    /// So many puts or sends, and so many calls that take.
    Calls(usize, usize),
    /// Workers that have so many lines each.
    Workers(usize, usize),
    /// An item of at least so many bytes.
    Length(u32),
    /// A call that takes so many items at once, and one that puts so many.
    Batches(u32, usize),
    /// Puts and gets are as many, at least so many.
    Balanced(usize),
}

impl Need {
    fn is_met(&self, program: &Program) -> bool {
        let calls = || program.lines().map(|(_, line)| &line.step.call);
        match *self {
            Need::Calls(giving, taking) => {
                let (gives, takes) = count(program);
                gives >= giving && takes >= taking
            }
            Need::Workers(workers, lines) => {
                program.roles.iter().filter(|role| role.lines.len() >= lines).count() >= workers
            }
            Need::Length(bytes) => {
                calls().flat_map(crate::judge::run::items_of).any(|item| item.len >= bytes)
            }
            Need::Batches(taking, putting) => {
                calls().any(|call| matches!(call, Call::GetMany { max, .. } if *max >= taking))
                    && calls()
                        .any(|call| matches!(call, Call::PutMany { items, .. } if items.len() >= putting))
            }
            Need::Balanced(least) => {
                let (gives, takes) = count(program);
                gives == takes && gives >= least
            }
        }
    }
}

fn needs() -> impl Strategy<Value = Need> {
    prop_oneof![
        (0usize..4, 0usize..4).prop_map(|(giving, taking)| Need::Calls(giving, taking)),
        (1usize..3, 1usize..4).prop_map(|(workers, lines)| Need::Workers(workers, lines)),
        (16u32..2000).prop_map(Need::Length),
        (1u32..3, 1usize..3).prop_map(|(taking, putting)| Need::Batches(taking, putting)),
        (1usize..4).prop_map(Need::Balanced),
    ]
}

fn random_program(sort: usize, seed: u64) -> Program {
    [queue_program, batch_program, pipe_program][sort](seed)
}

/// No candidate of any pass would do as well.
fn nothing_smaller_meets(smallest: &Program, is_met: impl Fn(&Program) -> bool) -> Result<(), TestCaseError> {
    for pass in PASSES {
        let mut place = 0;
        while let Some(candidate) = next(pass, smallest, &mut place) {
            prop_assert!(!is_met(&candidate), "this is smaller and fails too: {candidate:?}");
            place += 1;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_more_can_be_left_out(seed: u64, sort in 0usize..3, need in needs()) {
        let program = random_program(sort, seed);
        prop_assume!(need.is_met(&program));
        let smallest = shrink(&program, 20_000, |candidate| {
            assert!(is_whole(candidate, &program) && *candidate != program, "{candidate:?}");
            need.is_met(candidate)
        });
        prop_assert!(need.is_met(&smallest));
        nothing_smaller_meets(&smallest, |candidate| need.is_met(candidate))?;
        // What that comes to, by sort of need.
        let lines = smallest.lines().count();
        match need {
            Need::Calls(giving, taking) => {
                prop_assert_eq!(count(&smallest), (giving, taking));
                prop_assert_eq!(lines, giving + taking);
            }
            Need::Workers(workers, each) => prop_assert_eq!(lines, workers * each),
            Need::Length(bytes) => {
                let items = smallest.lines().flat_map(|(_, line)| {
                    crate::judge::run::items_of(&line.step.call).to_vec()
                });
                let longest = items.map(|item| item.len).max().unwrap_or(0);
                prop_assert!(longest < 2 * bytes.max(32) && lines == 1, "{smallest:?}");
            }
            Need::Batches(taking, putting) => {
                prop_assert_eq!(lines, 2);
                for (_, line) in smallest.lines() {
                    match &line.step.call {
                        Call::GetMany { max, .. } => prop_assert!(*max < 2 * taking),
                        Call::PutMany { items, .. } => prop_assert_eq!(items.len(), putting),
                        other => prop_assert!(false, "{other:?} is not needed"),
                    }
                }
            }
            Need::Balanced(least) => {
                prop_assert_eq!(count(&smallest), (least, least));
                prop_assert_eq!(lines, 2 * least);
            }
        }
    }
}

#[test]
fn an_acquire_goes_together_with_its_release() {
    let program = Program::new()
        .lock("l")
        .value("v", "q", 0)
        .main([])
        .process("w1", [acquire("l"), acquire("v"), load("v"), release("v"), release("l")])
        .process("w2", [acquire("l"), release("l")])
        .judge(Judge::Lock("l".into()))
        .judge(Judge::Register("v".into()));
    // Who does not give back what he took makes the program another one.
    let sound = |program: &Program| {
        let (mut held, mut reads) = (0, false);
        for (_, line) in program.lines() {
            held += match line.step.call {
                Call::Acquire { .. } => 1,
                Call::Release { .. } => -1,
                _ => 0,
            };
            reads |= matches!(line.step.call, Call::Load { .. });
        }
        held == 0 && reads
    };
    let smallest = shrink(&program, 1000, sound);
    assert_eq!(smallest.roles[1].lines, [load("v")]);
    assert_eq!((smallest.roles.len(), smallest.objects.len(), smallest.judges.len()), (2, 1, 1));
}

#[test]
fn a_lock_stays_while_another_object_uses_it() {
    let program = Program::new()
        .lock("l")
        .condition_over("c", "l")
        .main([acquire("c"), await_on("c"), release("c")])
        .process("w", [acquire("c"), notify("c"), release("c")])
        .judge(Judge::Condition("c".into()));
    let waits =
        |program: &Program| program.lines().any(|(_, line)| matches!(line.step.call, Call::Await { .. }));
    let smallest = shrink(&program, 1000, waits);
    assert_eq!(smallest.objects, program.objects);
    assert_eq!(smallest.lines().count(), 1);
}

/// What a failure may need of a program on locks and their kin.
#[derive(Clone, Debug)]
enum SyncNeed {
    /// So many acquires, each released by its worker, and none that is not.
    Sections(usize),
    /// So many waits on something that is woken as often as it is waited for.
    Wakes(usize),
    /// So many workers that come to one barrier equally often, at least so often.
    Rounds(usize, usize),
    /// Calls on so many objects.
    Objects(usize),
    /// A limit of at least so many milliseconds.
    Limit(i64),
    /// A worker that is killed.
    Death,
}

impl SyncNeed {
    fn is_met(&self, program: &Program) -> bool {
        let on = |name: &str, wanted: fn(&Call) -> bool| {
            program.lines().filter(|(_, line)| line.step.on == name && wanted(&line.step.call)).count()
        };
        let waits = |call: &Call| matches!(call, Call::Await { .. } | Call::AwaitWord { .. });
        let wakes = |call: &Call| matches!(call, Call::Notify { .. } | Call::NotifyAll | Call::Set);
        match *self {
            SyncNeed::Sections(least) => {
                let sections = program.roles.iter().map(sections);
                sections.sum::<Option<usize>>().is_some_and(|sections| sections >= least)
            }
            SyncNeed::Wakes(least) => program.objects.iter().any(|object| {
                let waits = on(&object.name, waits);
                waits >= least && waits == on(&object.name, wakes)
            }),
            // Of barriers only: of an event or a condition, a wait of each worker is no round.
            SyncNeed::Rounds(parties, least) => program.objects.iter().any(|object| {
                if !matches!(object.kind, ObjectKind::Barrier { .. }) {
                    return false;
                }
                let rounds = program.roles.iter().map(|role| {
                    let comes = |line: &&crate::program::Line| {
                        line.step.on == object.name && matches!(line.step.call, Call::Await { .. })
                    };
                    role.lines.iter().filter(comes).count()
                });
                let rounds: Vec<usize> = rounds.filter(|rounds| *rounds > 0).collect();
                rounds.len() >= parties && rounds[0] >= least && rounds.iter().all(|each| *each == rounds[0])
            }),
            SyncNeed::Objects(least) => {
                let used = |name: &str| on(name, |_| true) > 0;
                program.objects.iter().filter(|object| used(&object.name)).count() >= least
            }
            SyncNeed::Limit(least) => program.lines().any(|(_, line)| match line.step.call {
                Call::Acquire { timeout_ms: Some(ms), .. }
                | Call::Await { timeout_ms: Some(ms) }
                | Call::AwaitWord { timeout_ms: Some(ms), .. } => ms >= least,
                _ => false,
            }),
            SyncNeed::Death => {
                let by_itself =
                    |(_, line): (_, &crate::program::Line)| matches!(line.step.call, Call::SignalSelf { .. });
                !program.faults.is_empty() || program.lines().any(by_itself)
            }
        }
    }
}

/// Each of two workers waits twice. Of a barrier those are two rounds, one of which can go; an event that was set
/// lets any of the four go through, and none of them belongs to another.
#[test]
fn only_waits_at_a_barrier_come_in_rounds() {
    let twice = |program: Program| {
        let waits = || [await_on("x"), await_on("x")];
        program.process("w1", waits()).process("w2", waits())
    };
    let need = SyncNeed::Rounds(2, 1);
    let event = twice(Program::new().event("x").main([set("x")]));
    assert!(!need.is_met(&event));
    let barrier = twice(Program::new().barrier("x", 2).main([]));
    assert!(need.is_met(&barrier));
    let smallest = shrink(&barrier, 1000, |candidate| need.is_met(candidate));
    assert_eq!(smallest.lines().count(), 2);
}

/// How many acquires of a worker are released by it; nothing if one is not, or a release has none.
fn sections(role: &crate::program::Role) -> Option<usize> {
    let mut open: Vec<&str> = Vec::new();
    let mut closed = 0;
    for line in &role.lines {
        match line.step.call {
            Call::Acquire { .. } => open.push(&line.step.on),
            Call::Release { .. } => {
                open.remove(open.iter().rposition(|on| *on == line.step.on)?);
                closed += 1;
            }
            _ => {}
        }
    }
    open.is_empty().then_some(closed)
}

fn sync_needs() -> impl Strategy<Value = SyncNeed> {
    prop_oneof![
        (1usize..4).prop_map(SyncNeed::Sections),
        (1usize..3).prop_map(SyncNeed::Wakes),
        (2usize..4, 1usize..3).prop_map(|(parties, least)| SyncNeed::Rounds(parties, least)),
        (1usize..3).prop_map(SyncNeed::Objects),
        (2i64..20).prop_map(SyncNeed::Limit),
        Just(SyncNeed::Death),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_more_can_be_left_out_of_a_sync_program(seed: u64, sort in 0usize..4, need in sync_needs()) {
        let program = match sort {
            0 => mixed_program(seed),
            1 => sync_program(seed, &THINGS),
            2 => sync_program(seed, &[THINGS[seed as usize % THINGS.len()]]),
            _ => deadly_program(seed, &THINGS),
        };
        prop_assume!(need.is_met(&program));
        let smallest = shrink(&program, 20_000, |candidate| {
            assert_eq!(problems(candidate), Vec::<String>::new(), "{candidate:?}");
            assert_ne!(*candidate, program);
            need.is_met(candidate)
        });
        prop_assert!(need.is_met(&smallest));
        nothing_smaller_meets(&smallest, |candidate| need.is_met(candidate))?;
        let lines = smallest.lines().count();
        match need {
            SyncNeed::Sections(least) => prop_assert_eq!(lines, 2 * least),
            SyncNeed::Wakes(least) => prop_assert_eq!(lines, 2 * least),
            SyncNeed::Rounds(parties, least) => {
                prop_assert_eq!(lines, parties * least);
                prop_assert_eq!(smallest.objects.len(), 1);
            }
            SyncNeed::Objects(least) => prop_assert_eq!((lines, smallest.objects.len()), (least, least)),
            SyncNeed::Limit(_) | SyncNeed::Death => {
                prop_assert!(lines <= 1 && smallest.objects.len() == 1, "{smallest:?}");
            }
        }
    }
}
