//! What can be waited for, called in ways that do not wait: locks and their kin, and queues.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use libtest_mimic::Failed;
use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::bench::{Bench, Sent, shown, value};
use super::datum::Datum;
use super::python::Raise;
use super::pythons::Test;
use super::server::referents::{Barrier, Condition, Event, Lock, Queue, Semaphore};
use super::server::{Bell, Caller, CallerId, Object, Referent, Stored};

pub const TESTS: [Test; 1] =
    [("calls_that_do_not_wait_come_to_what_they_do_in_python", calls_that_do_not_wait)];

/// Makes an object of each line that begins with `new`, and calls it for each other line.
const ORACLE: &str = r#"
import queue, sys, threading

nan = float("nan")

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
            it, given = eval("made" + arguments), None
        else:
            given = called(do, *eval(arguments))
            given = bool(given) if do == "acquire" else given
        said = repr(given)
    except Exception as error:
        said = "!" + type(error).__name__
    print(said)
"#;

/// A method with arguments among which one is chosen.
type Method = (&'static str, Vec<Vec<Datum>>);

/// A type, what its objects are made of, and what is called.
type Type = (&'static str, Vec<Vec<Datum>>, Vec<Method>);

fn text(text: &str) -> Datum {
    Datum::Str(text.into())
}

fn flag(flag: bool) -> Datum {
    Datum::Bool(flag)
}

fn int(number: i64) -> Datum {
    Datum::Int(number)
}

fn seconds(number: f64) -> Datum {
    Datum::Float(number)
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

/// Arguments as Python writes them.
fn tuple(arguments: &[Datum]) -> String {
    let written = |argument: &Datum| shown(&Stored::build(|builder| argument.add(builder)));
    arguments.iter().fold("(".to_owned(), |all, one| all + &written(one) + ",") + ")"
}

/// The same on their way.
fn sent(arguments: &[Datum]) -> Sent {
    Sent::built(|builder| (arguments.iter().map(|argument| argument.add(builder)).collect(), Vec::new()))
}

/// An object of this type.
fn create(bench: &Bench, typeid: &str, made_of: &[Datum]) -> Result<Arc<Object>, Raise> {
    let sent = sent(made_of);
    let arguments = sent.arguments();
    let referent: Arc<dyn Referent> = match typeid {
        "Lock" => Arc::new(Lock::create(arguments)?),
        "RLock" => Arc::new(Lock::create_recursive(arguments)?),
        "Semaphore" => Arc::new(Semaphore::create(arguments)?),
        "BoundedSemaphore" => Arc::new(Semaphore::create_bounded(arguments)?),
        "Condition" => Arc::new(Condition::create(arguments, &bench.objects)?),
        "Event" => Arc::new(Event::create(arguments)?),
        "Barrier" => Arc::new(Barrier::create(arguments)?),
        "Queue" => Arc::new(Queue::create(arguments)?),
        _ => panic!("there is no type {typeid} here"),
    };
    Ok(bench.put(typeid, referent))
}

/// What Python says to each line.
fn oracle(interpreter: &str, lines: &str) -> Vec<String> {
    let mut command = Command::new(interpreter);
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

/// Whether its queues can be shut down, as they can be since 3.13.
fn has_shutdown(interpreter: &str) -> Result<bool, Failed> {
    let asked = "import queue, sys; sys.exit(not hasattr(queue.Queue, 'shutdown'))";
    Ok(Command::new(interpreter).args(["-c", asked]).status()?.success())
}

fn calls_that_do_not_wait(interpreter: &str) -> Result<(), Failed> {
    let mut runner = TestRunner::deterministic();
    let (mut lines, mut own) = (String::new(), Vec::new());
    for (typeid, made_of, methods) in types(has_shutdown(interpreter)?) {
        for made_of in made_of {
            for _ in 0..40 {
                let bench = Bench::new();
                let caller = Caller::new(CallerId(1), None, Bell::new()?);
                writeln!(lines, "new {}", tuple(&[&[text(typeid)], &*made_of].concat()))?;
                let object = create(&bench, typeid, &made_of);
                own.push(
                    object
                        .as_ref()
                        .map_or_else(|raised| format!("!{}", raised.class.name()), |_| "None".into()),
                );
                let Ok(object) = object else { continue };
                let calls = vec((0..methods.len(), 0..64usize), 40);
                for (method, arguments) in calls.new_tree(&mut runner)?.current() {
                    let (method, choice) = &methods[method];
                    let arguments = &choice[arguments % choice.len()];
                    writeln!(lines, "{method} {}", tuple(arguments))?;
                    own.push(match bench.send_by(&caller, &object, method, &sent(arguments)) {
                        Ok(given) => shown(&value(given)),
                        Err(raised) => format!("!{}", raised.class.name()),
                    });
                }
            }
        }
    }
    let python = oracle(interpreter, &lines);
    assert_eq!(own.len(), python.len());
    let mut begun = 0;
    for (at, (line, (own, python))) in lines.lines().zip(own.iter().zip(&python)).enumerate() {
        if line.starts_with("new") {
            begun = at;
        }
        let history = || lines.lines().take(at + 1).skip(begun).collect::<Vec<_>>().join("\n");
        assert_eq!(own, python, "{}", history());
    }
    Ok(())
}
