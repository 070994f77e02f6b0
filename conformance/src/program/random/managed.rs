//! Random programs on managed lists, dictionaries and namespaces.
//!
//! Every value is written once, so that a read shows which write it saw. What is done to a list makes
//! it longer only: in the end it is gone through, and that shows the order of everything.

use procession_contract::Datum;

use super::Random;
use crate::program::build::*;
use crate::program::{Judge, Line, Program};

/// How many random programs of a kind a run of the suite contains.
pub const MANAGED_PROGRAMS: u64 = 8;

/// The keys of a dictionary and the attributes of a namespace.
const KEYS: [&str; 3] = ["a", "b", "c"];

/// A kind of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    List,
    Dict,
    Namespace,
}

/// A program of two to four workers on a managed list.
pub fn list_program(seed: u64) -> Program {
    program_of(seed, &[Thing::List], "list")
}

/// A program of two to four workers on a managed dictionary.
pub fn dict_program(seed: u64) -> Program {
    program_of(seed, &[Thing::Dict], "dict")
}

/// A program of two to four workers on a namespace.
pub fn namespace_program(seed: u64) -> Program {
    program_of(seed, &[Thing::Namespace], "namespace")
}

/// A program of two to four workers on a managed list, a managed dictionary and a namespace.
pub fn managed_program(seed: u64) -> Program {
    program_of(seed, &[Thing::List, Thing::Dict, Thing::Namespace], "managed")
}

fn program_of(seed: u64, things: &[Thing], sort: &str) -> Program {
    let mut random = Random::new(seed);
    let workers = 2 + random.below(3);
    let mut program = Program::new().title(format!("random {sort} program {seed}")).manager("m");
    for thing in things {
        program = match thing {
            Thing::List => {
                let initial: Vec<i64> = (1..=random.below(3) as i64).collect();
                program.managed("l", "m", a_list(initial)).judge(Judge::List("l".into()))
            }
            Thing::Dict => program
                .managed("d", "m", a_dict([(KEYS[random.below(3) as usize], 0)]))
                .judge(Judge::Entries("d".into())),
            Thing::Namespace => program.managed("n", "m", a_namespace()).judge(Judge::Entries("n".into())),
        };
    }
    let names: Vec<String> = (1..=workers).map(|worker| format!("w{worker}")).collect();
    let in_the_end = things
        .contains(&Thing::List)
        .then(|| names.iter().fold(iterate("l"), |line, name| line.after(ended(name))));
    program = program.main(in_the_end);
    let mut next = 100;
    for name in &names {
        let mut lines = Vec::new();
        for _ in 0..4 + random.below(8) {
            let thing = things[random.below(things.len() as u64) as usize];
            lines.push(match thing {
                Thing::List => list_line(&mut random, &mut next),
                Thing::Dict => dict_line(&mut random, &mut next),
                Thing::Namespace => namespace_line(&mut random, &mut next),
            });
            if random.once_in(12) {
                lines.push(sleep(random.below(3)));
            }
        }
        program = program.process(name, lines);
    }
    program
}

/// A value that no other line writes.
fn fresh(next: &mut i64) -> i64 {
    *next += 1;
    *next
}

fn list_line(random: &mut Random, next: &mut i64) -> Line {
    match random.below(10) {
        0..4 => append("l", fresh(next)),
        4 => {
            let several: Vec<i64> = (0..2 + random.below(2)).map(|_| fresh(next)).collect();
            invoke_with("l", "extend", [Datum::list(several)])
        }
        5 => len_of("l"),
        6 => get_item("l", random.below(8) as i64),
        7 => iterate("l"),
        _ => get_value("l", "seen"),
    }
}

fn dict_line(random: &mut Random, next: &mut i64) -> Line {
    let key = KEYS[random.below(3) as usize];
    match random.below(12) {
        0..3 => set_item("d", key, fresh(next)),
        3..6 => get_item("d", key),
        6 => invoke_with("d", "get", [key]),
        7 => del_item("d", key),
        8 => invoke_with("d", "setdefault", [Datum::from(key), fresh(next).into()]),
        9 => invoke_with("d", "pop", [key]),
        10 => invoke_with("d", "__contains__", [key]),
        _ => add_to("d", key, 1000),
    }
}

fn namespace_line(random: &mut Random, next: &mut i64) -> Line {
    let name = KEYS[random.below(3) as usize];
    match random.below(9) {
        0..3 => set_attribute("n", name, fresh(next)),
        3..6 => get_attribute("n", name),
        6 => del_attribute("n", name),
        _ => add_to("n", name, 1000),
    }
}
