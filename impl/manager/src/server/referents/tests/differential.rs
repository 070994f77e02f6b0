//! The same calls, none of which waits, on these objects and on Python's own: the same results, and errors of the
//! same classes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;

/// Makes an object of each line that begins with `new`, and calls it for each other line.
const ORACLE: &str = r#"
import queue, sys, threading

def made(typeid, *arguments):
    return getattr(queue if typeid == "Queue" else threading, typeid)(*arguments)

def called(method, *arguments):
    if method == "__getattribute__":
        return getattr(it, *arguments)
    return getattr(it, method)(*arguments)

for line in sys.stdin:
    do, arguments = line.rstrip("\n").split(" ", 1)
    try:
        if do == "new":
            it, said = eval("made" + arguments), None
        else:
            said = called(do, *eval(arguments))
            said = bool(said) if do == "acquire" else said
    except Exception as error:
        said = "!" + type(error).__name__
    print(said if isinstance(said, str) else repr(said))
"#;

/// A method with arguments among which one is chosen.
type Method = (&'static str, Vec<Vec<Datum>>);

/// A type, what its objects are made of, and what is called.
type Type = (&'static str, Vec<Vec<Datum>>, Vec<Method>);

fn text(text: &str) -> Datum {
    Datum::Str(text.into())
}

/// Types with arguments to make them of, and their calls.
fn types(has_shutdown: bool) -> Vec<Type> {
    let none = || vec![vec![]];
    let acquires = || {
        vec![
            vec![flag(false)],
            vec![flag(true), int(0)],
            vec![int(0)],
            vec![flag(false), int(1)],
            vec![flag(false), seconds(0.0)],
        ]
    };
    let lock = || {
        let mut acquires = acquires();
        acquires.extend([
            vec![flag(false), int(-1)],
            vec![flag(true), int(-2)],
            vec![flag(true), seconds(-0.5)],
            vec![flag(true), seconds(f64::NAN)],
            vec![flag(true), seconds(1e300)],
            vec![flag(true), int(i64::MAX)],
            vec![flag(true), text("x")],
            vec![flag(false), Datum::None],
            vec![flag(false), int(-1), int(1)],
        ]);
        vec![("acquire", acquires), ("release", vec![vec![], vec![int(1)]])]
    };
    let semaphore = || {
        let mut acquires = acquires();
        acquires.extend([
            vec![flag(true), int(-2)],
            vec![flag(true), seconds(-0.5)],
            vec![flag(false), Datum::None],
            vec![Datum::None],
            vec![text("")],
        ]);
        let releases = vec![
            vec![],
            vec![int(1)],
            vec![int(2)],
            vec![flag(true)],
            vec![int(0)],
            vec![int(-1)],
            vec![text("x")],
        ];
        vec![("acquire", acquires), ("release", releases)]
    };
    let waits = || vec![vec![int(0)], vec![int(-1)], vec![seconds(-0.5)], vec![flag(false)]];
    let mut condition = lock();
    condition.extend([
        ("wait", [waits(), vec![vec![text("x")]]].concat()),
        ("notify", vec![vec![], vec![int(1)], vec![int(3)], vec![int(0)]]),
        ("notify_all", vec![vec![], vec![int(1)]]),
    ]);
    let barrier = vec![
        ("wait", waits()),
        ("abort", none()),
        ("reset", none()),
        (
            "__getattribute__",
            ["parties", "n_waiting", "broken", "nothing"].map(|name| vec![text(name)]).into(),
        ),
    ];
    let event = vec![("is_set", none()), ("set", none()), ("clear", none()), ("wait", waits())];
    let mut queue = vec![
        ("empty", none()),
        ("full", none()),
        ("qsize", none()),
        ("task_done", none()),
        ("get_nowait", vec![vec![], vec![int(1)]]),
        ("put_nowait", vec![vec![int(1)], vec![text("x")], vec![Datum::None], vec![]]),
        (
            "get",
            vec![
                vec![flag(false)],
                vec![flag(true), int(0)],
                vec![flag(true), int(-1)],
                vec![flag(false), int(-1)],
                vec![flag(true), text("x")],
                vec![int(0), text("x")],
            ],
        ),
        (
            "put",
            vec![
                vec![int(2), flag(false)],
                vec![int(3), flag(true), int(0)],
                vec![int(4), flag(true), int(-1)],
                vec![int(5), flag(false), int(-1)],
                vec![int(6), flag(true), text("x")],
                vec![],
            ],
        ),
    ];
    if has_shutdown {
        queue.push(("shutdown", vec![vec![], vec![flag(false)], vec![flag(true)]]));
    }
    vec![
        ("Lock", none(), lock()),
        ("RLock", none(), lock()),
        ("Condition", vec![vec![], vec![Datum::None]], condition),
        ("Semaphore", vec![vec![], vec![int(0)], vec![int(2)], vec![int(-1)]], semaphore()),
        ("BoundedSemaphore", vec![vec![], vec![int(0)], vec![int(2)], vec![int(-1)]], semaphore()),
        ("Event", none(), event),
        ("Barrier", vec![vec![int(1)], vec![int(2)], vec![int(3), Datum::None, int(0)]], barrier),
        ("Queue", vec![vec![], vec![int(1)], vec![int(2)], vec![int(-1)]], queue),
    ]
}

/// A datum as Python writes it.
fn written(datum: &Datum) -> String {
    match datum {
        Datum::None => "None".into(),
        Datum::Bool(true) => "True".into(),
        Datum::Bool(false) => "False".into(),
        Datum::Int(number) => number.to_string(),
        Datum::Float(number) if number.is_nan() => "float('nan')".into(),
        Datum::Float(number) => format!("{number:?}"),
        Datum::Str(text) => format!("'{text}'"),
        Datum::Proxy(ident) => panic!("no proxy here: {ident}"),
    }
}

/// A result as the oracle prints it: texts without quotes.
fn shown(said: &Said) -> String {
    match said {
        Said::Gave(Datum::Str(text)) => text.clone(),
        Said::Gave(datum) => written(datum),
        Said::Raised(class) => format!("!{}", class.name()),
        other => panic!("neither a result nor an error: {other:?}"),
    }
}

fn tuple(arguments: &[Datum]) -> String {
    arguments.iter().fold("(".to_owned(), |all, one| all + &written(one) + ",") + ")"
}

/// What Python says to each line.
fn oracle(lines: &str) -> Vec<String> {
    let mut command = Command::new("python3");
    command.args(["-c", ORACLE]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = command.spawn().unwrap();
    let mut input = python.stdin.take().unwrap();
    let lines = lines.to_owned();
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success(), "the oracle failed");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The Python at hand, by the number behind `3.`, if there is one and it knows all these arguments.
fn python_at_hand() -> Option<u32> {
    let asked = ["-c", "import sys; print(sys.version_info[1])"];
    let output = Command::new("python3").args(asked).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok().filter(|minor| *minor >= 9)
}

#[test]
fn calls_that_do_not_wait_come_to_what_they_do_in_python() {
    let Some(minor) = python_at_hand() else { return };
    let mut runner = TestRunner::deterministic();
    let (mut lines, mut own) = (String::new(), Vec::new());
    for (typeid, made_of, methods) in types(minor >= 13) {
        for made_of in made_of {
            for _ in 0..40 {
                let world = World::new();
                let client = world.client();
                let made: Vec<String> =
                    std::iter::once(written(&text(typeid))).chain(made_of.iter().map(written)).collect();
                writeln!(lines, "new ({},)", made.join(",")).unwrap();
                let object = world.create(typeid, &made_of);
                own.push(
                    object.as_ref().map_or_else(|class| format!("!{}", class.name()), |_| "None".into()),
                );
                let Ok(object) = object else { continue };
                let calls = vec((0..methods.len(), 0..64usize), 40);
                for (method, arguments) in calls.new_tree(&mut runner).unwrap().current() {
                    let (method, choice) = &methods[method];
                    let arguments = &choice[arguments % choice.len()];
                    writeln!(lines, "{method} {}", tuple(arguments).replace("(,)", "()")).unwrap();
                    own.push(shown(&client.call(&object, method, arguments)));
                }
            }
        }
    }
    let python = oracle(&lines);
    assert_eq!(own.len(), python.len());
    let mut begun = 0;
    for (at, (line, (own, python))) in lines.lines().zip(own.iter().zip(&python)).enumerate() {
        if line.starts_with("new") {
            begun = at;
        }
        let history = || lines.lines().take(at + 1).skip(begun).collect::<Vec<_>>().join("\n");
        assert_eq!(own, python, "{}", history());
    }
}
