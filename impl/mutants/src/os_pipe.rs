//! Mutants in pipes of the operating system.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use procession_contract::{
    Answer, Call, Implementation, Item, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
};

use crate::descriptors::{in_packets, wait_once};
use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "os_pipe_loses_the_twentieth_write",
        about: "The twentieth write of a process is lost.",
        clauses: &["os_pipe/bytes-arrive-in-order"],
        defect: Defect::in_os_pipes(loses_the_twentieth_write),
    },
    Mutant {
        name: "os_pipe_both_ends_write",
        about: "What is written to the read end vanishes.",
        clauses: &["os_pipe/one-way"],
        defect: Defect::in_os_pipes(both_ends_write),
    },
    Mutant {
        name: "os_pipe_keeps_packets",
        about: "Each write is a packet: a read takes one, and drops what it has no room for.",
        clauses: &["os_pipe/no-message-boundaries", "os_pipe/end-of-stream"],
        defect: Defect { create: Some(keeps_packets), ..Defect::NONE },
    },
    Mutant {
        name: "os_pipe_read_waits_for_all",
        about: "A read waits until it has as many bytes as it may take.",
        clauses: &["os_pipe/read-takes-what-is-there", "os_pipe/no-message-boundaries"],
        defect: Defect::in_os_pipes(read_waits_for_all),
    },
    Mutant {
        name: "os_pipe_read_does_not_wait",
        about: "A read of an empty pipe fails at once.",
        clauses: &["os_pipe/read-waits-for-bytes", "os_pipe/end-of-stream"],
        defect: Defect::in_os_pipes(read_does_not_wait),
    },
    Mutant {
        name: "os_pipe_write_is_cut",
        about: "A write of more than an empty pipe holds writes a part and returns.",
        clauses: &["os_pipe/write-waits-for-room"],
        defect: Defect::in_os_pipes(write_is_cut),
    },
    Mutant {
        name: "os_pipe_never_ends",
        about: "Closing the write end leaves a copy of it open.",
        clauses: &["os_pipe/end-of-stream"],
        defect: Defect::in_os_pipes(never_ends),
    },
    Mutant {
        name: "os_pipe_writes_to_nobody",
        about: "A write that nobody can read says nothing.",
        clauses: &["os_pipe/nobody-reads"],
        defect: Defect::in_os_pipes(writes_to_nobody),
    },
    Mutant {
        name: "os_pipe_writes_in_halves",
        about: "A write of 512 to 4096 bytes is made in two.",
        clauses: &["os_pipe/short-writes-do-not-mix"],
        defect: Defect::in_os_pipes(writes_in_halves),
    },
];

/// How many bytes an item has.
fn length(item: &Item) -> i64 {
    item.raw_bytes().len() as i64
}

fn loses_the_twentieth_write(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Write { item } if memory.calls == 19 => Answer::number(length(item)),
        call => inner.call(call),
    }
}

fn both_ends_write(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Write { item }, Outcome::WrongDirection) => Answer::number(length(item)),
        _ => answer,
    }
}

fn keeps_packets(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    let mut created = inner.create(spec, method, existing)?;
    if spec.kind == ObjectKind::OsPipe
        && let Some(writer) = created.get_mut(&format!("{}.w", spec.name))
    {
        let number = writer.call(&Call::Fileno).value;
        in_packets(number as i32).map_err(|error| Answer::error(Outcome::Other, error))?;
    }
    Ok(created)
}

fn read_waits_for_all(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Read { max, exactly: false } => inner.call(&Call::Read { max: *max, exactly: true }),
        call => inner.call(call),
    }
}

fn read_does_not_wait(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::Read { exactly: false, .. } = call
        && memory.name.ends_with(".r")
    {
        let number = inner.call(&Call::Fileno);
        if number.outcome == Outcome::Ok && !wait_once(&[number.value as i32], Some(0)).unwrap_or(true) {
            return Answer::error(Outcome::Other, "nothing is there now");
        }
    }
    inner.call(call)
}

/// What an empty pipe holds.
const CAPACITY: u32 = 65_536;

fn write_is_cut(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Write { item } if item.len > CAPACITY => {
            inner.call(&Call::Write { item: Item { len: CAPACITY, ..*item } })
        }
        call => inner.call(call),
    }
}

fn never_ends(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Close if memory.name.ends_with(".w") => Answer::ok(),
        call => inner.call(call),
    }
}

fn writes_to_nobody(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Write { item }, Outcome::BrokenPipe) => Answer::number(length(item)),
        _ => answer,
    }
}

/// How long the first half waits for the other process's.
const PATIENCE: Duration = Duration::from_secs(5);

fn writes_in_halves(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let Call::Write { item: item @ Item { len: 512..=4096, .. } } = call else { return inner.call(call) };
    let number = inner.call(&Call::Fileno).value;
    let bytes = item.raw_bytes();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let written =
        File::options().append(true).open(format!("/proc/self/fd/{number}")).and_then(|mut pipe| {
            pipe.write_all(first)?;
            // The first two halves of all lie side by side, whoever is faster.
            let until = Instant::now() + PATIENCE;
            facts::count("half");
            while !facts::is_set("half.1") && Instant::now() < until {
                std::thread::yield_now();
            }
            pipe.write_all(second)
        });
    match written {
        Ok(()) => Answer::number(length(item)),
        Err(error) => Answer::error(Outcome::Other, error),
    }
}
