//! Mutants of managers: the types that are registered with them.

use procession_contract::{
    Answer, Call, Datum, Implementation, Method, ObjectKind, ObjectSpec, Objects, Outcome, Registered,
};

use crate::invoking::{invokes, with_method};
use crate::{Defect, Mutant, creating, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "counters_are_one",
        about: "Every creation of a registered type gives the object that the first one made.",
        clauses: &["manager/register-type", "manager/callable-called-per-creation"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, one_for_all)
        }),
    },
    Mutant {
        name: "shared_counter_is_made_anew",
        about: "An object that its function gives again is copied for each creation.",
        clauses: &["manager/callable-called-per-creation", "remote/shared-singleton", "remote/connect"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, made_anew)
        }),
    },
    Mutant {
        name: "stored_is_made_of_anything",
        about: "What is registered without a function and created without one argument is an empty list.",
        clauses: &["manager/register-without-callable"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, of_anything)
        }),
    },
    Mutant {
        name: "result_only_has_a_creator",
        about: "A type that is to appear as a result only can be created.",
        clauses: &["manager/register-no-create-method"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, with_creator)
        }),
    },
    Mutant {
        name: "underscores_are_exposed",
        about: "Of a type without a list of exposed methods those that begin with an underscore are exposed, too.",
        clauses: &["manager/exposed-default-public"],
        defect: Defect::in_library(exposes_underscores),
    },
    Mutant {
        name: "exposed_list_is_ignored",
        about: "Of a type with a list of exposed methods all public ones are exposed, and no others.",
        clauses: &["manager/exposed-list", "proxy/unexposed-method-error"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, without_a_list)
        }),
    },
    Mutant {
        name: "mapped_results_are_copied",
        about: "A result that is mapped to a type comes as a copy.",
        clauses: &["manager/method-to-typeid", "proxy/works-the-same-in-every-process"],
        defect: Defect::in_library(copies_mapped),
    },
    Mutant {
        name: "creation_error_arrives_as_itself",
        about: "An error of the function that makes an object is raised again as what it is.",
        clauses: &["manager/creation-error"],
        defect: Defect::in_creation(raised_again),
    },
];

/// Puts one registered type in the place of another.
fn registered_as(kind: &mut ObjectKind, from: Registered, to: Registered) {
    if let ObjectKind::Registered { of, .. } = kind
        && *of == from
    {
        *of = to;
    }
}

fn one_for_all(kind: &mut ObjectKind) {
    registered_as(kind, Registered::Counter, Registered::SharedCounter);
}

fn made_anew(kind: &mut ObjectKind) {
    registered_as(kind, Registered::SharedCounter, Registered::Counter);
}

fn of_anything(kind: &mut ObjectKind) {
    if let ObjectKind::Registered { of: Registered::Stored, args } = kind
        && args.len() != 1
    {
        *args = vec![Datum::List(Vec::new())];
    }
}

fn with_creator(kind: &mut ObjectKind) {
    registered_as(kind, Registered::ResultOnly, Registered::Counter);
}

fn without_a_list(kind: &mut ObjectKind) {
    registered_as(kind, Registered::Reserved, Registered::Counter);
}

fn exposes_underscores(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    let is_counter =
        |kind: &ObjectKind| matches!(kind, ObjectKind::Registered { of: Registered::Counter, .. });
    match invokes(call, "_secret") && kinds::is_managed(on, is_counter) {
        true => Datum::from(42).answer().unwrap_or(answer),
        false => answer,
    }
}

fn copies_mapped(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    match invokes(call, "twin") {
        true => inner.call(on, &with_method(call, "plain"), objects),
        false => inner.call(on, call, objects),
    }
}

fn raised_again(
    inner: &dyn Implementation,
    spec: &ObjectSpec,
    method: Method,
    existing: &mut Objects,
) -> Result<Objects, Answer> {
    inner.create(spec, method, existing).map_err(|answer| match (&spec.kind, answer.outcome) {
        (ObjectKind::Managed { .. }, Outcome::RemoteError) => Answer::of(Outcome::BadValue),
        _ => answer,
    })
}
