//! Mutants of shared arrays: lengths, indices, elements and slices.

use procession_contract::{Answer, Call, Object, ObjectKind, Outcome, Scalar};

use crate::{Defect, Memory, Mutant, facts};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "array_is_longer_by_one",
        about: "An array says that it has one element more than it has.",
        clauses: &["array/length-and-init"],
        defect: Defect::in_values(longer_by_one),
    },
    Mutant {
        name: "array_index_goes_round",
        about: "An index beyond the end begins again with the first element.",
        clauses: &["array/index-and-negative-index"],
        defect: Defect::in_values(index_goes_round),
    },
    Mutant {
        name: "array_takes_a_text_for_zero",
        about: "A text that is written to an element of numbers is written as zero.",
        clauses: &["array/element-type-checked"],
        defect: Defect::in_values(text_is_zero),
    },
    Mutant {
        name: "array_value_goes_beyond_the_first_zero",
        about: "The value of an array of characters is all of it.",
        clauses: &["array/char-array-value-and-raw"],
        defect: Defect::in_values(value_is_raw),
    },
    Mutant {
        name: "array_updates_by_a_child_are_lost",
        about: "What a child adds to an element is added to nothing.",
        clauses: &["array/child-prefix-sum"],
        defect: Defect::in_values(childs_updates_are_lost),
    },
    Mutant {
        name: "array_slice_ignores_its_stride",
        about: "A slice has every element from its first to its last.",
        clauses: &["array/slice-read-copies"],
        defect: Defect::in_values(ignores_stride),
    },
    Mutant {
        name: "array_slice_write_is_cut",
        about: "Of more elements than a slice has, as many are written as it has.",
        clauses: &["array/slice-write-same-length"],
        defect: Defect::in_values(slice_write_is_cut),
    },
];

fn is_array(memory: &Memory) -> bool {
    matches!(memory.kind, Some(ObjectKind::Array { .. }))
}

fn longer_by_one(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Length if is_array(memory) => Answer { value: answer.value + 1, ..answer },
        _ => answer,
    }
}

fn index_goes_round(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Load { at: Some(at), field: None } => {
            let length = inner.call(&Call::Length).value.max(1);
            inner.call(&Call::Load { at: Some(at.rem_euclid(length)), field: None })
        }
        _ => inner.call(call),
    }
}

fn text_is_zero(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Store { at: Some(at), field: None, to: Scalar::Text(_) }
            if answer.outcome == Outcome::BadType =>
        {
            inner.call(&Call::Store { at: Some(*at), field: None, to: 0.into() })
        }
        _ => answer,
    }
}

fn value_is_raw(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Load { at: None, field: Some(field) } if field == "value" => {
            inner.call(&Call::Load { at: None, field: Some("raw".into()) })
        }
        _ => inner.call(call),
    }
}

fn childs_updates_are_lost(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::Add { at: Some(_), .. } if facts::worker() != "main" => Answer::ok(),
        _ => inner.call(call),
    }
}

fn ignores_stride(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    match call {
        Call::LoadSlice { from, to, step: Some(step) } if *step > 1 => {
            inner.call(&Call::LoadSlice { from: *from, to: *to, step: None })
        }
        _ => inner.call(call),
    }
}

fn slice_write_is_cut(_: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let Call::StoreSlice { from, to, step, values } = call else { return inner.call(call) };
    let room = inner.call(&Call::LoadSlice { from: *from, to: *to, step: *step }).value.max(0) as usize;
    let values = values[..room.min(values.len())].to_vec();
    inner.call(&Call::StoreSlice { from: *from, to: *to, step: *step, values })
}
