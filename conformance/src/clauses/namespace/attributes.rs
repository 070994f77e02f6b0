//! The attributes of a namespace: which are shared, and what a namespace says of itself.

use crate::clauses::prelude::*;
use crate::program::random;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "namespace/attribute-read-write-delete",
        level: Level::Must,
        text: "Attributes set through one proxy are seen through all; reading or deleting a missing one \
            raises AttributeError.",
        source: "doc Namespace",
        programs: |_| {
            vec![
                namespace()
                    .title("one process")
                    .main([
                        get_attribute("n", "x").is(Outcome::AttributeMissing),
                        del_attribute("n", "x").is(Outcome::AttributeMissing),
                        set_attribute("n", "x", 1).ok(),
                        get_attribute("n", "x").gives_value(1),
                        set_attribute("n", "x", "text").ok(),
                        get_attribute("n", "x").gives_value("text"),
                        set_attribute("n", "y", Datum::Scalar(Scalar::None(()))).ok(),
                        get_attribute("n", "y").gives_value(Datum::Scalar(Scalar::None(()))),
                        del_attribute("n", "x").ok(),
                        get_attribute("n", "x").is(Outcome::AttributeMissing),
                        del_attribute("n", "x").is(Outcome::AttributeMissing),
                    ])
                    .judge(Judge::Entries("n".into())),
                namespace()
                    .title("two processes and a thread")
                    .main([
                        set_attribute("n", "x", 1).ok().label("set"),
                        get_attribute("n", "x").after(returned("p", "changed")).gives_value(2),
                        del_attribute("n", "x").ok().label("deleted"),
                        get_attribute("n", "y").after(ended("t")).gives_value(3),
                    ])
                    .process(
                        "p",
                        [
                            get_attribute("n", "x").after(returned("main", "set")).gives_value(1),
                            set_attribute("n", "x", 2).ok().label("changed"),
                            get_attribute("n", "x")
                                .after(returned("main", "deleted"))
                                .is(Outcome::AttributeMissing)
                                .label("missed"),
                        ],
                    )
                    .thread(
                        "t",
                        "p",
                        [
                            get_attribute("n", "x")
                                .after(returned("p", "missed"))
                                .is(Outcome::AttributeMissing),
                            set_attribute("n", "y", 3).ok(),
                        ],
                    )
                    .each_method(),
                namespace().title("two namespaces of one manager").managed("o", "m", a_namespace()).main([
                    set_attribute("n", "x", 1).ok(),
                    get_attribute("o", "x").is(Outcome::AttributeMissing),
                    set_attribute("o", "x", 2).ok(),
                    get_attribute("n", "x").gives_value(1),
                ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "namespace/underscore-attributes-are-local",
        level: Level::Must,
        text: "Attributes beginning with an underscore belong to the proxy object itself and are not shared.",
        source: "doc Namespace",
        programs: |_| {
            vec![
                namespace()
                    .title("another process has had its proxy before")
                    .main([
                        set_attribute("n", "_p", 1).ok(),
                        set_attribute("n", "p", 2).ok(),
                        get_attribute("n", "_p").gives_value(1).label("set"),
                        get_attribute("n", "_p").after(ended("p")).gives_value(1),
                    ])
                    .process(
                        "p",
                        [
                            get_attribute("n", "_p")
                                .after(returned("main", "set"))
                                .is(Outcome::AttributeMissing),
                            get_attribute("n", "p").gives_value(2),
                            set_attribute("n", "_p", 5).ok(),
                            get_attribute("n", "_p").gives_value(5),
                        ],
                    ),
                namespace()
                    .title("another process is sent the proxy afterwards")
                    .pipe("c")
                    .main(
                        [
                            set_attribute("n", "_p", 1).ok(),
                            set_attribute("n", "p", 2).ok(),
                            hand("c.0", "n").ok(),
                        ]
                        .into_iter()
                        .chain([get_attribute("n", "_p").after(ended("p")).gives_value(1)]),
                    )
                    .role(
                        holding("p", &["c.1"]),
                        [
                            take_over("c.1", "theirs").ok(),
                            get_attribute("theirs", "p").gives_value(2),
                            get_attribute("theirs", "_p").is(Outcome::AttributeMissing),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "namespace/initial-attributes",
        level: Level::Should,
        text: "Keyword arguments at creation become attributes.",
        source: "managers.Namespace",
        programs: |_| {
            let initial = vec![("a".into(), 1.into()), ("b".into(), Datum::list([2]))];
            vec![
                Program::new()
                    .manager("m")
                    .managed("n", "m", ObjectKind::Namespace { initial })
                    .main([
                        get_attribute("n", "a").gives_value(1),
                        get_attribute("n", "b").gives_value(Datum::list([2])),
                        get_attribute("n", "c").is(Outcome::AttributeMissing),
                    ])
                    .process("p", [get_attribute("n", "a").gives_value(1)]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "namespace/text-form-sorted",
        level: Level::Should,
        text: "The display form lists the public attributes in sorted order.",
        source: "managers.Namespace.__repr__",
        programs: |_| {
            vec![namespace().main([
                set_attribute("n", "b", 2).ok(),
                set_attribute("n", "a", 1).ok(),
                set_attribute("n", "_c", 3).ok(),
                display("n").expect(Expect::TextContains("a=1, b=2)".into())),
                del_attribute("n", "a").ok(),
                display("n").expect(Expect::TextContains("(b=2)".into())),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "namespace/attributes-in-any-program",
        level: Level::Must,
        text: "Whatever several processes do with the attributes of a namespace, each call takes place at one \
            moment between its beginning and its end; an addition is a read and a write.",
        source: "as manager/single-call-atomicity",
        programs: |seed| {
            (0..random::MANAGED_PROGRAMS)
                .map(|index| random::namespace_program(seed.wrapping_add(index)))
                .collect()
        },
        ..Clause::BLANK
    },
];

/// A namespace `n` of the manager `m`.
fn namespace() -> Program {
    Program::new().manager("m").managed("n", "m", a_namespace())
}
