//! A call through a proxy: where it runs, what it gives, and what its errors say.

use crate::clauses::prelude::*;

/// The clauses, in reading order.
pub const CLAUSES: &[Clause] = &[
    Clause {
        id: "proxy/call-runs-in-server",
        level: Level::Must,
        text: "A proxy call runs the method on the referent in the server and returns a copy of the result.",
        source: "doc BaseProxy._callmethod",
        programs: |_| {
            vec![
                Program::new()
                    .title("two processes reach the same counter in the same process")
                    .manager("m")
                    .managed("c", "m", registered(Registered::Counter, [5]))
                    .main([
                        invoke("c", "pid").ok().label("server"),
                        invoke_with("c", "add", [1]).gives_value(6).label("added"),
                        invoke("c", "get").after(ended("p")).gives_value(7),
                    ])
                    .process(
                        "p",
                        [
                            invoke("c", "pid").after(returned("main", "added")).same_as("main", "server"),
                            invoke_with("c", "add", [1]).gives_value(7),
                        ],
                    )
                    .each_method(),
                Program::new()
                    .title("a result is a copy")
                    .manager("m")
                    .managed("k", "m", registered(Registered::Maker, [5]))
                    .main([
                        invoke("k", "plain").into_name("mine").gives_value(Datum::list([5])),
                        append("mine", 6).ok(),
                        len_of("mine").gives_value(2),
                        invoke("k", "plain").gives_value(Datum::list([5])),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/error-reraised-with-type",
        level: Level::Must,
        text: "An error raised by the method is raised again at the caller with its own type and arguments.",
        source: "doc BaseProxy._callmethod",
        programs: |_| {
            let kinds = [
                ("value", Outcome::BadValue),
                ("key", Outcome::KeyMissing),
                ("index", Outcome::OutOfRange),
                ("attribute", Outcome::AttributeMissing),
                ("type", Outcome::BadType),
                ("runtime", Outcome::NotAllowed),
                ("own", Outcome::ActionFailed),
            ];
            let asked = || kinds.into_iter().map(|(kind, outcome)| fails(kind, outcome));
            vec![
                on_counter()
                    .main(asked().chain([invoke("c", "get").gives_value(5)]))
                    .process("p", asked())
                    .each_method(),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/any-error-keeps-its-type",
        level: Level::Beyond,
        text: "An error whose type cannot be rebuilt from its arguments alone arrives as what it is, too.",
        source: "exception serialisation; cf. gh-79492",
        origin: Some("proxy/hazard-error-that-cannot-be-rebuilt"),
        programs: |_| {
            vec![on_counter().main([
                invoke_with("c", "fail", ["own_strict"]).is(Outcome::ActionFailed),
                invoke("c", "get").gives_value(5),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/unexposed-method-error",
        level: Level::Must,
        text: "Calling a method that is not exposed is an error; nothing is called, and the proxy stays \
            usable.",
        source: "doc BaseProxy._callmethod; managers.RemoteError",
        programs: |_| {
            let refused = [Outcome::RemoteError, Outcome::AttributeMissing];
            vec![
                Program::new()
                    .manager("m")
                    .managed("r", "m", registered(Registered::Reserved, [5]))
                    .managed("d", "m", a_dict([("k", 1)]))
                    .main([
                        invoke_with("r", "add", [1]).one_of(&refused),
                        invoke("r", "get").gives_value(5),
                        invoke_with("d", "fromkeys", [Datum::list(["x"])]).one_of(&refused),
                        len_of("d").gives_value(1),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/unserialisable-result-error",
        level: Level::Must,
        text: "A result that cannot be serialised is an error of the server, and the connection stays usable.",
        source: "Server.serve_client",
        programs: |_| {
            vec![on_counter().main([
                invoke("c", "unserialisable").is(Outcome::RemoteError),
                invoke("c", "get").gives_value(5),
                invoke("c", "unserialisable").is(Outcome::RemoteError),
                invoke_with("c", "add", [1]).gives_value(6),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/unserialisable-argument-error",
        level: Level::Must,
        text: "An argument that cannot be serialised raises at the caller before anything is sent.",
        source: "doc \"Picklability\"",
        programs: |_| {
            vec![on_counter().managed("l", "m", an_empty_list()).main([
                append("l", Datum::unencodable()).is(Outcome::EncodeFailed),
                append("l", Datum::List(vec![1.into(), Datum::unencodable()])).is(Outcome::EncodeFailed),
                len_of("l").gives_value(0),
                append("l", 1).ok(),
                len_of("l").gives_value(1),
                invoke("c", "get").gives_value(5),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/repr-is-proxy-str-is-referent",
        level: Level::Should,
        text: "The debugging form names the proxy, the display form is the referent's representation, with a \
            fallback if the server is gone.",
        source: "doc BaseProxy.__repr__/__str__",
        programs: |_| {
            vec![
                Program::new()
                    .manager("m")
                    .managed("l", "m", a_list([1, 2]))
                    .managed("k", "m", a_list([1, 2]))
                    .main([
                        display("l").text("[1, 2]").label("shown"),
                        display("k").same_as("main", "shown"),
                        repr("l").expect(Expect::DiffersFrom(at("main", "shown"))).label("debug"),
                        append("l", 3).ok(),
                        display("l").text("[1, 2, 3]"),
                        repr("l").same_as("main", "debug"),
                        shutdown("m").ok(),
                        repr("l").same_as("main", "debug"),
                        display("l").ok(),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/equality-is-identity",
        level: Level::Must,
        text: "Proxies compare by identity of the proxy object, not by referent or value.",
        source: "doc \"Proxy Objects\" note",
        programs: |_| {
            vec![
                Program::new()
                    .manager("m")
                    .managed("l", "m", a_list([1]))
                    .managed("same", "m", a_list([1]))
                    .managed("outer", "m", an_empty_list())
                    .main([
                        equals("l", "l").truth(true),
                        equals("l", "same").truth(false),
                        keep("mine", Datum::list([1])).ok(),
                        equals("l", "mine").truth(false),
                        append("outer", Datum::known("l")).ok(),
                        get_item("outer", 0).into_name("again").gives_object("list"),
                        equals("l", "again").truth(false),
                        get_value("l", "held").gives_value(Datum::list([1])),
                        equals("held", "mine").truth(true),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/getvalue-copies",
        level: Level::Must,
        text: "_getvalue returns an independent copy of the referent; deep-copying a proxy does the same.",
        source: "doc BaseProxy._getvalue",
        programs: |_| {
            vec![
                Program::new()
                    .manager("m")
                    .managed("l", "m", a_list([1]))
                    .managed("d", "m", a_dict([("k", 1)]))
                    .managed("outer", "m", an_empty_list())
                    .main([
                        get_value("l", "copy").gives_value(Datum::list([1])),
                        append("copy", 2).ok(),
                        get_value("l", "now").gives_value(Datum::list([1])),
                        append("l", 3).ok(),
                        len_of("copy").gives_value(2),
                        deep_copy("l", "deep").gives_value(Datum::list([1, 3])),
                        append("deep", 4).ok(),
                        get_value("l", "now").gives_value(Datum::list([1, 3])),
                        get_value("d", "dict").gives_value(Datum::dict([("k", 1)])),
                        set_item("dict", "k", 2).ok(),
                        get_item("d", "k").gives_value(1),
                        append("outer", Datum::known("l")).ok(),
                        get_item("outer", 0).into_name("inner").gives_object("list"),
                        deep_copy("inner", "plain").gives_value(Datum::list([1, 3])),
                        append("plain", 5).ok(),
                        get_value("l", "now").gives_value(Datum::list([1, 3])),
                    ]),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/attributes-not-forwarded",
        level: Level::Should,
        text: "Plain data attributes and operators are not forwarded unless the proxy type provides them.",
        source: "MakeProxyType",
        programs: |_| {
            let missing = [Outcome::AttributeMissing, Outcome::RemoteError, Outcome::BadType];
            vec![on_counter().main([
                invoke("c", "value").one_of(&missing),
                invoke("c", "__len__").one_of(&missing),
                invoke("c", "__call__").one_of(&missing),
                invoke_with("c", "__add__", [1]).one_of(&missing),
                invoke("c", "get").gives_value(5),
            ])]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/after-shutdown-error",
        level: Level::Must,
        text: "Calls after shutdown raise an error and never hang.",
        source: "BaseProxy._callmethod",
        programs: |_| {
            use crate::clauses::manager::NOBODY_SERVES;
            vec![
                Program::new()
                    .manager("m")
                    .managed("l", "m", a_list([1]))
                    .managed("q", "m", ObjectKind::Queue { maxsize: 0 })
                    .managed("unused", "m", ObjectKind::Lock)
                    .main([
                        len_of("l").gives_value(1),
                        shutdown("m").after(returned("p", "used")).ok().label("down"),
                        len_of("l").one_of(&NOBODY_SERVES),
                        get("q").one_of(&NOBODY_SERVES),
                        acquire("unused").one_of(&NOBODY_SERVES),
                    ])
                    .process(
                        "p",
                        [
                            len_of("l").gives_value(1).label("used"),
                            get("q").after(returned("main", "down")).one_of(&NOBODY_SERVES),
                            len_of("l").one_of(&NOBODY_SERVES),
                        ],
                    ),
            ]
        },
        ..Clause::BLANK
    },
    Clause {
        id: "proxy/per-thread-connection",
        level: Level::Must,
        text: "Different threads may use the same proxy at the same time.",
        source: "BaseProxy._tls; doc \"Thread safety of proxies\"",
        programs: |_| {
            const THREADS: [&str; 4] = ["t", "u", "v", "w"];
            let all_ended = |line: Line| THREADS.iter().fold(line, |line, name| line.after(ended(name)));
            let threads = Program::new()
                .title("four threads append")
                .manager("m")
                .managed("l", "m", an_empty_list())
                .main([all_ended(iterate("l")).value(100)])
                .judge(Judge::List("l".into()));
            let threads = (0..).zip(THREADS).fold(threads, |program, (index, name)| {
                program.thread(name, "main", (0..25).map(|round| append("l", 100 * index + round).ok()))
            });
            vec![
                threads,
                Program::new()
                    .title("one waits in a call while others go on")
                    .manager("m")
                    .managed("q", "m", ObjectKind::Queue { maxsize: 0 })
                    .main([
                        qsize("q").after(blocked("t", "wait")).value(0),
                        put("q", 1).after(ended("u")).ok(),
                    ])
                    .thread("t", "main", [get("q").label("wait").gives(1)])
                    .thread("u", "main", [empty("q").after(blocked("t", "wait")).truth(true)]),
            ]
        },
        ..Clause::BLANK
    },
];

/// A manager `m`, and a counter `c` that begins with 5.
fn on_counter() -> Program {
    Program::new().manager("m").managed("c", "m", registered(Registered::Counter, [5]))
}

/// A call that raises an error of this kind, which arrives with its arguments.
fn fails(kind: &str, outcome: Outcome) -> Line {
    let arguments = Datum::Tuple { tuple: vec!["as asked".into(), 7.into()] };
    let fingerprint = arguments.answer().expect("a plain value").aux;
    invoke_with("c", "fail", [kind]).expect(Expect::Answer(outcome, 0, fingerprint))
}
