//! Mutants of lists in named blocks: types, slots, indices, and who sees what.

use procession_contract::{Answer, Call, Implementation, Object, Objects, Outcome, Scalar};

use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "list_flag_is_a_number",
        about: "A truth value comes back as 0 or 1.",
        clauses: &["shlist/types"],
        defect: Defect::in_lists(flag_is_number),
    },
    Mutant {
        name: "list_takes_one_more",
        about: "What is written behind the last slot is said to be there.",
        clauses: &["shlist/fixed-length", "shlist/index-errors"],
        defect: Defect::in_lists(takes_one_more),
    },
    Mutant {
        name: "list_reads_before_its_first_slot",
        about: "An index below the first slot reads what lies there.",
        clauses: &["shlist/indices-below-the-first-are-refused"],
        defect: Defect::in_lists(reads_before_first),
    },
    Mutant {
        name: "list_counts_one_at_most",
        about: "An element that is there several times is counted once.",
        clauses: &["shlist/count-and-index"],
        defect: Defect::in_lists(counts_one),
    },
    Mutant {
        name: "list_finds_what_is_not_there",
        about: "An element that is not there is said to be behind the last one.",
        clauses: &["shlist/count-and-index"],
        defect: Defect::in_lists(finds_what_is_not_there),
    },
    Mutant {
        name: "list_cuts_what_is_too_long",
        about: "A text or bytes that are too long for their slot are cut until they fit.",
        clauses: &["shlist/capacity-per-slot"],
        defect: Defect::in_lists(cuts_what_is_too_long),
    },
    Mutant {
        name: "list_slot_keeps_its_type",
        about: "A number is written to a slot of a number only.",
        clauses: &["shlist/type-change-allowed"],
        defect: Defect::in_lists(slot_keeps_type),
    },
    Mutant {
        name: "list_attached_is_a_copy",
        about: "Who attaches to a list has a copy of it.",
        clauses: &["shlist/attach-and-share"],
        defect: Defect::in_library(attached_is_a_copy),
    },
    Mutant {
        name: "list_write_spills_over",
        about: "What is written to a slot is written to the next one too.",
        clauses: &["shlist/no-synchronisation", "shlist/capacity-per-slot"],
        defect: Defect::in_lists(spills_over),
    },
    Mutant {
        name: "list_strips_zeros",
        about: "Zero bytes at the end of a text or of bytes are lost.",
        clauses: &["shlist/trailing-zeros-are-kept"],
        defect: Defect::in_library(strips_zeros),
    },
    Mutant {
        name: "list_counts_characters",
        about: "A new slot has as many bytes as its text has characters.",
        clauses: &["shlist/text-is-measured-in-bytes"],
        defect: Defect::in_library(counts_characters),
    },
    Mutant {
        name: "list_number_is_written_in_two_halves",
        about: "A number is written half by half, and a kill comes between the halves.",
        clauses: &["shlist/killed-writer-harms-nobody"],
        defect: Defect::in_lists(written_in_halves),
    },
    Mutant {
        name: "list_is_seen_in_any_block",
        about: "Attaching to a block that holds no list is said to have been done.",
        clauses: &["shlist/a-block-that-is-no-list-is-refused"],
        defect: Defect::in_library(seen_in_any_block),
    },
];

/// The write in the middle of which the kill comes.
const FATAL: u64 = 100;

fn flag_is_number(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    let is_flag = |flag: bool| (answer.value, answer.aux) == Scalar::Flag(flag).expected();
    match call {
        Call::Load { .. } if is_flag(true) || is_flag(false) => Scalar::Int(answer.value).answer(),
        _ => answer,
    }
}

fn takes_one_more(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Store { at: Some(at), .. } if *at == inner.call(&Call::Length).value => Answer::ok(),
        _ => inner.call(call),
    }
}

fn reads_before_first(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Load { at: Some(at), .. } if *at < -inner.call(&Call::Length).value => {
            Scalar::Int(113).answer()
        }
        _ => inner.call(call),
    }
}

fn counts_one(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Count { .. } => Answer { value: answer.value.min(1), ..answer },
        _ => answer,
    }
}

fn finds_what_is_not_there(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match (call, answer.outcome) {
        (Call::Index { .. }, Outcome::BadValue) => Answer::number(inner.call(&Call::Length).value),
        _ => answer,
    }
}

fn cuts_what_is_too_long(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let mut call = call.clone();
    loop {
        let answer = inner.call(&call);
        let Call::Store { to, .. } = &mut call else { return answer };
        let shorter = match to {
            Scalar::Text(text) => text.pop().is_some(),
            Scalar::Bytes { bytes } => bytes.pop().and(bytes.pop()).is_some(),
            _ => false,
        };
        if answer.outcome != Outcome::BadValue || !shorter {
            return answer;
        }
    }
}

fn slot_keeps_type(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if let Call::Store { at, field: None, to } = call {
        let now = inner.call(&Call::Load { at: *at, field: None });
        let is_number = (now.value, now.aux) == Scalar::Int(now.value).expected();
        if now.outcome == Outcome::Ok && is_number != matches!(to, Scalar::Int(_)) {
            return Answer::of(Outcome::BadType);
        }
    }
    inner.call(call)
}

fn attached_is_a_copy(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    let Call::OpenList { name, values: None, copy: None, .. } = call else { return answer };
    let Some(attached) = (answer.outcome == Outcome::Ok).then(|| objects.remove(name)).flatten() else {
        return answer;
    };
    const ATTACHED: &str = "the list that was attached to";
    objects.insert(ATTACHED.into(), attached);
    let copy = Call::OpenList { name: name.clone(), block: None, values: None, copy: Some(ATTACHED.into()) };
    inner.call(on, &copy, objects);
    objects.remove(ATTACHED);
    answer
}

fn spills_over(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    if let Call::Store { at: Some(at), field: None, to } = call {
        inner.call(&Call::Store { at: Some(at + 1), field: None, to: to.clone() });
    }
    answer
}

/// The same call with other elements of a new list.
fn with_elements(call: &Call, change: impl Fn(&mut Scalar)) -> Call {
    let mut call = call.clone();
    if let Call::OpenList { values: Some(values), .. } = &mut call {
        values.iter_mut().for_each(change);
    }
    call
}

fn strips_zeros(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let stripped = with_elements(call, |scalar| match scalar {
        Scalar::Text(text) => text.truncate(text.trim_end_matches('\0').len()),
        Scalar::Bytes { bytes } => {
            while bytes.ends_with("00") && bytes.len().is_multiple_of(2) {
                bytes.truncate(bytes.len() - 2);
            }
        }
        _ => {}
    });
    inner.call(on, &stripped, objects)
}

fn counts_characters(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let cut = with_elements(call, |scalar| {
        if let Scalar::Text(text) = scalar {
            let room = text.chars().count().next_multiple_of(8);
            while text.len() > room {
                text.pop();
            }
        }
    });
    inner.call(on, &cut, objects)
}

fn written_in_halves(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Store { at, field: None, to: Scalar::Int(to) } if memory.calls == FATAL => {
            let old = inner.call(&Call::Load { at: *at, field: None }).value;
            let torn = (old & !0xFFFF_FFFF) | (to & 0xFFFF_FFFF);
            inner.call(&Call::Store { at: *at, field: None, to: torn.into() });
            facts::for_ever()
        }
        _ => inner.call(call),
    }
}

fn seen_in_any_block(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    let is_none = matches!(answer.outcome, Outcome::Corrupt | Outcome::BadValue | Outcome::DecodeFailed);
    match call {
        Call::OpenList { values: None, copy: None, .. } if is_none => Answer::ok(),
        _ => answer,
    }
}
