//! Mutants of named blocks: names, sizes, bounds, and who removes them.

use std::fs::{self, File};
use std::path::PathBuf;

use procession_contract::{Answer, Call, Implementation, Object, Objects, Outcome};

use crate::{Defect, Memory, Mutant, facts, proc};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "block_is_each_process_s_own",
        about: "Who attaches to a block that another process made gets a fresh one of that size.",
        clauses: &["shm/create-and-attach-by-name", "shm/close-is-local"],
        defect: Defect::in_library(each_process_its_own),
    },
    Mutant {
        name: "block_names_repeat",
        about: "Every block without a name gets the same one.",
        clauses: &["shm/generated-name"],
        defect: Defect::in_library(names_repeat),
    },
    Mutant {
        name: "block_that_is_there_is_opened",
        about: "Creating a block under a name that is taken attaches to it.",
        clauses: &["shm/create-existing-error", "shm/of-several-one-creates"],
        defect: Defect::in_library(opens_what_is_there),
    },
    Mutant {
        name: "block_that_is_missing_is_made",
        about: "Attaching to a block that is not there creates it.",
        clauses: &["shm/attach-missing-error"],
        defect: Defect::in_library(makes_what_is_missing),
    },
    Mutant {
        name: "block_of_no_size_has_a_page",
        about: "A block that is created without a size, or with none, has 4096 bytes.",
        clauses: &["shm/size-validation"],
        defect: Defect::in_library(no_size_is_a_page),
    },
    Mutant {
        name: "block_name_ends_at_a_zero",
        about: "A name is cut off at its first NUL.",
        clauses: &["shm/name-validation"],
        defect: Defect::in_library(name_ends_at_zero),
    },
    Mutant {
        name: "block_is_seen_half_made",
        about: "For a while after it was created a block has no bytes, and attaching to it fails.",
        clauses: &["shm/attaching-while-it-is-made"],
        defect: Defect::in_library(seen_half_made),
    },
    Mutant {
        name: "block_is_removed_when_attaching_fails",
        about: "Who has no room to attach to a block takes its name away.",
        clauses: &["shm/failed-attach-harms-nobody"],
        defect: Defect::in_library(removed_when_attaching_fails),
    },
    Mutant {
        name: "block_is_short_by_one",
        about: "A block has one byte fewer than was asked for.",
        clauses: &["shm/size-at-least-requested"],
        defect: Defect::in_library(short_by_one),
    },
    Mutant {
        name: "block_has_the_size_that_is_said",
        about: "Who attaches with a size is told that the block has it.",
        clauses: &["shm/attach-ignores-size"],
        defect: Defect::in_library(size_as_said),
    },
    Mutant {
        name: "block_writes_beyond_are_dropped",
        about: "A write beyond the end writes nothing and says that it did.",
        clauses: &["shm/buffer-bounds"],
        defect: Defect::in_blocks(writes_beyond_are_dropped),
    },
    Mutant {
        name: "block_close_takes_its_name",
        about: "Closing a handle removes the block.",
        clauses: &["shm/close-is-local"],
        defect: Defect::in_blocks(close_takes_name),
    },
    Mutant {
        name: "block_unlink_removes_nothing",
        about: "A block whose name was taken away can still be attached to.",
        clauses: &["shm/unlink-removes-name", "shm/close-and-unlink-any-order", "shm/unlink-once"],
        defect: Defect::in_blocks(unlink_removes_nothing),
    },
    Mutant {
        name: "block_is_unlinked_twice",
        about: "Taking away a name that is gone is said to have been done.",
        clauses: &["shm/unlink-once", "shm/of-several-one-creates"],
        defect: Defect::in_blocks(unlinked_twice),
    },
    Mutant {
        name: "block_once_closed_stays",
        about: "A name cannot be taken away through a handle that was closed.",
        clauses: &["shm/close-and-unlink-any-order"],
        defect: Defect::in_blocks(once_closed_stays),
    },
    Mutant {
        name: "block_goes_with_any_user",
        about: "A process that ends removes every block that it was attached to.",
        clauses: &["shm/attaching-never-removes"],
        defect: Defect { dropped: Some(goes_with_any_user), ..Defect::in_blocks(as_it_is) },
    },
    Mutant {
        name: "block_dies_with_its_creator",
        about: "When the process that created a block is gone, nobody can read it.",
        clauses: &["shm/outlives-its-creator"],
        defect: Defect { library: Some(notes_its_creator), ..Defect::in_blocks(dies_with_its_creator) },
    },
];

/// The same call that creates another block, or attaches.
fn opening(call: &Call, change: impl Fn(&mut Option<String>, &mut bool, &mut Option<i64>)) -> Call {
    let mut call = call.clone();
    if let Call::OpenBlock { block, create, size, .. } = &mut call {
        change(block, create, size);
    }
    call
}

fn each_process_its_own(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match call {
        Call::OpenBlock { create: false, .. }
            if answer.outcome == Outcome::Ok && facts::worker() != "main" =>
        {
            let own = opening(call, |block, create, size| {
                (*block, *create, *size) = (None, true, Some(answer.value));
            });
            Answer { text: answer.text, ..inner.call(on, &own, objects) }
        }
        _ => answer,
    }
}

fn names_repeat(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Call::OpenBlock { block: None, create: true, .. } = call else {
        return inner.call(on, call, objects);
    };
    let always = |block: &mut Option<String>| *block = Some("procession-mutant".into());
    let created = inner.call(on, &opening(call, |block, _, _| always(block)), objects);
    match created.outcome {
        Outcome::NameTaken => {
            let attach = opening(call, |block, create, _| {
                always(block);
                *create = false;
            });
            inner.call(on, &attach, objects)
        }
        _ => created,
    }
}

fn opens_what_is_there(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (call, answer.outcome) {
        (Call::OpenBlock { .. }, Outcome::NameTaken) => {
            inner.call(on, &opening(call, |_, create, _| *create = false), objects)
        }
        _ => answer,
    }
}

fn makes_what_is_missing(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match (call, answer.outcome) {
        (Call::OpenBlock { .. }, Outcome::NameMissing) => {
            let create = opening(call, |_, create, size| (*create, *size) = (true, Some(64)));
            inner.call(on, &create, objects)
        }
        _ => answer,
    }
}

fn no_size_is_a_page(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::OpenBlock { create: true, size, .. } if size.is_none_or(|size| size <= 0) => {
            inner.call(on, &opening(call, |_, _, size| *size = Some(4_096)), objects)
        }
        _ => inner.call(on, call, objects),
    }
}

fn name_ends_at_zero(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let cut = opening(call, |block, _, _| {
        if let Some(block) = block
            && let Some(end) = block.find('\0')
        {
            block.truncate(end);
        }
    });
    inner.call(on, &cut, objects)
}

/// The file of a block.
fn file(block: &str) -> PathBuf {
    PathBuf::from("/dev/shm").join(block)
}

fn seen_half_made(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::OpenBlock { block: Some(block), create: true, .. } => {
            if File::create_new(file(block)).is_ok() {
                facts::pause();
                let _ = fs::remove_file(file(block));
            }
            inner.call(on, call, objects)
        }
        Call::OpenBlock { block: Some(block), create: false, .. }
            if fs::metadata(file(block)).is_ok_and(|it| it.len() == 0) =>
        {
            Answer::of(Outcome::BadValue)
        }
        _ => inner.call(on, call, objects),
    }
}

fn removed_when_attaching_fails(
    inner: &dyn Implementation,
    on: &str,
    call: &Call,
    objects: &mut Objects,
) -> Answer {
    let answer = inner.call(on, call, objects);
    if let Call::OpenBlock { block: Some(block), create: false, .. } = call
        && answer.outcome == Outcome::Exhausted
    {
        let _ = fs::remove_file(file(block));
    }
    answer
}

fn short_by_one(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match call {
        Call::OpenBlock { create: true, size: Some(2..), .. } => {
            inner.call(on, &opening(call, |_, _, size| *size = size.map(|size| size - 1)), objects)
        }
        _ => inner.call(on, call, objects),
    }
}

fn size_as_said(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match call {
        Call::OpenBlock { create: false, size: Some(size), .. } if answer.outcome == Outcome::Ok => {
            Answer { value: *size, ..answer }
        }
        _ => answer,
    }
}

fn writes_beyond_are_dropped(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::WriteBlock { .. }, Outcome::BadValue) => Answer::ok(),
        _ => answer,
    }
}

fn close_takes_name(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if *call == Call::Close && !std::mem::replace(&mut memory.flag, true) {
        inner.call(&Call::Unlink);
    }
    inner.call(call)
}

fn unlink_removes_nothing(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if *call == Call::Unlink { Answer::ok() } else { inner.call(call) }
}

fn unlinked_twice(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Unlink, Outcome::NameMissing) => Answer::ok(),
        _ => answer,
    }
}

fn once_closed_stays(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    memory.flag |= *call == Call::Close;
    if memory.flag && *call == Call::Unlink { Answer::of(Outcome::Closed) } else { inner.call(call) }
}

/// No defect, but for what the handle does when it is dropped.
fn as_it_is(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    memory.flag = true;
    inner.call(call)
}

fn goes_with_any_user(memory: &mut Memory, inner: &mut dyn Object) {
    if memory.flag {
        inner.call(&Call::Unlink);
    }
}

fn notes_its_creator(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    if let Call::OpenBlock { create: true, .. } = call {
        facts::set(&format!("creator.{}", std::process::id()));
    }
    inner.call(on, call, objects)
}

fn dies_with_its_creator(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let is_access = matches!(call, Call::ReadBlock { .. } | Call::WriteBlock { .. });
    let own = std::process::id();
    let made_it = |pid: i64| facts::is_set(&format!("creator.{pid}"));
    if is_access && !made_it(own.into()) && !proc::children(own.into()).into_iter().any(made_it) {
        return Answer::of(Outcome::PeerDied);
    }
    inner.call(call)
}
