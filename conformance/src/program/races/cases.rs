//! Every clause's programs are free of races of their own, and such races are found in every family of calls.

use procession_contract::{Item, Outcome};
use rstest::rstest;

use super::races;
use crate::clauses;
use crate::program::build::*;
use crate::program::{Line, Program, check};

/// Clauses whose programs have lines that come in no order, and why no expectation depends on it.
const ORDERED_OTHERWISE: &[(&str, &str)] = &[
    (
        "condition/notify-n",
        "How many add to the word before main reads it is fixed, but not who: main has waited for so many, and \
            the others wait for a notification that comes after the reading.",
    ),
    ("condition/no-spurious-wakeups-in-notify-count", "It is the same program as in `condition/notify-n`."),
    (
        "barrier/many-short-lived-parties",
        "Each round begins when the party of the one before has arrived, and two are all that a round takes: \
            whoever was in an earlier round than the one that a reset follows has passed.",
    ),
];

#[test]
fn every_exception_is_needed() {
    for (id, reason) in ORDERED_OTHERWISE {
        let clause = clauses::find(id).expect("a clause");
        assert!((clause.programs)(7).iter().any(|program| !races(program).is_empty()), "{id}: {reason}");
    }
}

#[test]
fn no_clause_has_a_program_with_a_race_of_its_own() {
    let mut found = Vec::new();
    for clause in clauses::all() {
        if ORDERED_OTHERWISE.iter().any(|(id, _)| *id == clause.id) {
            continue;
        }
        for program in (clause.programs)(7) {
            for race in races(&program) {
                found.push(format!("{} {:?}: {race}", clause.id, program.title));
            }
        }
    }
    assert!(found.is_empty(), "{} races:\n{}", found.len(), found.join("\n"));
}

/// `shm/unlink-removes-name` as it once was: `c` writes when main has written, not when it has read.
fn written_before_it_is_read() -> Program {
    Program::new()
        .main([
            new_block("b", "a", 64).ok(),
            write_block("b", 0, Item::bytes(7, 4)).ok(),
            attach("x", "a").label("attached").ok(),
            unlink("b").after(returned("c", "attached")).ok(),
            attach("y", "a").is(Outcome::NameMissing),
            block_mode("a").is(Outcome::Absent),
            write_block("x", 4, Item::bytes(8, 4)).label("written").ok(),
            read_block("b", 0, 8).reads_bytes(&[7, 0, 0, 0, 8, 0, 0, 0]),
            new_block("n", "a", 32).ok(),
            read_block("n", 0, 8).reads_bytes(&[0; 8]),
            write_block("n", 0, Item::bytes(9, 4)).ok(),
            read_block("b", 0, 8).after(ended("c")).reads_bytes(&[6, 0, 0, 0, 8, 0, 0, 0]),
            read_block("n", 0, 4).reads_bytes(&[9, 0, 0, 0]),
            unlink("n"),
        ])
        .process(
            "c",
            [
                attach("x", "a").after(returned("main", "attached")).label("attached").ok(),
                read_block("x", 0, 8)
                    .after(returned("main", "written"))
                    .reads_bytes(&[7, 0, 0, 0, 8, 0, 0, 0]),
                write_block("x", 0, Item::bytes(6, 4)).ok(),
            ],
        )
}

/// `shm/of-several-one-creates` as it once was: `d` removes the block when main has attached, but not `c`.
fn removed_before_all_have_it() -> Program {
    let remove = |block: &str, before: &str| {
        unlink(block).after(returned(before, "attached")).one_of(&[Outcome::Ok, Outcome::NameMissing])
    };
    let attached = || attach("x", "a").after(returned("main", "created")).label("attached").ok();
    Program::new()
        .main([
            new_block("b", "a", 64).label("created").ok(),
            attach("x", "a").after(returned("d", "attached")).label("attached").ok(),
            remove("b", "c"),
            attach("y", "a").after(ended("c")).after(ended("d")).is(Outcome::NameMissing),
        ])
        .process("c", [attached(), remove("x", "main")])
        .process("d", [attached(), remove("x", "main")])
}

#[test]
fn the_races_that_there_were_are_found() {
    let found: Vec<String> = races(&written_before_it_is_read()).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["data of block procession-{run}-a: line 7 of `main` (b ReadBlock { at: 0, len: 8 }) and line 2 of \
            `c` (x WriteBlock { at: 0, len: None, item: Item { id: 6, kind: Byt) come in no order"]
    );
    let found = races(&removed_before_all_have_it());
    let attaches = |race: &&super::Race| race.one.starts_with("line 0 of `c`");
    assert!(found.iter().any(|race| attaches(&race) && race.other.contains("`d`")), "{found:?}");
}

#[test]
fn who_is_to_have_the_lock_meanwhile_queues_for_it_before_a_wait_with_a_limit() {
    let program = |wait: Line, acquire: Line| {
        let main = [acquire_in_main(), wait.truth(false).waits_for_call("p", "release"), release("c").ok()];
        let p = [acquire.acquired(), release("c").after(quiescence()).ok().label("release")];
        Program::new().condition("c").main(main).process("p", p)
    };
    let wait = || await_on("c").timeout(100).label("wait");
    let late = program(wait(), acquire("c").after(blocked("main", "wait")));
    assert_ne!(races(&late), []);
    let queued = acquire("c").after(returned("main", "held")).label("acquire");
    assert_eq!(races(&program(wait().after(blocked("p", "acquire")), queued)), []);
}

fn acquire_in_main() -> Line {
    acquire("c").acquired().label("held")
}

fn held() -> Program {
    Program::new().lock("l")
}

/// Each program has a race as its last worker is at first, and none once that worker's first line waits for
/// main's line `go`.
#[rstest]
#[case::get_of_an_item(
    Program::new().queue("q", 0).main([put("q", 1).ok().label("go"), get("q").gives(1)]),
    vec![put("q", 2).ok()]
)]
#[case::get_that_finds_nothing(
    Program::new().queue("q", 0).main([get_nowait("q").is(Outcome::Empty).label("go")]),
    vec![put("q", 1).ok()]
)]
#[case::size_of_a_queue(
    Program::new().queue("q", 0).main([qsize("q").value(0).label("go")]),
    vec![put("q", 1).ok()]
)]
#[case::room_in_a_queue(
    Program::new().queue("q", 1).main([
        put("q", 1).ok(),
        put_nowait("q", 2).is(Outcome::Full).label("go"),
    ]),
    vec![get("q").gives(1)]
)]
#[case::messages_of_two(
    Program::new().pipe("p").main([send("p.0", 1).ok().label("go"), recv("p.1").gives(1)]),
    vec![send("p.0", 2).ok()]
)]
#[case::poll(
    Program::new().pipe("p").main([poll("p.1").truth(false).label("go")]),
    vec![send("p.0", 1).ok()]
)]
#[case::wait_for_several(
    Program::new().pipe("p").pipe("r").main([
        send("p.0", 1).ok(),
        wait(&["p.1", "r.1"]).value(0b01).label("go"),
    ]),
    vec![send("r.0", 1).ok()]
)]
#[case::lock_that_is_held(
    held().main([acquire("l").acquired().label("go"), getpid().after(ended("c")).ok(), release("l").ok()]),
    vec![try_acquire("l").refused()]
)]
#[case::lock_that_is_free(
    held().main([try_acquire("l").acquired(), release("l").ok().label("go")]),
    vec![acquire("l").acquired(), release("l").ok()]
)]
#[case::lock_of_a_dead_holder(
    held().main([acquire("l").acquired().label("go"), exit_immediately(0)]),
    vec![acquire("l").told()]
)]
#[case::access_that_waits(
    Program::new().value("v", "i", 1).main([
        acquire("v").acquired().label("go"),
        release("v").after(blocked("c", "access")).label("release").ok(),
    ]),
    vec![load("v").label("access").reads(1).waits_for_call("main", "release")]
)]
#[case::event_that_is_clear(
    Program::new().event("e").main([await_on("e").timeout(100).truth(false).label("go")]),
    vec![set("e").ok()]
)]
#[case::event_that_is_set(
    Program::new().event("e").main([set("e").ok().label("go")]),
    vec![is_set("e").truth(true)]
)]
#[case::notification_that_is_lost(
    Program::new().condition("k").main([
        acquire("k").acquired(),
        await_on("k").timeout(100).truth(false),
        release("k").ok().label("go"),
    ]),
    vec![acquire("k").acquired(), notify("k").ok(), release("k").ok()]
)]
#[case::barrier_that_breaks(
    Program::new().barrier("b", 1).main([await_on("b").ok().label("go")]),
    vec![abort("b").ok()]
)]
#[case::value(
    Program::new().value("v", "i", 0).main([load("v").reads(0).label("go")]),
    vec![store("v", 1).ok()]
)]
#[case::last_of_two_writes(
    Program::new().value("v", "i", 0).main([
        store("v", 1).ok().label("go"),
        load("v").after(ended("c")).reads(2),
    ]),
    vec![store("v", 2).ok()]
)]
#[case::element(
    Program::new().zeros("a", "i", 3).main([load_slice("a", WHOLE).reads_all(integers([0; 3])).label("go")]),
    vec![store_at("a", 2, 1).ok()]
)]
#[case::managed_list(
    Program::new().manager("m").managed("k", "m", an_empty_list()).main([
        len_of("k").gives_value(0).label("go"),
    ]),
    vec![append("k", 1).ok()]
)]
#[case::managed_entry(
    Program::new().manager("m").managed("d", "m", a_dict([("a", 1), ("b", 2)])).main([
        get_item("d", "a").gives_value(1).label("go"),
    ]),
    vec![set_item("d", "a", 3).ok()]
)]
#[case::server(
    Program::new().manager("m").managed("k", "m", an_empty_list()).main([len_of("k").gives_value(0).label("go")]),
    vec![kill_server("m").ok()]
)]
#[case::word(
    Program::new().main([word_read(0).value(0).label("go")]),
    vec![word_add(0, 1).ok()]
)]
#[case::end_of_a_process(
    Program::new().main([is_alive("c").truth(true).label("go")]),
    vec![getpid().ok()]
)]
fn a_race_is_found_and_is_none_once_its_lines_are_ordered(
    #[case] program: Program,
    #[case] lines: Vec<Line>,
) {
    let free = program.clone().process("c", lines.clone());
    assert_eq!(check::problems(&free), Vec::<String>::new());
    assert_ne!(races(&free), [], "two lines are unordered");
    let mut ordered = lines;
    ordered[0] = ordered[0].clone().after(returned("main", "go"));
    assert_eq!(races(&program.process("c", ordered)), []);
}
