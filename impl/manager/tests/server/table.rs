//! The table of objects against a model that counts: any order of references taken, given back, stored and cleared.

use std::any::Any;
use std::sync::Arc;

use procession_manager::server::{Bell, Objects, Stored};
use procession_wire::Builder;
use proptest::prelude::*;

use crate::counter::Kept;
use crate::objects::proxy;

/// One step; numbers name objects by the order in which they were created, modulo how many there are.
#[derive(Clone, Copy, Debug)]
enum Step {
    Create,
    Incref(usize),
    Decref(usize),
    /// Puts a proxy of the second into the first.
    Put(usize, usize),
    Clear(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Create),
        (0..8_usize).prop_map(Step::Incref),
        (0..8_usize).prop_map(Step::Decref),
        (0..8_usize).prop_map(Step::Decref),
        (0..8_usize, 0..8_usize).prop_map(|(into, what)| Step::Put(into, what)),
        (0..8_usize).prop_map(Step::Clear),
    ]
}

/// What is to be expected of one object.
#[derive(Clone, Copy, Debug, Default)]
struct Expected {
    is_there: bool,
    references: u64,
    holds: Option<usize>,
}

/// Drops what nothing refers to, until nothing is left to drop. A cycle keeps itself.
fn settle(expected: &mut [Expected]) {
    while let Some(gone) = (0..expected.len()).find(|&index| {
        let is_held = expected.iter().any(|other| other.is_there && other.holds == Some(index));
        expected[index].is_there && expected[index].references == 0 && !is_held
    }) {
        expected[gone] = Expected::default();
    }
}

/// Puts a value, or nothing, into an object.
fn keep(objects: &Objects, ident: &str, value: Stored) {
    let object = objects.find(ident).expect("it is there");
    let referent: &dyn Any = &*object.referent;
    referent.downcast_ref::<Kept>().expect("all are of one type").keep(value);
}

proptest! {
    #[test]
    fn an_object_is_there_while_something_refers_to_it(steps in prop::collection::vec(step(), 1..60)) {
        let objects = Objects::new(100, Bell::new().expect("descriptors are left")).expect("random bytes");
        let mut idents: Vec<Box<str>> = Vec::new();
        let mut expected: Vec<Expected> = Vec::new();
        for step in steps {
            let at = |index: usize| index % idents.len().max(1);
            match step {
                Step::Create => {
                    let object = objects.create("kept", Arc::new(Kept::default()), None).expect("there is room");
                    prop_assert!(!idents.contains(&object.ident));
                    idents.push(object.ident.clone());
                    expected.push(Expected { is_there: true, references: 1, holds: None });
                }
                _ if idents.is_empty() => {}
                Step::Incref(index) => {
                    let taken = objects.incref(&idents[at(index)], None);
                    let object = &mut expected[at(index)];
                    prop_assert_eq!(taken.is_ok(), object.is_there);
                    object.references += u64::from(object.is_there);
                }
                Step::Decref(index) => {
                    let given_back = objects.decref(&idents[at(index)], None);
                    let object = &mut expected[at(index)];
                    prop_assert_eq!(given_back.is_ok(), object.is_there);
                    object.references = object.references.saturating_sub(1);
                }
                Step::Put(into, what) if expected[at(into)].is_there => {
                    let mut builder = Builder::new();
                    let named = proxy(&mut builder, &idents[at(what)]);
                    let value = builder.finish(named);
                    keep(&objects, &idents[at(into)], Stored::of(value.root(), &objects));
                    // A proxy of what is gone refers to nothing.
                    expected[at(into)].holds = Some(at(what)).filter(|&what| expected[what].is_there);
                }
                Step::Clear(index) if expected[at(index)].is_there => {
                    keep(&objects, &idents[at(index)], Stored::none());
                    expected[at(index)].holds = None;
                }
                Step::Put(..) | Step::Clear(_) => {}
            }
            settle(&mut expected);
            for (ident, expected) in idents.iter().zip(&expected) {
                prop_assert_eq!(objects.find(ident).is_some(), expected.is_there);
            }
            let referred_to = expected.iter().filter(|expected| expected.references > 0).count();
            prop_assert_eq!(objects.number(), referred_to);
        }
    }
}
