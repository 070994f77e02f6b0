//! With which values a semaphore may begin, and how far it may go.

use procession_contract::Scalar;

use crate::clauses::prelude::*;

/// The largest value of a semaphore on Linux.
const MOST: i64 = i32::MAX as i64;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "semaphore/default-one",
        level: Level::Must,
        text: "The default initial value is 1; 0 is allowed.",
        source: "BaseContext.Semaphore",
        programs: |_| {
            let finds = |title: &str, kind: ObjectKind, permits: usize| {
                let main =
                    (0..permits).map(|_| try_acquire("s").acquired()).chain([try_acquire("s").refused()]);
                Program::new().title(title).object("s", kind).main(main)
            };
            vec![
                finds("no value", ObjectKind::Semaphore { value: None }, 1),
                finds("no value, bounded", ObjectKind::BoundedSemaphore { value: None }, 1),
                finds("0", ObjectKind::Semaphore { value: Some(0.into()) }, 0),
                finds("0, bounded", ObjectKind::BoundedSemaphore { value: Some(0.into()) }, 0),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/max-value-error",
        level: Level::Should,
        text: "Releasing at the platform maximum (2³¹−1 on Linux) raises ValueError; an initial value \
            above it is refused.",
        source: "SEM_VALUE_MAX",
        programs: |_| {
            vec![Program::new().semaphore("s", MOST).main([
                release("s").is(Outcome::OverRelease),
                acquire("s").acquired(),
                release("s").ok(),
                release("s").is(Outcome::OverRelease),
                refused_to_create(ObjectKind::Semaphore { value: Some((MOST + 1).into()) }, BAD_VALUE),
                refused_to_create(ObjectKind::BoundedSemaphore { value: Some((1 << 40).into()) }, BAD_VALUE),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "semaphore/negative-initial-error",
        level: Level::Must,
        text: "A negative initial value is refused (OSError in CPython), a non-integer one with TypeError.",
        source: "sem_open EINVAL",
        programs: |_| {
            let refused = |value: Scalar, outcomes: &[Outcome]| {
                [
                    refused_to_create(ObjectKind::Semaphore { value: Some(value.clone()) }, outcomes),
                    refused_to_create(ObjectKind::BoundedSemaphore { value: Some(value) }, outcomes),
                ]
            };
            let each = [
                refused((-1).into(), BAD_VALUE),
                refused((-(1i64 << 40)).into(), BAD_VALUE),
                refused(Scalar::real(1.5), BAD_TYPE),
                refused("1".into(), BAD_TYPE),
            ];
            vec![Program::new().main(each.into_iter().flatten())]
        },
        ..Clause::BLANK
    },
];

/// A value that no semaphore can have.
const BAD_VALUE: &[Outcome] = &[Outcome::BadValue];

/// What is no whole number.
const BAD_TYPE: &[Outcome] = &[Outcome::BadType];

fn refused_to_create(kind: ObjectKind, outcomes: &[Outcome]) -> Line {
    create("bad", kind).one_of(outcomes)
}
