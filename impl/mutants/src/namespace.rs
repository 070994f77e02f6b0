//! Mutants of namespaces.

use procession_contract::{Answer, Call, Datum, Implementation, Object, ObjectKind, Objects, Outcome};

use crate::invoking::{invoke, invokes, method, nothing, text, with_args};
use crate::{Defect, Memory, Mutant, creating, kinds};

/// The mutants.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "namespace_has_nothing_in_a_missing_attribute",
        about: "What is read of an attribute that is missing is nothing.",
        clauses: &["namespace/attribute-read-write-delete", "namespace/attributes-in-any-program"],
        defect: Defect::in_library(nothing_is_there),
    },
    Mutant {
        name: "namespace_keeps_what_is_deleted",
        about: "To delete an attribute that is there does nothing.",
        clauses: &["namespace/attribute-read-write-delete", "namespace/attributes-in-any-program"],
        defect: Defect::in_library(keeps),
    },
    Mutant {
        name: "namespace_shares_underscores",
        about: "Attributes that begin with an underscore are shared like any other.",
        clauses: &["namespace/underscore-attributes-are-local"],
        defect: Defect::in_library(shares_underscores),
    },
    Mutant {
        name: "namespace_begins_empty",
        about: "What is given to the creation of a namespace is forgotten.",
        clauses: &["namespace/initial-attributes"],
        defect: Defect::in_creation(|inner, spec, method, existing| {
            creating::other_in_manager(inner, spec, method, existing, begins_empty)
        }),
    },
    Mutant {
        name: "namespace_shows_its_attributes_backwards",
        about: "The display form of a namespace has the attributes in the wrong order.",
        clauses: &["namespace/text-form-sorted"],
        defect: Defect::in_managed(shows_backwards),
    },
];

fn nothing_is_there(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let answer = inner.call(on, call, objects);
    match answer.outcome {
        Outcome::AttributeMissing if invokes(call, "__getattribute__") && kinds::is_namespace(on) => {
            nothing()
        }
        _ => answer,
    }
}

fn keeps(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Some(("__delattr__", args)) = method(call).filter(|_| kinds::is_namespace(on)) else {
        return inner.call(on, call, objects);
    };
    let read = inner.call(on, &invoke("__getattribute__", args), objects);
    if read.outcome == Outcome::Ok { nothing() } else { read }
}

fn shares_underscores(inner: &dyn Implementation, on: &str, call: &Call, objects: &mut Objects) -> Answer {
    let Some((_, [name, rest @ ..])) = method(call).filter(|_| kinds::is_namespace(on)) else {
        return inner.call(on, call, objects);
    };
    let Some(local) = text(name).filter(|name| name.starts_with('_')) else {
        return inner.call(on, call, objects);
    };
    let shared = std::iter::once(Datum::from(format!("shared{local}").as_str())).chain(rest.iter().cloned());
    inner.call(on, &with_args(call, shared.collect::<Vec<_>>()), objects)
}

fn begins_empty(kind: &mut ObjectKind) {
    if let ObjectKind::Namespace { initial } = kind {
        initial.clear();
    }
}

fn shows_backwards(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    let is_namespace = matches!(&memory.kind, Some(ObjectKind::Managed { of, .. })
        if matches!(**of, ObjectKind::Namespace { .. }));
    let parts = answer.text.as_ref().and_then(|text| text.strip_suffix(')')?.split_once('('));
    match (call, parts) {
        (Call::Display, Some((class, attributes))) if is_namespace => {
            let backwards: Vec<&str> = attributes.rsplit(", ").collect();
            Answer::text(format!("{class}({})", backwards.join(", ")))
        }
        _ => answer,
    }
}
