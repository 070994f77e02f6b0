//! Whether a program is well formed: everything that it names is there, and its conditions can hold.

mod suits;

use std::collections::{BTreeMap, BTreeSet};

use procession_contract::{Call, Datum, Item, ObjectKind, WorkerKind};

use suits::suits;

use super::{Condition, Expect, Judge, Line, Place, Program};

/// The most steps of a worker: a history record names a step in 16 bits.
const MOST_STEPS: usize = u16::MAX as usize;

/// Everything that is wrong with a program, each in a sentence; empty if it is well formed.
pub fn problems(program: &Program) -> Vec<String> {
    let mut found = Vec::new();
    objects(program, &mut found);
    workers(program, &mut found);
    for role in &program.roles {
        lines(program, &role.worker.name, &role.lines, &mut found);
    }
    faults(program, &mut found);
    judges(program, &mut found);
    if !program.judges.is_empty() || program.lines().any(|(_, line)| line.expect.is_some()) {
        found.extend(circle(program));
    } else {
        found.push("nothing is expected and nothing is judged: the program cannot fail".into());
    }
    found
}

/// The names under which an object's handles are called.
fn handles(name: &str, kind: &ObjectKind) -> Vec<String> {
    match kind {
        ObjectKind::Pipe { .. } | ObjectKind::StreamPipe { .. } => {
            vec![format!("{name}.0"), format!("{name}.1")]
        }
        ObjectKind::OsPipe => vec![format!("{name}.r"), format!("{name}.w")],
        _ => vec![name.into()],
    }
}

fn objects(program: &Program, found: &mut Vec<String>) {
    let mut names = BTreeSet::from(["current", "parent", "nonsense", ""]);
    let all = program.objects.iter().map(|object| &object.name);
    for name in all.chain(program.roles.iter().map(|role| &role.worker.name)) {
        if !names.insert(name) {
            found.push(format!("the name `{name}` is used twice, or reserved"));
        }
    }
}

fn workers(program: &Program, found: &mut Vec<String>) {
    match program.roles.first() {
        Some(main) if main.worker.name == "main" && main.worker.parent.is_none() => {}
        _ => found.push("the first worker is not `main`, or `main` has a parent".into()),
    }
    let every_handle: BTreeSet<String> =
        program.objects.iter().flat_map(|object| handles(&object.name, &object.kind)).collect();
    for (index, role) in program.roles.iter().enumerate().skip(1) {
        let name = &role.worker.name;
        let earlier = &program.roles[..index];
        match &role.worker.parent {
            Some(parent) if earlier.iter().any(|other| other.worker.name == *parent) => {}
            other => found.push(format!("`{name}` has the parent {other:?}, which is no earlier worker")),
        }
        for get in role.worker.gets.iter().flatten() {
            if !every_handle.contains(get) {
                found.push(format!("`{name}` is given `{get}`, which is no object or end"));
            }
        }
        if role.worker.bodiless && !role.lines.is_empty() {
            found.push(format!("`{name}` has no body, but lines"));
        }
    }
}

/// The handles that a worker has by birth.
fn handles_of<'a>(program: &'a Program, worker: &str) -> BTreeMap<String, &'a ObjectKind> {
    let every = program.objects.iter().flat_map(|object| {
        handles(&object.name, &object.kind).into_iter().map(move |name| (name, &object.kind))
    });
    let mut given: Vec<&Vec<String>> = Vec::new();
    let mut next = Some(worker);
    // Parents come earlier in the list, so this ends; a worker without a parent is `main`.
    while let Some(role) = next.and_then(|name| program.roles.iter().find(|role| role.worker.name == name)) {
        given.extend(&role.worker.gets);
        next = role.worker.parent.as_deref().filter(|parent| *parent != role.worker.name);
        if given.len() > program.roles.len() {
            break;
        }
    }
    every.filter(|(name, _)| given.iter().all(|gets| gets.contains(name))).collect()
}

fn lines(program: &Program, worker: &str, lines: &[Line], found: &mut Vec<String>) {
    if lines.len() > MOST_STEPS {
        found.push(format!("`{worker}` has {} steps, at most {MOST_STEPS} fit", lines.len()));
    }
    let is_worker = |name: &str| program.roles.iter().any(|role| role.worker.name == name);
    let given = handles_of(program, worker);
    let mut made: BTreeSet<&str> = BTreeSet::new();
    let mut labels = BTreeSet::new();
    for (index, line) in lines.iter().enumerate() {
        let here = || format!("line {index} of `{worker}`");
        if !line.label.is_empty() && !labels.insert(&line.label) {
            found.push(format!("{}: the label `{}` is used twice", here(), line.label));
        }
        let on = line.step.on.as_str();
        match (given.get(on), on) {
            (Some(kind), _) => {
                if !suits(&line.step.call, kind) {
                    found.push(format!("{}: no call of a {}: {:?}", here(), kind.name(), line.step.call));
                }
            }
            (None, "" | "current" | "parent") => {}
            (None, name) if is_worker(name) || made.contains(name) => {}
            (None, name) => found.push(format!("{}: `{name}` is not there", here())),
        }
        match &line.step.call {
            Call::WrapDescriptor { name, .. }
            | Call::RecvConnection { name }
            | Call::GetLock { name }
            | Call::GetObject { name }
            | Call::Copy { name }
            | Call::Synchronise { name }
            | Call::OpenBlock { name, .. }
            | Call::OpenList { name, .. }
            | Call::ConnectManager { name, .. }
            | Call::Keep { name, .. }
            | Call::GetValue { name, .. }
            | Call::TakeOver { name }
            | Call::Accept { name }
            | Call::Connect { name, .. }
            | Call::RecvDescriptor { name } => {
                made.insert(name);
            }
            Call::Invoke { args, into, .. } => {
                for name in args.iter().flat_map(named_in) {
                    if !given.contains_key(name) && !made.contains(name) {
                        found.push(format!("{}: `{name}` is not there", here()));
                    }
                }
                made.extend(into.as_deref());
            }
            Call::Hand { name } | Call::Equals { other: name } | Call::SendDescriptor { of: name }
                if !given.contains_key(name) && !made.contains(name.as_str()) && !name.starts_with("fd:") =>
            {
                found.push(format!("{}: `{name}` is not there", here()));
            }
            Call::Create { object } => {
                made.insert(&object.name);
            }
            Call::SendConnection { name } | Call::AtExitSend { connection: name, .. }
                if !given.contains_key(name) && !made.contains(name.as_str()) =>
            {
                found.push(format!("{}: `{name}` is not there", here()));
            }
            Call::Wait { objects, .. } => {
                for object in objects {
                    let name = object.strip_prefix("fd:").unwrap_or(object);
                    let sentinel = object.strip_suffix(".sentinel").is_some_and(is_worker);
                    if !(sentinel || given.contains_key(name) || made.contains(name) || object == "nonsense")
                    {
                        found.push(format!("{}: `{object}` is not there", here()));
                    }
                }
            }
            _ => {}
        }
        for condition in &line.after {
            found.extend(
                condition_problem(program, condition).map(|problem| format!("{}: {problem}", here())),
            );
        }
        let mut places = Vec::new();
        line.expect.iter().for_each(|expect| places_of(expect, &mut places));
        for place in places {
            found.extend(place_problem(program, place).map(|problem| format!("{}: {problem}", here())));
        }
    }
}

/// The names of other objects in a value.
fn named_in(datum: &Datum) -> Vec<&str> {
    match datum {
        Datum::Known { object } => vec![object],
        Datum::List(elements) | Datum::Tuple { tuple: elements } => {
            elements.iter().flat_map(named_in).collect()
        }
        Datum::Dict { dict } => {
            dict.iter().flat_map(|(key, value)| [named_in(key), named_in(value)].concat()).collect()
        }
        Datum::Scalar(_) | Datum::Slice { .. } | Datum::Unencodable { .. } => Vec::new(),
    }
}

fn place_problem(program: &Program, place: &Place) -> Option<String> {
    let missing = place.label.is_empty() || program.index_of(place).is_none();
    missing.then(|| format!("`{}` has no line labelled `{}`", place.worker, place.label))
}

fn worker_problem(program: &Program, name: &str) -> Option<String> {
    let missing = program.roles.iter().all(|role| role.worker.name != name);
    missing.then(|| format!("there is no worker `{name}`"))
}

fn condition_problem(program: &Program, condition: &Condition) -> Option<String> {
    match condition {
        Condition::Called(place) | Condition::Returned(place) | Condition::Blocked(place) => {
            place_problem(program, place)
        }
        Condition::Ended(worker) | Condition::Gone(worker) => worker_problem(program, worker),
        Condition::Quiescence => None,
    }
}

/// The lines that an expectation names.
fn places_of<'a>(expect: &'a Expect, places: &mut Vec<&'a Place>) {
    match expect {
        Expect::SameAs(place)
        | Expect::Plus(place, _)
        | Expect::DiffersFrom(place)
        | Expect::NotBeforeCallOf(place)
        | Expect::NotBeforeReturnOf(place) => places.push(place),
        Expect::All(each) | Expect::Any(each) => each.iter().for_each(|expect| places_of(expect, places)),
        _ => {}
    }
}

fn faults(program: &Program, found: &mut Vec<String>) {
    for (index, fault) in program.faults.iter().enumerate() {
        let here = || format!("fault {index}");
        found.extend(worker_problem(program, &fault.worker).map(|problem| format!("{}: {problem}", here())));
        let role = program.roles.iter().find(|role| role.worker.name == fault.worker);
        if role.is_some_and(|role| role.worker.kind != WorkerKind::Process) {
            found.push(format!("{}: `{}` is not a process", here(), fault.worker));
        }
        for condition in &fault.after {
            found.extend(
                condition_problem(program, condition).map(|problem| format!("{}: {problem}", here())),
            );
        }
    }
}

fn judges(program: &Program, found: &mut Vec<String>) {
    for judge in &program.judges {
        let problem = match judge {
            Judge::Conservation(queue)
            | Judge::ProducerFifo(queue)
            | Judge::LinearizableFifo(queue, _)
            | Judge::ClaimedQueueLevel(queue, _) => {
                object_problem(program, queue, &["queue", "simple_queue", "joinable_queue"])
                    .or_else(|| ids_problem(program, std::slice::from_ref(queue)))
            }
            Judge::ConnectionOrder(pipe) | Judge::ConnectionWhole(pipe) => {
                object_problem(program, pipe, &["pipe", "stream_pipe"])
                    .or_else(|| ids_problem(program, &[format!("{pipe}.0"), format!("{pipe}.1")]))
            }
            Judge::Lock(lock) => object_problem(program, lock, &["lock"]),
            Judge::Rlock(lock) => object_problem(program, lock, &["rlock"]),
            Judge::Condition(condition) => object_problem(program, condition, &["condition"]),
            Judge::Register(value) => object_problem(program, value, &["value", "array", "record"]),
            Judge::Counter(value) => object_problem(program, value, &["value", "array", "record"]),
            Judge::Semaphore(semaphore) => {
                object_problem(program, semaphore, &["semaphore", "bounded_semaphore"])
            }
            Judge::Event(event) => object_problem(program, event, &["event"]),
            Judge::Barrier(barrier) => object_problem(program, barrier, &["barrier"]),
            Judge::List(list) => object_problem(program, list, &["list"]),
            Judge::Entries(container) => object_problem(program, container, &["dict", "namespace"]),
            Judge::GoneWithMain(worker, _) | Judge::OutlivesMain(worker) | Judge::Finished(worker) => {
                worker_problem(program, worker)
            }
            Judge::Overlap(one, other) | Judge::Precedes(one, other) => {
                place_problem(program, one).or_else(|| place_problem(program, other))
            }
            Judge::ExactlyOne(_, places) => places.iter().find_map(|place| place_problem(program, place)),
            Judge::MainEnded(_)
            | Judge::StderrContains(_)
            | Judge::StderrFirstLine(_)
            | Judge::StderrEmpty
            | Judge::Stdout(_)
            | Judge::StdoutHas(_)
            | Judge::NothingLeft => None,
        };
        found.extend(problem.map(|problem| format!("{judge:?}: {problem}")));
    }
}

fn object_problem(program: &Program, name: &str, kinds: &[&str]) -> Option<String> {
    let created = program.lines().filter_map(|(_, line)| match &line.step.call {
        Call::Create { object } => Some(&**object),
        _ => None,
    });
    match program.objects.iter().chain(created).find(|object| object.name == name) {
        None => Some(format!("there is no object `{name}`")),
        Some(object) if !kinds.contains(&object.kind.plain().name()) => {
            Some(format!("`{name}` is none of {kinds:?}"))
        }
        Some(_) => None,
    }
}

/// A judge tells items apart by their ids, so no two may be equal.
fn ids_problem(program: &Program, handles: &[String]) -> Option<String> {
    let mut ids = BTreeSet::new();
    for (_, line) in program.lines().filter(|(_, line)| handles.contains(&line.step.on)) {
        let items: &[Item] = match &line.step.call {
            Call::Put { item, .. }
            | Call::PutNowait { item }
            | Call::Send { item }
            | Call::SendBytes { item, .. } => std::slice::from_ref(item),
            Call::PutMany { items, .. } => items,
            _ => &[],
        };
        if let Some(item) = items.iter().find(|item| !ids.insert(item.id)) {
            return Some(format!("two items have the id {}", item.id));
        }
    }
    None
}

/// A line whose beginning or return waits, by the workers' order, the conditions and the promised
/// order, for itself. What follows a kill is left out: there a condition holds for another reason.
fn circle(program: &Program) -> Option<String> {
    let mut first = BTreeMap::new();
    let mut count = 0;
    for role in &program.roles {
        first.insert(role.worker.name.as_str(), count);
        count += role.lines.len();
    }
    let killed = |worker: &str| program.faults.iter().any(|fault| fault.worker == worker);
    let number = |place: &Place| program.index_of(place).map(|(_, line)| first[place.worker.as_str()] + line);
    // Two moments for each line, its beginning (2n) and its return (2n + 1), and what each waits for.
    let mut waits: Vec<Vec<usize>> = vec![Vec::new(); 2 * count];
    for (worker, line) in program.lines_numbered() {
        let here = first[worker] + line.0;
        waits[2 * here + 1].push(2 * here);
        if line.0 > 0 {
            waits[2 * here].push(2 * here - 1);
        }
        for condition in &line.1.after {
            match condition {
                Condition::Called(place) | Condition::Blocked(place) => {
                    waits[2 * here].extend(number(place).map(|place| 2 * place));
                }
                Condition::Returned(place) => {
                    waits[2 * here].extend(number(place).map(|place| 2 * place + 1))
                }
                Condition::Ended(other) | Condition::Gone(other) if !killed(other) => {
                    let lines = program.roles.iter().find(|role| role.worker.name == *other);
                    let lines = lines.map_or(0, |role| role.lines.len());
                    if lines > 0 {
                        waits[2 * here].push(2 * (first[other.as_str()] + lines) - 1);
                    }
                }
                Condition::Ended(_) | Condition::Gone(_) | Condition::Quiescence => {}
            }
        }
        let parts: Vec<&Expect> = match &line.1.expect {
            Some(Expect::All(all)) => all.iter().collect(),
            other => other.iter().collect(),
        };
        for expect in parts {
            match expect {
                Expect::NotBeforeCallOf(place) => {
                    waits[2 * here + 1].extend(number(place).map(|place| 2 * place));
                }
                Expect::NotBeforeReturnOf(place) => {
                    waits[2 * here + 1].extend(number(place).map(|place| 2 * place + 1));
                }
                _ => {}
            }
        }
    }
    // Take away what waits for nothing until nothing is left; what remains goes in a circle.
    let mut open: Vec<usize> = (0..waits.len()).collect();
    let mut done = vec![false; waits.len()];
    loop {
        let (ready, rest): (Vec<_>, Vec<_>) =
            open.iter().partition(|moment| waits[**moment].iter().all(|earlier| done[*earlier]));
        if ready.is_empty() {
            break;
        }
        ready.iter().for_each(|moment| done[*moment] = true);
        open = rest;
    }
    let moment = *open.first()?;
    let (worker, start) =
        first.iter().rev().filter(|(_, start)| **start <= moment / 2).max_by_key(|(_, start)| **start)?;
    Some(format!("line {} of `{worker}` waits in a circle", moment / 2 - start))
}

impl Program {
    /// Every line with its worker's name.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &Line)> {
        self.lines_numbered().map(|(worker, (_, line))| (worker, line))
    }

    /// Every line with its worker's name and its number there.
    fn lines_numbered(&self) -> impl Iterator<Item = (&str, (usize, &Line))> {
        self.roles.iter().flat_map(|role| {
            let name = role.worker.name.as_str();
            role.lines.iter().enumerate().map(move |line| (name, line))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::build::*;

    /// The program's only problem.
    fn problem(program: Program) -> String {
        let found = problems(&program);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    fn sound() -> Program {
        Program::new().queue("q", 0).main([get("q").label("get").gives(1)]).process("p", [put("q", 1)])
    }

    #[test]
    fn a_sound_program_has_no_problem() {
        assert_eq!(problems(&sound()), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert!(problem(sound().process("c", [get("r")])).contains("`r` is not there"));
        assert!(problem(sound().role(holding("c", &[]), [get("q")])).contains("`q` is not there"));
        assert!(problem(sound().process("c", [recv("q")])).contains("no call of a queue"));
        assert!(problem(sound().process("c", [wait(&["q.0"])])).contains("`q.0` is not there"));
        assert!(problem(sound().process("c", [get("q").after(returned("main", "put"))])).contains("`put`"));
        assert!(problem(sound().kill("c", [])).contains("no worker `c`"));
        assert!(problem(sound().judge(Judge::Conservation("r".into()))).contains("no object `r`"));
    }

    #[test]
    fn a_program_that_cannot_fail_is_a_problem() {
        assert!(problem(Program::new().queue("q", 0).main([get("q")])).contains("cannot fail"));
    }

    #[test]
    fn equal_ids_are_a_problem_for_a_judge() {
        let twice = sound().process("r", [put("q", 1)]);
        assert_eq!(problems(&twice), Vec::<String>::new());
        assert!(problem(twice.judge(Judge::ProducerFifo("q".into()))).contains("the id 1"));
    }

    #[test]
    fn lines_that_wait_for_each_other_are_a_problem() {
        let waits = |label| put("q", 2).label("put").after(returned("main", label));
        let program = |label| {
            Program::new()
                .queue("q", 0)
                .main([get("q").label("first").ok(), get("q").label("second").after(called("p", "put")).ok()])
                .process("p", [waits(label)])
        };
        assert_eq!(problems(&program("first")), Vec::<String>::new());
        assert!(problem(program("second")).contains("circle"));
    }
}
