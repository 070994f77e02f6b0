//! A notation for hand-written histories: `w1: put 1 [0,10] ok; w2: get [5,20] -> 1; quiescent`.
//!
//! A call is `WORKER: DO [CALLED,RETURNED] ANSWER`, or `WORKER: DO [CALLED,` while it is pending.
//! DO is `put N`, `put N,M` for several in one call, `get`, `getmany N`, `send@END N`, `recv@END`,
//! `close@END`. ANSWER is an outcome, `-> N`, `-> N,M`, or `-> N!` for an item N that is damaged.
//! Besides there are `WORKER killed`, `WORKER died`, `WORKER gone T` and `quiescent`. The queue is `q`,
//! the pipe `p`; items are integers.
//!
//! Locks and their kin: `acquire@l`, `acquire@l 5` within 5 ms, `try@l`, `release@l`, `wait@c`, `wait@c 5`,
//! `word@c 1` for a wait until the word 0 is 1, `notify@c 2`, `notifyall@c`, `set@e`, `clear@e`, `isset@e`,
//! `abort@b`, `reset@b`, `waiting@b`, `load@v`, `store@v 3`, `add@v 2`, `lockedadd@v 2`, `permits@s`,
//! `wordadd 1`. There are a lock `l`, a recursive one `r`, a semaphore `s` of 2, a bounded one `t` of 1, a condition `c` with
//! a lock of its own and one `d` over `l`, an event `e`, a barrier `b` for two and a value `v`. A time may
//! be in milliseconds: `5ms`.
//!
//! Managed objects: `append@x 3`, `extend@x 3,4`, `len@x`, `at@x 0`, `whole@x`, `through@x` on an empty list
//! `x`; `set@y 3`, `get@y`, `del@y`, `pop@y`, `default@y 3`, `has@y`, `plus@y 2` on the key `k` of an empty
//! dictionary `y`. An ANSWER that is a list is `-> [1,2]`.

use procession_contract::{Answer, Call, Datum, Item, Manifest, Outcome, QueueLevel};

use crate::history::{CallHistory, FaultFired, History, Returned, RunEnd, WorkerEnd, WorkerHistory};
use crate::program::build::*;
use crate::program::{Action, Line, Program};

/// Reads a history and the program of which it is one, without judges.
pub fn read(text: &str) -> (Program, History) {
    let mut program = Program::new()
        .queue("q", 0)
        .pipe("p")
        .lock("l")
        .rlock("r")
        .semaphore("s", 2)
        .bounded_semaphore("t", 1)
        .condition("c")
        .condition_over("d", "l")
        .event("e")
        .barrier("b", 2)
        .value("v", "q", 0)
        .manager("m")
        .managed("x", "m", an_empty_list())
        .managed("y", "m", an_empty_dict())
        .main([]);
    let main = WorkerHistory { name: "main".into(), end: WorkerEnd::Finished, ..WorkerHistory::default() };
    let mut history = History { workers: vec![main], ..History::default() };
    for statement in text.split([';', '\n']).map(str::trim).filter(|statement| !statement.is_empty()) {
        if statement == "quiescent" {
            history.end = RunEnd::Quiescent;
        } else if let Some((worker, call)) = statement.split_once(':') {
            let index = worker_index(&mut program, &mut history, worker);
            read_call(&mut program, &mut history, index, call.trim());
        } else {
            let words: Vec<_> = statement.split_whitespace().collect();
            let index = worker_index(&mut program, &mut history, words[0]);
            match words[1] {
                "killed" => {
                    program = program.fault(words[0], Action::Kill, []);
                    let fault = program.faults.len() - 1;
                    history.faults.push(FaultFired { fault, at_ns: 0, instructions: None });
                    history.workers[index].end = WorkerEnd::Died;
                }
                "died" => history.workers[index].end = WorkerEnd::Died,
                "gone" => history.workers[index].gone_ns = Some(number(words[2])),
                other => panic!("what befell a worker is killed, died or gone, not {other:?}"),
            }
        }
    }
    for worker in &mut history.workers {
        let pending = worker.calls.iter().any(|call| call.returned.is_none());
        if worker.end == WorkerEnd::NotStarted {
            worker.end = if pending { WorkerEnd::Running } else { WorkerEnd::Finished };
        }
    }
    (program, history)
}

/// A manifest that claims this level and lists the calls of the notation.
pub fn manifest(queue_level: QueueLevel) -> Manifest {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Manifest {
        name: "paper".into(),
        version: "1".into(),
        language: "none".into(),
        methods: Vec::new(),
        objects: names(&["queue", "pipe"]),
        calls: names(&["put", "put_many", "get", "get_many", "send", "recv", "close", "join"]),
        claims: names(&[]),
        queue_level,
        tick_ms: 0,
    }
}

fn worker_index(program: &mut Program, history: &mut History, name: &str) -> usize {
    if let Some(index) = history.workers.iter().position(|worker| worker.name == name) {
        return index;
    }
    *program = std::mem::take(program).process(name, []);
    history.workers.push(WorkerHistory { name: name.into(), ..WorkerHistory::default() });
    history.workers.len() - 1
}

/// A time, in nanoseconds unless it says `ms`.
fn time(text: &str) -> u64 {
    match text.trim().strip_suffix("ms") {
        Some(ms) => number::<u64>(ms) * 1_000_000,
        None => number(text),
    }
}

fn number<N: std::str::FromStr>(text: &str) -> N {
    text.trim().parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn numbers(text: &str) -> Vec<u32> {
    text.split(',').map(number).collect()
}

fn read_call(program: &mut Program, history: &mut History, worker: usize, text: &str) {
    let (doing, rest) = text.split_once('[').unwrap_or_else(|| panic!("{text:?} has no time"));
    let mut words = doing.split_whitespace();
    let (name, argument) = (words.next().expect("a call has a name"), words.next());
    if let Some(line) = managed_line(name, argument) {
        return add_call(program, history, worker, line, text, rest, name.starts_with("through"));
    }
    if let Some(line) = sync_line(name, argument.and_then(|argument| argument.trim().parse().ok())) {
        return add_call(program, history, worker, line, text, rest, name.starts_with("load"));
    }
    let (name, end) =
        name.split_once('@').map_or((name, String::new()), |(name, end)| (name, format!("p.{end}")));
    let ids = argument.map_or(Vec::new(), numbers);
    let line: Line = match (name, ids.as_slice()) {
        ("put", [one]) => put("q", *one),
        ("put", several) => {
            let items = several.iter().map(|id| Item::int(*id)).collect();
            on("q", Call::PutMany { items, timeout_ms: None })
        }
        ("get", []) => get("q"),
        ("getmany", [max]) => on("q", Call::GetMany { max: *max, timeout_ms: None }),
        ("send", [one]) => send(&end, *one),
        ("recv", []) => recv(&end),
        ("close", []) => on(&end, Call::Close),
        other => panic!("{other:?} is no call of the notation"),
    };
    add_call(program, history, worker, line, text, rest, name == "getmany");
}

/// Adds a call, whose time and answer are the rest of its text.
fn add_call(
    program: &mut Program,
    history: &mut History,
    worker: usize,
    line: Line,
    text: &str,
    rest: &str,
    many: bool,
) {
    let (called, rest) = rest.split_once(',').unwrap_or_else(|| panic!("{text:?} has no comma in its time"));
    let returned = rest.split_once(']').map(|(at, answer)| Returned {
        at_ns: time(at),
        answer: read_answer(answer.trim(), many && !text.starts_with("load")),
    });
    let role = &mut program.roles[worker];
    role.lines.push(line);
    let call = CallHistory { line: role.lines.len() - 1, called_ns: time(called), returned };
    history.workers[worker].calls.push(call);
}

/// A call on the managed list or the managed dictionary.
fn managed_line(name: &str, argument: Option<&str>) -> Option<Line> {
    let one = || number::<i64>(argument.expect("a number"));
    Some(match name {
        "append@x" => append("x", one()),
        "extend@x" => {
            invoke_with("x", "extend", [Datum::list(numbers(argument?).into_iter().map(i64::from))])
        }
        "len@x" => len_of("x"),
        "at@x" => get_item("x", one()),
        "whole@x" => get_value("x", "whole"),
        "through@x" => iterate("x"),
        "set@y" => set_item("y", "k", one()),
        "get@y" => get_item("y", "k"),
        "del@y" => del_item("y", "k"),
        "pop@y" => invoke_with("y", "pop", ["k"]),
        "default@y" => invoke_with("y", "setdefault", [Datum::from("k"), one().into()]),
        "has@y" => invoke_with("y", "__contains__", ["k"]),
        "plus@y" => add_to("y", "k", one()),
        _ => return None,
    })
}

/// A call on one of the locks and their kin.
fn sync_line(name: &str, argument: Option<i64>) -> Option<Line> {
    let line = match name.split_once('@') {
        None if name == "wordadd" => own(Call::WordAdd { index: 0, amount: argument? }),
        None => return None,
        Some(("acquire", on)) => match argument {
            Some(ms) => acquire(on).timeout(ms),
            None => acquire(on),
        },
        Some(("try", on)) => acquire(on).nonblocking(),
        Some(("release", on)) => release(on),
        Some(("wait", on)) => match argument {
            Some(ms) => await_on(on).timeout(ms),
            None => await_on(on),
        },
        Some(("word", on)) => await_word(on, 0, argument?),
        Some(("notify", on)) => notify_n(on, argument.unwrap_or(1)),
        Some(("notifyall", on)) => notify_all(on),
        Some(("set", on)) => set(on),
        Some(("clear", on)) => clear(on),
        Some(("isset", on)) => is_set(on),
        Some(("abort", on_what)) => on(on_what, Call::Abort),
        Some(("reset", on_what)) => on(on_what, Call::Reset),
        Some(("waiting", on)) => waiting(on),
        Some(("load", on)) => load(on),
        Some(("store", on)) => store(on, argument?),
        Some(("add", on)) => add(on, argument?, 1, false),
        Some(("lockedadd", on)) => add(on, argument?, 1, true),
        Some(("permits", on_what)) => on(on_what, Call::Permits),
        Some(_) => return None,
    };
    Some(line)
}

fn read_answer(text: &str, many: bool) -> Answer {
    let Some(received) = text.strip_prefix("->") else {
        let (outcome, value) = text.split_once(' ').unwrap_or((text, "0"));
        let outcome: Outcome =
            serde_json::from_value(outcome.into()).unwrap_or_else(|_| panic!("{text:?} is no answer"));
        return Answer { value: number(value), ..Answer::of(outcome) };
    };
    if let Some(list) = received.trim().strip_prefix('[') {
        let elements = list.trim_end_matches(']').split(',').filter(|element| !element.is_empty());
        return Datum::list(elements.map(number::<i64>)).answer().expect("a plain list");
    }
    let received = if received.trim().is_empty() { "" } else { received };
    let values = received.split(',').filter(|item| !item.is_empty()).map(|item| {
        let id = number(item.trim_end_matches('!'));
        let (value, aux) = Item::int(id).expected();
        (value, aux ^ u64::from(item.contains('!')))
    });
    let items: Vec<_> = values.collect();
    match (many, items.as_slice()) {
        (false, [(value, aux)]) => Answer { value: *value, aux: *aux, ..Answer::ok() },
        _ => Answer { value: items.len() as i64, items, ..Answer::ok() },
    }
}
